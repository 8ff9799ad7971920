"""Files of evidence: what is accepted, and how their bytes are kept.

Files lie encrypted in a folder that no web server looks into. A file's name there is a keyed hash
of its content and of the assessment it belongs to: a plain hash would tell whoever reads the disk
that somebody holds a document they know, and one file for several assessments could not be deleted
with one of them. What a file is, its content says; its name must agree. What is looked for in a
file are the ways in which it could harm its readers; it is no substitute for a malware scanner.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import os
import re
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vendorrisk.assessment import Refusal
from vendorrisk.keys import BrokenSealError, Keys, seal, unseal

LARGEST_FILE = 20 * 1024 * 1024
"""Bytes."""

MOST_FILES = 200
"""Files that one assessment may have."""

MOST_TOGETHER = 500 * 1024 * 1024
"""Bytes that the files of one assessment may have together."""

LONGEST_NAME = 150
"""Characters."""

_LARGEST_UNPACKED = 300 * 1024 * 1024
_LARGEST_READ = 30 * 1024 * 1024  # of a part that is looked into
_MOST_PARTS = 10_000
_MOST_RATIO = 200  # text in XML shrinks to a fiftieth at best
_RATIO_FROM = 1024 * 1024  # below this size a part is no bomb, however well it shrank
_DEEPEST = 2  # a workbook inside a document is common, one inside that is not
_MOST_INFLATED = 50 * 1024 * 1024  # of a PDF's packed objects

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


def require_room(files: int, together: int, size: int) -> None:
    """Raise `UnacceptableFile` where an assessment that has `files` with `together` bytes has no
    room for one of `size` bytes more.
    """
    if files >= MOST_FILES:
        raise UnacceptableFile(
            "too_many_files",
            f"This assessment already has {MOST_FILES} files, withdrawn ones included.",
            "Put several documents into one PDF, or attach one file to several answers.",
        )
    if together + size > MOST_TOGETHER:
        raise UnacceptableFile(
            "too_much",
            f"This assessment's files would have more than {MOST_TOGETHER // 1024**2} MB together.",
            "Attach the pages that matter, or a version with smaller images.",
        )


def examine(file_name: str, content: bytes) -> Upload:
    """Look at a file before it is kept. Raises `UnacceptableFile`."""
    name = _safe_name(file_name)
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
    """A folder of sealed files, made with the one above it when the first file is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, keys: Keys, assessment_id: str, upload: Upload) -> None:
        """Keep a file of an assessment, all of it or nothing.

        Keeping the same content there again changes nothing, or mends it. Raises
        `UnacceptableFile` where the disk does not take it.
        """
        path = self._path(self.name(keys, assessment_id, upload.sha256))
        try:
            if self._holds(keys, path, assessment_id, upload.sha256):
                return
            for folder in (self.folder.parent, self.folder, path.parent):
                folder.mkdir(exist_ok=True, mode=0o700)
            sealed = seal(keys.derive(_PURPOSE), upload.content, path.name)
            descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(sealed)
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

    def read(self, keys: Keys, assessment_id: str, sha256: str) -> bytes:
        """The bytes of a file. Raises `LostFile` where they are gone or were changed.

        A file of before there was encryption is read as it lies, under its plain hash.
        """
        name = self.name(keys, assessment_id, sha256)
        sealed = _bytes_of(self._path(name))
        content = None
        if sealed is None:
            content = _bytes_of(self._path(sha256))
            if content is None:
                raise LostFile(
                    "file_missing",
                    "This file is not where it was kept.",
                    "Ask whoever runs this service to restore it from a backup.",
                )
        else:
            try:
                content = unseal(keys.derive(_PURPOSE), sealed, name)
            except BrokenSealError:
                content = b""
        if hashlib.sha256(content).hexdigest() != sha256:
            raise LostFile(
                "file_changed",
                "This file is not what was attached: its content was changed on the disk.",
                "Ask whoever runs this service to restore it from a backup.",
            )
        return content

    def copy(self, keys: Keys, sha256: str, source: str, target: str) -> None:
        """Keep a file of one assessment for another as well. Raises `LostFile`."""
        content = self.read(keys, source, sha256)
        self.keep(keys, target, Upload("", "", content, sha256))

    def seal_old(self, keys: Keys, assessment_id: str, sha256: str) -> bool:
        """Seal a file of before there was encryption; whether there was one.

        The plain one stays, because another assessment may have it, too.
        """
        if self._path(self.name(keys, assessment_id, sha256)).exists():
            return False
        if not self._path(sha256).exists():
            return False
        self.copy(keys, sha256, assessment_id, assessment_id)
        return True

    def seal_anew(self, before: Keys, after: Keys, assessment_id: str, sha256: str) -> None:
        """Keep a file under another key, too. Raises `LostFile`, `UnacceptableFile`."""
        content = self.read(before, assessment_id, sha256)
        self.keep(after, assessment_id, Upload("", "", content, sha256))
        self.read(after, assessment_id, sha256)

    def forget_key(self, keys: Keys, wanted: Container[str], since: datetime) -> int:
        """Delete what opens with a key that was changed, and what was left unfinished before a
        time; how many files. Those with `wanted` names are passed over. Raises `LostFile`.
        """
        key = keys.derive(_PURPOSE)
        over = []
        for path in sorted(self.folder.glob("??/*")):
            if path.name in wanted:
                continue
            if path.name.startswith(_UNFINISHED):
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < since.timestamp():
                        over.append(path.name)
                continue
            with suppress(BrokenSealError):
                unseal(key, _bytes_of(path) or b"", path.name)
                over.append(path.name)
        return sum(self.delete(name) for name in over)

    def names(self, after: datetime, before: datetime) -> Iterator[str]:
        """The names of all that lies here, unfinished ones included, last written between times."""
        for path in sorted(self.folder.glob("??/*")):
            try:
                if after.timestamp() <= path.stat().st_mtime < before.timestamp():
                    yield path.name
            except FileNotFoundError:  # somebody else deletes, too
                continue

    def delete(self, name: str) -> bool:
        """Delete what lies under a name; whether anything did.

        Raises `LostFile` where the disk does not let go of it.
        """
        folders = [self.folder / name[:2]]
        if name.startswith(_UNFINISHED):
            folders = sorted(self.folder.glob("??"))
        there = [folder for folder in folders if (folder / name).exists()]
        try:
            for folder in there:
                (folder / name).unlink(missing_ok=True)
                _sync_folder(folder)
        except OSError as error:
            raise LostFile(
                "not_deleted",
                f"A file of evidence could not be deleted: {error.strerror}.",
                "Give the account that runs the product the right to delete in its folder.",
            ) from error
        return bool(there)

    @staticmethod
    def name(keys: Keys, assessment_id: str, sha256: str) -> str:
        """The name of a file of an assessment: 64 hexadecimal digits that need the key."""
        _require_hash(sha256)
        text = f"{assessment_id}/{sha256}".encode()
        return hmac.digest(keys.derive(f"{_PURPOSE}/name"), text, "sha256").hex()

    def _path(self, name: str) -> Path:
        _require_hash(name)
        return self.folder / name[:2] / name

    def _holds(self, keys: Keys, path: Path, assessment_id: str, sha256: str) -> bool:
        if not path.exists():
            return False
        try:
            self.read(keys, assessment_id, sha256)
        except LostFile:
            return False
        return True


