"""What closeloop.yaml means in the words of the core."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot import calendars
from bot.config.mistakes import ConfigError
from bot.config.owners import Table
from bot.config.schedules import CalendarAt
from bot.config.values import duration, span
from bot.core.attention import Attention
from bot.core.hours import Hours, works
from bot.core.matching import FIELDS
from bot.core.mutes import Mute
from bot.core.oncall import Rotation, Schedule
from bot.core.people import Away, Person
from bot.core.policy import Policy, Step
from bot.core.routing import Owner, Rule
from bot.core.signal import Severity
from bot.settings import Config, load, loads

# The examples of DESIGN, sections 10 and 6, word for word.
DESIGN = """\
fallback: {owner: elsa@acme.example, channel: "#ai-exceptions"}     # the owner of last resort, a human
directory: [file, slack]                                            # first answer wins
people:
  ana@acme.example: {manager: cleo@acme.example, time_zone: Europe/Amsterdam, hours: "Mon-Fri 09:00-17:30"}
sources:
  ap-auditor: {channel: "#ai-alerts", owner: ana@acme.example, policy: default, steward: ben@acme.example}
routing:                                                            # first match wins
  - {when: {labels.team: payments, severity: critical}, owner: ana@acme.example, channel: "#payments", policy: default}
  - {channel: "#ai-alerts", policy: default}
"""
POLICIES = """\
policies:
  default:
    acknowledge:
      steps:
        - {who: owner,            nudge_every: 10m, nudges: 2}
        - {who: manager,          nudge_every: 15m, nudges: 2}   # by direct message
        - {who: manager of manager, nudge_every: 30m, nudges: 2}
        - {who: "#ai-exceptions", nudge_every: 4h}               # the last step repeats
    resolve:
      within: {critical: 4h, error: 1d, warning: 3d, info: 7d}
      check_in_every: 2h
    hours: {critical: always, default: working}     # of the person asked, in their own time zone
    verify: when_possible                           # required | when_possible | never
    snooze_at_most: 2d
    reopen_window: 7d
"""
FALLBACK = 'fallback: {owner: elsa@acme.example, channel: "#ai-exceptions"}\n'


def config(text: str) -> Config:
    return loads(text, Path("closeloop.yaml"))


def policy(text: str) -> Policy:
    (found,) = config(FALLBACK + "policies:\n  default:\n" + text).policies()
    return found


PAYMENTS = """\
schedules:
  payments:
    time_zone: Europe/Amsterdam
    rotations:
      - {people: [ana@acme.example, ben@acme.example], every: week, handover: "Mon 09:00", since: 2026-01-05}
