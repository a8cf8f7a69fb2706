"""Raising an alert over HTTP: who may, how often, what is stored, what is answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.keys import digest, new_key
from bot.ports import Source

BODY = {"title": "Invoice INV-1 is too high", "severity": "error"}


def test_what_is_accepted_is_stored_with_its_event_and_its_card(world: Any, client: TestClient) -> None:
    answer = client.post("/v1/alerts", json=BODY, headers=world.as_("auditor"))

    assert answer.status_code == 202
    told = answer.json()
    assert told == {
        "id": told["id"],
        "status": "open",
        "duplicate": False,
        "url": f"https://closeloop.acme.example/v1/alerts/{told['id']}",
    }
    assert world.store.alert(told["id"]).owner == "ana@acme.example"
    assert [event.kind for event in world.store.events(told["id"])] == ["raised"]
    assert world.store.counts() == {"open": 1, "delivery.pending": 1}


def test_the_same_dedup_key_is_the_same_alert(world: Any, raise_alert: Callable[..., Any]) -> None:
    first, second = (raise_alert(dedup_key="inv-1") for _ in range(2))

    assert (second["id"], second["duplicate"]) == (first["id"], True)
    assert world.store.alert(first["id"]).count == 2


def test_the_same_dedup_key_of_another_source_is_another_alert(raise_alert: Callable[..., Any]) -> None:
    assert raise_alert(dedup_key="k")["id"] != raise_alert("fraud", dedup_key="k")["id"]


# ── the same request again ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_repeated_request_gets_the_first_answer_and_changes_nothing(world: Any, client: TestClient) -> None:
    headers = world.as_("auditor", **{"Idempotency-Key": "8f14e45f"})
    first, second = (client.post("/v1/alerts", json=BODY, headers=headers) for _ in range(2))

    assert (second.status_code, second.json()) == (202, first.json())
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert world.store.counts()["open"] == 1


def test_the_same_idempotency_key_with_another_body_is_a_mistake(world: Any, client: TestClient) -> None:
    headers = world.as_("auditor", **{"Idempotency-Key": "8f14e45f"})
    client.post("/v1/alerts", json=BODY, headers=headers)

    answer = client.post("/v1/alerts", json={**BODY, "title": "Another"}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert world.store.counts()["open"] == 1


def test_two_sources_may_use_the_same_idempotency_key(world: Any, client: TestClient) -> None:
    answers = [
        client.post("/v1/alerts", json=BODY, headers=world.as_(who, **{"Idempotency-Key": "1"})).json()["id"]
        for who in ("auditor", "fraud")
    ]

    assert len(set(answers)) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "tab\t", "ä"])
def test_an_idempotency_key_is_visible_and_short(world: Any, client: TestClient, key: str) -> None:
    headers = {**world.as_("auditor"), "Idempotency-Key": key.encode("latin-1")}

    answer = client.post("/v1/alerts", json=BODY, headers=headers)

    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "Idempotency-Key")


# ── who ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_valid_key_the_answer_never_says_what_was_wrong(world: Any, client: TestClient) -> None:
    right = world.keys["auditor"]
    key_id = right.split("_")[1]
    wrong = [
        "",
        "Bearer",
        "Bearer x",
        f"Basic {right}",
        f"Bearer {right}0",
        f"Bearer cl_{key_id}_",
        f"Bearer cl__{right}",
    ]
    wrong += [f"Bearer cl_unknown_{right.split('_')[2]}", f"Bearer cl_{key_id}_\u00fc", "Bearer cl_unknown_"]
    before = metric(client, "closeloop_auth_refused_total")

    answers = [
        client.post("/v1/alerts", json=BODY, headers={"Authorization": header.encode("latin-1")}) for header in wrong
    ]
    answers.append(client.post("/v1/alerts", json=BODY))

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert metric(client, "closeloop_auth_refused_total") - before == len(answers)
    assert world.store.counts() == {}


def test_two_keys_work_while_they_are_rotated_and_a_revoked_one_stops(world: Any, client: TestClient) -> None:
    old, new = new_key(), new_key()
    both = ((new.id, digest(new.secret)), (old.id, digest(old.secret)))
    world.store.save_source(Source(id="auditor", name="auditor", keys=both))
    await_status(client, old.full, 202)
    assert raised_with(client, new.full) == 202

    world.store.save_source(Source(id="auditor", name="auditor", keys=both[:1]))

    await_status(client, old.full, 401)
    assert raised_with(client, new.full) == 202


def test_an_operator_key_raises_nothing(world: Any, client: TestClient) -> None:
    answer = client.post("/v1/alerts", json=BODY, headers=world.as_("olga"))

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_source_that_may_not_name_the_owner_is_told_so(world: Any) -> None:
    with TestClient(world.app(may_name_owner=lambda name: name != "auditor")) as client:
        named = {**BODY, "owner": "dov@acme.example"}
        answers = [client.post("/v1/alerts", json=named, headers=world.as_(who)) for who in ("auditor", "fraud")]

    assert [answer.status_code for answer in answers] == [422, 202]
    assert answers[0].json()["errors"][0]["pointer"] == "/owner"


# ── how much ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_source_that_asks_too_often_waits_and_the_others_do_not(world: Any) -> None:
    with TestClient(world.app(per_source="3/minute")) as client:
        mine = [client.post("/v1/alerts", json=BODY, headers=world.as_("auditor")) for _ in range(4)]
        other = client.post("/v1/alerts", json=BODY, headers=world.as_("fraud"))

    assert [answer.status_code for answer in mine] == [202, 202, 202, 429]
    assert 1 <= int(mine[-1].headers["retry-after"]) <= 60
    assert mine[-1].json()["code"] == "too_many_requests"
    assert other.status_code == 202


def test_a_body_that_says_it_is_too_large_is_not_read(world: Any, client: TestClient) -> None:
    answer = client.post("/v1/alerts", content=b"x" * (256 * 1024 + 1), headers=world.as_("auditor"))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_body_that_grows_too_large_is_not_read_to_its_end(world: Any) -> None:
    read = []

    def endless() -> Iterator[bytes]:
        for number in range(1_000):
            read.append(number)
            yield b" " * 8_192

    with TestClient(world.app(body_bytes=20_000)) as client:
        answer = client.post("/v1/alerts", content=endless(), headers=world.as_("auditor"))

    assert answer.status_code == 413
    assert world.store.counts() == {}


def test_a_body_of_exactly_the_limit_is_taken(world: Any) -> None:
    body = b'{"title": "x", "severity": "info"}'.ljust(1_024)
    with TestClient(world.app(body_bytes=1_024)) as client:
        answers = [client.post("/v1/alerts", content=b, headers=world.as_("auditor")) for b in (body, body + b" ")]

    assert [answer.status_code for answer in answers] == [202, 413]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json; charset=utf-8", 202),
        ("application/cloudevents+json", 202),
        ("text/plain", 202),
        ("application/x-www-form-urlencoded", 202),  # what curl -d says unless it is told otherwise
        ("application/xml", 415),
        ("multipart/form-data; boundary=x", 415),
    ],
)
def test_json_is_taken_under_any_name_a_sender_may_give_it(
    world: Any, client: TestClient, content_type: str, status: int
) -> None:
    headers = world.as_("auditor", **{"Content-Type": content_type})

    assert client.post("/v1/alerts", content=b'{"title":"x","severity":"info"}', headers=headers).status_code == status


# ── when something is away ───────────────────────────────────────────────────────────────────────────────────────────


def test_without_its_database_nothing_is_accepted_and_the_sender_is_asked_back(world: Any, client: TestClient) -> None:
    client.post("/v1/alerts", json=BODY, headers=world.as_("auditor"))
    world.store.be_away()

    answer = client.post("/v1/alerts", json=BODY, headers=world.as_("auditor"))

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["code"] == "unavailable"
    assert "s3cret" not in answer.text


def test_without_redis_all_is_accepted_at_once(world: Any, client: TestClient) -> None:
    world.queue.hang()
    began = time.monotonic()

    answers = [client.post("/v1/alerts", json=BODY, headers=world.as_("auditor")) for _ in range(20)]

    assert {answer.status_code for answer in answers} == {202}
    assert time.monotonic() - began < 15  # the queue hangs for 30
    assert world.store.counts()["open"] == 20


# ── it is over ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_source_says_that_it_is_over(world: Any, client: TestClient, raise_alert: Callable[..., Any]) -> None:
    alert_id = raise_alert()["id"]

    first, second = (client.post(f"/v1/alerts/{alert_id}/cleared", headers=world.as_("auditor")) for _ in range(2))

    assert (first.status_code, first.json()["status"]) == (202, "closed")
    assert (second.status_code, second.json()["code"]) == (409, "finished")


@pytest.mark.parametrize("alert_id", ["01M7XNECDP1G56PWJ5C8ZMW42C", "x"])
def test_an_alert_that_is_not_there_cannot_be_over(world: Any, client: TestClient, alert_id: str) -> None:
    assert client.post(f"/v1/alerts/{alert_id}/cleared", headers=world.as_("auditor")).status_code == 404


def test_another_source_cannot_say_that_it_is_over(
    world: Any, client: TestClient, raise_alert: Callable[..., Any]
) -> None:
    alert_id = raise_alert()["id"]

    assert client.post(f"/v1/alerts/{alert_id}/cleared", headers=world.as_("fraud")).status_code == 404
    assert world.store.alert(alert_id).status == "open"


# ── helpers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def metric(client: TestClient, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


def raised_with(client: TestClient, key: str) -> int:
    return client.post("/v1/alerts", json=BODY, headers={"Authorization": f"Bearer {key}"}).status_code


def await_status(client: TestClient, key: str, status: int) -> None:
    deadline = time.monotonic() + 10
    while raised_with(client, key) != status:
        assert time.monotonic() < deadline, f"the key never got a {status}"
        time.sleep(0.05)