_PURPOSE = "evidence"
_UNFINISHED = "new-"


def _require_hash(text: str) -> None:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError("not a SHA-256 in hex")


def _bytes_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


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
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnacceptableFile(
            "wrong_type",
            f"“{name}” is an old Office file or one with a password.",
            "Save it as .docx, .xlsx or PDF without a password, then attach it again.",
        )
    if content.startswith(b"PK\x03\x04"):
        media_type = _office_type(name, content)
    elif content.startswith(b"%PDF-"):
        media_type = "application/pdf"
        _require_still(name, content)
    elif content.startswith(b"\x89PNG\r\n\x1a\n"):
        media_type = "image/png"
    elif content.startswith(b"\xff\xd8\xff"):
        media_type = "image/jpeg"
    else:
        return _text_type(name, ending, content)
    _require_one_kind(name, media_type, content)
    return media_type


def _require_one_kind(name: str, media_type: str, content: bytes) -> None:
    """Refuse what another program would open as something else: one file with two meanings."""
    office = media_type in (_DOCX, _XLSX)
    pdf = media_type == "application/pdf"
    if (
        # PDF readers take a header anywhere in the first kilobyte; unpackers look at the end.
        (not pdf and b"%PDF-" in content[:1100])
        or (not office and zipfile.is_zipfile(io.BytesIO(content)))
        or (not office and not pdf and re.search(rb"<(?:script|html|svg)\b", content[:2048], re.I))
    ):
        raise UnacceptableFile(
            "two_kinds",
            f"“{name}” is {_SAYS[media_type]} and something else at once.",
            "Save or print it anew, then attach it again.",
        )


