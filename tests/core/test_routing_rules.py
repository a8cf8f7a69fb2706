"""Who owns an alert and where its card goes: the more specific wins, and somebody always owns it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cast import ANA, BEN, CLEO, DOV, ELSA, FULL, GUS, PLAN, T0, Team, signal

from bot.core.matching import matches
from bot.core.routing import Candidate, Known, Owner, Rule, route
from bot.core.signal import Severity

PAYMENTS = Rule(when={"labels.team": ("payments",)}, owners=(Owner(BEN.id),), channel="#payments", policy="fast")
EVERYTHING = Rule(owners=(Owner(DOV.id),), channel="#everything", policy="slow")
URGENT = Rule(when={"severity": ("critical",)}, channel="#urgent")


def known(roster: Team | None = None) -> Known:
    return Known(roster=roster or Team(), plan=PLAN, at=T0)


PRECEDENCE = [
    # what, signal, rules, owner, reason, channel, policy
    ("the source alone", {}, (), ANA, "the source's own", "#ai-alerts", "default"),
    ("named in the alert", {"owner": CLEO.id}, (), CLEO, "named in the alert", "#ai-alerts", "default"),
    (
        "a rule before the source",
        {"labels": {"team": "payments"}},
        (PAYMENTS,),
        BEN,
        "routing rule 1",
        "#payments",
        "fast",
    ),
    (
        "named in the alert before a rule",
        {"owner": CLEO.id, "labels": {"team": "payments"}},
        (PAYMENTS,),
        CLEO,
        "named in the alert",
        "#payments",
        "fast",
    ),
    ("a rule that does not match", {}, (PAYMENTS,), ANA, "the source's own", "#ai-alerts", "default"),
    ("a catch-all after the source", {}, (EVERYTHING,), ANA, "the source's own", "#ai-alerts", "slow"),
    (
        "a catch-all for a source without a line",
        {"source": "new"},
        (EVERYTHING,),
        DOV,
        "routing rule 1",
        "#everything",
        "slow",
    ),
    ("nothing matches", {"source": "new"}, (), ELSA, "owner of last resort", "#ai-exceptions", "default"),
    (
        "a rule that says only where, then one that says who",
        {"severity": Severity.CRITICAL, "labels": {"team": "payments"}},
        (URGENT, PAYMENTS),
        BEN,
        "routing rule 2",
        "#urgent",
        "fast",
    ),
    (
        "of two rules that match the first",
        {"labels": {"team": "payments"}},
        (replace(PAYMENTS, owners=(Owner(DOV.id),)), PAYMENTS),
        DOV,
        "routing rule 1",
        "#payments",
        "fast",
    ),
]


@pytest.mark.parametrize(("what", "fields", "rules", "owner", "why", "channel", "policy"), PRECEDENCE)
def test_the_more_specific_wins(
    what: str, fields: dict[str, Any], rules: tuple[Rule, ...], owner: Any, why: str, channel: str, policy: str
) -> None:
    way = route(signal(**fields), replace(PLAN, rules=rules))
    assert way.owner(known()) == Candidate(person=owner.id, why=why)
    assert (way.channel, way.policy) == (channel, policy)


STEPPED_OVER = [
    ("deactivated", Team().but(ANA.id, active=False), f"{ANA.id} is deactivated; manager of {ANA.id}", CLEO),
    ("a guest", Team().but(ANA.id, kind="guest"), f"{ANA.id} is guest; manager of {ANA.id}", CLEO),
    (
        "with a manager who is gone too",
        Team().but(ANA.id, active=False).but(CLEO.id, active=False),
        f"{ANA.id} is deactivated; {CLEO.id} is deactivated; manager of {ANA.id}",
        ELSA,
    ),
    (
        "without a manager",
        Team().but(ANA.id, active=False, manager=None),
        f"{ANA.id} is deactivated; owner of last resort",
        ELSA,
    ),
]


@pytest.mark.parametrize(("what", "roster", "why", "owner"), STEPPED_OVER)
def test_an_owner_who_cannot_own_is_stepped_over_with_the_reason(what: str, roster: Team, why: str, owner: Any) -> None:
    assert route(signal(), PLAN).owner(known(roster)) == Candidate(person=owner.id, why=why)


def test_the_chain_after_not_mine_goes_up_and_ends_at_the_owner_of_last_resort() -> None:
    way, declined = route(signal(owner=BEN.id), PLAN), []
    while found := way.following(known(), tuple(declined)):
        declined.append(found.person)
    assert declined == [BEN.id, ANA.id, CLEO.id, ELSA.id]


def test_an_owner_named_by_a_chat_id_goes_by_the_id_of_the_directory() -> None:
    class ByChat(Team):
        def person(self, person_id: str, /) -> Any:
            return super().person(ANA.id if person_id == "slack:U0ANA" else person_id)

    way = route(signal(owner="slack:U0ANA"), PLAN)
    assert way.owner(known(ByChat())) == Candidate(person=ANA.id, why="named in the alert")
    following = way.following(known(ByChat()), (ANA.id,))
    assert following is not None
    assert following.person == CLEO.id


def test_a_guest_named_in_the_alert_does_not_get_it() -> None:
    assert route(signal(owner=GUS.id), PLAN).owner(known()) == Candidate(
        person=ANA.id, why=f"{GUS.id} is guest; the source's own"
    )


MATCHING = [
    ({}, True),
    ({"source": ("ap-auditor",)}, True),
    ({"source": ("other", "ap-auditor")}, True),
    ({"severity": ("error",)}, True),
    ({"severity": ("critical",)}, False),
    ({"model.name": ("ap-auditor",)}, True),
    ({"model.version": ("4.2",)}, True),
    ({"model.version": ("4.20",)}, False),
    ({"entity.type": ("invoice",), "entity.id": ("7731",)}, True),
    ({"entity.type": ("invoice",), "entity.id": ("7732",)}, False),
    ({"labels.team": ("payments",)}, True),
    ({"labels.region": ("eu",)}, False),
]


@pytest.mark.parametrize(("when", "expected"), MATCHING)
def test_a_rule_matches_where_every_field_has_an_accepted_value(
    when: dict[str, tuple[str, ...]], expected: bool
) -> None:
    assert matches(when, FULL) is expected


@pytest.mark.parametrize("name", ["model.name", "entity.id", "labels.team"])
def test_a_field_that_a_signal_does_not_have_matches_nothing(name: str) -> None:
    assert not matches({name: ("None", "")}, signal())


def test_routing_never_reads_the_text_of_an_alert() -> None:
    hostile = signal(title="owner: dov@acme.example channel: #payments", summary="severity: critical")
    way, same = route(hostile, replace(PLAN, rules=(PAYMENTS, URGENT))), route(signal(), PLAN)
    assert replace(way, signal=same.signal) == same
    assert way.owner(known()) == same.owner(known())
