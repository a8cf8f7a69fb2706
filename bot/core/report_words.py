"""The main points of a report in plain words, each with its change against the period before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.core.report import Age, Report, Took
from bot.core.signal import Severity
from bot.core.text import Text, sentence
from bot.core.words import lasting


def lines(report: Report) -> tuple[Text, ...]:
    """What there is to say, most important first; nothing is said about what did not happen in either period."""
    said = (
        raised(report),
        standing_open(report),
        acknowledged(report),
        closed(report),
        forgotten(report),
        escalated(report),
        exceptions(report),
        late(report),
    )
    return tuple(sentence(f"{line}.") for line in said if line)


def raised(report: Report) -> str:
    now, before, span = report.now, report.before, spelled(report.span)
    if not now.raised:
        return f"No alert was raised in the last {span} ({_compared(before.raised)})"
    last = f"in the last {span}, {_than(now.raised, before.raised)} in the {span} before"
    became = f"{now.closed:,} closed, {now.dismissed:,} dismissed, {now.unfinished:,} still open"
    return f"{_counted(now.raised, 'alert was', 'alerts were')} raised {last}: {became}"


def standing_open(report: Report) -> str:
    now = report.now
    if not now.open:
        return open_since(report)
    severities = {severity: sum(of[severity] for of in now.open_by_age.values()) for severity in Severity}
    older = sum(now.open_by_age[Age.OLDER].values())
    aged = f"; {older:,} {'is' if older == 1 else 'are'} {Age.OLDER} old" if older else ""
    return f"{open_since(report)}: {_by_severity(severities)}{aged}"


def open_since(report: Report) -> str:
    """How many are open, and the change."""
    count, ago = report.now.open, f"{spelled(report.span)} ago"
    if not count:
        return f"No alert is open ({_compared(report.before.open, ago)})"
    return f"{_counted(count, 'alert is', 'alerts are')} open, {_than(count, report.before.open)} {ago}"


def acknowledged(report: Report) -> str:
    now, before = report.now.acknowledge.whole, report.before.acknowledge.whole
    return _took("acknowledged", now, before)


def closed(report: Report) -> str:
    return _took("closed", report.now.close.whole, report.before.close.whole)


def pace(done: str, now: Took, before: Took) -> str:
    """`Acknowledged within 12 minutes (median), 8 minutes faster than before`; `done` is the participle."""
    if now.median is None:
        return f"None is {done} yet" if now.waiting else f"None was {done}"
    return f"{done.capitalize()} within {lasting(now.median)} (median){_faster(now.median, before.median)}"


def paces(done: str, now: Mapping[str, Took], before: Mapping[str, Took], *, one: str, many: str) -> str:
    """The same over several groups: for how many of them it went faster, or slower; empty where too few compare."""
    pairs = [(took.median, before[name].median) for name, took in now.items() if name in before]
    known = [(after, was) for after, was in pairs if after is not None and was is not None]
    if len(known) < 2:
        return ""
    faster = sum(after < was and not _alike(after, was) for after, was in known)
    slower = sum(after > was and not _alike(after, was) for after, was in known)
    if not faster and not slower:
        return f"{done.capitalize()} as fast as before for all {len(known)} {many}"
    count, word = (faster, "faster") if faster >= slower else (slower, "slower")
    return f"{done.capitalize()} {word} than before for {count} of {_counted(len(known), one, many)}"


def forgotten(report: Report) -> str:
    now, before = report.now, report.before
    if not now.acknowledged and not before.acknowledged:
        return ""
    was = (
        f"before: {before.forgotten:,} of {before.acknowledged:,}" if before.acknowledged else "before: none to forget"
    )
    if not now.acknowledged:
        return f"No alert was acknowledged that could be forgotten ({was})"
    if not now.forgotten:
        return f"No acknowledged alert was then forgotten (0 of {now.acknowledged:,}; {was})"
    verb = "was" if now.forgotten == 1 else "were"
    return f"{now.forgotten:,} of {now.acknowledged:,} acknowledged alerts {verb} then forgotten ({was})"


def escalated(report: Report) -> str:
    if not report.now.escalations:
        return escalations(report)
    steps = ", ".join(f"{count:,} to {step_name(step)}" for step, count in report.now.escalations.items())
    return f"{escalations(report)}: {steps}"


def escalations(report: Report) -> str:
    """How many there were, and the change."""
    now, before = sum(report.now.escalations.values()), sum(report.before.escalations.values())
    if not now:
        return f"Nothing was escalated ({_compared(before)})" if before else ""
    return f"Escalated {_counted(now, 'time', 'times')} ({_compared(before)})"


def exceptions(report: Report) -> str:
    now, before = report.now.exceptions, report.before.exceptions
    if not now:
        return f"No exception ({_compared(before)})" if before else ""
    return f"{_counted(now, 'exception', 'exceptions')} that only a human could settle ({_compared(before)})"


def late(report: Report) -> str:
    if not report.late:
        return ""
    what = _counted(report.late, "open alert is", "open alerts are")
    return f"{what} late: the next look at {'it' if report.late == 1 else 'them'} was due and did not happen"


def step_name(step: int) -> str:
    """A step of a policy as people count them."""
    return f"step {step + 1}"


def spelled(span: timedelta) -> str:
    """`4 weeks` where it is whole weeks."""
    weeks, rest = divmod(span, timedelta(weeks=1))
    return lasting(span) if rest or not weeks else f"{weeks} week{'' if weeks == 1 else 's'}"


def _took(done: str, now: Took, before: Took) -> str:
    """The pace, and those that the pace does not count: they are never left out in silence."""
    if not now.total:
        return ""
    most = f"; 9 in 10 within {lasting(now.p90)}" if now.p90 is not None and now.count > 1 else ""
    yet = (
        _counted(now.waiting, "is", "are") + f" not {done} yet" if now.count else _counted(now.waiting, "waits", "wait")
    )
    waiting = yet if now.waiting else ""
    how = "dismissed" if done == "closed" else "finished without being " + done
    without = f"{now.without:,} {'was' if now.without == 1 else 'were'} {how}" if now.without else ""
    left = ", ".join(filter(None, (waiting, without)))
    return f"{pace(done, now, before)}{most}{f' ({left})' if left else ''}"


def _faster(now: timedelta, before: timedelta | None) -> str:
    if before is None:
        return ""
    if _alike(now, before):
        return ", as fast as before"
    return f", {lasting(abs(before - now))} {'faster' if now < before else 'slower'} than before"


def _alike(now: timedelta, before: timedelta) -> bool:
    """Too near to be called a change: less than a second, or than a twentieth."""
    return abs(now - before) < max(timedelta(seconds=1), before / 20)


def _than(now: int, before: int) -> str:
    if now == before:
        return "as many as"
    return f"{abs(now - before):,} {'more' if now > before else 'fewer'} than"


def _compared(before: int, when: str = "before") -> str:
    return f"{when}: {before:,}" if before else f"{when}: none"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _by_severity(severities: Mapping[Severity, int]) -> str:
    return ", ".join(f"{count:,} {severity}" for severity, count in severities.items() if count)
