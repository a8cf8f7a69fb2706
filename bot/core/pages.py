"""Lists for one person: their open alerts, the answer to a command, the history of an alert. Any chat can show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.core import words
from bot.core.card import Button, buttons
from bot.core.events import Event
from bot.core.people import Person
from bot.core.state import Alert, Status
from bot.core.text import Quote, Text, When, Words, one_line, sentence


@dataclass(frozen=True, kw_only=True)
class Row:
    """One entry of a page, with what can be pressed beside it."""

    lines: tuple[Text, ...]
    alert_id: str = ""
    generation: int = 0
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A page: a title, an introduction, rows, a last line."""

    title: str
    intro: Text = ()
    rows: tuple[Row, ...] = ()
    foot: Text = ()
    people: Mapping[str, Person] = field(default_factory=dict)


ROWS = 20


def home(alerts: Iterable[Alert], *, now: datetime) -> Sheet:
    """Somebody's open alerts, overdue ones first, then those with the earliest due time."""
    mine = sorted(alerts, key=lambda a: (not overdue(a, now), a.due_at or now, a.severity.rank, a.id))
    shown = tuple(_entry(alert, now=now, pressable=True) for alert in mine[:ROWS])
    return Sheet(
        title="My open alerts", intro=_how_many(len(mine), now_due(mine, now)), rows=shown, foot=_more(len(mine))
    )


def listing(title: str, alerts: Iterable[Alert], *, now: datetime) -> Sheet:
    """A list of alerts as the answer to a command."""
    found = list(alerts)
    shown = tuple(_entry(alert, now=now, pressable=False) for alert in found[:ROWS])
    return Sheet(title=title, intro=_how_many(len(found), now_due(found, now)), rows=shown, foot=_more(len(found)))


def now_due(alerts: Iterable[Alert], now: datetime) -> int:
    """How many of them somebody should have dealt with by now."""
    return sum(1 for alert in alerts if overdue(alert, now))


def overdue(alert: Alert, now: datetime) -> bool:
    """Whether somebody was asked in vain: nudged, escalated, a check-in unanswered; or the clock itself is late."""
    if alert.due_at is None or alert.due_at <= now:
        return alert.due_at is not None
    in_vain = alert.asked > 0 or (alert.status == Status.OPEN and alert.step > 0)
    return in_vain and not alert.snoozed_until


def history(alert: Alert, events: list[Event], *, at_most: int = 40) -> Sheet:
    """Everything that happened to an alert, oldest first; of a long story the newest part."""
    shown = events[-at_most:]
    left = len(events) - len(shown)
    rows = tuple(Row(lines=((When(event.at), Words(" · "), *words.told(event)),)) for event in shown)
    intro = sentence(f"The first {left} events are not shown here; the API has them all.") if left else ()
    return Sheet(title=f"#{alert.short} {one_line(alert.signal.title, 100)}", intro=intro, rows=rows)


def status(alert: Alert, events: list[Event], *, now: datetime) -> Sheet:
    """One alert and its last events, as the answer to `/loop status`."""
    last = tuple(Row(lines=((When(event.at), Words(" · "), *words.told(event)),)) for event in events[-5:])
    return Sheet(title=f"#{alert.short}", rows=(_entry(alert, now=now, pressable=True), *last))


def help_page(*, command: str = "/loop") -> Sheet:
    """What can be typed, with an example each."""
    lines = (
        ("mine", "your open alerts, overdue first"),
        ("open", "all open alerts"),
        ("open #channel", "the open alerts of one channel"),
        ("status 8F3K2Q", "one alert by the number on its card"),
        ("help", "this page"),
    )
    rows = tuple(Row(lines=((Words(f"{command} {typed}", bold=True), Words(f" — {what}")),)) for typed, what in lines)
    return Sheet(title="What you can type", rows=rows)


def named(sheet: Sheet, people: Mapping[str, Person]) -> Sheet:
    return replace(sheet, people=people)


def _entry(alert: Alert, *, now: datetime, pressable: bool) -> Row:
    sign = words.STATUS_SIGN.get(alert.status, words.SEVERITY_SIGN[alert.severity])
    head: Text = (
        Words(f"{sign} {alert.severity.upper()} "),
        Quote(one_line(alert.signal.title, 150), bold=True),
        Words(f" · #{alert.short}"),
    )
    due: Text = ()
    if alert.due_at:
        late = " · overdue" if overdue(alert, now) else ""
        due = (Words(f"{late} · next "), When(alert.due_at))
    return Row(
        lines=(head, (*words.standing(alert), *due)),
        alert_id=alert.id,
        generation=alert.generation,
        buttons=buttons(alert)[:4] if pressable else (),
    )


def _how_many(count: int, late: int) -> Text:
    if not count:
        return sentence("Nothing is open here. 🎉")
    return sentence(f"{count} open", f", {late} overdue" if late else "", ".")


def _more(count: int) -> Text:
    return sentence(f"{count - ROWS} more are not shown.") if count > ROWS else ()
