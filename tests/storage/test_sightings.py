"""Messages that somebody was shown: kept by their mark, for all processes, and harmless to lose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.ports import Receipt
from bot.ports.conversations import Sightings
from storage.sightings import MOST, LocalSightings, RedisSightings

CARD = Receipt(channel="19:alerts@thread.tacv2;messageid=1795000000000", ts="1795000000000")
TWIN = Receipt(channel="19:alerts@thread.tacv2;messageid=1795000000999", ts="1795000000999")


@pytest.fixture(params=["local", "redis"])
def sightings(request: pytest.FixtureRequest) -> Iterator[Sightings]:
    if request.param == "local":
        yield LocalSightings()
        return
    found = RedisSightings(request.getfixturevalue("valkey_url"), rest=0.0)
    yield found
    found.close()


def test_what_was_seen_is_known_by_its_delivery_and_each_message_once(sightings: Sightings) -> None:
    for receipt in (CARD, TWIN, CARD):
        sightings.saw("card:1", receipt)
    assert sorted(sightings.seen("card:1"), key=lambda one: one.ts) == [CARD, TWIN]
    assert sightings.seen("card:2") == []


def test_whoever_forges_clicks_cannot_fill_the_memory(sightings: Sightings) -> None:
    for number in range(MOST * 2):
        sightings.saw("card:1", Receipt(channel="19:x", ts=str(number)))
    assert len(sightings.seen("card:1")) == MOST


def test_what_was_seen_long_ago_is_forgotten() -> None:
    now = [0.0]
    found = LocalSightings(lambda: now[0])
    found.saw("card:1", CARD)
    now[0] = 3601
    assert found.seen("card:1") == []


def test_without_redis_a_process_knows_what_it_was_told_itself() -> None:
    here, there = (RedisSightings("redis://127.0.0.1:9", rest=0.0) for _ in range(2))
    here.saw("card:1", CARD)
    assert here.seen("card:1") == [CARD]
    assert there.seen("card:1") == []
    here.close(), there.close()


def test_what_was_seen_while_redis_was_away_counts_beside_what_all_know(valkey_url: str) -> None:
    found = RedisSightings(valkey_url, rest=0.0)
    with pytest.MonkeyPatch.context() as away:
        away.setattr(found._server, "asked", lambda call: None)
        found.saw("card:1", CARD)
    found.saw("card:1", TWIN)
    assert sorted(found.seen("card:1"), key=lambda one: one.ts) == [CARD, TWIN]
    found.close()
