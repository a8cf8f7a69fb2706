"""The demo, and the configuration it runs with."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot import demo
from bot.core.state import Status
from bot.demo_alerts import DAY
from bot.ports import AlertFilter
from bot.settings import load
from bot.sources import add, named, rotate
from bot.timetable import foresee
from connectors.intake import format_named
from storage.memory import MemoryStore

EXAMPLE = Path(__file__).parents[2] / "closeloop.example.yaml"
RAISES = {str(arrival.body["dedup_key"]): arrival for arrival in reversed(DAY)}


def test_the_example_has_neither_mistakes_nor_warnings() -> None:
    found = load(EXAMPLE)
    assert found.warnings == ()
    assert found.ahead(datetime(2026, 11, 20, tzinfo=UTC)) == ()


def test_the_default_policy_of_the_example_is_the_built_in_one_but_for_what_it_shows() -> None:
    from dataclasses import replace

    (built_in,) = load_minimal()
    written = load(EXAMPLE).policy("default")
    assert replace(written, second_person=built_in.second_person, verify=built_in.verify) == built_in


def load_minimal():
    Path("minimal.yaml").write_text('fallback: {owner: elsa@acme.example, channel: "#ai-exceptions"}')
    return load(Path("minimal.yaml")).policies()


def test_every_source_of_the_demo_has_its_place_in_the_example() -> None:
    assert set(demo.sources()) <= set(load(EXAMPLE).plan().sources)


@pytest.mark.parametrize("source", ["ap-auditor", "fraud-ring-detector", "my-first-source"])
def test_an_ignored_alert_of_the_example_reaches_the_exceptions_channel_in_two_minutes(source: str) -> None:
    signal = format_named("native").parse(b'{"title": "t", "severity": "error"}', source)
    asks = foresee(signal, load(EXAMPLE), now=datetime(2026, 11, 20, tzinfo=UTC)).asks
    assert [ask.asked for ask in asks if ask.what == "escalated"] == [("cleo@acme.example",), ("elsa@acme.example",)]
    assert asks[-1].asked == ("#ai-exceptions",) and asks[-1].after.total_seconds() == 120


@pytest.mark.parametrize("key", RAISES)
def test_every_alert_of_the_demo_is_whole_and_finds_an_owner_of_the_cast(key: str) -> None:
    arrival = RAISES[key]
    signal = format_named("native").parse(json.dumps(arrival.body).encode(), arrival.source)
    assert signal.discrepancy and signal.discrepancy.entity and signal.model and signal.evidence
    assert signal.confidence and signal.labels and signal.dedup_key
    found = foresee(signal, load(EXAMPLE), now=datetime(2026, 11, 20, tzinfo=UTC))
    assert found.owner.person in {"ana@acme.example", "ben@acme.example", "cleo@acme.example"}


def test_a_day_has_repeats_and_one_that_is_over() -> None:
    assert 10 <= len(RAISES) <= 14
    assert len([arrival for arrival in DAY if not arrival.over]) > len(RAISES)
    assert [arrival.source for arrival in DAY if arrival.over] == ["price-feed-watch"]


def test_keys_are_kept_for_the_next_demo_and_readable_by_their_owner_alone(store: MemoryStore, tmp_path: Path) -> None:
    first = demo.keys(store, tmp_path)
    assert demo.keys(store, tmp_path) == first
    assert stat.S_IMODE((tmp_path / "demo-keys.json").stat().st_mode) == 0o600


def test_a_key_that_somebody_else_may_use_is_never_pushed_out(store: MemoryStore, tmp_path: Path) -> None:
    theirs = add(store, "ap-auditor").key.id
    demo.keys(store, tmp_path)
    assert theirs in dict(named(store, "ap-auditor").keys)
    (tmp_path / "demo-keys.json").unlink()
    rotate(store, "drift-watch")
    with pytest.raises(demo.KeysTaken, match="2 live keys that are not the demo's"):
        demo.keys(store, tmp_path)
    assert theirs in dict(named(store, "ap-auditor").keys)


def test_a_broken_file_of_keys_is_made_anew(store: MemoryStore, tmp_path: Path) -> None:
    (tmp_path / "demo-keys.json").write_text("{")
    assert set(demo.keys(store, tmp_path)) == set(demo.sources())


def test_the_demo_raises_counts_and_clears_over_http(run, running, wired: SimpleNamespace, store: MemoryStore) -> None:
    result = run("demo", "--fast", "--wait", "--url", running.url)
    assert result.exit_code == 0, result.stderr
    assert len(result.stdout.splitlines()) == len(DAY)
    alerts = {alert.dedup_key: alert for alert in store.alerts(AlertFilter(limit=100)).items}
    assert set(alerts) == set(RAISES)
    assert alerts["invoice:4711"].count == 2
    assert alerts["drift:churn:days_since_login"].severity == "error"
    assert alerts["feed:eurusd"].status == Status.CLOSED
    again = run("demo", "--fast", "--url", running.url)
    assert again.exit_code == 0 and len(store.sources()) == len(demo.sources())


def test_the_demo_finds_the_database_of_a_running_sandbox(
    run, running, wired: SimpleNamespace, store: MemoryStore
) -> None:
    Path(".closeloop/sandbox").mkdir(parents=True)
    Path(".closeloop/sandbox/closeloop.db").touch()
    elsewhere = MemoryStore()
    wired.open_store = lambda env: store if "sandbox" in env.database_url.get_secret_value() else elsewhere
    assert run("demo", "--fast", "--url", running.url).exit_code == 0
    assert elsewhere.sources() == []


def test_the_demo_says_so_where_the_bot_runs_on_another_database(run, running, wired: SimpleNamespace) -> None:
    wired.open_store = lambda env: MemoryStore()
    result = run("demo", "--fast", "--url", running.url)
    assert result.exit_code == 1 and "runs on another database" in result.stderr


def test_the_demo_does_not_ask_real_people_by_accident(
    run, wired: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-real")
    result = run("demo", "--fast")
    assert result.exit_code == 1 and "pass --yes" in result.stderr
