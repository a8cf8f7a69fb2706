"""Finding alerts by what people remember of them, and where their cards are."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.signal import Discrepancy, Entity
from storage import finding

ENTITY = Discrepancy(
    entity=Entity(type="invoice", id="INV-7731", url="https://erp.example/7731"), expected=1, observed=2
)


def found(world: Any, words: str, limit: int = 10) -> list[str]:
    return [alert.id for alert in world.store.search(words, limit=limit)]


@pytest.mark.parametrize(
    "words",
    [
        "paid twice",
        "TWICE paid",
        "inv-7731",
        "Invoice",
        "erp.example",
        "key:42",
        "auditor",
        "Straße",
        "STRASSE",
        "pa twi",
    ],
)
def test_an_alert_is_found_by_its_title_entity_key_source_or_labels_in_any_case(world: Any, words: str) -> None:
    alert = world.raise_(
        title="Paid twice", dedup_key="key:42", discrepancy=ENTITY, labels={"team": "Straße der Zahlen"}
    )
    world.raise_(title="Nothing of it", source="other", dedup_key="x")
    assert found(world, words) == [alert.id]


@pytest.mark.parametrize("words", ["", "  ", "zebra", "paid zebra", "%", "_", "n\0", "\ud800", "summary"])
def test_what_it_does_not_say_finds_nothing(world: Any, words: str) -> None:
    world.raise_(title="Paid twice", summary="the summary is not looked at")
    assert found(world, words) == []


def test_the_newest_come_first_and_no_more_than_asked_for(world: Any) -> None:
    ids = []
    for _ in range(4):
        ids.append(world.raise_(title="Paid twice").id)
        world.clock.pass_(1)
    assert found(world, "paid") == ids[::-1]
    assert found(world, "paid", 3) == ids[:0:-1]


def test_finished_alerts_are_found_too(world: Any) -> None:
    assert found(world, "paid") == []
    alert = world.close(world.raise_(title="Paid twice"))
    assert found(world, "paid") == [alert.id]


def test_only_the_newest_are_looked_through(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for where in ("storage.finding.NEWEST", "storage.memory.NEWEST"):
        monkeypatch.setattr(where, 2)
    world.raise_(title="Paid twice")
    world.clock.pass_(1)
    late = [world.raise_(title="Paid twice").id for _ in range(2)]
    assert set(found(world, "paid")) == set(late)
    assert finding.NEWEST == 2


def test_cards_are_where_they_were_shown_and_others_are_left_out(world: Any) -> None:
    shown, waiting = world.raise_(), world.raise_(place="slack:#other")
    world.show(world.claim(), "12.5")
    found = world.store.cards({one.id: one.place for one in (shown, waiting)})
    assert {alert_id: (one.channel, one.ts) for alert_id, one in found.items()} == {shown.id: ("C1", "12.5")}
    assert world.store.cards({}) == {}
    assert world.store.cards({shown.id: "teams:#nowhere"}) == {}
