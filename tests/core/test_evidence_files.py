"""Files of evidence: what is taken, what is refused and why, and how bytes are kept."""

from __future__ import annotations

import hashlib
import io
import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import KEYS
from vendorrisk import evidence
from vendorrisk.evidence import (
    ENDINGS,
    LARGEST_FILE,
    MOST_FILES,
    MOST_TOGETHER,
    Files,
    LostFile,
    UnacceptableFile,
    examine,
    require_room,
)

PDF = b"%PDF-1.7\n1 0 obj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 20


def office(main: str, **parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(main, "<x/>")
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


DOCX, XLSX = office("word/document.xml"), office("xl/workbook.xml")


def refusal(file_name: str, content: bytes) -> UnacceptableFile:
    with pytest.raises(UnacceptableFile) as found:
        examine(file_name, content)
    assert found.value.sentence
    assert found.value.fix
    return found.value


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("policy.pdf", PDF, "application/pdf"),
        ("Screenshot 1.PNG", PNG, "image/png"),
        ("photo.jpeg", JPEG, "image/jpeg"),
        ("photo.jpg", JPEG, "image/jpeg"),
        ("deletion.log", b"2026-11-01 purged 12 rows\n", "text/plain"),
        ("notes.txt", "Grüße, 日本".encode(), "text/plain"),
        ("notes.txt", "\ufeffwith a mark".encode(), "text/plain"),
        ("from-excel.csv", "a;b\n1;2".encode("utf-16"), "text/csv"),
        ("jobs.csv", b"job,ran\npurge,yes\n", "text/csv"),
        ("idp.json", b'{"mfa": "everyone"}', "application/json"),
        ("policy.docx", DOCX, evidence._DOCX),
        ("register.xlsx", XLSX, evidence._XLSX),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_the_content_says_what_a_file_is(name: str, content: bytes, media_type: str) -> None:
    upload = examine(name, content)
    assert upload.media_type == media_type
    assert upload.file_name == name
    assert upload.size == len(content)
    assert upload.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("policy.pdf", b"", "empty_file"),
        ("policy.exe", PDF, "wrong_ending"),
        ("policy.docx", PDF, "wrong_ending"),
        ("policy.txt", PDF, "wrong_ending"),
        ("register.docx", XLSX, "wrong_ending"),
        ("tool.exe", b"MZ\x90\0\3\0\0\0", "wrong_type"),
        ("tool.pdf", b"MZ\x90\0\3\0\0\0", "wrong_type"),
        ("fake.pdf", b"<html>not a PDF</html>", "wrong_type"),
        ("page.html", b"<script>alert(1)</script>", "wrong_type"),
        ("picture.svg", b"<svg onload='alert(1)'/>", "wrong_type"),
        ("latin.txt", "Grüße".encode("latin-1"), "wrong_encoding"),
        ("odd.txt", b"text with \0 in it", "wrong_type"),
        ("broken.json", b'{"mfa": ', "damaged_file"),
        ("deep.json", b"[" * 200_000, "damaged_file"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "wrong_type"),
        ("several.zip", office("readme.txt"), "wrong_type"),
        ("cut.docx", DOCX[:60], "damaged_file"),
        ("macros.docx", office("word/document.xml", **{"word/vbaProject.bin": b"x"}), "has_macros"),
        ("macros.xlsx", office("xl/workbook.xml", **{"xl/VBAPROJECT.BIN": b"x"}), "has_macros"),
        ("noname", b"just text", "wrong_type"),
    ],
    # Named by place: a zip holds the hour at which it was made, and two workers must agree.
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_what_is_not_taken_is_refused_with_a_reason(name: str, content: bytes, code: str) -> None:
    assert refusal(name, content).code == code


def test_a_file_without_an_ending_gets_the_one_of_its_content() -> None:
    assert examine("policy", PDF).file_name == "policy.pdf"
    assert examine(".hidden", PNG).file_name == ".hidden.png"


def test_the_largest_file_is_taken_and_one_byte_more_is_not() -> None:
    assert examine("a.pdf", PDF.ljust(LARGEST_FILE, b"\0")).size == LARGEST_FILE
    found = refusal("a.pdf", PDF.ljust(LARGEST_FILE + 1, b"\0"))
    assert found.code == "too_large"
    assert "20 MB" in found.sentence


def test_an_assessment_has_room_for_so_many_files() -> None:
    require_room(MOST_FILES - 1, MOST_TOGETHER - 1, 1)
    with pytest.raises(UnacceptableFile) as found:
        require_room(MOST_FILES, 0, 1)
    assert found.value.code == "too_many_files"
    with pytest.raises(UnacceptableFile) as found:
        require_room(1, MOST_TOGETHER, 1)
    assert found.value.code == "too_much"


def test_an_office_file_that_unpacks_to_too_much_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(evidence, "_LARGEST_UNPACKED", 1_000_000)
    bomb = office("word/document.xml", **{"word/media/x": b"\0" * 1_100_000})
    assert len(bomb) < 5_000
    assert refusal("bomb.docx", bomb).code == "too_large"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "..",
        "../policy.pdf",
        "/etc/policy.pdf",
        "a/b.pdf",
        "..\\policy.pdf",
        "C:\\policy.pdf",
        "c:policy.pdf",
        "policy\0.pdf",
        "policy\n.pdf",
        "policy\u202efdp.exe",
        "pol\u200bicy.pdf",
        "pol\ud800icy.pdf",
        "x" * 151,
    ],
)
def test_a_name_that_could_mislead_is_refused(name: str) -> None:
    assert refusal(name, PDF).code == "unsafe_name"


