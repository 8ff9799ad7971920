"""A copy of a PDF names its reader on every page, and one that cannot be marked is still served."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas

from vendorrisk import marking
from vendorrisk.marking import mark

AT = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)


def made(*sizes: tuple[float, float], rotate: int = 0) -> bytes:
    drawn = io.BytesIO()
    canvas = Canvas(drawn)
    for number, size in enumerate(sizes or ((595, 842),), 1):
        canvas.setPageSize(size)
        canvas.drawString(100, 100, f"Page {number} says this")
        canvas.showPage()
    canvas.save()
    if not rotate:
        return drawn.getvalue()
    writer = PdfWriter(clone_from=PdfReader(drawn))
    for page in writer.pages:
        page.rotate(rotate)
    turned = io.BytesIO()
    writer.write(turned)
    return turned.getvalue()


def texts(content: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


@pytest.mark.parametrize("rotate", [0, 90, 180])
def test_every_page_names_the_reader_and_the_time_and_keeps_its_own_text(rotate: int) -> None:
    sizes = ((595, 842), (842, 595), (200, 200))
    marked = mark(made(*sizes, rotate=rotate), "Grace Reviewer", AT)
    assert marked.unmarked_because is None
    found = texts(marked.content)
    assert len(found) == 3
    for number, text in enumerate(found, 1):
        assert f"Page {number} says this" in text
        assert "Grace Reviewer" in text
        assert "23 November 2026, 09:05 UTC" in text


def test_a_name_is_text_and_never_more() -> None:
    for name in ("O'Brien (x) \\ Tj", "Zoë", "李雷", "\u202e", "x" * 500):
        marked = mark(made(), name, AT)
        assert marked.unmarked_because is None
        assert "Page 1 says this" in texts(marked.content)[0]


def test_what_cannot_be_marked_is_served_as_it_is_and_says_why() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(made())))
    writer.encrypt("secret", algorithm="RC4-128")
    locked = io.BytesIO()
    writer.write(locked)
    broken = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
    for content, why in (
        (locked.getvalue(), "encrypted"),
        (broken, "damaged"),
        (made()[:300], "damaged"),
        (made(*[(100, 100)] * (marking.MOST_PAGES + 1)), "more than 400 pages"),
        (made((5, 5)), "damaged"),
    ):
        marked = mark(content, "Grace", AT)
        assert marked.content == content
        assert marked.unmarked_because == why
