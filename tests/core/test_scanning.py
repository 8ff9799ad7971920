"""The malware scanner is asked in clamd's own words, and silence is never taken for a yes.

The server here is a small real one that speaks the protocol; it is not ClamAV.
"""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from vendorrisk.scanning import NotScanned, Scanner, is_address

EVIL = b"a stand-in for malware"


class _Clamd(socketserver.BaseRequestHandler):
    """Reads one INSTREAM command and says what is in the stream."""

    def handle(self) -> None:
        reader = self.request.makefile("rb")
        assert reader.read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!I", reader.read(4))[0]:
            content += reader.read(size)
        self.server.seen.append(content)  # type: ignore[attr-defined]
        if EVIL in content:
            self.request.sendall(b"stream: Stand-In.Malware FOUND\0")
        elif content.startswith(b"huge"):
            self.request.sendall(b"INSTREAM size limit exceeded. ERROR\0")
        elif not content.startswith(b"silent"):
            self.request.sendall(b"stream: OK\0")


@contextmanager
def clamd(path: Path | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """A server on this machine; its address, and what it was shown."""
    server: Any
    if path is None:
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Clamd)
        address = f"127.0.0.1:{server.server_address[1]}"
    else:
        server, address = socketserver.ThreadingUnixStreamServer(str(path), _Clamd), str(path)
    seen: list[bytes] = []
    server.seen = seen
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield address, seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("by_path", [False, True])
def test_a_file_is_shown_whole_and_the_answer_is_read(tmp_path: Path, by_path: bool) -> None:
    with clamd(tmp_path / "clamd" if by_path else None) as (address, seen):
        scanner = Scanner(address)
        large = b"x" * 1_000_000
        assert scanner.found_in(large) is None
        assert scanner.found_in(large + EVIL) == "Stand-In.Malware"
        assert scanner.found_in(b"") is None
    assert seen == [large, large + EVIL, b""]


@pytest.mark.parametrize("content", [b"huge", b"silent"])
def test_anything_but_a_clean_answer_is_none(content: bytes) -> None:
    with clamd() as (address, _), pytest.raises(NotScanned, match="was not taken"):
        Scanner(address).found_in(content)


def test_a_scanner_that_is_not_there_says_so(tmp_path: Path) -> None:
    with clamd() as (address, _):
        pass
    for gone in (address, str(tmp_path / "none")):
        with pytest.raises(NotScanned, match="does not answer"):
            Scanner(gone).found_in(b"x")


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("/run/clamav/clamd.ctl", True),
        ("localhost:3310", True),
        ("[::1]:3310", True),
        ("localhost", False),
        (":3310", False),
        ("localhost:0", False),
        ("localhost:99999", False),
        ("clamd.ctl", False),
    ],
)
def test_what_can_be_an_address(address: str, fits: bool) -> None:
    assert is_address(address) is fits