_PDF_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_PDF_DICTIONARY = 2000  # bytes before a stream in which its dictionary stands
_PDF_NAME = re.compile(rb"/([^\s/<>\[\]()%{}\x00]+)")
_PDF_PROGRAMS = {
    b"JavaScript": "a program (JavaScript)",
    b"JS": "a program (JavaScript)",
    b"Launch": "a command that starts programs",
    b"EmbeddedFile": "other files",
    b"EmbeddedFiles": "other files",
    b"RichMedia": "a program (rich media)",
}


def _require_still(name: str, content: bytes) -> None:
    """Refuse a PDF that holds programs or other files, packed objects included."""
    left = _MOST_INFLATED
    plain = []
    end = 0
    for found in _PDF_STREAM.finditer(content):
        if found.start() < end:
            continue
        stop = content.find(b"endstream", found.end())
        if stop < 0:
            break
        plain.append(content[end : found.start()])
        end = stop
        about = _plain_names(plain[-1][-_PDF_DICTIONARY:].rpartition(b"endobj")[2])
        if b"/ObjStm" in about:
            unpacker = zlib.decompressobj()
            try:
                inflated = unpacker.decompress(content[found.end() : stop], left)
            except zlib.error:
                continue
            left -= len(inflated)
            if left <= 0:
                raise _too_much(name)
            plain.append(inflated)
    plain.append(content[end:])
    for text in plain:
        for said in _PDF_NAME.finditer(_plain_names(text)):
            if said[1] in _PDF_PROGRAMS:
                raise UnacceptableFile(
                    "has_programs",
                    f"“{name}” contains {_PDF_PROGRAMS[said[1]]}.",
                    "Print it to a new PDF, then attach that.",
                )


def _plain_names(text: bytes) -> bytes:
    """A PDF's text with the `#4a` spelling of its names undone."""
    if b"#" not in text:
        return text
    return re.sub(rb"#([0-9a-fA-F]{2})", lambda found: bytes.fromhex(found[1].decode()), text)


_OFFICE_PROGRAMS = (
    (re.compile(r"(^|/)vba(project|data)[^/]*$", re.I), "macros, which are programs"),
    (re.compile(r"(^|/)macrosheets/", re.I), "macros, which are programs"),
    (re.compile(r"(^|/)activex/", re.I), "programs (ActiveX)"),
    (re.compile(r"(^|/)embeddings/.*\.(bin|exe|js|vbs|hta|lnk|bat|cmd)$", re.I), "a packed object"),
)
_OFFICE_SAYS = (
    (re.compile(rb"macroEnabled|vnd\.ms-office\.vbaProject", re.I), "macros, which are programs"),
    (re.compile(rb"<(?:\w+:)?ddeLink\b", re.I), "a link that starts programs (DDE)"),
    (
        re.compile(rb"(?:instrText|instr=)[^<>]{0,80}[>\"\s]\s*DDE(?:AUTO)?\b", re.I),
        "a field that starts programs (DDE)",
    ),
    (
        re.compile(rb"attachedTemplate\"[^>]{0,500}TargetMode=\"External", re.I),
        "a template that it would fetch from elsewhere",
    ),
    (re.compile(rb"<!DOCTYPE|<!ENTITY", re.I), "definitions that blow it up when it is read"),
)


