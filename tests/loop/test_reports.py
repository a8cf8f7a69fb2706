"""The report somebody asked for: what it counts, that it is sent once, with pictures where the chat takes them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from cast import ANA, BEN, T0, Team, given, minutes, opened, plain

from bot.core.wake import wake
from bot.ports import Later, Refusal, Unknown
from bot.ports.rota import Recorded
from bot.reporting import Reporter, life

DAY = timedelta(days=1)


def reporter(world: Any) -> Reporter:
    made = world.work.reporter
    assert isinstance(made, Reporter)
    return made


def test_a_report_is_a_letter_to_whoever_asked_once_for_each_asking(world: Any) -> None:
    world.raised()
    for errand in (f"slack:{BEN.id}:first", f"slack:{BEN.id}:first", f"slack:{BEN.id}:second"):
        world.work.report(errand)
    world.deliver()
    sent = [shown for shown in world.chat.shown if shown.mark.kind == "letter"]
    assert Counter(shown.place for shown in sent) == {f"slack:@{BEN.id}": 2}
    assert sent[0].message.lines
    assert "nothing here is counted by person" in plain(sent[0].message.foot)


def test_somebody_without_an_e_mail_gets_theirs_too(world: Any) -> None:
    """Their id has a colon in it."""
    world.work.report("slack:slack:U0NEW:abc")
    (letter,) = [row for row in world.store._lanes.rows.values() if row.kind == "letter"]
    assert letter.place == "slack:@slack:U0NEW"


def test_where_nothing_was_raised_it_says_so_and_nothing_breaks(world: Any) -> None:
    world.work.report(f"slack:{ANA.id}:x")
    world.deliver()
    assert [shown.mark.kind for shown in world.chat.shown] == ["letter"]


def test_it_counts_what_was_raised_in_the_last_eight_weeks_and_what_is_still_open_from_before(world: Any) -> None:
    world.clock.at = T0 - 100 * DAY
    ancient = world.raised(dedup_key="ancient")
    world.raised(dedup_key="done")
    world.loop.resolve(world.act(world.store.search("done", limit=1)[0], ANA), what="Refunded.")
    world.clock.at = T0 - 40 * DAY
    before = world.raised(dedup_key="before")
    world.clock.at = T0
    now = world.raised(dedup_key="now")
    counted = sorted(one.raised_at for one in reporter(world)._lives())
    assert counted == [ancient.raised_at, before.raised_at, now.raised_at]


def test_an_alert_s_life_is_counted_from_its_trail() -> None:
    alert = opened()
    events = []
    at = 0.0
    while "exception" not in [event.kind for event in events]:
        at += 10
        change = wake(alert, given(at, roster=Team()))
        if change is not None:
            alert, events = change.alert, [*events, *change.events]
    found = life(Recorded(alert=alert, events=tuple(events)))
    kinds = Counter(event.kind.value for event in events)
    assert (found.nudges, found.exceptions) == (kinds["nudged"], kinds["exception"])
    assert found.escalations == (1, 2, 3)
    assert (found.acknowledged_at, found.finished_at, found.due_at) == (None, None, alert.due_at)


class WithPictures:
    """A chat that takes pictures, or does not."""

    def __init__(self, failing: Exception | None = None) -> None:
        self.failing = failing
        self.taken: list[str] = []

    def picture(self, png: bytes, /, title: str, alt: str) -> str:
        if self.failing:
            raise self.failing
        assert png.startswith(b"\x89PNG")
        self.taken.append(title)
        return f"F{len(self.taken)}"


def with_pictures(world: Any, chat: WithPictures) -> list[Any]:
    for n in range(5):
        world.raised(dedup_key=f"k{n}")
    made = Reporter(store=world.store, clock=world.clock, chats={"slack": chat}, queue=world.queue)  # type: ignore[dict-item]
    made.send(f"slack:{ANA.id}:x")
    world.clock.forward(minutes(1))
    world.deliver()
    (shown,) = world.chat.to(f"slack:@{ANA.id}")
    return list(shown.message.pictures)


def test_a_chat_that_takes_pictures_shows_them_with_words_for_who_cannot_see_them(world: Any) -> None:
    pictures = with_pictures(world, chat := WithPictures())
    assert chat.taken and len(pictures) == len(chat.taken)
    assert {one.title for one in pictures} == {""}, "it is drawn in each of them"
    assert all(one.alt for one in pictures)


@pytest.mark.parametrize("failing", [Refusal("missing_scope"), Later("ratelimited", 30), Unknown("timeout")])
def test_a_chat_that_does_not_take_them_gets_the_words_alone(world: Any, failing: Exception) -> None:
    assert with_pictures(world, WithPictures(failing)) == []
