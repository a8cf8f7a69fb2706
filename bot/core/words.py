"""Every sentence the product says about an alert, made from its events. Facts are stored, sentences are rendered."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.core.events import QUIET, Actor, Event, Kind
from bot.core.signal import Severity, Value
from bot.core.state import Alert, Status
from bot.core.text import Link, Part, Quote, Text, When, Who, Words, harmless, host, one_line, sentence

SEVERITY_SIGN = {Severity.CRITICAL: "🔴", Severity.ERROR: "🟠", Severity.WARNING: "🟡", Severity.INFO: "🔵"}
STATUS_SIGN = {Status.CLOSED: "✅", Status.DISMISSED: "⚪"}


def heading(alert: Alert) -> str:
    """The card's title: never colour alone, always the word too."""
    sign = STATUS_SIGN.get(alert.status, SEVERITY_SIGN[alert.severity])
    word = alert.status.upper() if alert.finished else alert.severity.upper()
    return f"{sign} {word} · {one_line(alert.signal.title, 120)}"


def told(event: Event) -> Text:
    """One event as a sentence in the past tense, without its instant."""
    return sentence(*_TOLD[event.kind](event))


def stated(event: Event) -> Text:
    """`told` with a full stop, unless whoever wrote its end put one there."""
    said = told(event)
    end = said[-1]
    over = isinstance(end, Words | Quote) and end.text.endswith((".", "!", "?", "…"))
    return said if over else (*said, Words("."))


def actor(who: Actor) -> Part:
    """A person by name, a source, a tool or the clock by what it is."""
    if who.kind == "person":
        return Who(who.id)
    if who.kind == "tool":
        return Words(f"Somebody in {TOOLS.get(who.id, 'a tool')}")
    return Quote(one_line(who.name, 60)) if who.kind == "source" else Words("The clock")


def _because(event: Event, lead: str = ": ") -> tuple[Part | str, ...]:
    return (lead, Quote(harmless(event.reason, 600))) if event.reason else ()


def _link(event: Event) -> tuple[Part | str, ...]:
    url = event.data.get("link")
    return (" ", Link(url, "what was done")) if url and host(url) else ()


def _asked(event: Event) -> list[Part | str]:
    parts: list[Part | str] = []
    for name in event.data.get("asked", ()):
        parts += [", " if parts else "", Who(name[1:]) if name.startswith("@") else name]
    return parts


def _over(event: Event) -> tuple[Part | str, ...]:
    skipped = event.data.get("skipped") or ()
    return (" (stepped over ", Quote(one_line("; ".join(skipped), 300)), ")") if skipped else ()


def _escalated(event: Event) -> tuple[Part | str, ...]:
    if event.actor.kind == "person":
        return (actor(event.actor), " escalated this; asked ", *_asked(event), *_over(event))
    why = Quote(one_line(event.reason, 200)) if event.reason else "Nobody reacted"
    return (why, "; asked ", *_asked(event), *_over(event))


def _nudged(event: Event) -> tuple[Part | str, ...]:
    later = " (in their next digest)" if event.data.get("in_digest") else ""
    return ("Asked again: ", *_asked(event), later)


def _held(event: Event) -> tuple[Part | str, ...]:
    until = event.data["set"].get("due_at")
    when = (When(datetime.fromisoformat(until)),) if until else ("later",)
    return ("Nobody works at this hour: ", *_asked(event), " is asked ", *when)


def _dismissed(event: Event) -> tuple[Part | str, ...]:
    first = event.data.get("asked_by")
    with_ = (" together with ", Who(first)) if first else ()
    return (actor(event.actor), " dismissed this", *with_, *_because(event))


def _snooze_ended(event: Event) -> tuple[Part | str, ...]:
    return ("The mute that held this back ended",) if event.data.get("held_by") else ("The snooze ended",)


def _repoliced(event: Event) -> tuple[Part | str, ...]:
    version = event.data["set"].get("policy_version", "")
    return (actor(event.actor), f" put this under version {version} of its policy")


def _cleared(event: Event) -> tuple[Part | str, ...]:
    asks = event.data["set"].get("status") is None
    return (actor(event.actor), " reports that it is over", " and the owner is asked to confirm" if asks else "")


def _moved(verb: str) -> Callable[[Event], tuple[Part | str, ...]]:
    def tell(event: Event) -> tuple[Part | str, ...]:
        return (actor(event.actor), f" {verb} ", Who(event.data["to"]), *_because(event))

    return tell


