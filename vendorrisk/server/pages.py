"""Drawing the pages outside Streamlit: templates, which escape whatever they are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from vendorrisk.assessment import Refusal
from vendorrisk.reports.wording import clip, day, moment, money
from vendorrisk.scoring.scorecard import readable
from vendorrisk.server import headers, sessions
from vendorrisk.usecases.application import application
from vendorrisk.usecases.errors import Invalid

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


_TEMPLATES.filters.update(money=money, day=day, clip=clip, moment=moment, readable=readable)


@dataclass(frozen=True)
class Objection:
    """What a form's page says when it was refused: by field, or in one sentence."""

    sentence: str
    fix: str
    problems: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, refusal: Refusal) -> Objection:
        """The objection that a use case's refusal amounts to."""
        problems = refusal.problems if isinstance(refusal, Invalid) else {}
        return cls(refusal.sentence, refusal.fix, problems)


def page(template: str, *, status: int = 200, **values: object) -> Response:
    """The page of a template. `values` are shown as text, whatever they hold."""
    html = _TEMPLATES.get_template(template).render(demo=application().settings.demo, **values)
    return HTMLResponse(
        html, status_code=status, headers={"Content-Security-Policy": headers.OWN_PAGES}
    )


def form_page(
    request: Request,
    template: str,
    refusal: Objection | None = None,
    path: str = "",
    **values: object,
) -> Response:
    """The page of a form that posts to its own address, or to `path`, with the token that lets it.

    `token_for` gives the template the token of another address.
    """
    key = sessions.form_key(request)
    response = page(
        template,
        status=422 if refusal else 200,
        refusal=refusal,
        form_token=sessions.form_token(key, path or request.url.path),
        token_for=partial(sessions.form_token, key),
        **values,
    )
    sessions.keep_form_key(response, key)
    return response