@given(name=st.text(max_size=200))
def test_whatever_the_name_a_taken_one_is_plain(name: str) -> None:
    try:
        kept = examine(name, PDF).file_name
    except UnacceptableFile:
        return
    assert not any(
        unicodedata.category(character)[0] == "C" for character in kept if character.isascii()
    )
    assert not set(kept) & set("/\\\0\n\r\t\u202e\u2066\u200b\u2028")
    assert kept.lower().endswith(".pdf")
    assert len(kept) <= 154


@given(content=st.binary(max_size=300), ending=st.sampled_from(ENDINGS))
def test_no_bytes_make_it_fail_otherwise(content: bytes, ending: str) -> None:
    try:
        upload = examine(f"file.{ending}", content)
    except UnacceptableFile:
        return
    assert ending in evidence.ACCEPTED[upload.media_type]


ONE, OTHER = "a" * 32, "b" * 32


def kept_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_kept_file_is_read_back_and_the_disk_tells_nothing_of_it(tmp_path: Path) -> None:
    files, upload = Files(tmp_path / "evidence"), examine("policy.pdf", PDF)
    files.keep(KEYS, ONE, upload)
    files.keep(KEYS, ONE, upload)
    assert files.read(KEYS, ONE, upload.sha256) == PDF
    [path] = kept_in(files.folder)
    assert path.name == files.name(KEYS, ONE, upload.sha256)
    assert upload.sha256 not in str(path), "whoever knows a file cannot look for its name"
    assert PDF[:8] not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert files.folder.stat().st_mode & 0o077 == 0


def test_the_same_file_of_two_assessments_is_kept_and_deleted_apart(tmp_path: Path) -> None:
    files, upload = Files(tmp_path), examine("policy.pdf", PDF)
    files.keep(KEYS, ONE, upload)
    files.copy(KEYS, upload.sha256, ONE, OTHER)
    assert len(kept_in(tmp_path)) == 2
    files.delete(files.name(KEYS, ONE, upload.sha256))
    files.delete(files.name(KEYS, ONE, upload.sha256))
    assert files.read(KEYS, OTHER, upload.sha256) == PDF
    with pytest.raises(LostFile):
        files.read(KEYS, ONE, upload.sha256)


def test_a_file_put_in_anothers_place_is_never_served(tmp_path: Path) -> None:
    files, upload = Files(tmp_path), examine("policy.pdf", PDF)
    files.keep(KEYS, ONE, upload)
    name = files.name(KEYS, OTHER, upload.sha256)
    (tmp_path / name[:2]).mkdir(exist_ok=True)
    (tmp_path / name[:2] / name).write_bytes(kept_in(tmp_path)[0].read_bytes())
    with pytest.raises(LostFile) as found:
        files.read(KEYS, OTHER, upload.sha256)
    assert found.value.code == "file_changed"


def test_a_file_of_before_there_was_encryption_is_read_and_can_be_sealed(tmp_path: Path) -> None:
    files, upload = Files(tmp_path), examine("policy.pdf", PDF)
    old = tmp_path / upload.sha256[:2] / upload.sha256
    old.parent.mkdir()
    old.write_bytes(PDF)
    assert files.read(KEYS, ONE, upload.sha256) == PDF
    assert files.seal_old(KEYS, ONE, upload.sha256)
    assert not files.seal_old(KEYS, ONE, upload.sha256)
    old.unlink()
    assert files.read(KEYS, ONE, upload.sha256) == PDF
    assert not files.seal_old(KEYS, OTHER, upload.sha256), "there is nothing left to seal"


def test_a_file_that_was_changed_or_lost_is_never_served(tmp_path: Path) -> None:
    files, upload = Files(tmp_path), examine("policy.pdf", PDF)
    files.keep(KEYS, ONE, upload)
    [path] = kept_in(tmp_path)
    for spoilt in (PDF, path.read_bytes()[:-1], b"", path.read_bytes() + b"x"):
        path.write_bytes(spoilt)
        with pytest.raises(LostFile) as found:
            files.read(KEYS, ONE, upload.sha256)
        assert found.value.code == "file_changed"
    files.keep(KEYS, ONE, upload)
    assert files.read(KEYS, ONE, upload.sha256) == PDF, "attaching it again mends it"
    path.unlink()
    with pytest.raises(LostFile) as found:
        files.read(KEYS, ONE, upload.sha256)
    assert found.value.code == "file_missing"


def test_a_disk_that_fails_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, upload = Files(tmp_path), examine("policy.pdf", PDF)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UnacceptableFile, match="No space left") as found:
        files.keep(KEYS, ONE, upload)
    assert found.value.code == "not_kept"
    assert kept_in(tmp_path) == []


@pytest.mark.parametrize("sha256", ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n"])
def test_only_a_hash_names_a_file(tmp_path: Path, sha256: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        Files(tmp_path).read(KEYS, ONE, sha256)