def _by(verb: str) -> Callable[[Event], tuple[Part | str, ...]]:
    def tell(event: Event) -> tuple[Part | str, ...]:
        return (actor(event.actor), f" {verb}", *_because(event))

    return tell


def _until(event: Event) -> When | str:
    until = event.data["set"].get("snoozed_until")
    return When(datetime.fromisoformat(until)) if until else "the same time as before"


_KINDS = {
    "check_in": "check-in",
    "assigned": "word to its new owner",
    "moved": "word of where its card is",
    "help": "call for help",
    "responder": "word to a responder",
    "second_person": "question to a second person",
    "task_done": "question about its task",
}
TOOLS = {"planner": "Planner", "todo": "To Do"}
"""the platform of a task's place ▶ what people call it"""


def where(place: str) -> tuple[Part | str, ...]:
    """A place as people know it: a channel by its name, direct messages by whose they are, a tool by its own."""
    chat, _, name = place.partition(":")
    if chat in TOOLS:
        return (TOOLS[chat],)
    if chat == "mail":
        return ("the mail of ", Who(name[1:]))
    return ("the direct messages of ", Who(name[1:])) if name.startswith("@") else (one_line(name, 90),)


def _thing(event: Event) -> str:
    kind = str(event.data.get("kind", ""))
    return _KINDS.get(kind, kind)


def _superseded(event: Event) -> tuple[Part | str, ...]:
    return (f"Not said any more: the {_thing(event)} in ", *where(event.data["place"]), *_because(event))


def _rerouted(event: Event) -> tuple[Part | str, ...]:
    """Where it could not be said, the platform's word for why, and where it is said instead."""
    refused = (" (", Quote(one_line(str(event.data.get("error") or "no reason given"), 100)), ")")
    before, now = where(event.data["place"]), event.data["set"].get("place")
    if now:
        return ("Its place ", *before, " cannot be used", *refused, ": the card is in ", *where(now), " now")
    asked = _asked(event)
    # Whom no direct message reaches is written to.
    same = event.data.get("asked") == [str(event.data["place"]).partition(":")[2]]
    writes = same and event.data["kind"] in ("escalation", "exception", "nudge")
    instead = ("; wrote to " if writes else "; asked ", *asked) if asked else ()
    return (f"Its {_thing(event)} could not be shown in ", *before, *refused, *instead)


def _twin_removed(event: Event) -> tuple[Part | str, ...]:
    count = len(event.data["removed"])
    again = "once more than it should be" if count == 1 else f"{count} times more than it should be"
    return (f"Its {_thing(event)} was shown {again}; only the first of them stays",)


def _task_done(event: Event) -> tuple[Part | str, ...]:
    tool = TOOLS.get(event.data["tool"], "a tool")
    if event.actor.kind == "tool":
        return (f"Its task in {tool} was marked complete",)
    return (actor(event.actor), f" marked its task in {tool} complete")


def _clock_moved(event: Event) -> tuple[Part | str, ...]:
    until = event.data["set"].get("due_at")
    when = ("the next look is ", When(datetime.fromisoformat(until))) if until else ("its deadline was set right",)
    return ("The clock had jumped; ", *when)


_TOLD: dict[Kind, Callable[[Event], tuple[Part | str, ...]]] = {
    Kind.RAISED: lambda e: ("Raised by ", actor(e.actor), *_because(e, " · owner: ")),
    Kind.RAISED_AGAIN: lambda e: ("Raised again by ", actor(e.actor), *_because(e)),
    Kind.CAME_BACK: lambda e: ("Came back after the fix, raised by ", actor(e.actor)),
    Kind.ACKNOWLEDGED: lambda e: (actor(e.actor), " acknowledged"),
    Kind.STILL_ON_IT: lambda e: (actor(e.actor), " is still on it"),
    Kind.CHECK_IN: lambda e: ("The owner was asked whether they are still on it",),
    Kind.EXPIRED: lambda e: ("The acknowledgement expired", *_because(e)),
    Kind.NUDGED: _nudged,
    Kind.HELD: _held,
    Kind.DELEGATED: lambda e: (
        *(Who(e.data["from"]), " is ", Quote(one_line(e.reason, 80))),
        *("; ", Who(e.data["to"]), " stands in"),
    ),
    Kind.HELP_ASKED: lambda e: (actor(e.actor), " needs help with this; asked ", *_asked(e), *_over(e)),
    Kind.RESPONDER_ADDED: lambda e: (actor(e.actor), " asked ", Who(e.data["to"]), " to help"),
    Kind.DISMISSAL_ASKED: _by("asks to dismiss this, which takes a second person"),
    Kind.REPOLICED: _repoliced,
    Kind.ESCALATED: _escalated,
    Kind.EXCEPTION: _escalated,
    Kind.REASSIGNED: _moved("gave this to"),
    Kind.DECLINED: _moved("said it is not theirs; now asked:"),
    Kind.SNOOZED: lambda e: (actor(e.actor), " snoozed this until ", _until(e)),
    Kind.SNOOZE_ENDED: _snooze_ended,
    Kind.NOTED: _by("noted"),
    Kind.RESOLVED: lambda e: (actor(e.actor), " resolved this", *_because(e), *_link(e)),
    Kind.CLEARED: _cleared,
    Kind.TASK_DONE: _task_done,
    Kind.CLOSED: lambda e: ("Closed, accepted as resolved by ", actor(e.actor)),
    Kind.DISMISSED: _dismissed,
    Kind.REOPENED: _by("reopened this"),
    Kind.SUPERSEDED: _superseded,
    Kind.REROUTED: _rerouted,
    Kind.TWIN_REMOVED: _twin_removed,
    Kind.CLOCK_MOVED: _clock_moved,
}