"""


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def test_the_configuration_of_the_design_becomes_a_plan() -> None:
    plan = config(DESIGN).plan()
    assert (plan.last_resort, plan.fallback_channel, plan.platform) == ("elsa@acme.example", "#ai-exceptions", "slack")
    assert plan.sources == {
        "ap-auditor": Rule(owners=(Owner("ana@acme.example"),), channel="#ai-alerts", policy="default")
    }
    assert plan.rules == (
        Rule(
            when={"labels.team": ("payments",), "severity": ("critical",)},
            owners=(Owner("ana@acme.example"),),
            channel="#payments",
            policy="default",
        ),
        Rule(channel="#ai-alerts", policy="default"),
    )


def test_the_people_of_the_design_become_people() -> None:
    ana = Person(
        id="ana@acme.example",
        name="ana@acme.example",
        manager="cleo@acme.example",
        time_zone="Europe/Amsterdam",
        working="Mon-Fri 09:00-17:30",
    )
    assert config(DESIGN).people() == (ana,)


def test_the_policy_of_the_design_becomes_a_policy_and_is_the_built_in_one() -> None:
    (written,) = config(FALLBACK + POLICIES).policies()
    (built_in,) = config(FALLBACK).policies()
    assert written == built_in
    assert written == Policy(
        name="default",
        steps=(
            Step(who=("owner",), nudge_every=minutes(10), nudges=2),
            Step(who=("manager",), nudge_every=minutes(15), nudges=2),
            Step(who=("manager of manager",), nudge_every=minutes(30), nudges=2),
            Step(who=("#ai-exceptions",), nudge_every=timedelta(hours=4), nudges=2),
        ),
        answer_within={
            Severity.CRITICAL: timedelta(minutes=15),
            Severity.ERROR: timedelta(days=5),
            Severity.WARNING: timedelta(days=7),
            Severity.INFO: timedelta(days=14),
        },
        within={
            Severity.CRITICAL: timedelta(hours=4),
            Severity.ERROR: timedelta(days=1),
            Severity.WARNING: timedelta(days=3),
            Severity.INFO: timedelta(days=7),
        },
        check_in_every=timedelta(hours=2),
        check_ins=2,
        snooze_at_most=timedelta(days=2),
        reopen_window=timedelta(days=7),
        cleared="close",
        hours={"critical": "always", "default": "working"},
        verify="when_possible",
        dismiss={"default": "concerned"},
    )


def test_what_this_version_does_not_do_yet_is_said_and_never_ignored() -> None:
    told = [str(warning) for warning in config(DESIGN + POLICIES).warnings]
    assert [line.split(": ")[1] for line in told] == ["policies.default.verify"]
    assert told[0].startswith("closeloop.yaml:22: ") and "not verified yet" in told[0]


def test_a_configuration_that_asks_for_nothing_unbuilt_has_no_warnings() -> None:
    assert config(FALLBACK + "policies:\n  default: {verify: never}\n").warnings == ()


@pytest.mark.parametrize(
    ("text", "field", "said"),
    [
        (
            "people:\n  ana@acme.example: {manager: ben@acme.example}\n  ben@acme.example: {manager: ana@acme.example}",
            "3: people.ana@acme.example.manager",
            "a cycle of managers, ana@acme.example ▶ ben@acme.example ▶ ana@acme.example",
        ),
        (
            "people:\n  ana@acme.example: {manager: ana@acme.example}",
            "3: people.ana@acme.example.manager",
            "a cycle of managers, ana@acme.example ▶ ana@acme.example",
        ),
        (
            "policies:\n  slow:\n    acknowledge:\n      steps:\n        - {who: owner, nudge_every: 1h}",
            "6: policies.slow.acknowledge.steps[0].who",
            "the last step asks owner for ever",
        ),
        (
            "people:\n  ana@acme.example: {}\nsources:\n  ap: {owner: anna@acme.example}",
            "5: sources.ap.owner",
            "anna@acme.example is not among people; did you mean ana@acme.example?",
        ),
        ("directory: [file]", "1: fallback.owner", "elsa@acme.example is not among people; add them"),
    ],
)
def test_what_can_be_used_but_is_hardly_meant_is_a_warning_with_its_line(text: str, field: str, said: str) -> None:
    told = [str(warning) for warning in config(FALLBACK + text).warnings]
    assert any(line.startswith(f"closeloop.yaml:{field}: {said}") for line in told), told


def test_a_chain_of_managers_that_ends_is_no_cycle() -> None:
    text = (
        "people:\n  ana@acme.example: {manager: cleo@acme.example}\n  cleo@acme.example: {manager: elsa@acme.example}"
    )
    assert not any("cycle" in str(warning) for warning in config(FALLBACK + text).warnings)


def test_one_duration_stands_for_every_severity_and_left_out_ones_are_as_built_in() -> None:
    assert set(policy("    resolve: {within: 90m}").within.values()) == {minutes(90)}
    within = policy("    resolve: {within: {critical: 1h}}").within
    assert (within[Severity.CRITICAL], within[Severity.ERROR]) == (timedelta(hours=1), timedelta(days=1))


@pytest.mark.parametrize(
    ("written", "who"),
    [
        ("owner", "owner"),
        ("Manager", "manager"),
        ("manager  of manager", "manager of manager"),
        ("manager of manager of manager", "manager of manager of manager"),
        ("Ben@Acme.Example", "ben@acme.example"),
        ('"Group:  @AP-Team"', "group: @ap-team"),
        ("{group: '@ap-team'}", "group: @ap-team"),
        ('"on-call: payments"', "on call: payments"),
        ("{on call: payments}", "on call: payments"),
        ('"#AI-Exceptions"', "#ai-exceptions"),
    ],
)
def test_whom_a_step_asks_is_written_in_one_way(written: str, who: str) -> None:
    steps = f"    acknowledge:\n      steps:\n        - {{who: {written}, nudge_every: 5m}}\n"
    assert policy(steps + PAYMENTS).steps[0].who == (who,)


def test_scalars_stay_what_was_written() -> None:
    text = "routing:\n  - {when: {labels.country: NO, labels.version: [1.10, 10:30]}, policy: default}\n"
    assert config(FALLBACK + text).plan().rules[0].when == {
        "labels.country": ("NO",),
        "labels.version": ("1.10", "10:30"),
    }


def test_sections_with_nothing_left_in_them_count_as_left_out() -> None:
    empty = "".join(
        f"{name}:\n" for name in ("people", "admins", "sources", "routing", "policies", "directory", "limits")
    )
    found = config(FALLBACK + empty)
    assert (found.people(), found.plan().rules, found.directories) == ((), (), ("file", "slack"))


def test_names_of_people_are_read_in_lower_case() -> None:
    found = config(FALLBACK + "admins: [Elsa@Acme.Example]\npeople:\n  Ana@Acme.Example: {slack: U0ANA}\n")
    assert found.plan().admins == {"elsa@acme.example"}
    assert found.people()[0].id == "ana@acme.example" and found.people()[0].chat == {"slack": "U0ANA"}


def test_channels_are_every_place_where_something_may_be_said_once_each() -> None:
    assert config(DESIGN).channels() == ("#ai-exceptions", "#ai-alerts", "#payments")


def test_a_policy_nobody_wrote_is_the_default() -> None:
    assert config(FALLBACK).policy("gone").name == "default"


def test_a_source_may_be_forbidden_to_name_the_owner() -> None:
    found = config(FALLBACK + "sources:\n  guard: {may_name_owner: false}\n")
    assert not found.may_name_owner("guard") and found.may_name_owner("somebody-else")


def test_an_alias_may_share_what_is_the_same() -> None:
    text = "sources:\n  a: &same {channel: '#x', owner: ana@acme.example}\n  b: *same\n"
    sources = config(FALLBACK + text).plan().sources
    assert sources["a"] == sources["b"]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30s", timedelta(seconds=30)),
        ("10m", timedelta(minutes=10)),
        ("4h", timedelta(hours=4)),
        ("2d", timedelta(days=2)),
        ("1h30m", timedelta(minutes=90)),
        ("1d 12h", timedelta(hours=36)),
    ],
)
def test_durations_are_read_and_written_alike(text: str, length: timedelta) -> None:
    assert duration(text) == length
    assert duration(span(length)) == length


@pytest.mark.parametrize("text", ["", " ", "10", "m", "10 minutes", "1m1h", "-5m", "1.5h", "9" * 400 + "d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|365 days"):
        duration(text)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "closeloop.yaml").write_text(FALLBACK, encoding="utf-8-sig")
    assert load(tmp_path / "closeloop.yaml").plan().last_resort == "elsa@acme.example"


# ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def person(text: str) -> Person:
    (found,) = config(f"{FALLBACK}people:\n  ana@acme.example: {text}\n").people()
    return found


def test_what_the_file_says_of_a_person_is_what_the_core_knows_of_them() -> None:
    found = person(
        '{time_zone: Europe/Amsterdam, hours: "Sun-Thu 08:00-16:00", quiet: "22:00-07:00", country: NL, '
        "prefers: digest}"
    )
    assert found.hours == Hours(
        time_zone="Europe/Amsterdam", working="Sun-Thu 08:00-16:00", quiet="22:00-07:00", country="NL"
    )
    assert found.prefers == "digest"


def test_days_away_begin_and_end_at_midnight_where_the_person_is() -> None:
    absence = '{from: 2026-12-24, until: 2027-01-02, delegate: Ben@acme.example, why: "off"}'
    assert person(f"{{time_zone: America/New_York, away: [{absence}]}}").away == (
        Away(
            start=datetime(2026, 12, 24, 5, tzinfo=UTC),
            until=datetime(2027, 1, 2, 5, tzinfo=UTC),
            delegate="ben@acme.example",
            why="off",
        ),
    )


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-12-24", datetime(2026, 12, 23, 23, tzinfo=UTC)),
        ("2026-12-24T13:30", datetime(2026, 12, 24, 12, 30, tzinfo=UTC)),
        ("2026-12-24 13:30", datetime(2026, 12, 24, 12, 30, tzinfo=UTC)),
        ("2026-12-24T13:30Z", datetime(2026, 12, 24, 13, 30, tzinfo=UTC)),
        ("2026-12-24T13:30-05:00", datetime(2026, 12, 24, 18, 30, tzinfo=UTC)),
    ],
)
def test_an_instant_with_an_offset_means_that_and_without_one_the_clock_of_the_person(
    written: str, instant: datetime
) -> None:
    (absence,) = person(f"{{time_zone: Europe/Paris, away: [{{from: {written}, until: 2027-01-02}}]}}").away
    assert absence.start == instant


def test_a_night_worker_writes_two_parts() -> None:
    text = '{hours: "Sun-Thu 22:00-24:00, Mon-Fri 00:00-06:00", time_zone: Europe/Paris}'
    friday_at_three = datetime(2026, 11, 27, 2, tzinfo=UTC)
    assert works(person(text).hours, friday_at_three, config(FALLBACK).plan().days_off)


# ── rules, owners, tables ────────────────────────────────────────────────────────────────────────────────────────────

TABLES = """\
tables:
  owners: {file: data/owners.csv, owner: who}
  cmdb: {url: "https://cmdb.acme.example/owners/{key}", timeout: 3s, keep: 1m, token_env: CMDB_TOKEN}
  code: {codeowners: CODEOWNERS, names: {"@ana": ana@acme.example}}
