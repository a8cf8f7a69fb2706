"""What a source may send, and where each mistake is said to be. Over HTTP, as a sender meets it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from connectors.intake import native

LEAST = {"title": "Invoice INV-1 is too high", "severity": "error"}
WHOLE = {
    **LEAST,
    "summary": "It bills 42 hours at the wrong rate.",
    "dedup_key": "inv-1",
    "discrepancy": {
        "entity": {"type": "invoice", "id": "INV-1", "url": "https://erp.acme.example/1"},
        "expected": 10000,
        "observed": 11250.5,
        "unit": "EUR",
    },
    "confidence": 0.97,
    "model": {"name": "ap-auditor", "version": "3.2"},
    "evidence": [{"label": "Order", "url": "https://erp.acme.example/po/7"}],
    "value": {"amount": "1250.50", "currency": "EUR"},
    "owner": "Ben@Acme.example",
    "labels": {"team": "payments"},
    "occurred_at": "2026-11-20T12:30:00+01:00",
    "checks": [{"kind": "query", "depth": {"of": ["anything"]}}],
    "actions": [{"kind": "hold_payment"}],
    "callback_url": "https://auditor.acme.example/outcome",
}


def send(client: TestClient, world: Any, body: bytes | Any, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/v1/alerts", content=content, headers=world.as_("auditor", **headers))


def stored(client: TestClient, world: Any) -> list[Any]:
    items: list[Any] = client.get("/v1/alerts", headers=world.as_("olga")).json()["items"]
    return items


def test_every_field_is_kept(client: TestClient, world: Any) -> None:
    assert send(client, world, WHOLE).status_code == 202

    (alert,) = stored(client, world)

    assert alert["owner"] == "ben@acme.example"
    assert alert["signal"] == {
        **WHOLE,
        "source": "auditor",
        "owner": "ben@acme.example",
        "occurred_at": "2026-11-20T11:30:00+00:00",
    }


@pytest.mark.parametrize(
    ("named", "owner"),
    [
        ("Ana@Acme.example", "ana@acme.example"),
        ("U0ANA", "slack:U0ANA"),
        ("3F2A9C1E-0000-4000-8000-0000000000AA", "teams:3f2a9c1e-0000-4000-8000-0000000000aa"),
    ],
)
def test_an_owner_is_named_by_e_mail_or_by_what_a_chat_calls_them(named: str, owner: str) -> None:
    body = json.dumps({**LEAST, "owner": named}).encode()
    assert native.parse(body, "auditor").owner == owner


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"title": None}, "/title"),
        ({"title": ""}, "/title"),
        ({"title": " \n "}, "/title"),
        ({"title": "x" * 301}, "/title"),
        ({"title": 7}, "/title"),
        ({"severity": "fatal"}, "/severity"),
        ({"severity": "ERROR"}, "/severity"),
        ({"summary": "x" * 100_001}, "/summary"),
        ({"dedup_key": "x" * 256}, "/dedup_key"),
        ({"dedup_key": ""}, "/dedup_key"),
        ({"discrepancy": "much"}, "/discrepancy"),
        ({"discrepancy": {"expected": [1]}}, "/discrepancy/expected"),
        ({"discrepancy": {"observed": {"a": 1}}}, "/discrepancy/observed"),
        ({"discrepancy": {"entity": {"type": "invoice"}}}, "/discrepancy/entity/id"),
        ({"confidence": 1.01}, "/confidence"),
        ({"confidence": -0.1}, "/confidence"),
        ({"confidence": "0.5"}, "/confidence"),
        ({"confidence": True}, "/confidence"),
        ({"model": "gpt"}, "/model"),
        ({"evidence": [{"label": "x", "url": "https://a.example"}] * 21}, "/evidence"),
        ({"evidence": [{"label": "x", "url": "javascript:alert(1)"}]}, "/evidence/0/url"),
        ({"evidence": [{"label": "x", "url": "https://acme.example@evil.example/"}]}, "/evidence/0/url"),
        ({"evidence": [{"label": "x", "url": "https://a.example/ x"}]}, "/evidence/0/url"),
        ({"evidence": [{"label": "x", "url": "https://a.example/" + "x" * 2000}]}, "/evidence/0/url"),
        ({"evidence": [{"url": "https://a.example"}]}, "/evidence/0/label"),
        ({"value": {"amount": "a lot", "currency": "EUR"}}, "/value/amount"),
        ({"value": {"amount": True, "currency": "EUR"}}, "/value/amount"),
        ({"value": {"amount": "1e999999", "currency": "EUR"}}, "/value/amount"),
        ({"value": {"amount": "1", "currency": "euro"}}, "/value/currency"),
        ({"owner": "bob"}, "/owner"),
        ({"owner": "@ana"}, "/owner"),
        ({"labels": {"n": 1}}, "/labels/n"),
        ({"labels": {"a/b~c": 1}}, "/labels/a~1b~0c"),
        ({"labels": {"k" * 65: "v"}}, "/labels/" + "k" * 65),
        ({"labels": {"k": "v" * 501}}, "/labels/k"),
        ({"labels": {str(n): "v" for n in range(51)}}, "/labels"),
        ({"occurred_at": "2026-11-20T12:00:00"}, "/occurred_at"),
        ({"occurred_at": "2026-11-20"}, "/occurred_at"),
        ({"occurred_at": "yesterday"}, "/occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+23:00"}, "/occurred_at"),
        ({"occurred_at": 1763640000}, "/occurred_at"),
        ({"checks": [1]}, "/checks/0"),
        ({"actions": [{}] * 21}, "/actions"),
        ({"callback_url": "http://auditor.acme.example/"}, "/callback_url"),
        ({"callback_url": "https:///nowhere"}, "/callback_url"),
        ({"titel": "x"}, "/titel"),
    ],
)
def test_a_wrong_field_is_named(client: TestClient, world: Any, fields: dict[str, Any], pointer: str) -> None:
    answer = send(client, world, {**LEAST, **fields})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert stored(client, world) == []


def test_every_wrong_field_is_named_at_once(client: TestClient, world: Any) -> None:
    answer = send(client, world, {"titel": "x", "severity": "bad", "confidence": 2})

    assert {error["pointer"] for error in answer.json()["errors"]} == {"/title", "/titel", "/severity", "/confidence"}


def test_an_unknown_field_is_answered_with_the_nearest_right_one(client: TestClient, world: Any) -> None:
    answer = send(client, world, {**LEAST, "discrepancy": {"expcted": 1}})

    assert answer.json()["errors"] == [
        {"pointer": "/discrepancy/expcted", "detail": "is not a known field; did you mean expected?"}
    ]


def test_a_mistake_is_told_without_repeating_what_was_sent(client: TestClient, world: Any) -> None:
    answer = send(client, world, {"title": {"token": "xoxb-canary"}, "severity": "xoxb-canary", "owner": "xoxb-canary"})

    assert answer.status_code == 422
    assert "xoxb-canary" not in answer.text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"", ""),
        (b"{", ""),
        (b'{"title": "x"} trailing', ""),
        (b"\xff\xfe", ""),
        (b'{"title": "\xed\xa0\x80"}', ""),
        (b'{"title": "a\x00b"}', ""),
        (b"[" * 100_000, ""),
        (b'{"a":' * 50_000, ""),
        (b'{"confidence": NaN}', "/confidence"),
        (b'{"confidence": -Infinity}', "/confidence"),
        (b'{"discrepancy": {"expected": 1e999}}', "/discrepancy/expected"),
        (b'{"discrepancy": {"expected": ' + b"9" * 5_000 + b"}}", "/discrepancy/expected"),
        (b'{"title": "a", "title": "b"}', "/title"),
        (b'{"checks": [{"a": 1}, {"b": 1, "b": 2}]}', "/checks/1/b"),
        (b'{"checks": ' + b"[" * 40 + b"]" * 40 + b"}", "/checks"),
        (b'{"a":' * 950 + b"NaN" + b"}" * 950, None),
    ],
)
def test_a_body_that_not_every_reader_reads_alike_is_refused(
    client: TestClient, world: Any, body: bytes, pointer: str | None
) -> None:
    answer = send(client, world, body)

    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed"
    assert pointer is None or [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert stored(client, world) == []


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null"])
def test_a_body_that_is_no_object_is_refused(client: TestClient, world: Any, body: bytes) -> None:
    answer = send(client, world, body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b'"NUL \\u0000 here"', "NUL \\u0000 here"),
        (b'"half a pair \\ud800"', "half a pair \\ud800"),
        (b'"\\ud83d\\ude00 is a whole one"', "😀 is a whole one"),
        ('"<!channel> <@U0ANA> \u202e\u200b Ω"'.encode(), "<!channel> <@U0ANA> \u202e\u200b Ω"),
    ],
)
def test_text_that_breaks_databases_is_escaped_and_all_other_text_kept(
    client: TestClient, world: Any, sent: bytes, kept: str
) -> None:
    body = b'{"title": "x", "severity": "info", "summary": %b, "labels": {"k": %b}}' % (sent, sent)

    assert send(client, world, body).status_code == 202

    (alert,) = stored(client, world)
    assert alert["signal"]["summary"] == alert["signal"]["labels"]["k"] == kept


def test_a_hundred_thousand_characters_of_summary_are_taken(client: TestClient, world: Any) -> None:
    assert send(client, world, {**LEAST, "summary": "ä" * 100_000}).status_code in (202, 413)
    assert send(client, world, {**LEAST, "summary": "a" * 100_000}).status_code == 202


@pytest.mark.parametrize(
    ("amount", "kept"), [("1250.50", "1250.50"), (1250.5, "1250.5"), (10, "10"), (1e21, "1" + "0" * 21), ("-3", "-3")]
)
def test_an_amount_is_kept_as_text(client: TestClient, world: Any, amount: Any, kept: str) -> None:
    send(client, world, {**LEAST, "value": {"amount": amount, "currency": "EUR"}})

    assert stored(client, world)[0]["signal"]["value"] == {"amount": kept, "currency": "EUR"}


@pytest.mark.parametrize(("owner", "kept"), [("ANA@acme.example", "ana@acme.example"), ("U0ANA", "slack:U0ANA")])
def test_an_owner_is_an_email_or_a_chat_id(client: TestClient, world: Any, owner: str, kept: str) -> None:
    send(client, world, {**LEAST, "owner": owner})

    assert stored(client, world)[0]["owner"] == kept


def test_a_callback_may_be_plain_http_to_this_machine_only(client: TestClient, world: Any) -> None:
    urls = ("http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]/x")

    assert [send(client, world, {**LEAST, "callback_url": url}).status_code for url in urls] == [202, 202, 202]
