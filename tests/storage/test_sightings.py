"""Messages that somebody was shown: what is in doubt is kept by its mark, for all processes, and for an hour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.ports import Away, Receipt, Settled
from storage.sightings import AGE, MOST, MemorySightings, sightings

PLACE = "teams:#ai-alerts"
CARD = Receipt(channel="19:alerts@thread.tacv2;messageid=1795000000000", ts="1795000000000")
TWIN = Receipt(channel="19:alerts@thread.tacv2;messageid=1795000000999", ts="1795000000999")


@pytest.fixture
def card(sql_world: Any) -> str:
    """The key of a card on its way: nobody knows yet whether it arrived."""
    sql_world.raise_(place=PLACE)
    return str(sql_world.claim(PLACE).delivery.key)


def seen(world: Any, key: str) -> list[Receipt]:
    return sorted(world.store.seen(key), key=lambda one: one.ts)


def kept(world: Any) -> int:
    with world.store.database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(sightings)).scalar_one())


def test_what_was_seen_is_known_to_all_processes_and_each_message_once(sql_world: Any, card: str) -> None:
    for receipt in (CARD, TWIN, CARD):
        sql_world.store.saw(card, receipt)
    other = sql_world.of_another_process()
    assert seen(other, card) == [CARD, TWIN]
    other.store.close()
    assert seen(sql_world, "card:2") == []


def test_what_is_in_no_doubt_is_not_written_down(sql_world: Any) -> None:
    sql_world.raise_(place=PLACE)
    claimed = sql_world.claim(PLACE)
    sql_world.store.settle(claimed, Settled(state="shown", posted=True, receipt=CARD))
    sql_world.store.saw(claimed.delivery.key, CARD)
    sql_world.store.saw("card:nobody owes it", CARD)
    assert kept(sql_world) == 0
    sql_world.store.saw(claimed.delivery.key, TWIN)
    assert seen(sql_world, claimed.delivery.key) == [TWIN]


def test_of_what_was_sent_twice_both_are_kept(sql_world: Any, card: str) -> None:
    sql_world.clock.pass_(31)
    again = sql_world.claim(PLACE)
    assert again.delivery.posts == 2
    sql_world.store.settle(again, Settled(state="shown", posted=True, receipt=TWIN))
    for receipt in (CARD, TWIN):
        sql_world.store.saw(card, receipt)
    assert seen(sql_world, card) == [CARD, TWIN]


def test_a_twin_that_somebody_sees_is_looked_for_at_once_while_twins_are_looked_for(sql_world: Any, card: str) -> None:
    sql_world.clock.pass_(31)
    again, later = sql_world.claim(PLACE), sql_world.machine + 600
    shown = Settled(state="shown", posted=True, receipt=CARD, sweep_at=later)
    sql_world.store.settle(again, shown)
    sql_world.store.saw(card, CARD)
    assert sql_world.store.due_sweeps(sql_world.machine, limit=9) == []
    sql_world.store.saw(card, TWIN)
    assert sql_world.store.due_sweeps(sql_world.machine, limit=9) == [again.delivery.id]
    claimed, was = sql_world.store.sweepable(again.delivery.id)
    with sql_world.store.transaction() as tx:
        assert tx.swept(claimed.delivery.id, was=was, next_at=None, receipt=CARD)
    sql_world.store.saw(card, Receipt(channel="19:x", ts="9"))
    assert sql_world.store.due_sweeps(sql_world.machine + 9_999, limit=9) == [], "after the last look nobody looks"


@pytest.mark.parametrize("known_before", [False, True])
def test_a_twin_that_is_seen_while_somebody_looks_makes_the_look_be_made_again(
    sql_world: Any, card: str, known_before: bool
) -> None:
    """What the look had read was older. Whoever is only shown it again keeps no look from ending."""
    sql_world.clock.pass_(31)
    again = sql_world.claim(PLACE)
    shown = Settled(state="shown", posted=True, receipt=CARD, sweep_at=sql_world.machine + 60)
    sql_world.store.settle(again, shown)
    if known_before:
        sql_world.store.saw(card, TWIN)
    sql_world.clock.pass_(61)
    claimed, was = sql_world.store.sweepable(again.delivery.id)
    sql_world.clock.pass_(1)
    sql_world.store.saw(card, TWIN)
    with sql_world.store.transaction() as tx:
        assert tx.swept(claimed.delivery.id, was=was, next_at=was + 540, receipt=CARD) is known_before
    due = sql_world.store.due_sweeps(sql_world.machine, limit=9)
    assert due == ([] if known_before else [again.delivery.id])


def test_of_two_the_one_that_the_row_knows_is_there_too(sql_world: Any, card: str) -> None:
    """Only the first is seen; the repeat has the receipt. Adopting the one must not lose the other."""
    sql_world.clock.pass_(31)
    again = sql_world.claim(PLACE)
    sql_world.store.settle(again, Settled(state="shown", posted=True, receipt=TWIN, sweep_at=sql_world.machine + 60))
    sql_world.store.saw(card, CARD)
    assert seen(sql_world, card) == [CARD, TWIN]


def test_what_was_removed_is_seen_by_nobody_any_more(sql_world: Any, card: str) -> None:
    for receipt in (CARD, TWIN):
        sql_world.store.saw(card, receipt)
    sql_world.store.gone(TWIN)
    assert seen(sql_world, card) == [CARD]


def test_whoever_forges_clicks_cannot_fill_the_database(sql_world: Any, card: str) -> None:
    for number in range(MOST * 2):
        sql_world.store.saw(card, Receipt(channel="19:x", ts=str(number)))
    assert kept(sql_world) == MOST


def test_what_was_seen_long_ago_is_forgotten(sql_world: Any, card: str) -> None:
    sql_world.store.saw(card, CARD)
    sql_world.clock.pass_(AGE + 1)
    assert seen(sql_world, card) == []
    sql_world.store.saw(card, TWIN)
    assert kept(sql_world) == 1


def test_a_database_that_is_away_keeps_nobody_from_seeing_their_card(
    sql_world: Any, card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> Any:
        raise Away("locked")

    monkeypatch.setattr(sql_world.store.database, "reading", away)
    sql_world.store.saw(card, CARD)
    with pytest.raises(Away):  # whoever looks must not take that for "not there"
        sql_world.store.seen(card)


@pytest.mark.parametrize("make", [lambda now: MemorySightings(lambda: now[0])])
def test_in_memory_the_same_is_remembered_and_forgotten(make: Callable[..., MemorySightings]) -> None:
    now = [0.0]
    found = make(now)
    for number in range(MOST * 2):
        found.saw("card:1", Receipt(channel="19:x", ts=str(number)))
    assert len(found.seen("card:1")) == MOST
    found.gone(Receipt(channel="19:x", ts="0"))
    assert len(found.seen("card:1")) == MOST - 1
    now[0] = AGE + 1
    assert found.seen("card:1") == []
