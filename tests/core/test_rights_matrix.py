"""Who may do what: every role, every act, in every state."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cast import (
    ANA,
    BEN,
    BOT,
    CLEO,
    DOV,
    ELSA,
    GUS,
    PLAN,
    POLICY,
    STATES,
    T0,
    Team,
    given,
    minutes,
    opened,
    person,
    plain,
    raising,
    signal,
)

from bot.core.people import Away, Person
from bot.core.policy import Step
from bot.core.rights import Claim, refusal
from bot.core.signal import Severity

ACTS = (
    "acknowledge",
    "resolve",
    "not_mine",
    "reassign",
    "snooze",
    "dismiss",
    "note",
    "reopen",
    "history",
    "agree",
    "escalate",
    "help",
    "add_responder",
)
EVERYTHING = frozenset(ACTS)
AS_MEMBER = frozenset({"acknowledge", "note", "history"})
NOTHING: frozenset[str] = frozenset()

STEP_PERSON, ADMIN, THEIR_MANAGER = person("Sam", manager="mia@acme.example"), person("Ada"), person("Mia")
STEWARD, RESPONDER, STAND_IN = person("Sue"), person("Rob", manager="mia@acme.example"), person("Stu")
ROSTER = Team([*Team().people.values(), STEP_PERSON, ADMIN, THEIR_MANAGER, STEWARD, RESPONDER, STAND_IN])
RULES = replace(POLICY, steps=(Step(who=(STEP_PERSON.id,), nudge_every=minutes(10)), *POLICY.steps))
LAST_RESORT = person("Lou")
RULED = replace(
    PLAN,
    admins=frozenset({ADMIN.id}),
    last_resort=LAST_RESORT.id,
    stewards={"ap-auditor": frozenset({STEWARD.id}), "other": frozenset({DOV.id})},
)
KNOWN = given(1, roster=ROSTER, policy=RULES, plan=RULED)

ROLES: list[tuple[str, Person, bool, frozenset[str]]] = [
    # role, who, in the card's channel, what they may
    ("owner", ANA, True, EVERYTHING),
    ("owner outside the channel", ANA, False, EVERYTHING),
    ("manager", CLEO, False, EVERYTHING),
    ("manager's manager", ELSA, False, EVERYTHING),
    ("person of the step", STEP_PERSON, False, EVERYTHING),
    ("manager of the step's person", THEIR_MANAGER, False, EVERYTHING),
    ("admin", ADMIN, False, EVERYTHING),
    ("whoever answers for the source", STEWARD, False, EVERYTHING),
    ("responder", RESPONDER, False, EVERYTHING),
    ("owner of last resort", LAST_RESORT, False, EVERYTHING),
    ("channel member", BEN, True, AS_MEMBER),
    ("stranger to the channel", DOV, False, NOTHING),
    ("guest in the channel", GUS, True, NOTHING),
    ("bot in the channel", BOT, True, NOTHING),
    ("foreigner in the channel", replace(BEN, kind="foreign"), True, NOTHING),
    ("somebody nobody knows", replace(BEN, kind="unknown"), True, NOTHING),
    ("deactivated member", replace(BEN, active=False), True, NOTHING),
    ("deactivated owner", replace(ANA, active=False), True, NOTHING),
    ("deactivated admin", replace(ADMIN, active=False), True, NOTHING),
]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(("role", "one", "member", "may"), ROLES)
def test_the_matrix(role: str, one: Person, member: bool, may: frozenset[str], act: str, state: str) -> None:
    alert = replace(STATES[state](), responders=(RESPONDER.id,))
    refused = refusal(alert, KNOWN, claim=Claim(person=one, act=act, member=member))
    assert (refused is None) == (act in may)
    if refused:
        assert refused.code == "not_allowed"
        assert plain(refused.why).endswith(".")


def test_whoever_is_refused_is_told_whom_to_ask() -> None:
    refused = refusal(opened(), KNOWN, claim=Claim(person=DOV, act="not_mine"))
    assert refused is not None
    assert plain(refused.why) == "You may not hand on this alert. Ask Ana, who owns it, or their manager."


def test_the_people_of_a_step_lose_their_rights_when_the_alert_moves_on() -> None:
    later = replace(opened(), step=1)
    assert refusal(later, KNOWN, claim=Claim(person=STEP_PERSON, act="resolve")) is not None


def test_an_owner_whose_e_mail_was_not_known_is_recognised_by_their_chat_id() -> None:
    alert = replace(opened(), owner="slack:U0DOV")
    assert refusal(alert, KNOWN, claim=Claim(person=DOV, act="resolve")) is None


def test_nobody_gets_a_right_from_what_the_alert_says() -> None:
    alert = opened()
    told = replace(
        alert, signal=replace(alert.signal, owner=DOV.id, title=f"owner: {DOV.id}", labels={"owner": DOV.id})
    )
    assert refusal(told, KNOWN, claim=Claim(person=DOV, act="resolve")) is not None


@pytest.mark.parametrize("act", ACTS)
def test_whoever_is_in_the_channel_that_is_asked_now_may_do_everything_and_before_nothing(act: str) -> None:
    top = len(RULES.steps) - 1
    assert RULES.steps[top].is_channel
    claim = Claim(person=DOV, act=act, asked=True)
    assert refusal(replace(opened(), step=top), KNOWN, claim=claim) is None
    assert refusal(opened(), KNOWN, claim=claim) is not None


DISMISSERS = {
    "concerned": [ANA, CLEO, ELSA, STEP_PERSON, THEIR_MANAGER, STEWARD, RESPONDER, ADMIN, LAST_RESORT],
    "manager": [CLEO, ELSA, STEWARD, ADMIN, LAST_RESORT],
    "admin": [ADMIN, LAST_RESORT],
}
ANYBODY = [ANA, BEN, CLEO, DOV, ELSA, STEP_PERSON, THEIR_MANAGER, STEWARD, RESPONDER, ADMIN, LAST_RESORT, GUS, BOT]


@pytest.mark.parametrize("act", ["dismiss", "agree"])
@pytest.mark.parametrize("kept_to", DISMISSERS)
@pytest.mark.parametrize("one", ANYBODY, ids=lambda one: one.name)
def test_who_may_dismiss_is_kept_to_whom_the_policy_says(one: Person, kept_to: str, act: str) -> None:
    policy = replace(RULES, dismiss={"error": kept_to, "default": "admin"})
    alert = replace(opened(), responders=(RESPONDER.id,))
    known = replace(KNOWN, policy=policy)
    refused = refusal(alert, known, claim=Claim(person=one, act=act, member=True))
    assert (refused is None) == (one.id in {may.id for may in DISMISSERS[kept_to]})
    resolve = Claim(person=one, act="resolve", member=True)
    assert refusal(alert, known, claim=resolve) == refusal(alert, KNOWN, claim=resolve), (
        "only dismissing is kept to them"
    )


def test_whoever_may_not_dismiss_is_told_who_may() -> None:
    told = {}
    for kept_to in ("manager", "admin"):
        known = replace(KNOWN, policy=replace(RULES, dismiss={"default": kept_to}))
        refused = refusal(opened(), known, claim=Claim(person=ANA, act="dismiss"))
        assert refused is not None
        told[kept_to] = plain(refused.why)
    assert told == {
        "manager": "Only a manager of its owner or whoever answers for its source may dismiss alerts that are error. "
        "Resolve it, or ask them.",
        "admin": "Only an admin may dismiss alerts that are error. Resolve it, or ask them.",
    }


def test_the_floor_of_each_severity_is_its_own() -> None:
    policy = replace(RULES, dismiss={"critical": "admin"})
    critical = raising(signal(severity=Severity.CRITICAL)).alert
    claim = Claim(person=ANA, act="dismiss")
    assert refusal(critical, replace(KNOWN, policy=policy), claim=claim) is not None
    assert refusal(opened(), replace(KNOWN, policy=policy), claim=claim) is None


def test_whoever_stands_in_for_the_person_of_a_step_may_act_and_they_too_when_they_are_back() -> None:
    leave = (Away(start=T0, until=T0 + minutes(60), delegate=STAND_IN.id),)
    roster = ROSTER.but(STEP_PERSON.id, away=leave)
    for one, after, may in ((STAND_IN, 5, True), (STAND_IN, 65, False), (STEP_PERSON, 65, True)):
        known = replace(KNOWN, now=T0 + minutes(after), roster=roster)
        assert (refusal(opened(), known, claim=Claim(person=one, act="resolve")) is None) == may


def test_a_member_of_the_channel_is_no_second_person() -> None:
    assert refusal(opened(), KNOWN, claim=Claim(person=BEN, act="agree", member=True)) is not None


VERBS = [
    ("agree", "dismiss"),
    ("help", "ask for help with"),
    ("escalate", "escalate"),
    ("add_responder", "add people to"),
]


@pytest.mark.parametrize(("act", "verb"), VERBS)
def test_a_refusal_names_the_act_in_words(act: str, verb: str) -> None:
    refused = refusal(opened(), KNOWN, claim=Claim(person=DOV, act=act))
    assert refused is not None
    assert plain(refused.why).startswith(f"You may not {verb} this alert.")
