"""What is said once because of an event: to the owner, to whoever is asked next, to a second person, to who helps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.core import words
from bot.core.card import AGREE, DONE, HELP, HISTORY, RESOLVE, SNOOZE, YES, Button, Message, buttons, more
from bot.core.events import Event, Kind
from bot.core.signal import Signal
from bot.core.state import Alert
from bot.core.text import Quote, Ref, Text, When, Who, Words, one_line, sentence


def notice(kind: str, alert: Alert, event: Event, *, to: str | None, now: datetime) -> Message:
    """Something said once because of `event`: to a person (`to`), or under the card, or in a channel (`to` is None)."""
    lead = _lead(kind, alert, event, to=to, now=now)
    title = Quote(one_line(alert.signal.title, 200), bold=True)
    about = (Words(f"{words.SEVERITY_SIGN[alert.severity]} {alert.severity.upper()} "), title)
    alone = to is not None or kind in ("exception", "escalation", "help")
    summary = tuple(Who(p.person) if isinstance(p, Who) else p for p in lead)
    return Message(
        kind=kind,
        alert_id=alert.id,
        generation=alert.generation,
        summary=(*summary, *sentence(f" {alert.severity.upper()}: ", title)) if alone else summary,
        lines=(lead, about, *_observed(alert.signal)) if alone else (lead,),
        buttons=_pressed(kind, alert, alone=alone),
        more=more(alert) if alone else (),
        foot=_where(alert) if alone else (),
    )


def _pressed(kind: str, alert: Alert, *, alone: bool) -> tuple[Button, ...]:
    if alert.finished:
        return buttons(alert) if alone else ()
    if kind == "check_in":
        return (YES, DONE, HELP, SNOOZE, HISTORY) if alone else (YES, DONE, HELP)
    if kind == "second_person":
        return (AGREE, HISTORY)
    if kind == "task_done":
        return (RESOLVE, HISTORY) if alone else (RESOLVE,)
    return buttons(alert) if alone else ()


def _observed(signal: Signal) -> tuple[Text, ...]:
    found = signal.discrepancy
    if found is None:
        return ()
    expected, observed = words.amount(found.expected, found.unit), words.amount(found.observed, found.unit)
    return (sentence("Expected ", Quote(expected), ", observed ", Quote(observed, bold=True)),)


def _where(alert: Alert) -> Text:
    return sentence(
        "Card in ",
        *words.where(alert.place),
        " · raised ",
        When(alert.raised_at),
        " by ",
        Quote(one_line(alert.source, 60)),
        " · ",
        Ref(alert.id),
    )


def _lead(kind: str, alert: Alert, event: Event, *, to: str | None, now: datetime) -> Text:
    """The one sentence: who is asked for what, since when."""
    open_for = words.lasting(now - alert.raised_at)
    owner = Who(alert.owner, mention=to is None and kind != "note")
    if kind == "note":
        return words.told(event)
    if kind == "check_in":
        had = words.lasting(now - (alert.acknowledged_at or now))
        return sentence(owner, f", you acknowledged this {had} ago. Still on it?")
    if kind in _CALLS:
        return _CALLS[kind](alert, event)
    if kind == "exception":
        why = Quote(one_line(event.reason, 200)) if event.reason else f"Nobody has reacted for {open_for}"
        return sentence(why, ". Owner: ", owner, ". Who takes this?")
    if kind == "escalation" or (kind == "nudge" and to not in (None, alert.owner)):
        return _to_manager(alert, event, open_for)
    if kind == "assigned":
        yours = (owner, ", this is yours now. ") if to is None else ("This is yours now. ",)
        return (*sentence(*yours), *words.stated(event))
    if kind == "moved":
        return (*(sentence(owner, ": ") if to is None else ()), *words.stated(event))
    return _nudge(event, owner, open_for)


def _help(alert: Alert, event: Event) -> Text:
    return sentence(Who(alert.owner), " has this and needs help. Please help, or name somebody who can.")


def _responder(alert: Alert, event: Event) -> Text:
    return sentence(words.actor(event.actor), " asks you to help with this. ", Who(alert.owner), " owns it.")


def _second_person(alert: Alert, event: Event) -> Text:
    return sentence(*words.stated(event), " Does somebody agree?")


def _task_done(alert: Alert, event: Event) -> Text:
    tool = words.TOOLS.get(event.data["tool"], "a tool")
    asks = f", the task in {tool} is marked complete. Is it done? Resolve says what was done."
    return sentence(Who(alert.owner, mention=True), asks)


_CALLS: dict[str, Callable[[Alert, Event], Text]] = {
    "help": _help,
    "responder": _responder,
    "second_person": _second_person,
    "task_done": _task_done,
}


def _to_manager(alert: Alert, event: Event, open_for: str) -> Text:
    again = "Still no reaction: " if event.kind == Kind.NUDGED else ""
    return sentence(
        again,
        Who(alert.owner),
        f" has not dealt with this for {open_for}. Please acknowledge it or give it to somebody who can.",
    )


def _nudge(event: Event, owner: Who, open_for: str) -> Text:
    if event.kind == Kind.RAISED_AGAIN:
        return sentence(owner, ", this got worse: ", *words.stated(event))
    if event.kind == Kind.CLEARED:
        return sentence(owner, ", the source reports that this is over. Please check and resolve it.")
    if event.kind == Kind.SNOOZE_ENDED:
        return sentence(owner, ", the snooze is over and this is still open.")
    return sentence(owner, f", this has been open for {open_for}. Please acknowledge it, or say that it is not yours.")