"""


@pytest.mark.parametrize(
    ("written", "owners"),
    [
        ("Ana@acme.example", (Owner("ana@acme.example"),)),
        ("{person: ana@acme.example}", (Owner("ana@acme.example"),)),
        ("{on_call: payments}", (Owner("payments", "on_call"),)),
        ('{group: "@AP-Team"}', (Owner("@ap-team", "group", pick="least loaded"),)),
        ('{group: "@ap-team", pick: least_loaded}', (Owner("@ap-team", "group", pick="least loaded"),)),
        ('{group: "@ap-team", pick: round robin}', (Owner("@ap-team", "group", pick="round robin"),)),
        ("{field: labels.account_owner}", (Owner("labels.account_owner", "field"),)),
        ("{table: owners, key: entity.id}", (Owner("owners", "table", key="entity.id"),)),
        ("{table: other.csv, key: entity.id}", (Owner("other.csv", "table", key="entity.id"),)),
        (
            "{codeowners: .github/CODEOWNERS, path: labels.path}",
            (Owner("codeowners:.github/CODEOWNERS", "table", key="labels.path"),),
        ),
        ("[{on_call: payments}, ana@acme.example]", (Owner("payments", "on_call"), Owner("ana@acme.example"))),
    ],
)
def test_an_owner_is_named_in_one_of_many_ways_or_in_several_asked_in_turn(
    written: str, owners: tuple[Owner, ...]
) -> None:
    text = f"{FALLBACK}{PAYMENTS}{TABLES}routing:\n  - owner: {written}\nsources:\n  ap: {{owner: {written}}}\n"
    plan = config(text).plan()
    assert plan.rules[0].owners == plan.sources["ap"].owners == owners


def test_a_rule_keeps_its_name_its_patterns_and_its_comparisons() -> None:
    text = (
        "routing:\n  - name: big-invoices\n    when: {source: ap-*, severity: [critical, error], entity.type: invoice,"
        ' value.amount: ">= 10000", labels.region: "!= us", confidence: "> 0.8"}\n    channel: "#big"\n'
    )
    (rule,) = config(FALLBACK + text).plan().rules
    assert rule.name == "big-invoices"
    assert rule.when == {
        "source": ("ap-*",),
        "severity": ("critical", "error"),
        "entity.type": ("invoice",),
        "value.amount": (">= 10000",),
        "labels.region": ("!= us",),
        "confidence": ("> 0.8",),
    }


@pytest.mark.parametrize("name", FIELDS)
def test_a_rule_can_look_at_every_field_that_matching_knows(name: str) -> None:
    assert config(f"{FALLBACK}routing:\n  - {{when: {{{name}: '*'}}, policy: default}}\n").plan().rules[0].when


def test_tables_say_what_they_are_made_of_with_paths_from_the_folder_of_the_file() -> None:
    text = FALLBACK + TABLES + "routing:\n  - owner: {table: owners, key: entity.id}\n"
    assert loads(text, Path("etc/closeloop.yaml")).tables() == (
        Table(name="owners", kind="csv", where="etc/data/owners.csv", options={"key": "key", "owner": "who"}),
        Table(
            name="cmdb",
            kind="http",
            where="https://cmdb.acme.example/owners/{key}",
            options={"timeout": 3.0, "ttl": 60.0},
            token_env="CMDB_TOKEN",
        ),
        Table(name="code", kind="codeowners", where="etc/CODEOWNERS", options={"names": {"@ana": "ana@acme.example"}}),
    )


def test_a_table_that_stands_in_rules_only_is_there_once_under_the_name_that_the_rules_have_for_it() -> None:
    owners = "[{codeowners: CODEOWNERS, path: labels.path}, {table: owners.csv, key: entity.id}]"
    found = config(f"{FALLBACK}routing:\n  - owner: {owners}\nsources:\n  ap: {{owner: {owners}}}\n")
    assert [(table.name, table.kind, table.where) for table in found.tables()] == [
        ("codeowners:CODEOWNERS", "codeowners", "CODEOWNERS"),
        ("owners.csv", "csv", "owners.csv"),
    ]
    assert {owner.who for owner in found.plan().rules[0].owners} == {table.name for table in found.tables()}


def test_whoever_is_named_for_a_source_answers_for_it() -> None:
    people = "{steward: ben@acme.example, data_owner: cleo@acme.example, sponsor: ben@acme.example}"
    assert config(f"{FALLBACK}sources:\n  ap: {people}\n  x: {{}}\n").plan().stewards == {
        "ap": {"ben@acme.example", "cleo@acme.example"}
    }


# ── schedules ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_layers_of_rotations_become_a_schedule() -> None:
    text = PAYMENTS + (
        '      - {people: [cleo@acme.example], every: day, handover: "08:00", since: 2026-02-01, '
        'hours: "Mon-Fri 08:00-18:00", time_zone: America/New_York}\n'
        "      - {people: [elsa@acme.example], every: 2 weeks, since: 2026-03-02}\n"
    )
    zone = "Europe/Amsterdam"
    assert config(FALLBACK + text).plan().schedules == {
        "payments": Schedule(
            name="payments",
            rotations=(
                Rotation(
                    people=("ana@acme.example", "ben@acme.example"),
                    every="week",
                    handover=(0, 540),
                    since=date(2026, 1, 5),
                    time_zone=zone,
                ),
                Rotation(
                    people=("cleo@acme.example",),
                    every="day",
                    handover=(0, 480),
                    since=date(2026, 2, 1),
                    time_zone="America/New_York",
                    hours="Mon-Fri 08:00-18:00",
                ),
                Rotation(
                    people=("elsa@acme.example",),
                    every="week",
                    count=2,
                    handover=(0, 540),
                    since=date(2026, 3, 2),
                    time_zone=zone,
                ),
            ),
        )
    }


@pytest.mark.parametrize(
    ("written", "calendar"),
    [("https://x.example/oncall.ics", "https://x.example/oncall.ics"), ("oncall.ics", "etc/oncall.ics")],
)
def test_a_calendar_is_an_address_or_a_file_beside_the_configuration(written: str, calendar: str) -> None:
    text = f'{FALLBACK}schedules:\n  support: {{calendar: "{written}", people: {{Ana Alvarez: Ana@acme.example}}}}\n'
    found = loads(text, Path("etc/closeloop.yaml"))
    people = {"Ana Alvarez": "ana@acme.example"}
    assert found.schedules()["support"] == Schedule(name="support", calendar=calendar, people=people)
    assert found.calendars() == (CalendarAt(schedule="support", where=calendar, people=people, time_zone="UTC"),)


def test_a_gap_that_lies_ahead_is_a_warning_and_one_that_lies_far_off_is_none() -> None:
    found = config(FALLBACK + PAYMENTS)
    (gap,) = found.ahead(datetime(2026, 1, 1, tzinfo=UTC))
    assert str(gap).startswith(
        "closeloop.yaml:3: schedules.payments: nobody is on call from 2026-01-01 00:00 to 2026-01-05 08:00 UTC:"
    )
    assert found.ahead(datetime(2025, 12, 1, tzinfo=UTC)) and not found.ahead(datetime(2026, 1, 6, tzinfo=UTC))


def test_gaps_that_come_again_are_counted_and_calendars_are_not_looked_into() -> None:
    hours = PAYMENTS.replace("since", 'hours: "Mon-Fri 08:00-18:00", since')
    (gap,) = config(FALLBACK + hours).ahead(datetime(2026, 2, 3, 9, tzinfo=UTC))
    assert "from 2026-02-03 17:00 to 2026-02-04 07:00 UTC, and 9 more times in 14 days" in str(gap)
    assert config(FALLBACK + hours + "    calendar: x.ics\n").ahead(datetime(2026, 2, 3, 9, tzinfo=UTC)) == ()


# ── policies ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_policy_may_say_everything() -> None:
    found = policy(
        """\
    acknowledge:
      within: {critical: 5m, default: 2d}
      repeat: 1
      steps:
        - {who: owner, nudge_every: 10m, nudges: 2}
        - {who: [manager, "on call: payments", "group: @ap-team"], ask: one_at_a_time, nudge_every: 15m, at_least: 30m}
        - {who: "#ai-exceptions", nudge_every: 4h}
      critical:
        steps:
          - {who: [owner, manager], ask: everyone, nudge_every: 1m}
          - {who: "#fire", nudge_every: 5m}
    snooze_at_most: {critical: 1h, default: 3d}
    snoozes: 3
    dismiss: {critical: manager, default: concerned}
    second_person: [critical]
    instant: critical
    hops: 5
