"""Streamlit's one HTML page, which every page of the app starts from, with our title and icon."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from streamlit import file_util

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_REPLACED = (
    (re.compile(r"<title>.*?</title>"), "<title>Vendor Risk</title>"),
    (
        re.compile(r'<link rel="shortcut icon"[^>]*>'),
        '<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">',
    ),
    (re.compile(r'<html lang="en">'), '<html lang="en-GB">'),
    # The one inline script marks the page for search engines, which have no business here.
    (_INLINE_SCRIPT, '<script src="/assets/base.js"></script>'),
    # The programming interface that it points to is switched off.
    (re.compile(r'<link rel="service-desc"[^>]*>'), ""),
    (
        re.compile(r"<noscript>.*?</noscript>", re.DOTALL),
        "<noscript><p>This page needs JavaScript. Please switch it on and load it again.</p>"
        "</noscript>",
    ),
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
)


@dataclass(frozen=True)
class Shell:
    """The page as served, the base64 SHA-256 of each inline script that it has, and the addresses
    of the files that it may load.
    """

    html: str
    script_hashes: tuple[str, ...]
    files: frozenset[str]


@cache
def shell() -> Shell:
    """Read Streamlit's page from the installed package; its scripts' names differ by version."""
    folder = Path(file_util.get_static_dir())
    html = (folder / "index.html").read_text(encoding="utf-8")
    for pattern, ours in _REPLACED:
        html = pattern.sub(ours, html)
    files = (path for path in (folder / "static").rglob("*") if path.is_file())
    return Shell(
        html,
        inline_script_hashes(html),
        frozenset(f"/{path.relative_to(folder).as_posix()}" for path in files),
    )


def inline_script_hashes(html: str) -> tuple[str, ...]:
    """The base64 SHA-256 of each script element without attributes, in order."""
    return tuple(
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in _INLINE_SCRIPT.findall(html)
    )
