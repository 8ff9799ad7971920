"""Codes before files are read back: by e-mail through a real mail server, or by an officer."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from ipaddress import ip_address
from pathlib import Path
from re import search
from socket import socket

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.usecases.conftest import BEST, PDF, World
from vendorrisk import mail
from vendorrisk.settings import Mail
from vendorrisk.usecases import audit, evidence, read_codes
from vendorrisk.usecases.errors import NotAllowed, NotFound, Refusal


@pytest.fixture
def attached(invited: World) -> tuple[World, str]:
    """Vera attached a file, and wants to read it back."""
    invited.answer(invited.vera, **BEST)
    return invited, invited.attach(invited.vera)


def refused(call: object) -> str:
    with pytest.raises(Refusal) as refusal:
        call()  # type: ignore[operator]
    return refusal.value.code


def test_a_vendor_reads_a_file_back_only_after_the_code_that_an_officer_passed_on(
    attached: tuple[World, str],
) -> None:
    world, file_id = attached
    app, vera, id_ = world.app, world.vera, world.assessment_id
    with pytest.raises(NotAllowed) as before:
        evidence.open_evidence(app, vera, file_id)
    assert before.value.code == "unconfirmed"
    asked = read_codes.ask_code(app, vera, id_)
    assert asked.by == "officer"
    [waiting] = read_codes.codes_to_pass_on(app, world.officer, id_)
    assert waiting.contact_name == vera.name
    code = read_codes.show_code(app, world.officer, waiting.id)
    read_codes.give_read_code(app, vera, id_, f" {code[:4]} {code[4:]} ")
    assert evidence.open_evidence(app, vera, file_id).content == PDF
    assert read_codes.codes_to_pass_on(app, world.officer, id_) == ()
    with pytest.raises(NotFound):
        read_codes.show_code(app, world.officer, waiting.id)
    said = [event.action for event in audit.trail(app, world.officer, id_)]
    assert {"ask_code", "show_code", "give_read_code", "open_evidence"} <= set(said)
    world.clock.forward(hours=13)
    assert not read_codes.may_read_back(app, vera, id_)


def test_a_code_works_once_for_one_session_and_not_for_long(attached: tuple[World, str]) -> None:
    world, _ = attached
    app, vera, id_ = world.app, world.vera, world.assessment_id
    read_codes.ask_code(app, vera, id_)
    [waiting] = read_codes.codes_to_pass_on(app, world.officer, id_)
    code = read_codes.show_code(app, world.officer, waiting.id)
    other = world.invited(id_)
    assert refused(lambda: read_codes.give_read_code(app, other, id_, code)) == "code_wrong"
    world.clock.forward(hours=25)
    assert refused(lambda: read_codes.give_read_code(app, vera, id_, code)) == "code_wrong"


def test_after_five_wrong_tries_the_right_code_is_wrong_too(attached: tuple[World, str]) -> None:
    world, _ = attached
    app, vera, id_ = world.app, world.vera, world.assessment_id
    read_codes.ask_code(app, vera, id_)
    [waiting] = read_codes.codes_to_pass_on(app, world.officer, id_)
    code = read_codes.show_code(app, world.officer, waiting.id)
    wrong = "0" * 8 if code != "0" * 8 else "1" * 8
    for _ in range(5):
        assert refused(lambda: read_codes.give_read_code(app, vera, id_, wrong)) == "code_wrong"
    assert refused(lambda: read_codes.give_read_code(app, vera, id_, code)) == "code_wrong"


def test_codes_cannot_be_asked_for_without_end(attached: tuple[World, str]) -> None:
    world, _ = attached
    for _ in range(5):
        read_codes.ask_code(world.app, world.vera, world.assessment_id)
    again = refused(lambda: read_codes.ask_code(world.app, world.vera, world.assessment_id))
    assert again == "asked_too_often"


def test_neither_database_nor_trail_holds_the_digits(
    attached: tuple[World, str], tmp_path: Path
) -> None:
    world, _ = attached
    read_codes.ask_code(world.app, world.vera, world.assessment_id)
    [waiting] = read_codes.codes_to_pass_on(world.app, world.officer, world.assessment_id)
    code = read_codes.show_code(world.app, world.officer, waiting.id)
    read_codes.give_read_code(world.app, world.vera, world.assessment_id, code)
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("vendorrisk.db*"))
    assert stored
    assert code.encode() not in stored


# -- by e-mail ------------------------------------------------------------------------------------


@dataclass
class Postbox:
    """A real mail server on this machine, and what it took."""

    port: int = 0
    taken: list[tuple[list[str], bytes]] = field(default_factory=list)
    trusted: ssl.SSLContext | None = None

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append((list(envelope.rcpt_tos), envelope.content or b""))  # type: ignore[arg-type]
        return "250 taken"

    def settings(self, security: str = "starttls") -> Mail:
        return Mail(
            "127.0.0.1", self.port, security, "vendors@council.example", "vendors", "let-me-in"
        )


def _let_in(_server: object, _session: object, _env: object, _how: str, data: object) -> AuthResult:
    right = isinstance(data, LoginPassword) and data.password == b"let-me-in"
    return AuthResult(success=right, handled=False)


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def postbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postbox]:
    folder = tmp_path_factory.mktemp("mail")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    box = Postbox(trusted=ssl.create_default_context(cafile=str(pem)))
    server = Controller(
        box,
        hostname="127.0.0.1",
        port=_free_port(),
        tls_context=context,
        require_starttls=True,
        authenticator=_let_in,
        auth_required=True,
    )
    server.start()
    box.port = server.port
    yield box
    server.stop()


def test_a_code_comes_by_e_mail_where_there_is_a_mail_server(
    attached: tuple[World, str], postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, file_id = attached
    monkeypatch.setattr(ssl, "create_default_context", lambda: postbox.trusted)
    world.app = replace(world.app, settings=replace(world.app.settings, mail=postbox.settings()))
    asked = read_codes.ask_code(world.app, world.vera, world.assessment_id)
    assert asked.by == "mail"
    assert read_codes.codes_to_pass_on(world.app, world.officer, world.assessment_id) == ()
    [(to, content)] = postbox.taken
    assert to == ["vera@vendor.example"]
    message = message_from_bytes(content)
    found = search(r"\d{8}", str(message.get_payload()))
    assert found is not None
    read_codes.give_read_code(world.app, world.vera, world.assessment_id, found[0])
    assert evidence.open_evidence(world.app, world.vera, file_id).content == PDF


def test_a_mail_server_that_cannot_prove_who_it_is_gets_nothing(postbox: Postbox) -> None:
    before = len(postbox.taken)
    with pytest.raises(mail.Undelivered):
        mail.send(postbox.settings(), "vera@vendor.example", "Hello", "Text")
    wrong = replace(postbox.settings(), password="guessed")
    with pytest.raises(mail.Undelivered) as told:
        mail.send(wrong, "vera@vendor.example", "Hello", "Text", postbox.trusted)
    assert "guessed" not in str(told.value)
    assert len(postbox.taken) == before


def test_a_mail_server_that_is_not_there_is_said_in_words(attached: tuple[World, str]) -> None:
    world, _ = attached
    nobody = Mail("127.0.0.1", 9, "none", "vendors@council.example")
    app = replace(world.app, settings=replace(world.app.settings, mail=nobody))
    assert refused(lambda: read_codes.ask_code(app, world.vera, world.assessment_id)) == (
        "mail_failed"
    )
