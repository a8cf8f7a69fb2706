"""Who may do what: every role, every act, in every state."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cast import ANA, BEN, BOT, CLEO, DOV, ELSA, GUS, PLAN, POLICY, STATES, Team, given, minutes, opened, person, plain

from bot.core.people import Person
from bot.core.policy import Step
from bot.core.rights import Claim, refusal

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
)
EVERYTHING = frozenset(ACTS)
AS_MEMBER = frozenset({"acknowledge", "note", "history"})
NOTHING: frozenset[str] = frozenset()

STEP_PERSON, ADMIN, THEIR_MANAGER = person("Sam", manager="mia@acme.example"), person("Ada"), person("Mia")
ROSTER = Team([*Team().people.values(), STEP_PERSON, ADMIN, THEIR_MANAGER])
RULES = replace(POLICY, steps=(Step(who=(STEP_PERSON.id,), nudge_every=minutes(10)), *POLICY.steps))
LAST_RESORT = person("Lou")
KNOWN = given(
    1, roster=ROSTER, policy=RULES, plan=replace(PLAN, admins=frozenset({ADMIN.id}), last_resort=LAST_RESORT.id)
)

ROLES: list[tuple[str, Person, bool, frozenset[str]]] = [
    # role, who, in the card's channel, what they may
    ("owner", ANA, True, EVERYTHING),
    ("owner outside the channel", ANA, False, EVERYTHING),
    ("manager", CLEO, False, EVERYTHING),
    ("manager's manager", ELSA, False, EVERYTHING),
    ("person of the step", STEP_PERSON, False, EVERYTHING),
    ("manager of the step's person", THEIR_MANAGER, False, EVERYTHING),
    ("admin", ADMIN, False, EVERYTHING),
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
    refused = refusal(STATES[state](), KNOWN, claim=Claim(person=one, act=act, member=member))
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
