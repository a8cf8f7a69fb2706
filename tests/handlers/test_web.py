"""What surrounds the ways in: errors, headers, health, numbers, Slack's door."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.ports import Incident

JSON = "application/problem+json"


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/v1/alerts/", 404, "not_found"),
        ("DELETE", "/v1/alerts", 405, "method_not_allowed"),
        ("PUT", "/healthz", 405, "method_not_allowed"),
        ("GET", "/slack/events", 405, "method_not_allowed"),
        ("POST", "/slack/events", 404, "not_found"),
        ("GET", "/sandbox", 404, "not_found"),
        ("GET", "/docs", 404, "not_found"),
    ],
)
def test_every_error_is_a_problem_with_a_code(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    answer = client.request(method, path)

    assert (answer.status_code, answer.headers["content-type"]) == (status, JSON)
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:closeloop:problem:{code}"
    assert problem["title"]
    assert problem["detail"]


def test_what_breaks_is_answered_without_details(world: Any, client: TestClient) -> None:
    world.store.broken = RuntimeError("xoxb-canary in /home/closeloop/secret.py")

    answer = client.get("/v1/alerts", headers=world.as_("auditor"))

    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "canary" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/alerts", "/nowhere"])
def test_every_answer_has_safe_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "server" not in headers


# ── health ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("checks", "status", "said"),
    [
        ([("database", True, ""), ("queue", True, "")], 200, "ready"),
        ([("database", True, ""), ("queue", False, "Redis does not answer")], 200, "degraded"),
        ([("database", True, ""), ("worker", False, "no worker has beaten")], 200, "degraded"),
        ([("database", False, "locked"), ("queue", True, "")], 503, "unready"),
    ],
)
def test_readyz_says_what_is_missing(world: Any, checks: list[Any], status: int, said: str) -> None:
    with TestClient(world.app(ready=lambda: checks)) as client:
        answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (status, said)
    assert answer.json()["checks"] == [
        {"name": "intake", "ok": True, "detail": ""},
        *({"name": name, "ok": ok, "detail": detail} for name, ok, detail in checks),
    ]


def test_readyz_does_not_wait_for_ever(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.web.READY_SECONDS", 0.05)
    gate = threading.Event()

    def ready() -> list[Any]:
        gate.wait(20)
        return []

    with TestClient(world.app(ready=ready)) as client:
        answer = client.get("/readyz")
        gate.set()

    assert (answer.status_code, answer.json()["status"]) == (503, "unready")


def test_healthz_answers_without_asking_anybody(world: Any, client: TestClient) -> None:
    world.store.be_away()

    assert client.get("/healthz").text == "ok\n"


def test_metrics_tell_what_is_counted_and_what_is_stored(world: Any, client: TestClient, raise_alert: Any) -> None:
    raise_alert()
    world.store.beat("worker", "worker@a:1", machine=world.clock.machine() - 7)

    text = client.get("/metrics").text

    assert 'closeloop_intake_total{result="accepted"}' in text
    assert 'closeloop_alerts{status="open"} 1.0' in text
    assert 'closeloop_deliveries_waiting{state="pending"} 1.0' in text
    assert 'closeloop_heartbeat_age_seconds{process="worker"} 7.0' in text
    assert "closeloop_database_up 1.0" in text
    assert "closeloop_unknown_outcomes 0.0" in text
    for name in ("wake_lateness_seconds", "delivery_seconds", "deliveries_total", "acts_total", "auth_refused_total"):
        assert f"# TYPE closeloop_{name.removesuffix('_total')}" in text


def test_metrics_tell_how_late_everything_is_and_name_no_person(
    world: Any, client: TestClient, raise_alert: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    raise_alert()
    world.clock.at += timedelta(minutes=12)
    lanes = {"slack:#ai-alerts": 90.0, "slack:@ana@acme.example": 5.0, "slack:@ben@acme.example": 7.5}
    monkeypatch.setattr(world.store.real, "oldest", lambda machine: lanes)
    monkeypatch.setattr(world.store.real, "incidents", lambda: [PLACE, PLACE, WORKSPACE])

    text = client.get("/metrics").text

    assert 'closeloop_oldest_waiting_seconds{lane="#ai-alerts"} 90.0' in text
    assert 'closeloop_oldest_waiting_seconds{lane="@people"} 7.5' in text
    assert "acme.example" not in text
    assert "closeloop_overdue_seconds 120.0" in text
    assert 'closeloop_incidents{kind="place"} 2.0' in text
    assert 'closeloop_incidents{kind="workspace"} 1.0' in text


def incident(kind: str, subject: str) -> Incident:
    return Incident(id=1, kind=kind, subject=subject, detail="x", since=1.0, last_at=1.0, count=1)


PLACE, WORKSPACE = incident("place", "slack:@ana@acme.example"), incident("workspace", "slack")


def test_metrics_are_there_while_the_database_is_not(world: Any, client: TestClient) -> None:
    world.store.be_away()

    answer = client.get("/metrics")

    assert answer.status_code == 200
    assert "closeloop_database_up 0.0" in answer.text


# ── Slack's door ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Slack:
    """Stands for the chat connector: checks a signature, answers, and may take its time."""

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, Mapping[str, str]]] = []
        self.began, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()

    def __call__(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], str]:
        self.began.set()
        self.may_answer.wait(20)
        self.heard.append((body, headers))
        if headers.get("x-slack-signature") != "right":
            return 401, {"content-type": "text/plain"}, "no"
        return 200, {"content-type": "application/json"}, '{"ok":true}'


def test_slack_gets_the_raw_body_and_its_answer_is_passed_on(world: Any) -> None:
    slack = Slack()
    with TestClient(world.app(slack=slack)) as client:
        answer = client.post("/slack/events", content=b"payload=%7B", headers={"X-Slack-Signature": "right"})

    assert (answer.status_code, answer.json(), answer.headers["content-type"]) == (
        200,
        {"ok": True},
        "application/json",
    )
    assert slack.heard[0][0] == b"payload=%7B"


def test_a_forged_request_of_slack_is_refused_and_counted(world: Any) -> None:
    with TestClient(world.app(slack=Slack())) as client:
        before = refused(client)
        answer = client.post("/slack/events", content=b"{}", headers={"X-Slack-Signature": "wrong"})

        assert answer.status_code == 401
        assert refused(client) == before + 1


def refused(client: TestClient) -> float:
    wanted = 'closeloop_slack_requests_total{result="refused"} '
    lines = [line for line in client.get("/metrics").text.splitlines() if line.startswith(wanted)]
    return float(lines[0].removeprefix(wanted)) if lines else 0.0


def test_a_megabyte_from_slack_is_enough(world: Any) -> None:
    slack = Slack()
    with TestClient(world.app(slack=slack)) as client:
        answer = client.post("/slack/events", content=b"x" * (1024 * 1024 + 1))

    assert (answer.status_code, slack.heard) == (413, [])


def test_slow_clicks_hold_up_neither_intake_nor_health(world: Any) -> None:
    slack = Slack()
    slack.may_answer.clear()
    with TestClient(world.app(slack=slack)) as client:
        clicks = [threading.Thread(target=client.post, args=("/slack/events",)) for _ in range(40)]
        for click in clicks:
            click.start()
        assert slack.began.wait(10)

        raised = client.post("/v1/alerts", json={"title": "x", "severity": "info"}, headers=world.as_("auditor"))
        read = client.get("/v1/alerts", headers=world.as_("auditor"))

        assert (raised.status_code, read.status_code, slack.heard) == (202, 200, [])
        slack.may_answer.set()
        for click in clicks:
            click.join()


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_front_page_says_what_this_is_and_leads_to_the_sandbox_where_there_is_one(world: Any) -> None:
    with TestClient(world.app()) as client:
        assert "accountability" in client.get("/").text
        assert "/sandbox" not in client.get("/").text
    with TestClient(world.app(sandbox_url="http://127.0.0.1:9/sandbox")) as client:
        assert 'href="/sandbox"' in client.get("/").text
        answer = client.get("/sandbox", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (307, "http://127.0.0.1:9/sandbox")


def test_the_description_shows_what_is_sent_and_answered(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    raising = described["paths"]["/v1/alerts"]["post"]

    sent = raising["requestBody"]["content"]["application/json"]["schema"]
    assert sent["required"] == ["title", "severity"]
    assert raising["responses"]["202"]["content"]["application/json"]["schema"]["$ref"].endswith("/Accepted")
    assert set(raising["responses"]) >= {"202", "400", "401", "413", "422", "429", "503"}
    reading = described["paths"]["/v1/alerts"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert reading["$ref"].endswith("/AlertList")
    assert "/slack/events" not in described["paths"]
    assert "ProblemBody" in described["components"]["schemas"]
