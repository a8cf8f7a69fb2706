"""What people see of an alert, before any chat gives it a shape: the card, and the messages said once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.core import words
from bot.core.events import Event, Kind
from bot.core.people import Person, Roster
from bot.core.policy import Policy, ask
from bot.core.signal import Signal
from bot.core.state import ASKING, Alert, Status
from bot.core.text import Link, Part, Quote, Text, When, Who, Words, harmless, host, one_line, sentence


@dataclass(frozen=True, kw_only=True)
class Button:
    """One thing to press. `act` is the loop's word for it."""

    act: str
    label: str
    style: str = ""
    """primary | danger | empty"""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message about an alert, for any chat."""

    kind: str
    """card | nudge | check_in | assigned | moved | escalation | exception | note | fold | digest"""
    alert_id: str
    """empty where it speaks of many alerts; nothing can be pressed then"""
    generation: int
    summary: Text
    """all of it in one line: for screen readers and for the phone's lock screen; mentions nobody"""
    title: str = ""
    lines: tuple[Text, ...] = ()
    facts: tuple[tuple[str, Text], ...] = ()
    buttons: tuple[Button, ...] = ()
    foot: Text = ()
    people: Mapping[str, Person] = field(default_factory=dict)
    """everybody named in it, by id"""


ACKNOWLEDGE = Button(act="acknowledge", label="Acknowledge", style="primary")
STILL_ON_IT = Button(act="acknowledge", label="Still on it", style="primary")
RESOLVE = Button(act="resolve", label="Resolve")
NOT_MINE = Button(act="not_mine", label="Not mine")
REASSIGN = Button(act="reassign", label="Reassign")
SNOOZE = Button(act="snooze", label="Snooze")
DISMISS = Button(act="dismiss", label="Dismiss")
NOTE = Button(act="note", label="Note")
REOPEN = Button(act="reopen", label="Reopen")
HISTORY = Button(act="history", label="History")


def buttons(alert: Alert) -> tuple[Button, ...]:
    """What can be done with it now."""
    if alert.finished:
        return (REOPEN, NOTE, HISTORY)
    if alert.status == Status.ACKNOWLEDGED:
        first: tuple[Button, ...] = (Button(act="resolve", label="Resolve", style="primary"),)
        if alert.asked:
            first = (STILL_ON_IT, RESOLVE)
    else:
        first = (ACKNOWLEDGE, RESOLVE)
    return (*first, NOT_MINE, REASSIGN, SNOOZE, DISMISS, NOTE, HISTORY)


def card(alert: Alert, last: Event, *, policy: Policy, roster: Roster) -> Message:
    """The alert's one message in its channel, from its state and its newest event."""
    ahead = upcoming(alert, policy, roster)
    lines = (_owner_line(alert), *_story(alert.signal), *((ahead,) if ahead else ()), *_ending(alert))
    foot = (*words.told(last), *sentence(" · ", When(last.at)), *_times(alert), *sentence(f" · #{alert.short}"))
    return Message(
        kind="card",
        alert_id=alert.id,
        generation=alert.generation,
        title=words.heading(alert),
        summary=_summary(alert, ahead),
        lines=lines,
        facts=_facts(alert.signal),
        buttons=buttons(alert),
        foot=foot,
    )


def upcoming(alert: Alert, policy: Policy, roster: Roster) -> Text:
    """Who is asked next, and when."""
    if alert.due_at is None or alert.status not in ASKING:
        return ()
    lead, when = Words("Next: ", bold=True), When(alert.due_at)
    if alert.status == Status.ACKNOWLEDGED:
        return (lead, *sentence(Who(alert.owner), " is asked ", when, " whether this is done."))
    now = _asked(policy, alert.step, alert, roster)
    if policy.is_top(alert.step):
        return (lead, *now, *sentence(" is asked again ", when, ", and on until somebody takes it."))
    then = _asked(policy, alert.step + 1, alert, roster)
    if alert.asked < policy.steps[alert.step].nudges or alert.snoozed_until:
        return (lead, *now, *sentence(" is asked again ", when, ", later "), *then, *sentence("."))
    return (lead, *then, *sentence(" is asked ", when, "."))


def _asked(policy: Policy, step: int, alert: Alert, roster: Roster) -> Text:
    asked = ask(policy, step, alert.owner, roster)
    if asked.channel:
        return sentence(asked.channel)
    return sentence(Who(asked.people[0])) if asked.people else sentence("the owner of last resort")


def _owner_line(alert: Alert) -> Text:
    """Where it stands; the owner is mentioned, which notifies them when the card is first posted."""
    return tuple(Who(p.person, mention=True) if isinstance(p, Who) else p for p in words.standing(alert))


