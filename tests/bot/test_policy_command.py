"""`closeloop policy check`: what the file means, and what would become of one alert and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cast import FakeClock

from bot.core.lookedup import LookedUp
from bot.core.mutes import Mute
from bot.core.people import Away, Person
from bot.core.signal import Severity, Signal
from bot.ports.rota import Declared
from bot.settings import Config, loads
from bot.timetable import Ask, Foresight, foresee
from storage import migrate
from storage.store import SqlStore

CONFIG = """\
fallback: {owner: elsa@acme.example, channel: "#ai-exceptions"}
people:
  ana@acme.example: {manager: cleo@acme.example, time_zone: Europe/Amsterdam}
  cleo@acme.example: {manager: elsa@acme.example, time_zone: America/New_York}
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
      critical:
        steps:
          - {who: owner, nudge_every: 5m, nudges: 1}
          - {who: "#ai-exceptions", nudge_every: 1h}
    hours: always
    verify: never
"""
WORKING = CONFIG.replace("hours: always", "hours: working")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""a Friday, 13:00 in Amsterdam"""
PAYMENTS = {"labels": {"team": "payments"}}


@pytest.fixture(autouse=True)
def files() -> None:
    Path("closeloop.yaml").write_text(CONFIG)
    Path("alert.json").write_text(json.dumps({"title": "t", "severity": "error", **PAYMENTS}))


def config(text: str = CONFIG) -> Config:
    return loads(text, Path("closeloop.yaml"))


def ahead(text: str = CONFIG, *, at: datetime = NOW, severity: Severity = Severity.ERROR, **said: Any) -> Foresight:
    return foresee(Signal(source="ap", title="t", severity=severity, **said), config(text), now=at)


def shown(asks: list[Ask]) -> list[tuple[timedelta, str, tuple[str, ...]]]:
    return [(ask.after, ask.what, ask.asked) for ask in asks]


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


# ── the timetable ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_timetable_is_what_the_clock_would_do() -> None:
    assert shown(ahead(**PAYMENTS).asks) == [
        (minutes(0), "raised", ("#payments", "ana@acme.example")),
        (minutes(10), "nudged", ("ana@acme.example",)),
        (minutes(20), "nudged", ("ana@acme.example",)),
        (minutes(30), "escalated", ("cleo@acme.example",)),
        (minutes(45), "nudged", ("cleo@acme.example",)),
        (minutes(60), "exception", ("#ai-exceptions",)),
    ]


def test_a_severity_with_steps_of_its_own_has_a_timetable_of_its_own() -> None:
    assert shown(ahead(severity=Severity.CRITICAL, **PAYMENTS).asks)[1:] == [
        (minutes(5), "nudged", ("ana@acme.example",)),
        (minutes(10), "exception", ("#ai-exceptions",)),
    ]


def test_the_timetable_says_who_is_stepped_over_and_why() -> None:
    asks = ahead(owner="dov@acme.example").asks
    assert asks[-1].asked == ("#ai-exceptions",) and asks[-1].over == ("manager: nobody in the directory",)


def test_a_policy_of_one_step_has_a_timetable_that_ends() -> None:
    one = CONFIG.replace("        - {who: manager, nudge_every: 15m, nudges: 1}\n", "").replace(
        '        - {who: "#ai-exceptions", nudge_every: 4h}\n', ""
    )
    assert [ask.what for ask in ahead(one).asks] == ["raised", "nudged"]


def test_what_waits_for_hours_says_whose_and_comes_when_they_work() -> None:
    # 17:55 in Amsterdam on a Friday; Cleo's New York is at its noon.
    asks = ahead(WORKING, at=datetime(2026, 11, 20, 16, 55, tzinfo=UTC), **PAYMENTS).asks
    assert [(ask.what, ask.at, ask.waits) for ask in asks[1:4]] == [
        ("nudged", datetime(2026, 11, 23, 8, 0, tzinfo=UTC), "hours of ana@acme.example"),
        ("nudged", datetime(2026, 11, 23, 8, 10, tzinfo=UTC), ""),
        ("escalated", datetime(2026, 11, 23, 14, 0, tzinfo=UTC), "hours of cleo@acme.example"),
    ]


