"""What is asked of the alerts: lists, short ids, what is due, how much there is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.core import alert as life
from bot.core.events import Actor
from bot.ports import AlertFilter


def read_all(world: Any, **which: Any) -> list[str]:
    """Every page of a list, as ids."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = world.store.alerts(AlertFilter(cursor=cursor, **which))
        assert len(page.items) <= which.get("limit", 50)
        found += [alert.id for alert in page.items]
        cursor = page.next
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 50])
def test_pages_hold_every_alert_once_newest_first(world: Any, limit: int) -> None:
    ids = []
    for n in range(4):
        ids.append(world.raise_().id)
        if n % 2:
            world.clock.pass_(1)  # two alerts share an instant
    assert read_all(world, limit=limit) == ids[::-1]


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_the_due_list_holds_unfinished_alerts_longest_overdue_first(world: Any, by_ana: Actor, limit: int) -> None:
    late, snoozed, closed = (world.raise_() for _ in range(3))
    world.clock.pass_(1)
    later = world.raise_()
    until = world.clock.at + timedelta(hours=5)
    world.change(snoozed, life.snooze, by=by_ana, until=until)
    world.close(closed)
    assert read_all(world, order="due", limit=limit) == [late.id, later.id, snoozed.id]


def test_lists_are_narrowed_by_every_field(world: Any, by_ana: Actor) -> None:
    mine = world.raise_(owner="ana@acme.example", source="a", place="slack:#one")
    his = world.raise_(owner="ben@acme.example", source="a", place="slack:#two", also=("teams:#t_o",))
    closed = world.close(world.raise_(owner="ana@acme.example", source="b", place="slack:#one"))
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({}, {mine.id, his.id, closed.id}),
        ({"owner": "ana@acme.example"}, {mine.id, closed.id}),
        ({"source": "a"}, {mine.id, his.id}),
        ({"place": "slack:#one"}, {mine.id, closed.id}),
        ({"place": "teams:#t_o"}, {his.id}),
        ({"place": "teams:#two"}, set()),
        ({"place": "teams:#t"}, set()),
        ({"place": "slack:#one", "status": ("open",)}, {mine.id}),
        ({"status": ("open",)}, {mine.id, his.id}),
        ({"status": ("open", "closed"), "owner": "ana@acme.example"}, {mine.id, closed.id}),
        ({"status": ("dismissed",)}, set()),
        ({"owner": "dov@acme.example"}, set()),
        ({"owner": "d\0v"}, set()),
    ]
    for which, expected in cases:
        assert set(read_all(world, **which)) == expected, which


@pytest.mark.parametrize("cursor", ["nonsense", "W10=", "WzEsMl0=", "é", "WyIyMDI2LTExLTIwIiwieCJd"])
def test_a_cursor_that_is_not_ours_is_refused(world: Any, cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        world.store.alerts(AlertFilter(cursor=cursor))


def test_an_alert_is_found_by_the_end_of_its_id(world: Any) -> None:
    first = world.raise_(id="01J00000000000000000XYWXYZ")
    world.clock.pass_(1)
    second = world.raise_(id="01J00000000000000001ABWXYZ")
    by_short = world.store.alerts_by_short
    assert [alert.id for alert in by_short("WXYZ")] == [second.id, first.id]
    assert [alert.id for alert in by_short("XYWXYZ")] == [first.id]
    assert [alert.id for alert in by_short(first.id)] == [first.id]
    assert [alert.id for alert in by_short("0XYWXYZ")] == [first.id]
    for nobody in ("XYZ", "", "AAAA", "WX%Z", "W_YZ", "\0XYZ", "ÄXYZ", "0" * 40):
        assert by_short(nobody) == [], nobody


def test_short_ids_find_at_most_ten(world: Any) -> None:
    for n in range(12):
        world.raise_(id=f"01J{n:017d}SAMEND")
    assert len(world.store.alerts_by_short("SAMEND")) == 10


def test_due_alerts_are_the_unfinished_ones_whose_instant_has_come(world: Any) -> None:
    first = world.raise_()
    world.clock.pass_(1)
    second, closed = world.raise_(), world.raise_()
    world.close(closed)
    before = first.due_at - timedelta(microseconds=1)
    assert world.store.next_due(before) == first.due_at
    assert world.store.next_due(first.due_at) == second.due_at
    assert world.store.next_due(second.due_at) is None
    assert world.store.due_alerts(before, limit=10) == []
    assert world.store.due_alerts(first.due_at, limit=10) == [(first.id, first.due_at)]
    everything = [(first.id, first.due_at), (second.id, second.due_at)]
    assert world.store.due_alerts(second.due_at + timedelta(days=1), limit=10) == everything
    assert world.store.due_alerts(second.due_at, limit=1) == everything[:1]


def test_nothing_is_due_in_an_empty_store(world: Any) -> None:
    assert world.store.next_due(world.clock.at) is None
    assert world.next_at() is None
    assert world.store.counts() == {}
    assert world.store.beats() == {}


def test_counts_are_of_what_is_not_finished(world: Any, by_ana: Actor) -> None:
    alert, _, closed = world.raise_(), world.raise_(), world.raise_()
    world.change(alert, life.acknowledge, by=by_ana)
    world.change(alert, life.note, by=by_ana, text="a reply that waits for its card")
    world.close(closed)
    world.claim()
    assert world.store.counts() == {"open": 1, "acknowledged": 1, "delivery.pending": 3, "delivery.sending": 1}
