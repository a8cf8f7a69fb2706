"""Who people are: asked of the directories, remembered, and never waited for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cast import ANA, BEN, CLEO, ELSA, GUS, T0, FakeClock, FakeDirectory, person

from bot.core.people import Away, Person
from bot.people import People, merge
from bot.ports import Unknown
from bot.ports.rota import Declared, Wishes
from storage.memory import MemoryStore


class Office:
    """Two directories, a file first, in front of what is remembered."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(clock=self.clock)
        self.file, self.slack = FakeDirectory(people={}), FakeDirectory()
        self.people = People(store=self.store, directories=[self.file, self.slack], clock=self.clock)

    def know(self, one: Person) -> Person | None:
        return self.people.known([one.id]).get(one.id)


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_person_is_asked_for_once_in_ten_minutes(office: Office) -> None:
    assert office.know(ANA) == ANA
    office.clock.forward(9)
    office.know(ANA)
    assert office.slack.asked == [ANA.id]
    office.clock.forward(1)
    office.know(ANA)
    assert office.slack.asked == [ANA.id, ANA.id]


def test_whoever_left_is_known_to_have_left_ten_minutes_later(office: Office) -> None:
    office.know(ANA)
    office.slack.people[ANA.id] = replace(ANA, active=False)
    office.clock.forward(10)
    known = office.know(ANA)
    assert known is not None
    assert not known.may_own


def test_what_is_remembered_stands_while_a_directory_is_away(office: Office) -> None:
    office.know(ANA)
    office.slack.away = True
    office.clock.forward(60)
    assert office.know(ANA) == ANA


def test_whom_the_file_alone_knows_while_the_chat_is_away_is_asked_for_again_at_once(office: Office) -> None:
    office.file.people[ANA.id] = Person(id=ANA.id, name=ANA.id, manager=BEN.id)
    office.slack.away = True
    known = office.know(ANA)
    assert known is not None and (known.manager, known.chat) == (BEN.id, {})
    office.slack.away = False
    known = office.know(ANA)
    assert known is not None and (known.manager, known.chat) == (BEN.id, ANA.chat)


def test_nobody_is_unknown_because_a_directory_is_away(office: Office) -> None:
    office.slack.away = True
    assert office.know(ANA) is None
    office.slack.away = False
    assert office.know(ANA) == ANA


def test_whom_every_directory_denies_is_unknown(office: Office) -> None:
    ghost = person("Ghost")
    known = office.know(ghost)
    assert known is not None
    assert (known.kind, known.may_own) == ("unknown", False)


def test_whoever_was_unknown_is_known_as_soon_as_one_directory_has_them(office: Office) -> None:
    newcomer = person("New")
    office.know(newcomer)
    office.file.people[newcomer.id] = newcomer
    office.slack.away = True
    office.clock.forward(10)
    assert office.know(newcomer) == newcomer


def test_the_first_directory_counts_and_the_next_fills_in(office: Office) -> None:
    office.file.people[ANA.id] = Person(id=ANA.id, name=ANA.id, manager=BEN.id)
    known = office.know(ANA)
    assert known is not None
    assert (known.name, known.manager, known.chat) == ("Ana", BEN.id, ANA.chat)


MERGED = [
    ("gone anywhere is gone", {}, {"active": False}, {"active": False}),
    ("a guest anywhere is a guest", {}, {"kind": "guest"}, {"kind": "guest"}),
    ("unknown to one, known to the other", {}, {"kind": "unknown"}, {"kind": "human"}),
    ("the first's manager", {"manager": "x"}, {"manager": "y"}, {"manager": "x"}),
    (
        "the first's time zone",
        {"time_zone": "Europe/Amsterdam"},
        {"time_zone": "Asia/Tokyo"},
        {"time_zone": "Europe/Amsterdam"},
    ),
    ("a time zone from the second", {}, {"time_zone": "Asia/Tokyo"}, {"time_zone": "Asia/Tokyo"}),
    ("both chats", {"chat": {"slack": "U1"}}, {"chat": {"teams": "T1"}}, {"chat": {"slack": "U1", "teams": "T1"}}),
]


