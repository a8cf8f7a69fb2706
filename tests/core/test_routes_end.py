"""Whatever refuses, the routes of what is owed end; and they end where somebody can be reached."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from cast import ANA, BEN, CLEO, ELSA, POLICY, T0, Team, given, minutes, opened, raising
from hypothesis import given as examples
from hypothesis import strategies as st

from bot.core import fate
from bot.core.fate import Undelivered
from bot.core.given import Given
from bot.core.policy import Policy, Step
from bot.core.state import Alert, Change, Owed, Status

HERE, ELSEWHERE, LAST_CHANNEL = "#ai-alerts", "#old", "#ai-exceptions"
ANA_DM, BEN_DM, CLEO_DM, ELSA_DM = (f"@{one.id}" for one in (ANA, BEN, CLEO, ELSA))
KINDS = ("card", "nudge", "check_in", "assigned", "moved", "escalation", "exception", "note")
PLACES = (HERE, ELSEWHERE, LAST_CHANNEL, ANA_DM, BEN_DM, CLEO_DM, ELSA_DM)


def lost(kind: str, place: str) -> Undelivered:
    return Undelivered(
        key=f"{kind}:1:1:1:{place}", kind=kind, place=f"slack:{place}", thread=False, error="is_archived"
    )


def deliver(change: Change, refusing: set[str], known: Given) -> tuple[Alert, list[Owed], int]:
    """Say everything owed, while some places refuse: the alert then, what was said, how many routes were taken."""
    alert, waiting, said, routes = change.alert, list(change.owed), [], 0
    while waiting:
        item = waiting.pop(0)
        if item.place.partition(":")[2] not in refusing:
            said.append(item)
            continue
        routes += 1
        assert routes < 100, "a circle"
        what = Undelivered(
            key=item.key, kind=item.kind, place=item.place, thread=item.thread, error="is_archived", seq=item.seq
        )
        step = fate.rerouted(alert, known, what=what)
        alert = step.alert
        waiting = [one for one in waiting if one.key not in {new.key for new in step.owed}] + list(step.owed)
    return alert, said, routes


CHAIN = (HERE, LAST_CHANNEL, ANA_DM, ELSA_DM)
SOME_REFUSE = [set(some) for size in range(5) for some in itertools.combinations(CHAIN, size)]


@pytest.mark.parametrize("refusing", SOME_REFUSE, ids=lambda some: " ".join(sorted(some)) or "none")
def test_a_card_ends_in_the_first_place_that_takes_it(refusing: set[str]) -> None:
    alert, said, _ = deliver(raising(), refusing, given(1))
    takes = [place for place in CHAIN if place not in refusing]
    cards = [item.place for item in said if item.kind == "card"]
    assert cards[-1:] == [f"slack:{place}" for place in takes[:1]]
    assert alert.owner == ANA.id
    assert alert.due_at == T0 + minutes(10)


@pytest.mark.parametrize("refusing", SOME_REFUSE, ids=lambda some: " ".join(sorted(some)) or "none")
def test_an_exception_reaches_somebody_where_anybody_can_be_reached(refusing: set[str]) -> None:
    top = fate.rerouted(replace(opened(), step=3), given(1), what=lost("exception", ELSEWHERE))
    _, said, _ = deliver(top, refusing, given(1))
    reached = {item.place.removeprefix("slack:") for item in said if item.kind in ("exception", "card")}
    assert bool(reached) == (refusing != set(CHAIN))
    loud = [item.place.removeprefix("slack:") for item in said if item.kind == "exception"]
    assert loud == [place for place in (LAST_CHANNEL, ELSA_DM) if place not in refusing][:1]


WHO = st.sampled_from(["owner", "manager", "manager of manager", ANA.id, BEN.id, ELSA.id, "#team", LAST_CHANNEL])
STEPS = st.lists(WHO, min_size=1, max_size=5).map(
    lambda whom: tuple(Step(who=(one,), nudge_every=minutes(5)) for one in whom)
)


@examples(
    steps=STEPS,
    step=st.integers(0, 4),
    kind=st.sampled_from(KINDS),
    place=st.sampled_from((*PLACES, "#team")),
    team=st.sampled_from([Team(), Team().but(ANA.id, manager=None), Team().but(CLEO.id, active=False)]),
)
def test_where_everything_refuses_it_ends_and_the_alert_keeps_its_owner_and_its_clock(
    steps: tuple[Step, ...], step: int, kind: str, place: str, team: Team
) -> None:
    policy: Policy = replace(POLICY, steps=steps)
    known = given(30, policy=policy, roster=team)
    alert = replace(raising(policy=policy).alert, step=min(step, len(steps) - 1))
    everything = {*PLACES, "#team"}
    after, said, _ = deliver(fate.rerouted(alert, known, what=lost(kind, place)), everything, known)
    assert said == []
    assert (after.owner, after.status) == (ANA.id, Status.OPEN)
    assert after.due_at is not None
