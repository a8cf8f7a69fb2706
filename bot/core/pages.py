"""Lists for one person: their open alerts, the answer to a command, the history of an alert. Any chat can show them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.core import text, words
from bot.core.card import Button, buttons
from bot.core.events import Event
from bot.core.people import Person
from bot.core.signal import Severity
from bot.core.state import Alert, Status
from bot.core.text import Quote, Ref, Text, When, Words, one_line, sentence


@dataclass(frozen=True, kw_only=True)
class Row:
    """One entry of a page, with what can be pressed beside it."""

    lines: tuple[Text, ...]
    alert_id: str = ""
    generation: int = 0
    buttons: tuple[Button, ...] = ()
    pick: bool = False
    """it can be chosen, to do something with several at once"""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of which a page shows the entries: a tab, or a filter's value. `value` empty: all of them."""

    name: str
    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A page: a title, an introduction, rows, a last line."""

    title: str
    intro: Text = ()
    rows: tuple[Row, ...] = ()
    foot: Text = ()
    people: Mapping[str, Person] = field(default_factory=dict)
    tabs: tuple[Choice, ...] = ()
    filters: tuple[tuple[str, tuple[Choice, ...]], ...] = ()
    """label ▶ what it can be set to"""
    bulk: tuple[Button, ...] = ()
    """what can be done with all rows that are picked"""
    state: Mapping[str, str] = field(default_factory=dict)
    """what is chosen: a page that is drawn anew shows the same"""


ROWS = 20
MOST, FEW = 20, 4
"""buttons beside an alert that stands alone, and beside one of many"""
TABS = {"mine": "Mine", "team": "My team's", "overdue": "Overdue", "exceptions": "Exceptions"}
BULK = (
    Button(act="acknowledge", label="Acknowledge picked", style="primary"),
    Button(act="snooze", label="Snooze picked"),
    Button(act="reassign", label="Reassign picked"),
    Button(act="resolve", label="Resolve picked"),
)
_NOTHING = {
    "mine": "Nothing is open here. 🎉",
    "team": "Nothing is open among the people who report to you.",
    "overdue": "Nothing is overdue. 🎉",
    "exceptions": "Nothing waits for an exception to be settled. 🎉",
}


def home(alerts: Iterable[Alert], *, now: datetime, state: Mapping[str, str], total: Mapping[str, int]) -> Sheet:
    """Somebody's Home: the alerts of a tab that pass its filters, overdue ones first, then the earliest due.

    `state`: `tab`, `severity`, `source`; `total`: tab ▶ how many alerts there are in it.
    """
    tab = state.get("tab") if state.get("tab") in TABS else "mine"
    everything = list(alerts)
    found = sorted(filter(_passes(state), everything), key=lambda a: _urgency(a, now))
    shown = tuple(_entry(alert, now=now, most=FEW, pick=True) for alert in found[:ROWS])
    kept = {name: value for name in ("tab", "severity", "source") if (value := state.get(name))}
    out = len(everything) - len(found)
    kept_out = sentence(f" {out} more {'does' if out == 1 else 'do'} not pass the filters.") if out else ()
    intro = sentence(_NOTHING[tab or "mine"]) if not everything else _how_many(len(found), now_due(found, now))
    return Sheet(
        title="Open alerts",
        intro=(*intro, *kept_out),
        rows=shown,
        foot=_more(len(found)),
        tabs=tuple(
            Choice(name="tab", value=one, label=f"{label} ({total.get(one, 0)})", chosen=one == tab)
            for one, label in TABS.items()
        ),
        filters=_filters(everything, state),
        bulk=BULK if len(shown) > 1 else (),
        state=kept,
    )


def _passes(state: Mapping[str, str]) -> Callable[[Alert], bool]:
    severity, source = state.get("severity"), state.get("source")
    return lambda alert: severity in (None, "", alert.severity) and source in (None, "", alert.source)


def _urgency(alert: Alert, now: datetime) -> tuple[bool, datetime, int, str]:
    return not overdue(alert, now), alert.due_at or now, alert.severity.rank, alert.id


def _filters(alerts: list[Alert], state: Mapping[str, str]) -> tuple[tuple[str, tuple[Choice, ...]], ...]:
    """Only where there is something to choose between; what is chosen can always be taken back."""
    severities = [one.value for one in Severity if any(alert.severity == one for alert in alerts)]
    sources = sorted({alert.source for alert in alerts})[:90]
    made = (("Severity", "severity", severities), ("Source", "source", sources))
    return tuple(
        (label, tuple(_choices(name, values, state.get(name, ""))))
        for label, name, values in made
        if len(values) > 1 or state.get(name)
    )


def _choices(name: str, values: Sequence[str], chosen: str) -> Iterator[Choice]:
    yield Choice(name=name, value="", label=f"Every {name}", chosen=not chosen)
    for value in dict.fromkeys((*values, *([chosen] if chosen else ()))):
        yield Choice(name=name, value=value, label=one_line(value, 60), chosen=value == chosen)


def listing(title: str, alerts: Iterable[Alert], *, now: datetime) -> Sheet:
    """A list of alerts as the answer to a command."""
    found = list(alerts)
    shown = tuple(_entry(alert, now=now) for alert in found[:ROWS])
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


def lateness(alert: Alert, now: datetime) -> str:
    """What stands behind an alert that somebody was asked about in vain; empty for any other."""
    if alert.finished or not overdue(alert, now):
        return ""
    # "Overdue" would contradict a deadline that is still ahead.
    ahead = alert.status == Status.ACKNOWLEDGED and alert.resolve_by is not None and alert.resolve_by > now
    return " · check-in unanswered" if ahead and alert.asked else " · overdue"


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
    return Sheet(title=f"#{alert.short}", rows=(_entry(alert, now=now, most=MOST), *last))


def named(sheet: Sheet, people: Mapping[str, Person]) -> Sheet:
    return replace(sheet, people=people)


def linked(sheet: Sheet, links: Mapping[str, str]) -> Sheet:
    """The page with a link (alert id ▶ address) at every number of an alert whose card can be opened."""
    rows = tuple(replace(row, lines=tuple(text.linked(line, links) for line in row.lines)) for row in sheet.rows)
    return replace(sheet, intro=text.linked(sheet.intro, links), foot=text.linked(sheet.foot, links), rows=rows)


def refs(sheet: Sheet) -> set[str]:
    """The ids of all alerts whose numbers are on the page."""
    texts = (sheet.intro, sheet.foot, *(line for row in sheet.rows for line in row.lines))
    return {one for part in texts for one in text.refs(part)}


def _entry(alert: Alert, *, now: datetime, most: int = 0, pick: bool = False) -> Row:
    """`most`: how many buttons stand beside it, those that are pressed oftenest first."""
    sign = words.STATUS_SIGN.get(alert.status, words.SEVERITY_SIGN[alert.severity])
    head: Text = (
        Words(f"{sign} {alert.severity.upper()} "),
        Quote(one_line(alert.signal.title, 150), bold=True),
        Words(" · "),
        Ref(alert.id),
    )
    due: Text = ()
    if alert.due_at:
        due = (Words(f"{lateness(alert, now)} · asked again "), When(alert.due_at))
    return Row(
        lines=(head, (*words.standing(alert), *due)),
        alert_id=alert.id,
        generation=alert.generation,
        buttons=buttons(alert)[:most],
        pick=pick,
    )


def _how_many(count: int, late: int) -> Text:
    if not count:
        return sentence(_NOTHING["mine"])
    return sentence(f"{count} open", f", {late} overdue" if late else "", ".")


def _more(count: int) -> Text:
    left = count - ROWS
    return sentence(f"{left} more {'is' if left == 1 else 'are'} not shown.") if left > 0 else ()
