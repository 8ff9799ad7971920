"""Files of evidence: what is accepted, and how their bytes are kept.

A file lies under the SHA-256 of its content in a folder that no web server looks into, so what was
submitted cannot be exchanged unnoticed and the same file is kept once. What a file is, its content
says; its name must agree.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tempfile
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path

from vendorrisk.assessment import Refusal

LARGEST_FILE = 20 * 1024 * 1024
"""Bytes."""

MOST_FILES = 200
"""Files that one assessment may have."""

LONGEST_NAME = 150
"""Characters."""

_LARGEST_UNPACKED = 300 * 1024 * 1024
_MOST_PARTS = 10_000

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

ACCEPTED: dict[str, tuple[str, ...]] = {
    "application/pdf": ("pdf",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "text/plain": ("txt", "log"),
    "text/csv": ("csv",),
    "application/json": ("json",),
    _DOCX: ("docx",),
    _XLSX: ("xlsx",),
}
"""The media types that are taken, each with the endings that its files may have."""

ENDINGS: tuple[str, ...] = tuple(ending for endings in ACCEPTED.values() for ending in endings)
"""Every accepted ending, without its dot, for a page's file picker."""

_TEXTS = {"txt": "text/plain", "log": "text/plain", "csv": "text/csv", "json": "application/json"}
_SAYS = {
    "application/pdf": "a PDF",
    "image/png": "a PNG image",
    "image/jpeg": "a JPEG image",
    "text/plain": "plain text",
    "text/csv": "a CSV table",
    "application/json": "JSON",
    _DOCX: "a Word document",
    _XLSX: "an Excel workbook",
}


class UnacceptableFile(Refusal):
    """A file that is not taken; `sentence` says why and `fix` what would be."""


class LostFile(Refusal):
    """A file that was kept and is not there any more, or not as it was."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was looked at and can be kept."""

    file_name: str
    media_type: str
    content: bytes
    sha256: str

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)


def examine(file_name: str, content: bytes, *, already: int = 0) -> Upload:
    """Look at a file before it is kept; `already` is how many the assessment has.

    Raises `UnacceptableFile`.
    """
    name = _safe_name(file_name)
    if already >= MOST_FILES:
        raise UnacceptableFile(
            "too_many_files",
            f"This assessment already has {MOST_FILES} files.",
            "Withdraw one that is no longer needed, or put several into one PDF.",
        )
    if not content:
        raise UnacceptableFile(
            "empty_file", f"“{name}” is empty.", "Check the file on your computer, then try again."
        )
    if len(content) > LARGEST_FILE:
        raise UnacceptableFile(
            "too_large",
            f"“{name}” has {len(content) / 1024**2:.1f} MB; the most is"
            f" {LARGEST_FILE // 1024**2} MB.",
            "Attach the pages that matter, or a version with smaller images.",
        )
    stem, dot, ending = name.rpartition(".")
    ending = ending.lower() if dot and stem else ""
    media_type = _media_type(name, ending, content)
    if not ending:
        name = f"{name}.{ACCEPTED[media_type][0]}"
    elif ending not in ACCEPTED[media_type]:
        raise UnacceptableFile(
            "wrong_ending",
            f"“{name}” is {_SAYS[media_type]}, but its name does not say so.",
            f"Rename it so that it ends in .{ACCEPTED[media_type][0]}, then attach it again.",
        )
    return Upload(name, media_type, content, hashlib.sha256(content).hexdigest())


