"""Mail through Graph, over real HTTP: taken or not, and repeated once at most where nobody knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.core.card import Message
from bot.core.text import Link, Quote, Who, sentence
from bot.ports import Later, Receipt, Refusal, Target, Unknown
from sandbox.microsoft.config import MAILBOX, ROLES
from tests.connectors.conftest import CAST
from tests.connectors.entra import Tenant
from tests.connectors.work import ALERT, Bench, mail, mark

HOSTILE = "Invoice\r\nBcc: all@acme.example <script>"
LETTER = Message(
    kind="escalation",
    alert_id=ALERT.id,
    generation=1,
    summary=sentence("CRITICAL: ", Quote(HOSTILE)),
    lines=(sentence(Who("ana@acme.example"), " has not dealt with this."), sentence(Quote(HOSTILE))),
    foot=sentence("Card ", Link("https://teams.example/card/1", "#8F3K2Q", ours=True)),
    people=CAST,
)


@pytest.fixture
def bench(tenant: Tenant) -> Bench:
    return mail(tenant)


def send(bench: Bench, **target: Any) -> Receipt:
    where = Target(**{"place": bench.place, "person": bench.person("ana")} | target)
    found: Receipt = bench.tool.show(LETTER, where, mark=mark(bench.place))
    return found


def test_a_mail_is_plain_text_with_the_cards_link_and_its_deliverys_key(bench: Bench) -> None:
    send(bench)
    (sent,) = bench.work["mails"]
    assert (sent["from"], sent["to"]) == (MAILBOX, ["ana@acme.example"])
    assert "\n" not in sent["subject"] and sent["subject"].startswith("CRITICAL: Invoice")
    assert "Ana has not dealt with this." in sent["text"]
    assert "https://teams.example/card/1" in sent["text"]
    assert "<script>" in sent["text"] and not sent["html"]
    assert sent["headers"] == {"x-closeloop-delivery": mark(bench.place).delivery}


ANSWERS: list[tuple[str, dict[str, Any], type[Exception], str, int]] = [
    ("asked to wait", {"status": 429, "retry_after": "30"}, Later, "", 0),
    ("not granted", {"status": 403}, Refusal, "place", 0),
    ("no such mailbox", {"status": 404}, Refusal, "place", 0),
    ("cut", {"status": 0}, Unknown, "", 0),
    ("sent, then cut", {"status": 0, "body": "after"}, Unknown, "", 1),
    ("a gateway's fault", {"status": 504}, Unknown, "", 0),
]


@pytest.mark.parametrize(("what", "fault", "raised", "kind", "sent"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_what_becomes_of_a_mail(
    bench: Bench, what: str, fault: dict[str, Any], raised: type[Exception], kind: str, sent: int
) -> None:
    bench.tenant.fault("/sendMail", **fault)
    with pytest.raises(raised) as answer:
        send(bench)
    assert getattr(answer.value, "kind", "") == kind
    assert len(bench.work["mails"]) == sent


def test_what_nobody_knows_of_is_sent_once_more_and_then_given_up(bench: Bench) -> None:
    assert bench.look(age=40.0) == []
    with pytest.raises(Refusal) as answer:
        bench.look(age=80.0)
    assert answer.value.kind == "place", "another route is taken"


def test_without_the_permission_nothing_is_sent(bench: Bench, tenant: Tenant) -> None:
    tenant.set(roles=[role for role in ROLES if role != "Mail.Send"])
    with pytest.raises(Refusal) as answer:
        send(bench)
    assert answer.value.kind == "place"


def test_whoever_has_no_address_gets_none(bench: Bench) -> None:
    for person in (None, replace(bench.person("ana"), id="slack:U0ANA")):
        with pytest.raises(Refusal):
            send(bench, person=person)
    assert bench.work["mails"] == []


def test_what_was_sent_stands(bench: Bench) -> None:
    receipt = send(bench)
    with pytest.raises(Refusal) as answer:
        send(bench, edit=receipt)
    assert answer.value.kind == "fixed"
    assert bench.tool.permalink(receipt) is None and not bench.tool.spares(receipt)
