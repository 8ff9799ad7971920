"""Streamlit's pages for whoever is signed in; a stranger is led to the way in."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from vendorrisk.server.entrance import sign_in_first
from vendorrisk.server.sessions import actor_of
from vendorrisk.server.shell import shell


class PageName(Convertor[str]):
    """The name of a page in an address: plain words, so never a file or a route of Streamlit's."""

    regex = "[a-z]+(?:-[a-z]+)*"

    def convert(self, value: str) -> str:
        """The name as it stands."""
        return value

    def to_string(self, value: str) -> str:
        """The name as it stands."""
        return value


register_url_convertor("page_name", PageName())


async def show_app(request: Request) -> Response:
    """The shell of every Streamlit page; which page it is, Streamlit finds out in the browser."""
    if await actor_of(request) is None:
        return await sign_in_first(request)
    return HTMLResponse(shell().html)
