"""Reading alerts and their trail over HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.acts import Act
from bot.core.people import Person
from bot.ports import Interaction

ANA = Person(id="ana@acme.example", name="Ana")


def act(alert_id: str, name: str) -> Act:
    return Act(interaction=Interaction(source="slack:action", id=name), alert_id=alert_id, by=ANA)


def test_an_alert_shows_where_it_stands(world: Any, client: TestClient, raise_alert: Callable[..., Any]) -> None:
    alert_id = raise_alert(dedup_key="inv-1", confidence=0.9)["id"]
    world.loop.acknowledge(act(alert_id, "acknowledge"))
    world.loop.resolve(act(alert_id, "resolve"), what="Credit note 7 booked", link="https://erp.acme.example/7")

    alert = client.get(f"/v1/alerts/{alert_id}", headers=world.as_("auditor")).json()

    assert alert == {
        "id": alert_id,
        "short": alert_id[-6:],
        "status": "closed",
        "severity": "error",
        "title": "Invoice INV-1 is too high",
        "source": "auditor",
        "dedup_key": "inv-1",
        "owner": "ana@acme.example",
        "channel": "#ai-alerts",
        "count": 1,
        "generation": 4,
        "revision": 4,
        "due_at": None,
        "step": 0,
        "raised_at": "2026-11-20T12:00:00Z",
        "acknowledged_at": "2026-11-20T12:00:00Z",
        "snoozed_until": None,
        "resolve_by": "2026-11-21T12:00:00Z",
        "finished_at": "2026-11-20T12:00:00Z",
        "resolution": {"what": "Credit note 7 booked", "link": "https://erp.acme.example/7"},
        "url": f"https://closeloop.acme.example/v1/alerts/{alert_id}",
        "signal": {
            "source": "auditor",
            "title": "Invoice INV-1 is too high",
            "severity": "error",
            "dedup_key": "inv-1",
            "confidence": 0.9,
        },
    }


def test_the_trail_tells_who_did_what_in_order(world: Any, client: TestClient, raise_alert: Callable[..., Any]) -> None:
    alert_id = raise_alert()["id"]
    world.loop.acknowledge(act(alert_id, "acknowledge"))

    trail = client.get(f"/v1/alerts/{alert_id}/events", headers=world.as_("auditor")).json()

    assert trail["next"] is None
    assert [event["kind"] for event in trail["items"]] == ["raised", "acknowledged"]
    assert set(trail["items"][1]) == {"id", "at", "kind", "actor", "reason", "generation", "data"}
    assert trail["items"][0]["actor"] == {"kind": "source", "id": "auditor", "name": "auditor"}
    assert trail["items"][1]["actor"] == {"kind": "person", "id": "ana@acme.example", "name": "Ana"}
    assert trail["items"][1]["id"] == f"{alert_id}.2"
    assert trail["items"][1]["data"]["set"]["status"] == "acknowledged"


def test_the_trail_is_read_in_pages(world: Any, client: TestClient, raise_alert: Callable[..., Any]) -> None:
    alert_id, *_ = (raise_alert(dedup_key="k")["id"] for _ in range(5))

    pages = list(read(client, f"/v1/alerts/{alert_id}/events?limit=2", world.as_("auditor")))

    assert [[event["id"].rpartition(".")[2] for event in page] for page in pages] == [["1", "2"], ["3", "4"], ["5"]]


def test_alerts_are_read_in_pages_newest_first(world: Any, client: TestClient, raise_alert: Callable[..., Any]) -> None:
    raised = []
    for _ in range(5):
        raised.append(raise_alert()["id"])
        world.clock.at += timedelta(seconds=1)

    pages = list(read(client, "/v1/alerts?limit=2", world.as_("auditor")))

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [alert["id"] for page in pages for alert in page] == raised[::-1]


def test_alerts_are_found_by_status_and_owner(world: Any, client: TestClient, raise_alert: Callable[..., Any]) -> None:
    ours, bens, done = raise_alert()["id"], raise_alert(owner="ben@acme.example")["id"], raise_alert()["id"]
    world.loop.acknowledge(act(ours, "acknowledge"))
    world.loop.dismiss(act(done, "dismiss"), reason="a test")

    def found(query: str) -> set[str]:
        items = client.get(f"/v1/alerts?{query}", headers=world.as_("auditor")).json()["items"]
        return {alert["id"] for alert in items}

    assert found("status=open") == {bens}
    assert found("status=acknowledged&status=dismissed") == {ours, done}
    assert found("owner=ben@acme.example") == {bens}
    assert found("owner=dov@acme.example") == set()
    assert found("status=open&owner=ana@acme.example") == set()


def test_a_source_sees_its_own_and_an_operator_everything(
    world: Any, client: TestClient, raise_alert: Callable[..., Any]
) -> None:
    mine, theirs = raise_alert()["id"], raise_alert("fraud")["id"]

    def seen(who: str) -> set[str]:
        return {a["id"] for a in client.get("/v1/alerts", headers=world.as_(who)).json()["items"]}

    assert (seen("auditor"), seen("fraud"), seen("olga")) == ({mine}, {theirs}, {mine, theirs})
    for path in (f"/v1/alerts/{theirs}", f"/v1/alerts/{theirs}/events"):
        answers = {who: client.get(path, headers=world.as_(who)).status_code for who in ("auditor", "fraud", "olga")}
        assert answers == {"auditor": 404, "fraud": 200, "olga": 200}


def test_somebody_elses_alert_looks_like_one_that_is_not_there(
    world: Any, client: TestClient, raise_alert: Callable[..., Any]
) -> None:
    theirs = raise_alert("fraud")["id"]

    answers = [
        client.get(f"/v1/alerts/{i}", headers=world.as_("auditor")) for i in (theirs, "01M7XNECDP1G56PWJ5C8ZMW42C")
    ]

    assert answers[0].text == answers[1].text


@pytest.mark.parametrize("path", ["/v1/alerts", "/v1/alerts/X", "/v1/alerts/X/events", "/v1/alerts/X/cleared"])
def test_nothing_is_shown_without_a_key(client: TestClient, path: str) -> None:
    answer = client.post(path) if path.endswith("cleared") else client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


def of_cursor(at: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([at, "X"]).encode()).decode()


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("status=finished", "status"),
        ("owner=%00", "owner"),
        ("owner=" + "x" * 255, "owner"),
        ("cursor=nonsense", "cursor"),
        ("cursor=%00", "cursor"),
        (f"cursor={of_cursor('0001-01-01T00:00:00+23:00')}", "cursor"),
        (f"cursor={of_cursor('2026-11-20')}", "cursor"),
    ],
)
def test_a_wrong_parameter_is_named(world: Any, client: TestClient, query: str, parameter: str) -> None:
    answer = client.get(f"/v1/alerts?{query}", headers=world.as_("auditor"))

    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


@pytest.mark.parametrize("alert_id", ["%00", "%ed%a0%80", "x" * 65, "a%20b", "..%2f"])
def test_an_id_that_cannot_be_one_is_not_looked_up(world: Any, client: TestClient, alert_id: str) -> None:
    assert client.get(f"/v1/alerts/{alert_id}", headers=world.as_("olga")).status_code in (404, 422)


def test_reading_counts_against_the_sources_limit(world: Any) -> None:
    with TestClient(world.app(per_source="2/minute")) as client:
        statuses = [client.get("/v1/alerts", headers=world.as_("auditor")).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


def read(client: TestClient, path: str, headers: dict[str, str]) -> Any:
    cursor: str | None = ""
    while cursor is not None:
        page = client.get(path + (f"&cursor={cursor}" if cursor else ""), headers=headers).json()
        yield page["items"]
        cursor = page["next"]
