"""Small files that stand in for a vendor's evidence: one printed page that says what it is."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

NOTICE = "Made up for a demo: no such company, report or person exists."

_LEFT, _TOP, _LEADING, _WIDTH = 72, 760, 18, 78


def document(title: str, company: str, paragraphs: Sequence[str]) -> bytes:
    """A PDF of one page in A4: heading, company, the paragraphs, and that it is made up."""
    lines = [(16, title), (12, company), (12, "")]
    for paragraph in (*paragraphs, NOTICE):
        lines += [(11, line) for line in wrap(paragraph, _WIDTH)] + [(11, "")]
    # A page's text is a list of commands: font and size, where to begin, then line by line.
    drawn = [f"BT {_LEADING} TL {_LEFT} {_TOP} Td".encode()]
    drawn += [b"/F1 %d Tf (%s) Tj T*" % (size, _text(line)) for size, line in lines]
    content = b"\n".join([*drawn, b"ET"])
    return _file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
            b" /Resources << /Font << /F1 4 0 R >> >> >>",
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        ]
    )


def _text(line: str) -> bytes:
    """A line inside the parentheses of a PDF's text, where three characters are special."""
    plain = line.encode("cp1252", "replace")
    return plain.replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")


def _file(objects: Sequence[bytes]) -> bytes:
    """The objects, numbered from 1 with the catalogue first, as a PDF file with its index."""
    parts, offsets = [b"%PDF-1.4\n"], []
    for number, body in enumerate(objects, 1):
        offsets.append(sum(map(len, parts)))
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    index = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n" % (
        size,
        index,
        size,
    )
    return b"".join([*parts, end, b"startxref\n%d\n%%%%EOF\n" % sum(map(len, parts))])
