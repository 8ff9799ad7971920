"""Asks a malware scanner about a file: ClamAV's daemon, by its INSTREAM command.

A file is taken only if the scanner has said that it found nothing. A scanner that does not answer,
or answers anything else, has not said so.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from vendorrisk.assessment import Refusal

WAIT_SECONDS = 60.0
_CHUNK = 256 * 1024
_LONGEST_REPLY = 4096


class NotScanned(Refusal):
    """The scanner could not be asked, so the file is not taken."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """Where clamd listens: a path, or a host with a port."""

    address: str

    def found_in(self, content: bytes) -> str | None:
        """The name of the malware found in `content`, None where there is none.

        Raises `NotScanned`.
        """
        try:
            with self._connected() as connection:
                connection.sendall(b"zINSTREAM\0")
                for start in range(0, len(content), _CHUNK):
                    part = content[start : start + _CHUNK]
                    connection.sendall(struct.pack("!I", len(part)) + part)
                connection.sendall(struct.pack("!I", 0))
                reply = _read(connection)
        except OSError as error:
            raise _not_scanned("The malware scanner does not answer") from error
        if reply == "stream: OK":
            return None
        if reply.startswith("stream: ") and reply.endswith(" FOUND"):
            return reply.removeprefix("stream: ").removesuffix(" FOUND")
        raise _not_scanned("The malware scanner could not look at this file")

    def _connected(self) -> socket.socket:
        if is_path(self.address):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(WAIT_SECONDS)
            try:
                connection.connect(self.address)
            except OSError:
                connection.close()
                raise
            return connection
        host, _, port = self.address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), WAIT_SECONDS)


def is_path(address: str) -> bool:
    """Whether an address names a socket in the file system."""
    return Path(address).is_absolute()


def is_address(address: str) -> bool:
    """Whether this can be where a scanner listens: an absolute path, or `host:port`."""
    host, _, port = address.rpartition(":")
    return is_path(address) or (bool(host) and port.isdecimal() and 0 < int(port) < 65536)


def _read(connection: socket.socket) -> str:
    reply = b""
    while not reply.endswith(b"\0") and len(reply) < _LONGEST_REPLY:
        part = connection.recv(_LONGEST_REPLY)
        if not part:
            break
        reply += part
    return reply.rstrip(b"\0\n").decode("utf-8", "replace")


def _not_scanned(what: str) -> NotScanned:
    return NotScanned(
        "not_scanned",
        f"{what}, so the file was not taken.",
        "Try again in a few minutes. If it stays so, tell whoever runs this service.",
    )
