"""`closeloop policy check`: what the file means, and what would become of one alert."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.signal import Severity, Signal
from bot.settings import loads
from bot.timetable import timetable

CONFIG = """\
fallback: {owner: elsa@acme.example, channel: "#ai-exceptions"}
people:
  ana@acme.example: {manager: cleo@acme.example}
  cleo@acme.example: {manager: elsa@acme.example}
  dov@acme.example: {}
sources:
  guard: {owner: dov@acme.example, may_name_owner: false}
routing:
  - {when: {labels.team: payments}, owner: ana@acme.example, channel: "#payments"}
policies:
  default:
    acknowledge:
      steps:
        - {who: owner, nudge_every: 10m, nudges: 2}
        - {who: manager, nudge_every: 15m, nudges: 1}
        - {who: "#ai-exceptions", nudge_every: 4h}
    hours: always
    verify: never
"""
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def files() -> None:
    Path("closeloop.yaml").write_text(CONFIG)
    Path("alert.json").write_text(json.dumps({"title": "t", "severity": "error", "labels": {"team": "payments"}}))


def raised(**more: object) -> Signal:
    return Signal(source="ap", title="t", severity=Severity.ERROR, **more)  # type: ignore[arg-type]


def test_the_timetable_is_what_the_clock_would_do() -> None:
    asks = timetable(raised(labels={"team": "payments"}), loads(CONFIG, Path("closeloop.yaml")), now=NOW)
    assert [(ask.after, ask.what, ask.asked) for ask in asks] == [
        (timedelta(0), "raised", ("#payments", "ana@acme.example")),
        (timedelta(minutes=10), "nudged", ("ana@acme.example",)),
        (timedelta(minutes=20), "nudged", ("ana@acme.example",)),
        (timedelta(minutes=30), "escalated", ("cleo@acme.example",)),
        (timedelta(minutes=45), "nudged", ("cleo@acme.example",)),
        (timedelta(minutes=60), "exception", ("#ai-exceptions",)),
    ]


def test_the_timetable_says_who_is_stepped_over_and_why() -> None:
    asks = timetable(raised(owner="dov@acme.example"), loads(CONFIG, Path("closeloop.yaml")), now=NOW)
    assert asks[-1].asked == ("#ai-exceptions",) and asks[-1].over == ("manager: nobody in the directory",)


def test_a_policy_of_one_step_has_a_timetable_that_ends() -> None:
    one = CONFIG.replace("        - {who: manager, nudge_every: 15m, nudges: 1}\n", "").replace(
        '        - {who: "#ai-exceptions", nudge_every: 4h}\n', ""
    )
    asks = timetable(raised(), loads(one, Path("closeloop.yaml")), now=NOW)
    assert [ask.what for ask in asks] == ["raised", "nudged"]


def test_every_policy_is_explained(run) -> None:
    shown = run("policy", "check").stdout
    assert "1. the owner is nudged every 10m, 2 times" in shown
    assert "3. #ai-exceptions is told, and again every 4h" in shown
    assert json.loads(run("policy", "check", "--json").stdout)[0]["steps"][1]["who"] == ["manager"]


def test_an_alert_is_followed_to_its_owner_channel_policy_and_timetable(run) -> None:
    shown = run("policy", "check", "--alert", "alert.json", "--source", "ap-auditor").stdout
    assert "owner    ana@acme.example (routing rule 1)" in shown and "channel  #payments" in shown
    assert "1h  exception  #ai-exceptions" in shown and "then every 4h again" in shown
    data = json.loads(run("policy", "check", "--alert", "alert.json", "--json").stdout)
    assert (data["owner"], data["why"], data["policy"]) == ("ana@acme.example", "routing rule 1", "default")
    assert [ask["after_seconds"] for ask in data["asks"]] == [0, 600, 1200, 1800, 2700, 3600]


def test_warnings_of_the_file_are_told_beside_the_answer(run) -> None:
    Path("closeloop.yaml").write_text(CONFIG.replace("hours: always", "hours: working"))
    result = run("policy", "check", "--json")
    assert result.exit_code == 0 and json.loads(result.stdout)
    assert result.stderr.startswith("warning: closeloop.yaml:17: policies.default.hours: ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--alert", "missing.json"), "missing.json cannot be read"),
        (("--alert", "bad.json"), "bad.json: /severity"),
        (("--alert", "named.json", "--source", "guard"), "guard may not name the owner"),
        (("--config", "missing.yaml"), "missing.yaml: there is no such file"),
    ],
)
def test_what_went_wrong_is_one_line(run, arguments: tuple[str, ...], told: str) -> None:
    Path("bad.json").write_text('{"title": "t", "severity": "bad"}')
    Path("named.json").write_text('{"title": "t", "severity": "info", "owner": "ana@acme.example"}')
    result = run("policy", "check", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"closeloop: {told}") and len(result.stderr.splitlines()) == 1