@pytest.mark.parametrize(("what", "first", "second", "expected"), MERGED)
def test_two_answers_are_one_person(
    what: str, first: dict[str, Any], second: dict[str, Any], expected: dict[str, Any]
) -> None:
    merged = merge(person("Ana", **first), person("Ana", **second))
    assert {name: getattr(merged, name) for name in expected} == expected


def test_the_chain_of_managers_is_learned_nearest_first(office: Office) -> None:
    assert list(office.people.with_managers(ANA.id)) == [ANA.id, CLEO.id, ELSA.id]


def test_a_cycle_of_managers_ends_the_chain(office: Office) -> None:
    office.slack.people[CLEO.id] = replace(CLEO, manager=ANA.id)
    assert list(office.people.with_managers(ANA.id)) == [ANA.id, CLEO.id]


def test_somebody_is_found_by_their_chat_id_and_the_first_directory_has_its_say(office: Office) -> None:
    office.file.people[ANA.id] = replace(ANA, manager=BEN.id, chat={})
    found = office.people.by_chat("slack", "U0ANA")
    assert found is not None
    assert (found.id, found.manager, found.chat) == (ANA.id, BEN.id, ANA.chat)
    asked = len(office.slack.asked)
    assert office.people.by_chat("slack", "U0ANA") == found
    assert len(office.slack.asked) == asked, "remembered"


def test_a_guest_is_known_as_a_guest(office: Office) -> None:
    found = office.people.by_chat("slack", "U0GUS")
    assert found is not None
    assert (found.kind, found.may_own) == (GUS.kind, False)


def test_what_the_configuration_says_is_kept_with_what_is_remembered(office: Office) -> None:
    office.store.save_people([ANA], at=T0)
    office.people.learn([Person(id=ANA.id, name="Ana", manager=BEN.id)])
    remembered, _ = office.store.people([ANA.id])[ANA.id]
    assert (remembered.manager, remembered.chat) == (BEN.id, ANA.chat)
    office.know(ANA)
    assert office.slack.asked == [ANA.id], "asked anew before the first decision"


# ── everybody at once ────────────────────────────────────────────────────────────────────────────────────────────────


class Roll(FakeDirectory):
    """Knows everybody at once, without their managers; `breaks` after so many of them."""

    breaks: int | None = None
    says_away: str | None = ""

    def everybody(self) -> Iterator[Person]:
        for number, one in enumerate(self.people.values()):
            if number == self.breaks:
                raise Unknown("timeout")
            yield replace(one, manager=None)


@pytest.fixture
def listed() -> Office:
    office = Office()
    office.slack = Roll()
    office.people = replace(office.people, directories=[office.file, office.slack])
    office.people.known([ANA.id, BEN.id])
    office.slack.asked.clear()
    return office


AWAY = Away(start=T0, until=T0 + timedelta(days=3), why="Vacationing")


def remembered(office: Office, one: Person = ANA) -> Person:
    return office.store.people([one.id])[one.id][0]


def test_whoever_left_or_went_away_is_known_to_the_next_decision_without_being_asked_for(listed: Office) -> None:
    listed.slack.people[ANA.id] = replace(ANA, active=False)
    listed.slack.people[BEN.id] = replace(BEN, away=(AWAY,))
    listed.people.refresh()
    assert not remembered(listed).active
    assert remembered(listed, BEN).away == (AWAY,)


def test_a_list_that_says_nothing_new_costs_no_question(listed: Office) -> None:
    for _ in range(3):
        listed.people.refresh()
    assert listed.slack.asked == []
    assert CLEO.id not in listed.store.people([CLEO.id]), "whom nobody asked about is not remembered"


def test_a_list_does_not_take_anybody_s_manager_away(listed: Office) -> None:
    listed.slack.people[ANA.id] = replace(ANA, away=(AWAY,))
    listed.people.refresh()
    assert (remembered(listed).manager, remembered(listed).away) == (CLEO.id, (AWAY,))
    listed.slack.people[ANA.id] = ANA
    listed.people.refresh()
    assert (remembered(listed).manager, remembered(listed).away) == (CLEO.id, ())


def test_what_the_file_says_of_an_absence_outlives_a_list_that_does_not_know_of_it(listed: Office) -> None:
    listed.file.people[ANA.id] = Person(id=ANA.id, name="Ana", away=(AWAY,))
    listed.clock.forward(15)
    listed.people.known([ANA.id])
    for _ in range(3):
        listed.people.refresh()
        listed.clock.forward(5)
        assert remembered(listed).away == (AWAY,)