def test_whoever_acknowledges_and_forgets_is_asked_and_then_the_next_one_is() -> None:
    assert shown(ahead(**PAYMENTS).check_ins) == [
        (timedelta(hours=2), "check_in", ("ana@acme.example",)),
        (timedelta(hours=4), "check_in", ("ana@acme.example",)),
        (timedelta(hours=6), "expired", ("cleo@acme.example",)),
    ]


def test_an_acknowledgement_that_expires_at_night_leads_to_the_next_one_in_the_morning() -> None:
    friday = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
    ends = ahead(WORKING, at=friday, severity=Severity.ERROR, **PAYMENTS).check_ins[-2:]
    assert [(ask.what, ask.asked) for ask in ends] == [("expired", ()), ("escalated", ("cleo@acme.example",))]
    assert ends[-1].at == datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def test_a_maintenance_window_holds_it_back_until_its_end() -> None:
    window = (
        "maintenance:\n  - {source: ap, from: 2026-11-20T10:00Z, until: 2026-11-20T15:00Z, owner: dov@acme.example}\n"
    )
    found = ahead(CONFIG + window, **PAYMENTS)
    assert found.mute is not None and found.mute.owner == "dov@acme.example"
    assert shown(found.asks)[:3] == [
        (minutes(0), "raised", ()),
        (minutes(180), "snooze_ended", ("ana@acme.example",)),
        (minutes(190), "nudged", ("ana@acme.example",)),
    ]


def test_a_table_decides_where_it_knows_the_key() -> None:
    rule = "  - {when: {labels.account: '*'}, owner: {table: accounts.csv, key: labels.account}}\n"
    text = CONFIG.replace("policies:\n", f"{rule}policies:\n")
    signal = Signal(source="ap", title="t", severity=Severity.ERROR, labels={"account": "a-1"})
    looked = LookedUp(found={("accounts.csv", "a-1"): "ana@acme.example"})
    found = foresee(signal, config(text), now=NOW, looked=looked)
    assert (found.owner.person, found.owner.why) == (
        "ana@acme.example",
        "routing rule 2 (accounts.csv, by labels.account)",
    )


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_policy_is_explained(run) -> None:
    told = run("policy", "check").stdout
    assert "1. the owner is nudged every 10m, 2 times" in told
    assert "3. #ai-exceptions is told, and again every 4h" in told
    assert "what is critical has steps of its own:" in told
    assert "Nobody is told of more than 12 things an hour" in told
    (policy,) = json.loads(run("policy", "check", "--json").stdout)
    assert policy["steps"][1] == {
        "who": ["manager"], "nudge_every": "15m", "nudges": 1, "ask": "everyone", "at_least": "0s"
    }  # fmt: skip
    assert policy["ladders"]["critical"][0]["nudge_every"] == "5m" and policy["instant"] == ["critical", "error"]


def test_an_alert_is_followed_to_its_owner_channel_policy_and_timetable(run) -> None:
    told = run("policy", "check", "--alert", "alert.json", "--source", "ap-auditor", "--at", "2026-11-20T12:00").stdout
    assert (
        told
        == """\
raised   Fri 20 Nov 12:00 UTC, error
owner    ana@acme.example (routing rule 1)
channel  #payments (routing rule 1)
policy   default (built in)
steps    owner › manager › #ai-exceptions
hours    what is error is asked about at any hour, outside of quiet hours

Rules, in the order in which they are asked:
  ✓ routing rule 1: labels.team is payments
      names owner ana@acme.example, channel #payments

Who could own it:
  1. ana@acme.example: routing rule 1
  2. cleo@acme.example: manager of ana@acme.example
  3. elsa@acme.example: manager of ana@acme.example

If nobody reacts:
        0s  Fri 20 Nov 13:00 Europe/Amsterdam  step 1  raised     #payments, ana@acme.example
       10m  Fri 20 Nov 13:10 Europe/Amsterdam  step 1  nudged     ana@acme.example
       20m  Fri 20 Nov 13:20 Europe/Amsterdam  step 1  nudged     ana@acme.example
       30m  Fri 20 Nov 07:30 America/New_York  step 2  escalated  cleo@acme.example
       45m  Fri 20 Nov 07:45 America/New_York  step 2  nudged     cleo@acme.example
        1h  Fri 20 Nov 13:00 UTC               step 3  exception  #ai-exceptions
  then every 4h again, until somebody acknowledges

If ana@acme.example acknowledges and then says nothing:
        2h  Fri 20 Nov 15:00 Europe/Amsterdam  step 1  check in   ana@acme.example
        4h  Fri 20 Nov 17:00 Europe/Amsterdam  step 1  check in   ana@acme.example
        6h  Fri 20 Nov 13:00 America/New_York  step 2  expired    cleo@acme.example (2 check-ins went unanswered)
"""
    )