"""
        + PAYMENTS
    )
    assert found.steps[1] == Step(
        who=("manager", "on call: payments", "group: @ap-team"),
        nudge_every=minutes(15),
        ask="one at a time",
        at_least=minutes(30),
    )
    assert [step.named for step in found.of(Severity.CRITICAL).steps] == ["owner, manager", "#fire"]
    assert (found.repeat, found.snoozes, found.hops) == (1, 3, 5)
    assert found.answer_within == {
        Severity.CRITICAL: minutes(5),
        Severity.ERROR: timedelta(days=2),
        Severity.WARNING: timedelta(days=2),
        Severity.INFO: timedelta(days=2),
    }
    assert found.of(Severity.CRITICAL).snooze_at_most == timedelta(hours=1)
    assert found.of(Severity.INFO).snooze_at_most == timedelta(days=3)
    assert (found.dismissers(Severity.CRITICAL), found.dismissers(Severity.INFO)) == ("manager", "concerned")
    assert found.second_person == found.instant == {Severity.CRITICAL}


def test_one_word_stands_for_every_severity() -> None:
    found = policy("    {acknowledge: {within: 1h}, snooze_at_most: 1d, dismiss: admin, hours: always}")
    assert set(found.answer_within.values()) == {timedelta(hours=1)}
    for severity in Severity:
        assert found.of(severity).snooze_at_most == timedelta(days=1)
        assert (found.dismissers(severity), found.kept(severity)) == ("admin", "always")


def test_a_policy_that_only_says_when_has_the_usual_steps() -> None:
    (usual,) = config(FALLBACK).policies()
    assert policy("    acknowledge: {repeat: 2}").steps == usual.steps


def test_a_channel_of_a_severitys_own_steps_is_one_that_something_is_said_in() -> None:
    text = "policies:\n  default:\n    acknowledge: {critical: {steps: [{who: '#fire', nudge_every: 5m}]}}\n"
    assert "#fire" in config(FALLBACK + text).channels()


# ── attention, maintenance ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_budget_of_reminders_is_twelve_an_hour_unless_the_file_says_another() -> None:
    assert config(FALLBACK).plan().attention == Attention(per_hour=12)
    assert config(FALLBACK + "attention: {per_hour: 4}\n").plan().attention == Attention(per_hour=4)


def window(text: str) -> Mute:
    people = "people:\n  elsa@acme.example: {time_zone: Europe/Amsterdam}\n"
    rules = "routing:\n  - {name: big-invoices, policy: default}\n"
    (found,) = config(f"{FALLBACK}{people}{rules}maintenance:\n  - {text}\n").mutes()
    return found


def test_a_maintenance_window_becomes_a_mute_by_the_clock_of_its_owner() -> None:
    found = window(
        "{source: drift-watch, from: 2026-12-01T22:00, until: 2026-12-03, owner: elsa@acme.example, why: moved}"
    )
    assert found == Mute(
        id=found.id,
        start=datetime(2026, 12, 1, 21, tzinfo=UTC),
        until=datetime(2026, 12, 2, 23, tzinfo=UTC),
        owner="elsa@acme.example",
        why="moved",
        source="drift-watch",
    )


def test_the_same_window_is_the_same_mute_and_another_is_another() -> None:
    text = "{rule: big-invoices, from: 2026-12-01T22:00, until: 2026-12-03, owner: elsa@acme.example}"
    again = "{owner: Elsa@acme.example, until: 2026-12-03, from: 2026-12-01T21:00Z, rule: big-invoices}"
    assert window(text) == window(again)
    changed = (text.replace("03", "04"), text.replace("}", ", critical: true}"), text.replace("}", ", source: x}"))
    assert len({window(one).id for one in (text, *changed)}) == 4


def test_a_window_may_last_thirty_days_and_no_longer_by_the_clock_that_counts() -> None:
    # The clocks go back in between: thirty days and an hour.
    text = "{source: x, from: 2026-10-01, until: 2026-10-31, owner: elsa@acme.example}"
    with pytest.raises(ConfigError, match=r"maintenance\[0\]\.until: lasts longer than 30 days"):
        window(text)
    assert window(text.replace("10-31", "10-30T23:00")).covers(datetime(2026, 10, 30, 21, 59, tzinfo=UTC))


# ── holidays ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("country", "day", "name"),
    [
        ("NL", date(2026, 4, 27), "King's Day"),
        ("DE-BY", date(2026, 1, 6), "Epiphany"),
        ("DE", date(2026, 1, 6), None),
        ("US-CA", date(2026, 7, 4), "Independence Day"),
        ("NL", date(2026, 4, 28), None),
        ("XX", date(2026, 1, 1), None),
        ("DE-XX", date(2026, 1, 1), None),
        ("", date(2026, 1, 1), None),
    ],
)
def test_days_off_are_those_of_a_country_or_a_region(country: str, day: date, name: str | None) -> None:
    assert config(FALLBACK).plan().days_off(country, day) == name


def test_every_country_can_be_asked_about() -> None:
    for country in ("JP", "IL", "SA", "CN", "US-PR", "GB-SCT", "NO"):
        assert calendars.known(country) and person(f"{{country: {country}}}").country == country
        assert any(calendars.days_off(country, date(2026, 1, 1) + timedelta(days=n)) for n in range(365))


def test_the_library_of_holidays_is_loaded_when_a_country_is_asked_about_and_not_before() -> None:
    code = (
        "import sys; from pathlib import Path; from bot.settings import loads; "
        "loads('fallback: {owner: e@acme.example, channel: \"#x\"}', Path('x')).plan(); "
        "sys.exit('holidays' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0


# ── warnings ─────────────────────────────────────────────────────────────────────────────────────────────────────────

STRANGER = "is not among people; did you mean ana@acme.example?"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "  ben@acme.example:\n    away: [{from: 2026-12-24, until: 2026-12-25, delegate: anna@acme.example}]",
            "5: people.ben@acme.example.away[0].delegate",
        ),
        ("sources:\n  ap: {steward: anna@acme.example}", "5: sources.ap.steward"),
        ("routing:\n  - owner: [{on_call: payments}, anna@acme.example]\n" + PAYMENTS, "5: routing[0].owner[1]"),
        (PAYMENTS.replace("ana@", "anna@"), "8: schedules.payments.rotations[0].people[0]"),
        (
            "schedules:\n  support: {calendar: x.ics, people: {Ana: anna@acme.example}}",
            "5: schedules.support.people.Ana",
        ),
        ("tables:\n  code: {codeowners: C, names: {'@ana': anna@acme.example}}", "5: tables.code.names.@ana"),
        (
            "maintenance:\n  - {source: ap, from: 2026-12-01, until: 2026-12-02, owner: anna@acme.example}",
            "5: maintenance[0].owner",
        ),
        (
            "policies:\n  slow:\n    acknowledge:\n      info:\n        steps:\n"
            "          - {who: [manager, anna@acme.example], nudge_every: 5m}",
            "9: policies.slow.acknowledge.info.steps[0].who",
        ),
    ],
)
def test_somebody_who_is_named_anywhere_and_hardly_meant_is_a_warning(text: str, told: str) -> None:
    found = [str(warning) for warning in config(f"{FALLBACK}people:\n  ana@acme.example: {{}}\n{text}").warnings]
    assert any(line.startswith(f"closeloop.yaml:{told}") and line.endswith(STRANGER) for line in found), found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "maintenance:\n  - {source: ap, from: 2026-12-01, until: 2026-12-02T00:00Z, owner: elsa@acme.example}",
            "3: maintenance[0].from: read as UTC",
        ),
        (
            "sources:\n  drift-watch: {}\nmaintenance:\n"
            "  - {source: drift-wach, from: 2026-12-01, until: 2026-12-02, owner: elsa@acme.example}",
            "5: maintenance[0].source: drift-wach is not among sources; did you mean drift-watch?",
        ),
        (
            "directory: [file]\npeople:\n  Ana@acme.example: {quiet: '22:00-07:00'}",
            "4: people.Ana@acme.example.quiet: read as UTC",
        ),
        (
            "policies:\n  slow:\n    acknowledge: {critical: {steps: [{who: [owner, manager], nudge_every: 1h}]}}",
            "4: policies.slow.acknowledge.critical.steps[0].who: the last step asks owner, manager for ever",
        ),
    ],
)
def test_what_is_read_otherwise_than_one_may_think_is_a_warning(text: str, told: str) -> None:
    found = [str(warning) for warning in config(FALLBACK + text).warnings]
    assert any(line.startswith(f"closeloop.yaml:{told}") for line in found), found


# ── several channels, several chats ──────────────────────────────────────────────────────────────────────────────────

SHARED = (
    FALLBACK
    + """
