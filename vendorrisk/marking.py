"""Marks a copy of a PDF with who reads it and when, on every page.

A mark does not keep a copy from being passed on; it says whose copy it was. The file itself stays
as it was attached.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from pypdf import PageObject, PdfReader, PdfWriter
from reportlab.lib.colors import Color
from reportlab.pdfgen.canvas import Canvas

MOST_PAGES = 400
LARGEST = 20 * 1024 * 1024
"""Bytes."""

_GREY = Color(0.35, 0.35, 0.35, alpha=0.75)
_FAINT = Color(0.35, 0.35, 0.35, alpha=0.12)
_SIZE = 8
_MARGIN = 14


@dataclass(frozen=True, slots=True)
class Marked:
    """A copy. `unmarked_because` says why it has no mark, None where it has one."""

    content: bytes
    unmarked_because: str | None


def mark(content: bytes, reader: str, at: datetime) -> Marked:
    """A copy of a PDF that names `reader` and the time on every page.

    One that has a password, is broken or too long is given as it is, with the reason.
    """
    says = f"Read by {reader}, {at.astimezone(UTC):%d %B %Y, %H:%M} UTC. Confidential."
    # What the fonts of every PDF reader lack is left out rather than drawn wrongly.
    says = says.encode("latin-1", "replace").decode("latin-1")
    if len(content) > LARGEST:
        return Marked(content, "too large to be marked")
    # pypdf warns of every oddity in a file; a vendor's file is to fill no log.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        source = PdfReader(io.BytesIO(content))
        if source.is_encrypted:
            return Marked(content, "encrypted")
        if len(source.pages) > MOST_PAGES:
            return Marked(content, f"more than {MOST_PAGES} pages")
        if not source.pages:
            return Marked(content, "damaged")
        writer = PdfWriter(clone_from=source)
        overlays: dict[tuple[float, ...], PageObject] = {}
        for page in writer.pages:
            box = page.mediabox
            shape = tuple(float(edge) for edge in (box.left, box.bottom, box.width, box.height))
            if page.rotation % 360:
                page.transfer_rotation_to_content()
                box = page.mediabox
                shape = tuple(float(edge) for edge in (box.left, box.bottom, box.width, box.height))
            if shape not in overlays:
                overlays[shape] = _overlay(says, *shape)
            page.merge_page(overlays[shape])
        copy = io.BytesIO()
        writer.write(copy)
    except Exception:  # whatever a file made by strangers does to the library, it stays readable
        return Marked(content, "damaged")
    return Marked(copy.getvalue(), None)


def _overlay(says: str, left: float, bottom: float, width: float, height: float) -> PageObject:
    if not (20 <= width <= 20_000 and 20 <= height <= 20_000):
        raise ValueError("no page has this size")
    drawn = io.BytesIO()
    canvas = Canvas(drawn, pagesize=(left + width, bottom + height))
    canvas.setFillColor(_GREY)
    size = min(_SIZE, (width - 2 * _MARGIN) / max(1, len(says)) * 2)
    canvas.setFont("Helvetica", size)
    canvas.drawString(left + _MARGIN, bottom + _MARGIN, says)
    canvas.setFillColor(_FAINT)
    canvas.translate(left + width / 2, bottom + height / 2)
    canvas.rotate(40)
    canvas.setFont("Helvetica-Bold", min(width, height) / max(8, len(says)) * 2)
    canvas.drawCentredString(0, 0, says)
    canvas.save()
    return PdfReader(drawn).pages[0]