def test_the_same_is_there_as_json(run) -> None:
    data = json.loads(run("policy", "check", "--alert", "alert.json", "--at", "2026-11-20T12:00Z", "--json").stdout)
    assert (data["owner"], data["why"], data["policy"]) == ("ana@acme.example", "routing rule 1", "default")
    assert [ask["after_seconds"] for ask in data["asks"]] == [0, 600, 1200, 1800, 2700, 3600]
    assert data["asks"][3]["local"] == "Fri 20 Nov 07:30 America/New_York"
    assert [ask["what"] for ask in data["check_ins"]] == ["check_in", "check_in", "expired"]
    assert data["rules"] == [
        {
            "name": "routing rule 1",
            "matches": True,
            "fields": [{"field": "labels.team", "accepts": ["payments"], "value": "payments", "fits": True}],
            "names": "owner ana@acme.example, channel #payments",
        }
    ]


def test_a_rule_that_does_not_match_says_what_kept_it_from_it(run) -> None:
    Path("alert.json").write_text(json.dumps({"title": "t", "severity": "info", "labels": {"team": "legal"}}))
    told = run("policy", "check", "--alert", "alert.json", "--source", "guard").stdout
    assert "✗ routing rule 1: labels.team is legal, not payments" in told
    assert "✓ the source's own: what sources says of it\n      names owner dov@acme.example" in told
    Path("alert.json").write_text(json.dumps({"title": "t", "severity": "info"}))
    told = run("policy", "check", "--alert", "alert.json").stdout
    assert "✗ routing rule 1: the alert has no labels.team (wanted: payments)" in told


def test_a_table_of_owners_is_really_looked_up(run) -> None:
    rule = "  - {when: {labels.account: '*'}, owner: {table: accounts.csv, key: labels.account}}\n"
    Path("closeloop.yaml").write_text(CONFIG.replace("policies:\n", f"{rule}policies:\n"))
    Path("accounts.csv").write_text("key,owner\na-1,dov@acme.example\n")
    for account, owner in (("a-1", "dov@acme.example"), ("a-2", "elsa@acme.example")):
        Path("alert.json").write_text(json.dumps({"title": "t", "severity": "info", "labels": {"account": account}}))
        assert json.loads(run("policy", "check", "--alert", "alert.json", "--json").stdout)["owner"] == owner
    told = run("policy", "check", "--alert", "alert.json").stdout
    assert "– routing rule 2: accounts.csv has no owner for it: stepped over" in told


def test_warnings_of_the_file_are_told_beside_the_answer(run) -> None:
    last = '{who: "#ai-exceptions", nudge_every: 4h}'
    Path("closeloop.yaml").write_text(CONFIG.replace(last, "{who: dov@acme.example, nudge_every: 4h}"))
    result = run("policy", "check", "--json")
    assert result.exit_code == 0 and json.loads(result.stdout)
    assert result.stderr.startswith("warning: closeloop.yaml:")