class Files:
    """A folder of files by hash, made with the one above it when the first file is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, upload: Upload) -> None:
        """Keep a file, all of it or nothing; keeping the same content again changes nothing."""
        path = self._path(upload.sha256)
        try:
            for folder in (self.folder.parent, self.folder, path.parent):
                folder.mkdir(exist_ok=True, mode=0o700)
            if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == upload.sha256:
                return
            descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix="new-")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(upload.content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            _sync_folder(path.parent)
        except OSError as error:
            raise UnacceptableFile(
                "not_kept",
                f"The file could not be kept: {error.strerror or 'the disk did not take it'}.",
                "Nothing was changed. Tell whoever runs this service, then try again.",
            ) from error

    def read(self, sha256: str) -> bytes:
        """The bytes of a file. Raises `LostFile` where they are gone or were changed."""
        try:
            content = self._path(sha256).read_bytes()
        except OSError as error:
            raise LostFile(
                "file_missing",
                "This file is not where it was kept.",
                "Ask whoever runs this service to restore it from a backup.",
            ) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise LostFile(
                "file_changed",
                "This file is not what was attached: its content was changed on the disk.",
                "Ask whoever runs this service to restore it from a backup.",
            )
        return content

    def _path(self, sha256: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise ValueError("not a SHA-256 in hex")
        return self.folder / sha256[:2] / sha256


def _safe_name(file_name: str) -> str:
    name = unicodedata.normalize("NFC", file_name).strip()
    if "/" in name or "\\" in name or name in ("", ".", "..") or re.match(r"^[A-Za-z]:", name):
        raise UnacceptableFile(
            "unsafe_name",
            "The file's name is missing or has a folder in it.",
            "Give the file a plain name such as policy.pdf, then attach it again.",
        )
    # Controls, formats (those that turn the direction of writing are among them), surrogates.
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in name):
        raise UnacceptableFile(
            "unsafe_name",
            "The file's name has invisible characters, which can hide what the file is.",
            "Give the file a plain name such as policy.pdf, then attach it again.",
        )
    if len(name) > LONGEST_NAME:
        raise UnacceptableFile(
            "unsafe_name",
            f"The file's name has {len(name)} characters; the most is {LONGEST_NAME}.",
            "Give the file a shorter name, then attach it again.",
        )
    return name


def _media_type(name: str, ending: str, content: bytes) -> str:
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"PK\x03\x04"):
        return _office_type(name, content)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnacceptableFile(
            "wrong_type",
            f"“{name}” is an old Office file or one with a password.",
            "Save it as .docx, .xlsx or PDF without a password, then attach it again.",
        )
    return _text_type(name, ending, content)


def _office_type(name: str, content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise UnacceptableFile(
            "damaged_file", f"“{name}” is damaged.", "Save it anew, then attach it again."
        ) from error
    names = {part.filename for part in parts}
    if "[Content_Types].xml" in names and "word/document.xml" in names:
        media_type = _DOCX
    elif "[Content_Types].xml" in names and "xl/workbook.xml" in names:
        media_type = _XLSX
    else:
        raise _wrong_type(name, "an archive")
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _LARGEST_UNPACKED:
        raise UnacceptableFile(
            "too_large",
            f"“{name}” unpacks to more than this service opens.",
            "Save it as PDF, then attach it again.",
        )
    if any(part.flag_bits & 1 for part in parts):
        raise UnacceptableFile(
            "wrong_type", f"“{name}” has a password.", "Save it without one, then attach it again."
        )
    if any(part.lower().endswith(("vbaproject.bin", "vbadata.xml")) for part in names):
        raise UnacceptableFile(
            "has_macros",
            f"“{name}” contains macros, which are programs.",
            "Save it without macros or as PDF, then attach it again.",
        )
    return media_type


def _text_type(name: str, ending: str, content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if ending in _TEXTS:
            raise UnacceptableFile(
                "wrong_encoding",
                f"“{name}” is not text in UTF-8.",
                "Save it as UTF-8, then attach it again.",
            ) from error
        raise _wrong_type(name, "of a kind that is not taken") from error
    if re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", text):
        raise _wrong_type(name, "of a kind that is not taken")
    if ending not in _TEXTS:
        raise _wrong_type(name, "text, but not one that is taken")
    if ending == "json":
        try:
            json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UnacceptableFile(
                "damaged_file",
                f"“{name}” is not valid JSON.",
                "Export it anew, or rename it to end in .txt, then attach it again.",
            ) from error
    return _TEXTS[ending]


def _wrong_type(name: str, is_what: str) -> UnacceptableFile:
    return UnacceptableFile(
        "wrong_type",
        f"“{name}” is {is_what}.",
        f"Attach one of these: {', '.join(ENDINGS)}. Unpack an archive first.",
    )


def _sync_folder(folder: Path) -> None:
    # The new name itself must survive a power cut, too.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
