"""What only an operator can mend: one incident at a time for each thing, and told once each way."""

from __future__ import annotations

from typing import Any


def opened(world: Any, kind: str = "place", subject: str = "slack:#gone", detail: str = "is_archived") -> Any:
    world.store.incident(kind, subject, detail=detail, at=world.machine)
    return world.store.incidents()[-1]


def test_an_incident_is_opened_once_and_counted(world: Any) -> None:
    first = opened(world)
    assert (first.kind, first.subject, first.detail) == ("place", "slack:#gone", "is_archived")
    assert (first.since, first.last_at, first.count, first.ended_at) == (world.machine, world.machine, 1, None)
    world.clock.pass_(60)
    again = opened(world, detail="not_in_channel")
    assert (again.id, again.detail, again.count) == (first.id, "not_in_channel", 2)
    assert (again.since, again.last_at) == (first.since, world.machine)


def test_open_incidents_come_oldest_first(world: Any) -> None:
    opened(world, subject="slack:#one")
    world.clock.pass_(1)
    opened(world, "workspace", "slack")
    opened(world, subject="slack:#one")
    assert [one.subject for one in world.store.incidents()] == ["slack:#one", "slack"]


def test_what_is_mended_is_over_and_may_come_again(world: Any) -> None:
    first = opened(world)
    world.clock.pass_(60)
    world.store.mended("place", "slack:#gone", at=world.machine)
    world.store.mended("place", "slack:#other", at=world.machine)
    assert world.store.incidents() == []
    second = opened(world)
    assert (second.id != first.id, second.count) == (True, 1)


def test_operators_are_told_once_when_it_opens_and_once_when_it_ends(world: Any) -> None:
    one = opened(world)
    assert [news.id for news in world.store.incidents(untold=True)] == [one.id]
    world.store.told(one.id, at=world.machine)
    opened(world)
    assert world.store.incidents(untold=True) == []
    world.clock.pass_(60)
    world.store.mended("place", "slack:#gone", at=world.machine)
    (ended,) = world.store.incidents(untold=True)
    assert (ended.id, ended.ended_at) == (one.id, world.machine)
    world.store.told(one.id, at=world.machine)
    assert world.store.incidents(untold=True) == []


def test_what_ended_before_anybody_was_told_is_told_once(world: Any) -> None:
    one = opened(world)
    world.store.mended("place", "slack:#gone", at=world.machine)
    assert [(news.id, news.ended_at) for news in world.store.incidents(untold=True)] == [(one.id, world.machine)]
    world.store.told(one.id, at=world.machine)
    assert world.store.incidents(untold=True) == []


def test_what_ends_while_operators_are_told_that_it_is_open_is_told_again(world: Any) -> None:
    one = opened(world)
    read_at = world.machine
    world.clock.pass_(3)
    world.store.mended("place", "slack:#gone", at=world.machine)
    world.store.told(one.id, at=read_at)
    assert [news.id for news in world.store.incidents(untold=True)] == [one.id]
    world.store.told(one.id, at=world.machine)
    assert world.store.incidents(untold=True) == []
