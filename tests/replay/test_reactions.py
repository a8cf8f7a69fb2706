"""How recorded reactions follow the words of another policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cast import ANA, BEN, CLEO, ELSA, EVERYBODY, PLAN, POLICY, T0, done, given, minutes, raising, signal, who

from bot.core.events import Kind
from bot.core.people import Away
from bot.core.policy import Policy, Step
from bot.core.repolicy import repoliced
from bot.core.wake import wake
from bot.ports.rota import Recorded
from bot.replay.engine import Replay, Rules
from bot.replay.history import UNASKED, Past, Reaction, Said
from bot.replay.outcome import Outcome
from bot.replay.quiet import Ended
from bot.replay.roster import Town, Virtual
from bot.replay.trail import past as read

ACK, DONE = Kind.ACKNOWLEDGED, Kind.RESOLVED
PEOPLE = {one.id: one for one in EVERYBODY}


class Kept(Outcome):
    def __init__(self) -> None:
        super().__init__()
        self.ended: list[Ended] = []
        self.kept: list[Said] = []

    def over(self, ended: Ended, said: Sequence[Said], /) -> None:
        super().over(ended, said)
        self.ended.append(ended)
        self.kept += said


def at(after: float) -> datetime:
    return T0 + minutes(after)


def ack(after: float, *, ask: int = 0, delay: float = 0, by: str = "ana") -> Reaction:
    person = {"ana": ANA, "ben": BEN, "cleo": CLEO}[by]
    return Reaction(ACK, at(after), who(person), ask, minutes(delay))


def past(*reactions: Reaction, **fields: object) -> Past:
    known = {
        "id": "01JQ0000000000000000ALERT1",
        "signal": signal(),
        "raised_at": T0,
        "owner": ANA.id,
        "place": "slack:#ai-alerts",
        "policy": "default",
        "reactions": reactions,
        "last": T0,
    }
    return Past(**known | fields)  # type: ignore[arg-type]


def replay(one: Past, policy: Policy = POLICY, *, town: Town | None = None, until: float = 600) -> Kept:
    watch = Kept()
    rules = Rules(plan=PLAN, policy=lambda name, version: policy)
    run = Replay(rules, Virtual(town or Town(find=PEOPLE.get)), watch)
    run.feed(one)
    run.finish(at(until))
    return watch


def paced(every: float, nudges: int = 2) -> Policy:
    first = Step(who=("owner",), nudge_every=minutes(every), nudges=nudges)
    return replace(POLICY, steps=(first, *POLICY.steps[1:]))


def test_a_reaction_comes_as_long_after_the_same_word_as_it_did() -> None:
    # Recorded: the second nudge at 20 minutes, and two minutes later she had it.
    reaction = ack(22, ask=2, delay=2)
    assert replay(past(reaction)).ended[0].answered_at == at(22)
    assert replay(past(reaction), paced(5)).ended[0].answered_at == at(12)
    assert replay(past(reaction), paced(30)).ended[0].answered_at == at(62)


def test_a_word_that_never_comes_leaves_the_reaction_at_its_recorded_instant() -> None:
    reaction = ack(22, ask=2, delay=2)
    # One nudge at 5 minutes, and from 10 minutes on it is her manager who is asked.
    assert replay(past(reaction), paced(5, nudges=1)).ended[0].answered_at == at(22)
    # Its recorded instant is over when it turns out that the word will not come: she does it then.
    assert replay(past(reaction), paced(30, nudges=1)).ended[0].answered_at == at(30)


def test_whom_nobody_asked_acts_at_the_recorded_instant() -> None:
    reaction = Reaction(ACK, at(15), who(BEN), UNASKED)
    for policy in (paced(1), paced(10), paced(100)):
        assert replay(past(reaction), policy).ended[0].answered_at == at(15)


def test_nobody_overtakes_themselves() -> None:
    resolved = Reaction(DONE, at(25), who(ANA), UNASKED, data={"reason": "Refunded."})
    watch = replay(past(ack(22, ask=2, delay=2), resolved), paced(30))
    assert watch.ended[0].answered_at == at(62) and watch.ended[0].closed_at == at(62)


def test_what_cannot_be_done_in_the_replayed_state_is_left_out_and_counted() -> None:
    done = Reaction(DONE, at(5), who(BEN), UNASKED, data={"reason": "Refunded."})
    watch = replay(past(done, ack(12, ask=1, delay=2)))
    assert watch.skipped == {"acknowledged": 1} and watch.ended[0].closed_at == at(5)


def test_whoever_is_away_what_if_does_nothing_until_they_are_back() -> None:
    away = Away(start=T0 - minutes(60), until=at(120))
    town = Town(find=PEOPLE.get, absences={CLEO.id: (away,)}, pretended=frozenset({CLEO.id}))
    # Cleo took it over as soon as it was escalated to her; here she is stepped over.
    watch = replay(past(ack(31, ask=0, delay=1, by="cleo")), town=town)
    assert CLEO.id not in {person for one in watch.kept if one.at < at(120) for person in one.people}
    assert watch.ended[0].answered_at == at(120)


def test_the_new_owner_reacts_as_the_one_did_who_is_away() -> None:
    away = Away(start=T0 - minutes(60), until=at(6000), delegate=BEN.id)
    town = Town(find=PEOPLE.get, absences={ANA.id: (away,)}, pretended=frozenset({ANA.id}))
    watch = replay(past(ack(12, ask=1, delay=2)), town=town)
    assert watch.ended[0].owner == BEN.id and watch.ended[0].answered_at == at(12)
    assert watch.kept[0].people == (BEN.id,)


def test_a_word_out_of_somebodys_hours_is_counted_as_one() -> None:
    late = replace(ANA, time_zone="Asia/Tokyo", working="Mon-Fri 09:00-17:00")
    watch = replay(past(), town=Town(find={**PEOPLE, ANA.id: late}.get), until=15)
    assert (watch.words.nudges, watch.words.out_of_hours) == (1, 1)
    assert watch.by_hour[18].nudges == 1, "09:10 UTC is 18:10 in Tokyo"


def test_what_nobody_ever_had_in_hand_is_never_acknowledged_and_late() -> None:
    policy = replace(POLICY, answer_within={signal().severity: minutes(60)})
    watch = replay(past(), policy)
    assert (watch.fate.never_acknowledged, watch.fate.late_to_acknowledge) == (1, 1)
    late = replay(past(ack(90, ask=0, delay=90)), policy, until=3000)
    assert (late.fate.never_acknowledged, late.fate.late_to_acknowledge, late.fate.late_to_resolve) == (0, 1, 1)


def test_one_instant_after_another_is_as_long_as_it_says() -> None:
    spans = [timedelta(seconds=n) for n in (0, 1, 5, 60, 600, 3600, 86400)]
    for span in spans:
        watch = replay(past(ack(span.total_seconds() / 60, ask=0, delay=span.total_seconds() / 60)), paced(10_000))
        found = watch.fate.acknowledge.quantile(0.5)
        if span < timedelta(minutes=600):
            assert found is not None and abs(found - span) <= max(span * 0.01, timedelta(seconds=1))


def test_an_alert_that_came_under_another_version_goes_on_as_it_did() -> None:
    old, new = paced(10, nudges=3), replace(paced(30, nudges=3), version=2)
    alert = raising(policy=old)
    moved = alert.then(done(repoliced(alert.alert, given(6, policy=new), before=old, by=who(ELSA))))
    while moved.alert.step == 0:
        assert moved.alert.due_at is not None
        moved = moved.then(done(wake(moved.alert, given(moved.alert.due_at - T0, policy=new))))
    recorded = read(Recorded(alert=moved.alert, events=moved.events))
    watch = Kept()
    rules = Rules(plan=PLAN, policy=lambda name, version: {1: old, 2: new}[version or 2])
    run = Replay(rules, Virtual(Town(find=PEOPLE.get)), watch)
    run.feed(recorded)
    run.finish(moved.events[-1].at)
    assert watch.kept == list(recorded.said or ()) and watch.skipped == {}
    assert [one.at for one in watch.kept] == [at(30), at(60), at(90), at(120)]
