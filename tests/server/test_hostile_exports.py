"""Hostile texts in what leaves the app other than as a page: tables, mail, files, addresses."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from html.parser import HTMLParser
from socket import socket
from urllib.parse import quote, unquote, urlsplit

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pypdf import PdfReader
from reportlab.pdfgen.canvas import Canvas

from tests.hostile_text import HOSTILE
from vendorrisk import mail
from vendorrisk.access import EVERYTHING, Actor, Role
from vendorrisk.marking import mark
from vendorrisk.server.downloads import attachment
from vendorrisk.settings import Mail
from vendorrisk.usecases import vendors
from vendorrisk.usecases.errors import Invalid

TEXTS = list(HOSTILE.values())


def test_nothing_in_the_trail_as_a_table_becomes_a_formula_or_another_row(client, sign_in, app):
    officer = sign_in(Role.PROCUREMENT_OFFICER, Role.AUDITOR)
    for text in TEXTS:
        told = {"contact_name": text[:190], "contact_email": "a@vendor.example"}
        vendor = vendors.register_vendor(app, officer, name=text[:190], **told)
        vendors.register_engagement(app, officer, vendor.id, title=text[:190])
        with app.store.begin(EVERYTHING) as work:
            work.record(Actor("person", text[:30], text, frozenset()), "sign_in", "person", text)

    sent = client.get("/trail.csv").content.decode("utf-8-sig")

    rows = list(csv.reader(io.StringIO(sent, newline="")))
    assert {len(row) for row in rows} == {10}
    assert len(sent.splitlines()) == len(rows) > 4 * len(TEXTS)
    for row in rows:
        for cell in row:
            assert cell.lstrip()[:1] not in tuple("=+-@|%"), cell
            # Where a semicolon parts cells, a text is split there, its quotes notwithstanding.
            for part in cell.split(";"):
                assert part.strip(" '\"")[:1] not in tuple("=+-@|%") or "'" in part[:3], cell


# -- mail -----------------------------------------------------------------------------------------


@dataclass
class Postbox:
    """A real mail server on this machine, and the messages that it took."""

    taken: list[bytes] = field(default_factory=list)
    port: int = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope.content or b"")  # type: ignore[arg-type]
        return "250 taken"


HEADERS = [
    "Auto-Submitted",
    "Content-Transfer-Encoding",
    "Content-Type",
    "Date",
    "From",
    "MIME-Version",
    "Message-ID",
    "Subject",
    "To",
]


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    box = Postbox()
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        box.port = int(probe.getsockname()[1])
    server = Controller(box, hostname="127.0.0.1", port=box.port)
    server.start()
    yield box
    server.stop()


def test_no_text_adds_a_header_or_a_reader_to_a_mail_or_becomes_markup_in_it(postbox):
    settings = Mail("127.0.0.1", postbox.port, "none", "vendors@council.example")
    for text in TEXTS:
        mail.send(settings, "vera@vendor.example", f"Your code: {text}", f"Hello {text},\n\nbye\n")

    assert len(postbox.taken) == len(TEXTS)
    for text, content in zip(TEXTS, postbox.taken, strict=True):
        message = message_from_bytes(content, policy=policy.default)
        assert sorted(message.keys()) == HEADERS, text
        assert message["To"] == "vera@vendor.example"
        assert message.get_content_type() == "text/plain"
        assert not message.is_multipart()
        assert not message.defects


def test_no_text_passes_for_an_address_of_a_mail(sign_in, app):
    officer = sign_in(Role.PROCUREMENT_OFFICER)
    for text in TEXTS:
        with pytest.raises(Invalid) as told:
            vendors.register_vendor(app, officer, name="V", contact_name="C", contact_email=text)
        assert "contact_email" in told.value.problems


# -- files ----------------------------------------------------------------------------------------


def test_a_name_of_a_file_stays_within_its_header_and_comes_out_as_it_was():
    for text in TEXTS:
        sent = attachment(b"x", "application/pdf", text)
        [disposition] = [v for k, v in sent.raw_headers if k == b"content-disposition"]
        said = disposition.decode("ascii")
        assert said.isprintable(), text
        first, plain, extended = said.split(";")
        assert first == "attachment"
        assert plain.count('"') == 2
        assert not {"/", "\\", "%", "<", ">"} & set(plain)
        assert unquote(extended.removeprefix(" filename*=UTF-8''")) == text
        assert {k for k, _ in sent.raw_headers} == {
            b"content-disposition",
            b"content-length",
            b"content-security-policy",
            b"content-type",
        }


def test_a_name_in_a_mark_adds_nothing_to_a_pdf_that_a_reader_would_act_on():
    drawn = io.BytesIO()
    canvas = Canvas(drawn)
    canvas.drawString(100, 100, "The page itself")
    canvas.save()
    for text in TEXTS:
        marked = mark(drawn.getvalue(), text, datetime(2026, 11, 23, tzinfo=UTC))
        assert marked.unmarked_because is None, text
        [page] = PdfReader(io.BytesIO(marked.content)).pages
        assert "The page itself" in page.extract_text()
        assert not {"/Annots", "/AA", "/A"} & set(page)
        for acts in (b"/JavaScript", b"/OpenAction", b"/URI", b"/Launch", b"/EmbeddedFile"):
            assert acts not in marked.content


# -- addresses ------------------------------------------------------------------------------------


class Elements(HTMLParser):
    """What elements with what addresses a page is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.leads: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name in ("href", "src", "action"):
                self.leads.add(value or "")


@pytest.mark.parametrize("path", ["/{}", "/sign-in?next={}", "/engagement?engagement={}"])
def test_a_text_in_an_address_neither_becomes_markup_nor_leads_elsewhere(client, sign_in, path):
    for text in TEXTS:
        answer = client.get(path.format(quote(text)))
        assert not urlsplit(answer.headers.get("location", "")).netloc
        found = Elements(answer.text)
        assert not {"iframe", "object", "embed", "base", "svg", "math"} & found.tags
        assert {lead for lead in found.leads if "evil" in lead or ":" in lead} == set()
        assert not any("evil" in name.lower() for name in answer.headers)