def _story(signal: Signal) -> tuple[Text, ...]:
    return ((Quote(harmless(signal.summary, 600)),),) if signal.summary else ()


def _ending(alert: Alert) -> tuple[Text, ...]:
    if not alert.resolution:
        return ()
    link: tuple[Part, ...] = ()
    if alert.resolution_link and host(alert.resolution_link):
        link = (Words(" "), Link(alert.resolution_link, "what was done"))
    return ((Words("Resolution: ", bold=True), Quote(harmless(alert.resolution, 600)), *link),)


def _times(alert: Alert) -> Text:
    parts: list[Part | str] = []
    if alert.count > 1:
        parts.append(f" · raised {alert.count} times")
    if alert.returned:
        parts.append(f" · came back {alert.returned} time{'s' if alert.returned > 1 else ''}")
    return sentence(*parts)


def _facts(signal: Signal) -> tuple[tuple[str, Text], ...]:
    """What was expected and observed, what is at stake, the evidence, who says so and how sure they are."""
    facts: list[tuple[str, Text]] = []
    if (found := signal.discrepancy) is not None:
        if found.entity:
            name = f"{one_line(found.entity.type, 60)} {one_line(found.entity.id, 120)}"
            facts.append(("Entity", (_linked(found.entity.url, name),)))
        facts.append(("Expected", (Quote(words.amount(found.expected, found.unit)),)))
        facts.append(("Observed", (Quote(words.amount(found.observed, found.unit), bold=True),)))
    if signal.value:
        facts.append(("At stake", (Quote(words.stake(signal.value)),)))
    for item in signal.evidence[:8]:
        facts.append(("Evidence", (_linked(item.url, one_line(item.label, 120)),)))
    if signal.model or signal.confidence is not None:
        facts.append(("Model", _model(signal)))
    return tuple(facts)


def _model(signal: Signal) -> Text:
    name = f"{signal.model.name} {signal.model.version or ''}" if signal.model else signal.source
    sure = f" · {signal.confidence:.0%} confident" if signal.confidence is not None else ""
    return (Quote(one_line(name, 120)), Words(sure))


def _linked(url: str | None, label: str) -> Part:
    """A link where it leads to an http(s) host, else its text: nothing is hidden and nothing is clickable by trick."""
    if url and host(url):
        return Link(url, label)
    return Quote(f"{label} ({one_line(url, 200)})" if url else label)


def _summary(alert: Alert, ahead: Text) -> Text:
    calm = tuple(Words(p.text) if isinstance(p, Words) else p for p in (*words.standing(alert), Words(". "), *ahead))
    return (Words(f"{alert.severity.upper()}: "), Quote(one_line(alert.signal.title, 200)), Words(" — "), *calm)


def notice(kind: str, alert: Alert, event: Event, *, to: str | None, now: datetime) -> Message:
    """Something said once because of `event`: to a person (`to`), or under the card, or in a channel (`to` is None)."""
    lead = _lead(kind, alert, event, to=to, now=now)
    title = Quote(one_line(alert.signal.title, 200), bold=True)
    about = (Words(f"{words.SEVERITY_SIGN[alert.severity]} {alert.severity.upper()} "), title)
    alone = to is not None or kind in ("exception", "escalation")
    summary = tuple(Who(p.person) if isinstance(p, Who) else p for p in lead)
    return Message(
        kind=kind,
        alert_id=alert.id,
        generation=alert.generation,
        summary=(*summary, *sentence(f" {alert.severity.upper()}: ", title)) if alone else summary,
        lines=(lead, about, *_observed(alert.signal)) if alone else (lead,),
        buttons=_pressed(kind, alert, alone=alone),
        foot=_where(alert) if alone else (),
    )


def _pressed(kind: str, alert: Alert, *, alone: bool) -> tuple[Button, ...]:
    if alone:
        return buttons(alert)
    return (STILL_ON_IT, RESOLVE) if kind == "check_in" and not alert.finished else ()


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
        f" · #{alert.short}",
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
    if kind == "exception":
        return sentence(f"Nobody has reacted for {open_for}. Owner: ", owner, ". Who takes this?")
    if kind == "escalation" or (kind == "nudge" and to not in (None, alert.owner)):
        return _to_manager(alert, event, open_for)
    if kind == "assigned":
        yours = (owner, ", this is yours now. ") if to is None else ("This is yours now. ",)
        return (*sentence(*yours), *words.stated(event))
    if kind == "moved":
        return (*(sentence(owner, ": ") if to is None else ()), *words.stated(event))
    return _nudge(event, owner, open_for)


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
    return sentence(owner, f", this is open for {open_for}. Please acknowledge it, or say that it is not yours.")