def since(alert: Alert, events: list[Event]) -> Text:
    """What happened since the card was made on which somebody clicked."""
    moves = [event for event in events if event.kind not in QUIET]
    if not moves:
        return sentence(f"This changed meanwhile; it is {alert.status} now.")
    last = moves[-1]
    return (
        *sentence("This changed meanwhile: "),
        *told(last),
        *sentence(" ", When(last.at), ". Nothing was done."),
    )


def standing(alert: Alert) -> Text:
    """Where an alert stands, in one line, with its owner."""
    owner = Who(alert.owner)
    if alert.status == Status.OPEN and alert.held_by and alert.snoozed_until:
        return (Words("Muted", bold=True), *sentence(" until ", When(alert.snoozed_until), " · owner ", owner))
    if alert.status == Status.OPEN and alert.snoozed_until:
        return (Words("Snoozed", bold=True), *sentence(" until ", When(alert.snoozed_until), " · owner ", owner))
    if alert.status == Status.OPEN:
        return (Words("Open", bold=True), *sentence(" · owner ", owner, " · not acknowledged yet"))
    if alert.status == Status.ACKNOWLEDGED:
        quiet = (" · snoozed until ", When(alert.snoozed_until)) if alert.snoozed_until else ()
        by = (" · to be resolved by ", When(alert.resolve_by)) if alert.resolve_by else ()
        return (Words("Acknowledged", bold=True), *sentence(" · owner ", owner, *by, *quiet))
    word = alert.status.value.capitalize()
    when = (" ", When(alert.finished_at)) if alert.finished_at else ()
    return (Words(word, bold=True), *sentence(*when, " · owner ", owner))


def lasting(span: timedelta) -> str:
    """A span in the largest unit that fits: `45 seconds`, `30 minutes`, `2 hours`, `3 days`."""
    seconds = max(int(span.total_seconds()), 0)
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size or seconds == size:
            n = round(seconds / size)
            return f"{n} {unit}{'s' if n != 1 else ''}"
    return f"{seconds} second{'s' if seconds != 1 else ''}"


def amount(value: Any, unit: str | None) -> str:
    """A number of a discrepancy as people write it: `14,200.00 EUR`."""
    if isinstance(value, bool) or value is None:
        shown = {True: "yes", False: "no", None: "nothing"}[value]
    elif isinstance(value, int):
        shown = one_line(f"{value:,}", 120)
    elif isinstance(value, float):
        shown = _decimal(value)
    else:
        shown = one_line(str(value), 300)
    return f"{shown} {one_line(unit, 30)}" if unit else shown


def _decimal(value: float) -> str:
    """Two digits where they say it all, else every digit: what differs must not look alike."""
    short = f"{value:,.2f}" if 100 <= abs(value) < 1e15 else f"{value:g}"
    return short if float(short.replace(",", "")) == value else f"{value:,}"


def stake(value: Value) -> str:
    """What is at stake as people write it: `1,180.00 EUR`."""
    # Written out only where it is short: 1E+400000000 is a decimal too.
    plain = re.fullmatch(r"-?\d{1,18}(\.\d{1,6})?", value.amount, flags=re.ASCII)
    shown = f"{Decimal(value.amount):,}" if plain else value.amount
    return one_line(f"{shown} {value.currency}", 60)