def test_what_people_say_themselves_outlives_both_a_list_and_an_answer(listed: Office) -> None:
    declared = Declared(id="d", person=ANA.id, away=AWAY, by=ANA.id, at=T0)
    listed.store.declare(declared)
    listed.store.wish(ANA.id, Wishes(prefers="digest", quiet="22:00-07:00"), at=T0)
    listed.people.refresh()
    assert listed.slack.asked == []
    listed.clock.forward(11)
    known = listed.know(ANA)
    assert known is not None
    assert (known.away, known.prefers, known.quiet) == ((AWAY,), "digest", "22:00-07:00")
    listed.store.end_absence("d", at=listed.clock.at, by=ANA.id)
    assert remembered(listed).absence(listed.clock.at) is None


def test_a_list_that_breaks_off_tells_what_it_told_before(listed: Office) -> None:
    listed.slack.people[ANA.id] = replace(ANA, active=False)
    listed.slack.breaks = 1
    with pytest.raises(Unknown):
        listed.people.refresh()
    assert remembered(listed).active, "lists are taken five hundred at a time"
    listed.slack.breaks = None
    listed.people.refresh()
    assert not remembered(listed).active


# ── several that know everybody ──────────────────────────────────────────────────────────────────────────────────────


OUT = Away(start=T0 - timedelta(hours=1), until=T0 + timedelta(days=2), why="automatic replies", by="graph")
LUNCH = Away(start=T0 - timedelta(hours=1), until=T0 + timedelta(hours=2), why="out sick")


def several() -> tuple[Office, Roll, Roll]:
    """An office whose people are known to Graph, which tells of absences one by one, and to Slack."""
    office = Office()
    graph, chat = Roll(people={ANA.id: replace(ANA, chat={"teams": "oid"}, away=(OUT,))}), Roll(people={ANA.id: ANA})
    graph.says_away = None
    office.people = replace(office.people, directories=[graph, chat], platforms=("slack",))
    return office, graph, chat


def test_a_list_that_knows_nothing_of_an_absence_does_not_end_what_another_directory_says() -> None:
    office, graph, chat = several()
    office.know(ANA)
    asked = len(graph.asked)
    office.people.refresh()
    assert remembered(office).away == (OUT,)
    assert len(graph.asked) == asked, "nothing new costs no question"
    chat.people[ANA.id] = replace(ANA, away=(LUNCH,))
    office.people.refresh()
    assert set(remembered(office).away) == {OUT, LUNCH}
    chat.people[ANA.id] = ANA
    office.people.refresh()
    assert remembered(office).away == (OUT,), "a status that was cleared is over; automatic replies are not"
    graph.people[ANA.id] = replace(graph.people[ANA.id], away=())
    office.clock.forward(10)
    office.know(ANA)
    assert remembered(office).away == ()


def test_one_directory_away_keeps_no_other_from_telling_who_has_left() -> None:
    office, graph, chat = several()
    office.know(ANA)
    graph.breaks, graph.away = 0, True
    chat.people[ANA.id] = replace(ANA, active=False)
    with pytest.raises(Unknown):
        office.people.refresh()
    assert not remembered(office).active


def test_one_person_has_several_ids_and_is_found_by_each() -> None:
    office, _, _ = several()
    for platform, chat_id in (("teams", "oid"), ("slack", "U0ANA")):
        found = office.people.by_chat(platform, chat_id)
        assert found is not None
        assert (found.id, found.chat) == (ANA.id, {"teams": "oid", "slack": "U0ANA"})


def test_whom_a_directory_knows_and_the_chat_does_not_cannot_be_asked_there() -> None:
    office, graph, _ = several()
    graph.people[BEN.id] = replace(BEN, chat={"teams": "ben"})
    office.people = replace(office.people, directories=[office.file, *office.people.directories])
    ben = office.know(BEN)
    assert ben is not None
    assert (ben.kind, ben.may_own) == ("unknown", False)
    office.people = replace(office.people, platforms=("slack", "teams"))
    office.clock.forward(10)
    ben = office.know(BEN)
    assert ben is not None
    assert ben.may_own
