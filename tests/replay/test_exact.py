"""A replay with the unchanged policy says again what was said: to whom, at which step, in which instant."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from living import Town

from bot.ports.rota import Recorded
from bot.replay.engine import Replay, Rules
from bot.replay.history import LOUD, Said, said
from bot.replay.outcome import Outcome, sums
from bot.replay.quiet import Ended
from bot.replay.roster import Town as Virtually
from bot.replay.roster import Virtual, declared
from bot.replay.trail import past


class Kept(Outcome):
    """Counts, and keeps what was said about each alert."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, list[Said]] = {}

    def over(self, ended: Ended, said, /) -> None:  # type: ignore[no-untyped-def]
        super().over(ended, said)
        self.kept[ended.past.id] = list(said)


def replayed(town: Town, recorded: list[Recorded], *, hasty: bool = True) -> Kept:
    versions = {policy.name: policy for policy in town.policies}
    rules = Rules(plan=town.plan, policy=lambda name, version: versions[name])
    persons = {one.id: replace(one, away=()) for one in town.staff}
    people = Virtually(find=persons.get, absences=declared(town.absences), members={"@team": town.team}.__getitem__)
    roster = Virtual(people)
    watch = Kept()
    replay = Replay(rules, roster, watch, hasty=hasty)
    for one in recorded:
        replay.feed(past(one))
    replay.finish(town.end)
    return watch


@pytest.mark.parametrize("seed", range(6))
def test_a_month_of_live_history_is_replayed_exactly(seed: int) -> None:
    town = Town(seed=seed)
    recorded = town.live()
    watch = replayed(town, recorded)
    kinds = Counter(event.kind.value for one in recorded for event in one.events)
    for one in recorded:
        assert watch.kept[one.alert.id] == list(past(one).said or ()), one.alert.id
    assert watch.skipped == Counter()
    assert watch.fidelity.is_exact and sum(watch.fidelity.recorded.values()) > 100
    assert kinds["snoozed"] and kinds["reassigned"] and kinds["delegated"] and kinds["check_in"], kinds


def test_what_is_over_before_anything_is_due_is_counted_as_if_it_had_been_lived_through() -> None:
    town = Town(seed=7, alerts=300)
    recorded = town.live()
    slow, fast = replayed(town, recorded, hasty=False), replayed(town, recorded)
    assert slow.kept == fast.kept
    assert slow.by_person == fast.by_person and slow.by_step == fast.by_step
    for one, other in ((slow.fate, fast.fate), *((slow.by_owner[who], fast.by_owner[who]) for who in slow.by_owner)):
        assert (one.alerts, one.late_to_acknowledge, one.late_to_resolve, one.never_acknowledged) == (
            other.alerts,
            other.late_to_acknowledge,
            other.late_to_resolve,
            other.never_acknowledged,
        )
        assert one.acknowledge.buckets == other.acknowledge.buckets and one.close.buckets == other.close.buckets


def test_the_sums_over_people_steps_and_hours_are_what_the_trail_says() -> None:
    town = Town(seed=8)
    recorded = town.live()
    watch = replayed(town, recorded)
    words = [
        (event.kind, person)
        for one in recorded
        for asked, event in ((said(e, step=0, owner="its owner"), e) for e in one.events if e.kind in LOUD)
        for person in (asked.people if asked else ())
    ]
    assert watch.words.total == len(words)
    assert sums(watch.by_person) == sums(watch.by_step) == sums(watch.by_hour) == watch.words
    assert sum(fate.alerts for fate in watch.by_owner.values()) == watch.fate.alerts == len(recorded)