def test_what_an_ai_wrote_cannot_write_on_the_terminal(run) -> None:
    named = {"title": "t", "severity": "info", "labels": {"team": "\x1b[2Jx", "who": "\x1b[2Jana@acme.example"}}
    Path("alert.json").write_text(json.dumps(named))
    rule = "  - {when: {labels.team: '*x'}, owner: {field: labels.who}}\n"
    Path("closeloop.yaml").write_text(CONFIG.replace("policies:\n", f"{rule}policies:\n"))
    told = run("policy", "check", "--alert", "alert.json").stdout
    assert "routing rule 2" in told and "\x1b" not in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--alert", "missing.json"), "missing.json cannot be read"),
        (("--alert", "bad.json"), "bad.json: /severity"),
        (("--alert", "named.json", "--source", "guard"), "guard may not name the owner"),
        (("--config", "missing.yaml"), "missing.yaml: there is no such file"),
        (("--alert", "alert.json", "--at", "noon"), "--at noon is no instant"),
    ],
)
def test_what_went_wrong_is_one_line(run, arguments: tuple[str, ...], told: str) -> None:
    Path("bad.json").write_text('{"title": "t", "severity": "bad"}')
    Path("named.json").write_text('{"title": "t", "severity": "info", "owner": "ana@acme.example"}')
    result = run("policy", "check", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"closeloop: {told}") and len(result.stderr.splitlines()) == 1


# ── with what the database remembers ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def sqlite(tmp_path: Path, wired: SimpleNamespace) -> Iterator[SqlStore]:
    url = f"sqlite:///{tmp_path / 'closeloop.db'}"
    migrate.upgrade(url)
    store = SqlStore(url, clock=FakeClock(at=NOW))
    wired.open_store = lambda env=None: store
    yield store
    store.close()


def check(run, *more: str) -> dict[str, Any]:
    given = ("--alert", "alert.json", "--at", "2026-11-20T12:00", "--directory", "--json")
    data: dict[str, Any] = json.loads(run("policy", "check", *given, *more).stdout)
    return data


def test_an_absence_that_somebody_declared_counts(run, sqlite: SqlStore) -> None:
    sqlite.save_people([Person(id="ana@acme.example", name="Ana"), Person(id="ben@acme.example", name="Ben")], at=NOW)
    away = Away(start=NOW - timedelta(days=1), until=NOW + timedelta(days=3), delegate="ben@acme.example")
    sqlite.declare(Declared(id="1", person="ana@acme.example", away=away, by="ana@acme.example", at=NOW))
    found = check(run)
    assert found["owner"] == "ben@acme.example"
    assert found["why"] == "routing rule 1; stands in for ana@acme.example, away until 2026-11-23 12:00 UTC"


def test_the_members_of_a_group_are_those_the_database_knows(run, sqlite: SqlStore) -> None:
    Path("closeloop.yaml").write_text(CONFIG.replace("owner: ana@acme.example, ch", "owner: {group: '@ap-team'}, ch"))
    plain = run("policy", "check", "--alert", "alert.json")
    assert "routing rule 1: nobody of @ap-team is there: stepped over" in plain.stdout
    assert "--directory asks it" in plain.stderr
    sqlite.keep_group("@ap-team", ["dov@acme.example"], at=NOW)
    assert check(run)["owner"] == "dov@acme.example"


def test_a_mute_that_somebody_made_holds_it_back(run, sqlite: SqlStore) -> None:
    until = NOW + timedelta(hours=2)
    sqlite.mute(Mute(id="m", start=NOW - timedelta(hours=1), until=until, owner="elsa@acme.example"), at=NOW)
    assert check(run)["muted_until"] == until.isoformat()
    told = run("policy", "check", "--alert", "alert.json", "--at", "2026-11-20T12:00", "--directory").stdout
    assert "muted    until Fri 20 Nov 14:00 UTC, by elsa@acme.example: it waits in silence" in told
    assert "nobody: it is held back" in told


def test_the_version_that_the_alert_would_get_is_told(run, sqlite: SqlStore) -> None:
    assert check(run)["policy_version"] == "version 1 once it is stored"
    sqlite.save_policies(config().policies(), at=NOW)
    assert check(run)["policy_version"] == "version 1"
    Path("closeloop.yaml").write_text(WORKING)
    assert check(run)["policy_version"] == "version 2 once it is stored"


def test_looking_ahead_writes_nothing(run, sqlite: SqlStore) -> None:
    check(run)
    assert sqlite.newest_policies() == [] and sqlite.counts() == {} and sqlite.people(["ana@acme.example"]) == {}