people: {ana@acme.example: {chat: teams, slack: U0ANA}}
sources:
  ap-auditor: {channel: ["#ai-alerts", "Teams:#Finance", "#audit"], owner: ana@acme.example}
routing:
  - {channel: "#ai-alerts", owner: ana@acme.example}
"""
)


def test_a_channel_may_be_a_list_and_name_the_other_chat() -> None:
    found = config(SHARED)
    rule = found.plan().sources["ap-auditor"]
    assert (rule.channel, rule.also) == ("#ai-alerts", ("teams:#finance", "#audit"))
    assert found.plan().chats == ("slack", "teams")
    assert found.channels() == ("#ai-exceptions", "#ai-alerts", "#audit")
    assert found.channels("teams") == ("#finance",)
    assert found.people()[0].uses == "teams"


@pytest.mark.parametrize(
    ("more", "chats"),
    [
        ("", ("slack",)),
        ('teams: {channels: {"#x": "19:a@thread.tacv2"}}\n', ("slack", "teams")),
        ("platform: teams\n", ("teams",)),
        ('platform: teams\nrouting: [{channel: ["#x", "slack:#x"]}]\n', ("teams", "slack")),
    ],
)
def test_the_chats_in_use_are_the_usual_one_and_those_that_are_named(more: str, chats: tuple[str, ...]) -> None:
    assert config(FALLBACK + more).plan().chats == chats


@pytest.mark.parametrize(
    ("channel", "why"),
    [
        ('"teams:#finance"', "the first is the card's own"),
        ('["#a", "#a"]', "#a stands there twice"),
        ('["#a", "team:#b"]', "unknown chat team; did you mean teams?"),
        ('["#a", "teams:b"]', "a channel starts with #"),
        ("[]", "must have at least one entry"),
        ("", "empty"),
    ],
)
def test_channels_that_cannot_be_are_refused(channel: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        config(FALLBACK + f"routing:\n  - {{owner: ana@acme.example, channel: {channel}}}\n")
