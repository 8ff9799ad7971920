"""Where the app is reached: its public address, the names it answers to, and whether by TLS."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from streamlit import config

from vendorrisk.settings import Settings
from vendorrisk.usecases.application import application

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Site:
    """`origin` is scheme, name and port as browsers send them; `hosts` are names without port."""

    origin: str
    hosts: tuple[str, ...]

    @property
    def secure(self) -> bool:
        """Whether people reach the app over TLS, so that cookies may insist on it."""
        return self.origin.startswith("https://")

    def answers_to(self, host: str) -> bool:
        """Whether a request for `host` (name, perhaps with port) is meant for this app."""
        return _name(host) in self.hosts

    def is_own_origin(self, origin: str, host: str) -> bool:
        """Whether a page of `origin` is one of ours, for a request that was sent to `host`.

        With TLS a page without is none: whoever sits on the network could have written it.
        """
        parts = urlsplit(origin)
        unsafe = self.secure and parts.scheme != "https" and _name(host) not in _THIS_MACHINE
        return origin == self.origin or (parts.netloc == host and not unsafe)


def site() -> Site:
    """The site of the running application."""
    return site_of(application().settings)


def site_of(settings: Settings) -> Site:
    """The site that these settings describe; without a public address it is this machine's."""
    if settings.public_url is None:
        return Site(f"http://localhost:{config.get_option('server.port')}", _THIS_MACHINE)
    parts = urlsplit(settings.public_url)
    return Site(f"{parts.scheme}://{parts.netloc}", (parts.hostname or "", *_THIS_MACHINE))


def _name(host: str) -> str | None:
    if "@" in host:  # what stands before it is no part of a host's name
        return None
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
