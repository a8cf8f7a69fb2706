"""Operators told by e-mail, over a mail server of their own."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid
from urllib.parse import parse_qs, unquote, urlsplit

from bot.ports import Later, Refusal, Unknown

_PATIENCE = 5.0
"""seconds for each answer of the mail server"""
_PAUSE = 60.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PORTS = {"smtp": 587, "smtps": 465}


class Email:
    """Implements `bot.ports.Teller`. `url`: `smtp://user:password@host:587` (STARTTLS) or `smtps://…` (TLS at once).

    Sent from `?from=…` of the URL, else from its user where that is an address, else from the operators' own address.
    `context` is whom to trust, by default the machine's authorities.
    """

    def __init__(self, url: str, *, to: str, context: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        named = parse_qs(parts.query).get("from", [self._user if "@" in self._user else ""])[0]
        self._to = _line(to)
        self._from = _line(named) or self._to.partition(",")[0]
        self._context = context or ssl.create_default_context()

    def tell(self, subject: str, text: str, /, *, kind: str = "", since: str = "") -> None:
        """`kind` and `since` become headers, by which mail can be sorted."""
        message = self._message(subject, text)
        message["X-Closeloop-Kind"], message["X-Closeloop-Since"] = _line(kind), _line(since)
        server = self._opened()
        try:
            server.send_message(message)
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError) as error:
            raise _judged(error) from None
        except OSError as error:
            raise Unknown(type(error).__name__) from None
        finally:
            server.close()

    def _message(self, subject: str, text: str) -> EmailMessage:
        message = EmailMessage()
        message["Subject"], message["To"], message["From"] = _line(subject), self._to, self._from
        message["Date"], message["Message-ID"] = format_datetime(localtime()), make_msgid(domain="closeloop.invalid")
        message["Auto-Submitted"] = "auto-generated"  # so that nobody's holiday answers it
        message.set_content(text)
        return message

    def _opened(self) -> smtplib.SMTP:
        """A session in which mail may be sent. Nothing was sent where this raises Refusal or Later."""
        try:
            server = self._connected()
        except OSError as error:
            raise _judged(error) from None
        try:
            server.ehlo_or_helo_if_needed()
            self._secure(server)
            if self._user:
                server.login(self._user, self._password)
        except OSError as error:
            server.close()
            raise _judged(error) from None
        except Refusal:
            server.close()
            raise
        return server

    def _connected(self) -> smtplib.SMTP:
        if self._tls:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_PATIENCE, context=self._context)
        return smtplib.SMTP(self._host, self._port, timeout=_PATIENCE)

    def _secure(self, server: smtplib.SMTP) -> None:
        if self._tls:
            return
        if server.has_extn("starttls"):
            server.starttls(context=self._context)
            server.ehlo()
        elif self._host not in _LOOPBACK:
            raise Refusal("the mail server offers no STARTTLS")


def _line(text: str) -> str:
    """Text for one header: whatever could begin another is a space."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _judged(error: OSError) -> Refusal | Later:
    """What a mail server's refusal means; nothing was sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Refusal("the mail server's certificate is not trusted")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Refusal("the mail server cannot do this")
    code = _code(error)
    if code >= 500:
        return Refusal(f"smtp_{code}")
    return Later(f"smtp_{code}" if code else "unreachable", _PAUSE)


def _code(error: OSError) -> int:
    """The mail server's number, 0 where it said none."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return min(code for code, _ in error.recipients.values())
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0
