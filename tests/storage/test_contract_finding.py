"""Finding alerts by what people remember of them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.signal import Discrepancy, Entity
from storage import finding


def found(world: Any, words: str, limit: int = 20) -> list[str]:
    return [alert.id for alert in world.store.search(words, limit=limit)]


def test_an_alert_is_found_by_any_of_its_own_words_in_any_case(world: Any) -> None:
    entity = Entity(type="invoice", id="INV-90417", url=None)
    alert = world.raise_(
        title="Refund ring in Antwerp",
        dedup_key="ring:7",
        labels={"team": "payments"},
        discrepancy=Discrepancy(entity=entity, expected=1, observed=2, unit=None),
    )
    world.raise_(title="Drift of the churn model")
    for words in ("antwerp", "REFUND ring", "inv-90417", "ring:7", "payments refund"):
        assert found(world, words) == [alert.id], words
    for words in ("antwerp churn", "zeppelin", "", "  ", "a\0b"):
        assert found(world, words) == [], words


def test_the_newest_come_first_and_no_more_than_were_wanted_however_many_are_looked_through(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "BATCH", 2)
    monkeypatch.setattr(finding, "NEWEST", 6)
    raised = []
    for name in ("alpha", "beta", "gamma", "delta", "omega"):
        raised.append(world.raise_(title=f"Mismatch {name}").id)
        world.clock.pass_(1)
    assert found(world, "mismatch") == raised[::-1]
    assert found(world, "mismatch", limit=3) == raised[:1:-1]
    assert found(world, "mismatch alpha") == raised[:1]
