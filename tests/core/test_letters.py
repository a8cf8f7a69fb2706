"""What is said of many alerts at somebody's own time: who gets a list at all, in which order, how much of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cast import ANA, CLEO, T0, acknowledged, closed, minutes, opened, plain, quoted, signal

from bot.core import letters
from bot.core.card import Message
from bot.core.mutes import Mute
from bot.core.signal import Severity
from bot.core.state import Alert
from bot.core.text import Ref

LATER = T0 + minutes(5)


def alert(name: str, **fields: object) -> Alert:
    made = opened()
    return replace(made, id=f"{name:0>26}", signal=replace(made.signal, title=f"Title of {name}"), **fields)  # type: ignore[arg-type]


def says(message: Message | None) -> str:
    assert message is not None
    assert (message.kind, message.alert_id, message.buttons) == ("letter", "", ())
    return "\n".join([message.title, *map(plain, message.lines), plain(message.foot)])


def order(message: Message | None) -> list[str]:
    assert message is not None
    return [part.text for line in message.lines for part in line if isinstance(part, Ref)]


STUCK = {"asked": 2}


def test_a_morning_lists_what_is_open_overdue_first_then_the_gravest_then_the_oldest() -> None:
    mine = [
        alert("CALM01", severity=Severity.WARNING),
        alert("OLD001", severity=Severity.WARNING, raised_at=T0 - timedelta(days=1)),
        alert("GRAVE1", severity=Severity.CRITICAL),
        alert("LATE01", severity=Severity.INFO, **STUCK),
    ]
    message = letters.morning(ANA.id, mine, now=LATER)
    assert order(message) == ["#LATE01", "#GRAVE1", "#OLD001", "#CALM01"]
    assert "Good morning, Ana. 4 alerts open, 1 overdue." in says(message)
    assert "/loop mine" in says(message)


def test_where_nothing_is_open_nobody_is_wished_a_good_morning() -> None:
    assert letters.morning(ANA.id, [], now=LATER) is None


def test_one_alert_is_one_alert() -> None:
    assert "1 alert open." in says(letters.morning(ANA.id, [alert("ONE001")], now=LATER))


def test_a_manager_hears_only_of_what_is_stuck() -> None:
    assert letters.line(CLEO.id, [alert("CALM01")], now=LATER) is None
    message = letters.line(CLEO.id, [alert("CALM01"), alert("LATE01", **STUCK)], now=LATER)
    assert order(message) == ["#LATE01"]
    assert "Cleo, 1 alert stuck in your line" in says(message)
    assert "Ana" in says(message), "whose it is"


def test_exceptions_are_listed_for_whoever_takes_one() -> None:
    assert letters.exceptions([], now=LATER) is None
    assert "2 alerts that only a human can settle" in says(
        letters.exceptions([alert("A00001"), alert("B00001")], now=LATER)
    )


def test_no_more_are_named_than_fit_on_a_phone_and_the_rest_is_counted() -> None:
    many = [alert(f"N{n:05}") for n in range(letters.NAMED + 3)]
    message = letters.morning(ANA.id, many, now=LATER)
    assert len(order(message)) == letters.NAMED
    assert "3 more are not named here." in says(message)
    message = letters.morning(ANA.id, many[: letters.NAMED + 1], now=LATER)
    assert "1 more is not named here." in says(message)


def test_what_a_source_wrote_travels_as_a_quote_on_one_line() -> None:
    hostile = replace(opened(), signal=signal(title="<!channel>\nsecond *line* \u202e"))
    message = letters.morning(ANA.id, [hostile], now=LATER)
    assert message is not None
    assert quoted(message.lines) == ["<!channel> second *line*"]


MUTE = Mute(id="m", start=T0, until=LATER, owner=ANA.id, source="drift-watch")


def test_whoever_muted_hears_what_came_of_it() -> None:
    message = letters.held_back(MUTE, [alert("OPEN01"), closed()], more=False, now=LATER)
    assert "Ana, the mute of drift-watch is over. It held back 2 alerts; still open: 1." in says(message)
    assert "1 alert; still open: 1." in says(letters.held_back(MUTE, [acknowledged()], more=False, now=LATER))
    assert "It held back nothing." in says(letters.held_back(MUTE, [], more=False, now=LATER))
    assert "2 or more alerts" in says(letters.held_back(MUTE, [alert("A00001")] * 2, more=True, now=LATER))


def test_a_mute_is_named_as_it_is_typed() -> None:
    rule = replace(MUTE, source=None, rule="big-invoices")
    everything = replace(MUTE, source=None)
    assert "rule big-invoices" in says(letters.held_back(rule, [], more=False, now=LATER))
    assert "everything" in says(letters.held_back(everything, [], more=False, now=LATER))


def test_a_gap_says_from_when_until_when_and_how_to_fill_it() -> None:
    said = says(letters.gap("payments", T0, T0 + timedelta(hours=8), now=T0))
    assert "Nobody is on call for payments from 09:00 until 17:00." in said
    assert "/loop oncall swap payments @somebody until" in said
    assert "from 09:00, without an end." in says(letters.gap("payments", T0, None, now=T0))
    assert "it is told once" not in said
    assert "it is told once" in says(letters.gap("payments", T0, T0 + timedelta(hours=8), now=T0, regular=True))
