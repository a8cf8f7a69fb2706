"""A task in a tool for work items: what an alert's owner reads in it, and what follows when it is completed there."""

from __future__ import annotations

from bot.core import words
from bot.core.alert import finished, owing
from bot.core.card import Message, Work
from bot.core.events import Actor, Kind
from bot.core.fitting import People, unlinked
from bot.core.given import Given
from bot.core.reach import to_owner
from bot.core.state import Alert, Cause, Change, Refused, change
from bot.core.text import Quote, Text, When, Who, Words, harmless, one_line, sentence

FINISHED = "This is finished in Closeloop."
"""the line that only a task of ours has: whoever finds it complete knows that nobody else completed it"""
YOURS = "Below this line Closeloop changes nothing."
"""the last line of ours: what people write after it stays theirs"""
TITLE = 150
"""characters of what a source wrote in a title"""


def task(alert: Alert, *, link: str = "", calm: bool = False) -> Message:
    """The task as the alert is now. `link`: its card's address; `calm`: without anything that its source wrote."""
    title = "An alert that cannot be shown here" if calm else one_line(alert.signal.title, TITLE)
    heading = f"{alert.severity.upper()} {title} #{alert.short}"
    said = () if calm else (*_story(alert), *_observed(alert))
    lines = (words.standing(alert), *said, _raised(alert, calm=calm), *_ending(alert, calm=calm), *_card(alert, link))
    return Message(
        kind="task",
        alert_id=alert.id,
        generation=alert.generation,
        title=heading,
        summary=sentence(heading),
        lines=lines,
        work=Work(owner=alert.owner, due=alert.resolve_by or alert.due_at, is_done=alert.finished, link=link),
    )


def completed(alert: Alert, given: Given, *, by: Actor, tool: str) -> Change | Refused:
    """open, acknowledged ▶ same: somebody completed its task there, which closes nothing: the owner is asked."""
    if refused := finished(alert):
        return refused
    step = change(alert, Cause(Kind.TASK_DONE, by=by, at=given.now, facts={"tool": tool}), to={})
    return owing(step, to_owner(step.alert, given, "task_done"))


def text(message: Message, people: People, *, before: str = "") -> str:
    """All its lines as plain text. `before`: what stands there; what people wrote of their own stays."""
    return "\n".join([*(unlinked(line, people) for line in message.lines), YOURS]) + _parted(before)[1].rstrip()


def is_ours(said: str) -> bool:
    """Whether a task was completed by us: a line says that all is over, above what people wrote of their own."""
    return any(line.strip() == FINISHED for line in _parted(said)[0])


def _parted(said: str) -> tuple[list[str], str]:
    """Our lines of a task, and what stands after the last of them. What a source wrote never begins a line of ours."""
    lines = said.replace("\r\n", "\n").split("\n")
    ends = next((n for n, line in enumerate(lines) if line.lstrip().startswith(YOURS)), None)
    if ends is None:
        return lines, ""
    return lines[:ends], "\n".join([lines[ends].partition(YOURS)[2], *lines[ends + 1 :]])


def _quoted(said: str) -> tuple[Text, ...]:
    """What somebody wrote, each line marked as theirs: it could read like one of ours, by which we know our tasks."""
    return tuple((Words("> "), Quote(line)) for line in harmless(said, 600).splitlines() if line.strip())


def _story(alert: Alert) -> tuple[Text, ...]:
    return _quoted(alert.signal.summary) if alert.signal.summary else ()


def _observed(alert: Alert) -> tuple[Text, ...]:
    found = alert.signal.discrepancy
    if found is None:
        return ()
    amounts = (one_line(words.amount(value, found.unit), 200) for value in (found.expected, found.observed))
    expected, observed = map(Quote, amounts)
    return (sentence("Expected ", expected, ", observed ", observed),)


def _raised(alert: Alert, *, calm: bool) -> Text:
    by = () if calm else (" by ", Quote(one_line(alert.source, 60)))
    return sentence("Raised ", When(alert.raised_at), *by)


def _ending(alert: Alert, *, calm: bool) -> tuple[Text, ...]:
    if not alert.finished:
        asks = sentence("To finish it, resolve it on its card: marking this task complete makes Closeloop ask ")
        return ((*asks, Who(alert.owner), Words(" whether it is done.")),)
    told = (sentence("Resolution: ", Quote(one_line(alert.resolution, 600))),) if alert.resolution and not calm else ()
    return (*told, sentence(FINISHED))


def _card(alert: Alert, link: str) -> tuple[Text, ...]:
    return (sentence("Card: ", link) if link else sentence("Card in ", *words.where(alert.place)),)