def _office_type(name: str, content: bytes) -> str:
    names = _look_into(name, content, _Room(_LARGEST_UNPACKED), 1)
    if "[Content_Types].xml" in names and "word/document.xml" in names:
        return _DOCX
    if "[Content_Types].xml" in names and "xl/workbook.xml" in names:
        return _XLSX
    raise _wrong_type(name, "an archive")


@dataclass(slots=True)
class _Room:
    """How many bytes an archive, with all archives inside it, may still unpack to."""

    left: int


def _look_into(name: str, content: bytes, room: _Room, depth: int) -> set[str]:
    """The names of an archive's parts, once none of them can do harm.

    What an archive says of its parts' sizes is a limit and no promise: a part that is read gives no
    more than it says.
    """
    if depth > _DEEPEST:
        raise UnacceptableFile(
            "too_deep",
            f"“{name}” has archives inside archives.",
            "Save it as PDF, then attach it again.",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            _require_modest(name, parts, room)
            for part in parts:
                _require_harmless(name, archive, part, room, depth)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise UnacceptableFile(
            "damaged_file", f"“{name}” is damaged.", "Save it anew, then attach it again."
        ) from error
    return {part.filename for part in parts}


def _require_modest(name: str, parts: list[zipfile.ZipInfo], room: _Room) -> None:
    room.left -= sum(part.file_size for part in parts)
    if len(parts) > _MOST_PARTS or room.left < 0:
        raise _too_much(name)
    for part in parts:
        shrunk = part.file_size / max(1, part.compress_size)
        if part.file_size > _RATIO_FROM and shrunk > _MOST_RATIO:
            raise _too_much(name)
        if part.flag_bits & 1:
            raise UnacceptableFile(
                "wrong_type",
                f"“{name}” has a password.",
                "Save it without one, then attach it again.",
            )
        path = part.filename.replace("\\", "/")
        if path.startswith("/") or ".." in path.split("/") or re.match(r"^[A-Za-z]:", path):
            raise UnacceptableFile(
                "damaged_file",
                f"“{name}” has parts that would be unpacked outside their folder.",
                "Save it anew, then attach it again.",
            )
    names = [part.filename for part in parts]
    if len(set(names)) != len(names):
        raise UnacceptableFile(
            "damaged_file",
            f"“{name}” has two parts of one name.",
            "Save it anew, then attach it again.",
        )


def _require_harmless(
    name: str, archive: zipfile.ZipFile, part: zipfile.ZipInfo, room: _Room, depth: int
) -> None:
    for pattern, what in _OFFICE_PROGRAMS:
        if pattern.search(part.filename):
            raise _has_programs(name, what)
    with archive.open(part) as file:
        start = file.read(4)
        inside = start == b"PK\x03\x04"
        if not inside and not part.filename.lower().endswith((".xml", ".rels", ".vml")):
            return
        content = start + file.read(_LARGEST_READ)
    if len(content) > _LARGEST_READ:
        raise _too_much(name)
    if inside:
        _look_into(name, content, room, depth + 1)
        return
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        content = content.decode("utf-16", "replace").encode()
    for says, what in _OFFICE_SAYS:
        if says.search(content):
            raise _has_programs(name, what)


def _has_programs(name: str, what: str) -> UnacceptableFile:
    return UnacceptableFile(
        "has_macros",
        f"“{name}” contains {what}.",
        "Save it without macros or as PDF, then attach it again.",
    )


def _too_much(name: str) -> UnacceptableFile:
    return UnacceptableFile(
        "too_large",
        f"“{name}” unpacks to more than this service opens.",
        "Save it as PDF, then attach it again.",
    )


# In a table: =cmd|'/c calc'!A1 and its kin make a spreadsheet start a program.
_DDE = re.compile(r"(?:^|[,;\t\"])[ ]*[=+\-@][^\r\n|,;\t]{0,60}\|[^\r\n!]{0,200}!", re.MULTILINE)


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
    if ending == "csv" and _DDE.search(text):
        raise UnacceptableFile(
            "has_macros",
            f"“{name}” contains a formula that starts programs (DDE).",
            "Take the formula out, then attach it again.",
        )
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
