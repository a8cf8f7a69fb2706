"""`closeloop alert` against the real intake over real HTTP."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from bot.sources import add
from storage.memory import MemoryStore


@pytest.fixture
def key(store: MemoryStore) -> str:
    return add(store, "ap-auditor").key.full


@pytest.fixture
def alert(running, key: str, run, monkeypatch: pytest.MonkeyPatch):
    """`closeloop alert …` with the URL and the key of the running bot."""
    monkeypatch.setenv("CLOSELOOP_URL", running.url)
    monkeypatch.setenv("CLOSELOOP_KEY", key)
    return lambda *arguments, **more: run("alert", *arguments, **more)


def signal(store: MemoryStore, alert_id: str) -> dict[str, Any]:
    found = store.alert(alert_id)
    assert found is not None
    return found.signal.packed


def test_what_is_sent_is_raised_and_its_id_is_all_of_stdout(alert, store: MemoryStore) -> None:
    result = alert("send", "GPU bill doubled", "--severity", "error")
    assert result.exit_code == 0, result.stderr
    assert signal(store, result.stdout.strip())["title"] == "GPU bill doubled"


def test_fields_are_set_by_their_paths_with_their_own_types(alert, store: MemoryStore) -> None:
    fields = (
        "discrepancy.expected=13020.5", "discrepancy.observed=twelve", "discrepancy.entity.type=invoice",
        "discrepancy.entity.id=004711", "confidence=0.9", "labels.cost.centre=0042", "owner=ben@acme.example",
        "evidence=The scan=https://erp.acme.example/4711?a=b", "evidence=https://erp.acme.example/4712",
        "value.amount=1180.00", "value.currency=EUR",
    )  # fmt: skip
    arguments = [part for field in fields for part in ("--set", field)]
    data = json.loads(alert("send", "Invoice", *arguments, "--json").stdout)
    sent = signal(store, data["id"])
    assert sent["discrepancy"]["expected"] == 13020.5 and sent["discrepancy"]["observed"] == "twelve"
    assert sent["discrepancy"]["entity"] == {"type": "invoice", "id": "004711", "url": None}
    assert (sent["confidence"], sent["labels"], sent["owner"]) == (0.9, {"cost.centre": "0042"}, "ben@acme.example")
    assert [item["label"] for item in sent["evidence"]] == ["The scan", "https://erp.acme.example/4712"]
    assert sent["value"] == {"amount": "1180.00", "currency": "EUR"}


def test_a_body_comes_from_a_file_or_from_stdin_and_options_go_over_it(alert, store: MemoryStore) -> None:
    Path("alert.json").write_text(json.dumps({"title": "From file", "severity": "info"}))
    from_file = signal(store, alert("send", "--file", "alert.json", "--severity", "critical").stdout.strip())
    assert (from_file["title"], from_file["severity"]) == ("From file", "critical")
    from_stdin = alert("send", "--file", "-", stdin='{"title": "From stdin", "severity": "info"}')
    assert signal(store, from_stdin.stdout.strip())["severity"] == "info"


def test_a_repeat_with_the_same_idempotency_key_raises_once(alert) -> None:
    ids = {alert("send", "Once", "--idempotency-key", "k1").stdout for _ in range(2)}
    assert len(ids) == 1


def test_a_repeat_with_the_same_dedup_key_says_that_it_was_counted(alert) -> None:
    first = alert("send", "Same", "--set", "dedup_key=a")
    again = alert("send", "Same", "--set", "dedup_key=a")
    assert first.stdout == again.stdout and "Counted on the alert that is open already" in again.stderr


def test_list_and_show_tell_what_became_of_it(alert) -> None:
    alert_id = alert("send", "Shown").stdout.strip()
    listed = alert("list", "--status", "open")
    assert alert_id in listed.stdout and "Shown" in listed.stdout
    assert json.loads(alert("list", "--json").stdout)["items"][0]["id"] == alert_id
    shown = alert("show", alert_id).stdout
    assert "ana@acme.example" in shown and "raised" in shown and "#ai-alerts" in shown
    data = json.loads(alert("show", alert_id, "--json").stdout)
    assert data["alert"]["id"] == alert_id and [event["kind"] for event in data["events"]] == ["raised"]


def test_what_a_source_wrote_cannot_move_the_cursor_of_a_terminal(alert) -> None:
    alert_id = alert("send", "Red \x1b[31m alert [bold]x[/bold]").stdout.strip()
    for shown in (alert("list").stdout, alert("show", alert_id).stdout):
        assert "\x1b" not in shown and "[bold]x[/bold]" in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("send",), "422"),
        (("send", "x", "--severity", "terrible"), "/severity"),
        (("send", "x", "--set", "nonsense"), "--set nonsense: write PATH=VALUE"),
        (("send", "x", "--set", "owner=a@b.example", "--set", "owner.name=c"), "owner holds a value already"),
        (("send", "--file", "missing.json"), "missing.json cannot be read"),
        (("send", "--file", "list.json"), "list.json must hold one JSON object"),
        (("send", "--file", "broken.json"), "broken.json is not JSON"),
        (("show", "01JCV3M8Q2K7XW9D4RZ6T5B1NH"), "404"),
        (("list", "--key", "cl_wrong_key"), "401"),
        (("list", "--key", ""), "no key: pass --key or set CLOSELOOP_KEY"),
        (("list", "--url", "nonsense"), "no answer from nonsense"),
    ],
)
def test_what_went_wrong_is_one_line(alert, arguments: tuple[str, ...], told: str) -> None:
    Path("list.json").write_text("[]")
    Path("broken.json").write_text("{")
    result = alert(*arguments)
    assert result.exit_code == 1 and told in result.stderr, result.stderr
    assert result.stderr.startswith("closeloop: ") and len(result.stderr.splitlines()) == 1


def test_a_bot_that_is_not_running_is_said_in_one_line(run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = run("alert", "list", "--url", f"http://127.0.0.1:{port}", "--key", "cl_a_b")
    assert result.exit_code == 1 and result.stderr.startswith(f"closeloop: no answer from http://127.0.0.1:{port}")
    assert "closeloop up" in result.stderr
