"""Sending one plain e-mail through the mail server that the settings name."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import ExitStack
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from vendorrisk.settings import Mail

_PATIENCE = 15.0  # seconds


class Undelivered(Exception):  # noqa: N818 - it says what became of the message
    """The mail server could not be reached, did not let us in, or did not take the message."""


def send(
    mail: Mail, to: str, subject: str, text: str, context: ssl.SSLContext | None = None
) -> None:
    """Hand a message to the mail server. Raises `Undelivered`; neither text nor address is in it.

    Line breaks in the subject become blanks, so that nothing in it becomes a header.

    The connection is encrypted and the server's certificate checked, unless the settings say that
    the server is trusted without. `context` replaces the certificates that are trusted.
    """
    message = EmailMessage()
    message["From"], message["To"] = mail.sender, to
    message["Subject"] = " ".join(subject.split())
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = make_msgid(domain=mail.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    trusted = None
    if mail.security != "none":
        trusted = context or ssl.create_default_context()
    try:
        with ExitStack() as stack:
            server: smtplib.SMTP
            if mail.security == "tls":
                server = smtplib.SMTP_SSL(mail.host, mail.port, timeout=_PATIENCE, context=trusted)
            else:
                server = smtplib.SMTP(mail.host, mail.port, timeout=_PATIENCE)
            stack.enter_context(server)
            if mail.security == "starttls":
                server.starttls(context=trusted)
            if mail.user:
                server.login(mail.user, mail.password)
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise Undelivered(type(error).__name__) from error
