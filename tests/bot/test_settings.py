"""What closeloop.yaml means in the words of the core."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.config.values import duration, span
from bot.core.people import Person
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
