"""Operators told by e-mail, over real SMTP on loopback: plain, STARTTLS and TLS at once."""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.ports import Later, Refusal, Unknown
from connectors.operator import operator

OPERATORS = "oncall@acme.example"


@dataclass
class MailServer:
    """Speaks as much SMTP as a client needs. `answers` replaces what it says to a word (`RCPT`: `550 no`)."""

    tls: ssl.SSLContext | None = None
    at_once: bool = False
    starttls: bool = False
    answers: dict[str, str] = field(default_factory=dict)
    port: int = 0
    words: list[str] = field(default_factory=list)
    secured: list[str] = field(default_factory=list)
    """words said under TLS"""
    mails: list[EmailMessage] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        try:
            while line := await reader.readline():
                if not await self._answer(line.decode().strip(), reader, writer):
                    break
        except (ConnectionError, ssl.SSLError):
            pass  # the client trusts nobody here, or is done
        finally:
            writer.close()

    async def _answer(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        word = line.split()[0].upper()
        self.words.append(word + line[len(word) :])
        if writer.get_extra_info("ssl_object"):
            self.secured.append(word)
        said = self.answers.get(word) or self._said(word)
        if said == "hang up":
            return False
        writer.write(f"{said}\r\n".encode())
        await writer.drain()
        if word == "STARTTLS" and self.tls:
            await writer.start_tls(self.tls)
        if word == "DATA" and said.startswith("354"):
            text = b""
            while not text.endswith(b"\r\n.\r\n"):
                text += await reader.readline()
            self.mails.append(email.message_from_bytes(text[:-3], policy=email.policy.default))  # type: ignore[arg-type]
            after = self.answers.get("text", "250 taken")
            if after == "hang up":
                return False
            writer.write(f"{after}\r\n".encode())
        return word != "QUIT"

    def _said(self, word: str) -> str:
        extensions = ["mail.acme.example", *(["STARTTLS"] if self.starttls else []), "AUTH PLAIN", "8BITMIME"]
        ehlo = "\r\n".join(f"250-{name}" for name in extensions) + "\r\n250 SMTPUTF8"
        said = {"EHLO": ehlo, "DATA": "354 go on", "AUTH": "235 you are", "STARTTLS": "220 go", "QUIT": "221 bye"}
        return said.get(word, "250 ok")


Start = Callable[[MailServer], MailServer]


@pytest.fixture
def start() -> Iterator[Start]:
    loop, running = asyncio.new_event_loop(), []
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def begin(server: MailServer) -> MailServer:
        async def listen() -> asyncio.Server:
            tls = server.tls if server.at_once else None
            return await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)

        listening = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
        running.append(listening)
        server.port = listening.sockets[0].getsockname()[1]
        return server

    yield begin

    async def stop() -> None:
        for listening in running:
            listening.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1 that nobody signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.acme.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def serving(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def tell(url: str, subject: str = "Closeloop cannot post", *, to: str = OPERATORS, **given: Any) -> None:
    teller: Any = operator("email")(url, to=to, **given)
    teller.tell(subject, "Slack refuses us.\nReinstall.", kind="workspace", since="2026-11-20T09:00:00+00:00")


def test_a_plain_mail_says_it_and_can_be_sorted(start: Start) -> None:
    server = start(MailServer())
    tell(f"smtp://127.0.0.1:{server.port}?from=closeloop@acme.example")
    (mail,) = server.mails
    assert (mail["Subject"], mail["To"], mail["From"]) == (
        "Closeloop cannot post",
        OPERATORS,
        "closeloop@acme.example",
    )
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n") == "Slack refuses us.\nReinstall.\n"
    assert (mail["Auto-Submitted"], mail["X-Closeloop-Kind"]) == ("auto-generated", "workspace")
    assert mail["Date"] and mail["Message-ID"]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x00", "\x0b"])
def test_no_text_can_begin_a_header_or_an_address_of_its_own(start: Start, end: str) -> None:
    server = start(MailServer())
    tell(f"smtp://127.0.0.1:{server.port}", f"#a{end}Bcc: dov@acme.example{end}{end}<script>")
    (mail,) = server.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "#a Bcc: dov@acme.example <script>"
    assert [word for word in server.words if word.startswith("RCPT")] == [f"RCPT TO:<{OPERATORS}>"]


def test_several_operators_get_one_mail(start: Start) -> None:
    server = start(MailServer())
    tell(f"smtp://127.0.0.1:{server.port}", to="ana@acme.example, ben@acme.example")
    recipients = [word.partition(":")[2] for word in server.words if word.startswith("RCPT")]
    assert (len(server.mails), recipients) == (1, ["<ana@acme.example>", "<ben@acme.example>"])


def test_with_starttls_neither_password_nor_text_is_sent_in_the_clear(
    start: Start, serving: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    server = start(MailServer(tls=serving, starttls=True))
    tell(f"smtp://ana%40acme.example:p%3Aw@127.0.0.1:{server.port}", context=trusting)
    assert server.secured[0] == "EHLO" and {"AUTH", "MAIL", "DATA"} <= set(server.secured)
    assert "AUTH" not in [word.split()[0] for word in server.words[: server.words.index("STARTTLS")]]
    (auth,) = [word.split()[2] for word in server.words if word.startswith("AUTH")]
    assert base64.b64decode(auth) == b"\0ana@acme.example\0p:w"
    assert server.mails[0]["From"] == "ana@acme.example"


def test_with_smtps_everything_is_under_tls(start: Start, serving: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    server = start(MailServer(tls=serving, at_once=True))
    tell(f"smtps://ana:pw@127.0.0.1:{server.port}", context=trusting)
    assert len(server.mails) == 1 and server.mails[0]["From"] == OPERATORS


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_mail_server_that_nobody_vouches_for_gets_nothing(start: Start, serving: ssl.SSLContext, scheme: str) -> None:
    server = start(MailServer(tls=serving, starttls=True, at_once=scheme == "smtps"))
    with pytest.raises(Refusal) as caught:
        tell(f"{scheme}://ana:hunter2@127.0.0.1:{server.port}")
    assert "certificate" in caught.value.code
    assert server.mails == [] and not any(word.startswith(("AUTH", "MAIL")) for word in server.words)


def test_elsewhere_than_on_this_machine_nothing_is_sent_without_tls(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(MailServer())
    monkeypatch.setattr("connectors.operator.email._LOOPBACK", ())
    with pytest.raises(Refusal) as caught:
        tell(f"smtp://ana:hunter2@127.0.0.1:{server.port}")
    assert "STARTTLS" in caught.value.code and "hunter2" not in caught.value.code
    assert not any(word.startswith(("AUTH", "MAIL")) for word in server.words)


@pytest.mark.parametrize(
    ("answers", "raised", "code"),
    [
        ({"AUTH": "535 wrong"}, Refusal, "smtp_535"),
        ({"AUTH": "454 not now"}, Later, "smtp_454"),
        ({"MAIL": "451 busy"}, Later, "smtp_451"),
        ({"MAIL": "550 not you"}, Refusal, "smtp_550"),
        ({"RCPT": "550 nobody here"}, Refusal, "smtp_550"),
        ({"RCPT": "450 greylisted"}, Later, "smtp_450"),
        ({"DATA": "421 going down"}, Later, "smtp_421"),
        ({"text": "552 too much"}, Refusal, "smtp_552"),
        ({"text": "451 try again"}, Later, "smtp_451"),
        ({"text": "hang up"}, Unknown, "SMTPServerDisconnected"),
        ({"EHLO": "hang up", "HELO": "hang up"}, Later, "unreachable"),
    ],
)
def test_each_answer_is_judged(start: Start, answers: dict[str, str], raised: type[Exception], code: str) -> None:
    server = start(MailServer(answers=answers))
    with pytest.raises(raised) as caught:
        tell(f"smtp://ana:hunter2@127.0.0.1:{server.port}")
    assert getattr(caught.value, "code", "") == code and "hunter2" not in repr(caught.value)


def test_where_nobody_listens_nothing_was_sent(free_port: Callable[[], int]) -> None:
    with pytest.raises(Later) as caught:
        tell(f"smtp://127.0.0.1:{free_port()}")
    assert caught.value.code == "unreachable"
