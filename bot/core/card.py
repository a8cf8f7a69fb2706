"""What people see of an alert, before any chat gives it a shape: the card, and the messages said once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.core import asking, text, words
from bot.core.events import Event
from bot.core.given import Given
from bot.core.people import Person
from bot.core.signal import Signal
from bot.core.state import ASKING, Alert, Status
from bot.core.text import Link, Part, Quote, Text, When, Who, Words, harmless, host, one_line, sentence
from bot.core.whom import Asked, ask


@dataclass(frozen=True, kw_only=True)
class Button:
    """One thing to press. `act` is the loop's word for it."""

    act: str
    label: str
    style: str = ""
    """primary | danger | empty"""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture that a chat was handed before (`bot.ports.Pictures`)."""

    ref: str
    """the chat's word for it"""
    title: str
    alt: str
    """all that it says, for who cannot see it"""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a tool for work items needs beside the words: whose it is, until when (UTC), whether it is done."""

    owner: str
    due: datetime | None
    is_done: bool
    link: str = ""
    """the address of its card, where it can be opened"""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message about an alert, for any chat."""

    kind: str
    """as of what is owed (`bot.core.state.Owed`), or fold | digest | letter"""
    alert_id: str
    """empty where it speaks of many alerts; nothing can be pressed then"""
    generation: int
    summary: Text
    """all of it in one line: for screen readers and for the phone's lock screen; mentions nobody"""
    title: str = ""
    lines: tuple[Text, ...] = ()
    facts: tuple[tuple[str, Text], ...] = ()
    buttons: tuple[Button, ...] = ()
    more: tuple[Button, ...] = ()
    """what is pressed seldom, behind one button"""
    pictures: tuple[Picture, ...] = ()
    foot: Text = ()
    people: Mapping[str, Person] = field(default_factory=dict)
    """everybody named in it, by id"""
    work: Work | None = None
    """of a task"""


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
AGREE = Button(act="agree", label="Agree to dismiss", style="danger")
ESCALATE = Button(act="escalate", label="Escalate now")
ADD_RESPONDER = Button(act="add_responder", label="Add a responder")
HELP = Button(act="help", label="Help")
YES = Button(act="acknowledge", label="Yes", style="primary")
DONE = Button(act="resolve", label="Done")


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
    end = AGREE if alert.dismissal_by else DISMISS
    return (*first, NOT_MINE, REASSIGN, SNOOZE, end, NOTE, HISTORY)


def more(alert: Alert) -> tuple[Button, ...]:
    """What is seldom done with it."""
    if alert.finished:
        return ()
    return (ESCALATE, ADD_RESPONDER, *((HELP,) if alert.status == Status.ACKNOWLEDGED else ()))


def card(alert: Alert, last: Event, *, given: Given) -> Message:
    """The alert's one message in its channel, from its state and its newest event."""
    ahead = upcoming(alert, given)
    beside = (*_beside(alert), *_dismissal(alert))
    lines = (_owner_line(alert), *_story(alert.signal), *((ahead,) if ahead else ()), *beside, *_ending(alert))
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
        more=more(alert),
        foot=foot,
    )


def refs(message: Message) -> set[str]:
    """The ids of the alerts whose numbers are in it."""
    return {one for said in (*message.lines, message.foot) for one in text.refs(said)}


def linked(message: Message, links: Mapping[str, str]) -> Message:
    """The same with a link (alert id ▶ address) at every number of an alert whose card can be opened."""
    lines = tuple(text.linked(line, links) for line in message.lines)
    return replace(message, lines=lines, foot=text.linked(message.foot, links))


def _beside(alert: Alert) -> tuple[Text, ...]:
    """Who helps."""
    if not alert.responders or alert.finished:
        return ()
    parts: list[Part | str] = [Words("With: ", bold=True)]
    for n, person in enumerate(alert.responders[:10]):
        parts += [", " if n else "", Who(person)]
    return (sentence(*parts),)


def _dismissal(alert: Alert) -> tuple[Text, ...]:
    if not alert.dismissal_by:
        return ()
    why = Quote(harmless(alert.dismissal_reason or "", 300))
    return (sentence(Who(alert.dismissal_by), " asks to dismiss this, which takes a second person: ", why),)


def upcoming(alert: Alert, given: Given) -> Text:
    """Who is asked next, and when. `given`: the alert as it was when its last event happened."""
    if alert.due_at is None or alert.status not in ASKING:
        return ()
    lead, when = Words("Next: ", bold=True), When(alert.due_at)
    if alert.status == Status.ACKNOWLEDGED:
        return (lead, *sentence(Who(alert.owner), " is asked ", when, " whether this is done."))
    if alert.snoozed_until:
        asleep = ask(alert, alert.step, given, n=alert.asked)
        return (lead, *_names(asleep, given), *sentence(" is asked again ", when, "."))
    ahead = asking.upcoming(alert, given)
    late = sentence(" (in their working hours)") if ahead.waits else ()
    asked = _names(ahead.asked, given)
    if ahead.up:
        return (lead, *asked, *sentence(" is asked ", when), *late, *sentence("."))
    if given.policy.is_top(alert.step):
        return (
            lead,
            *asked,
            *sentence(" is asked again ", when),
            *late,
            *sentence(", and on until somebody takes it."),
        )
    then = _names(asking.following(alert, given), given)
    return (lead, *asked, *sentence(" is asked again ", when), *late, *sentence(", later "), *then, *sentence("."))


def _names(asked: Asked, given: Given) -> Text:
    """`ana`, `ana and ben`, `#ai-exceptions`."""
    if asked.channel:
        return sentence(asked.channel)
    if asked.turn:
        # Whose turn it is then is not decided yet.
        return sentence(f"one of {one_line(given.policy.step(asked.step).named, 120)}")
    people = asked.people
    parts: list[Part | str] = [Who(people[0])]
    for n, person in enumerate(people[1:], start=2):
        parts += [" and " if n == len(people) else ", ", Who(person)]
    return sentence(*parts)


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
