"""A policy in sentences: what `closeloop policy check` says of it before anyone is asked by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TypeVar

from bot.core.policy import EVERYONE, ONE_AT_A_TIME, Policy, Step
from bot.core.signal import Severity

T = TypeVar("T")


def span(length: timedelta) -> str:
    """A duration in the notation of closeloop.yaml, to the second: `1h30m`."""
    seconds, parts = int(length.total_seconds()), ""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, seconds = divmod(seconds, size)
        parts += f"{count}{unit}" if count else ""
    return parts or "0s"


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


# ── the first clock ──────────────────────────────────────────────────────────────────────────────────────────────────


def explained(policy: Policy) -> Iterator[str]:
    """A policy, line by line, for somebody who never read one."""
    yield f"{policy.name}: until somebody acknowledges,"
    yield from _ladder(policy.steps)
    if policy.repeat:
        yield f"  the steps begin anew {times(policy.repeat)} before the last one is kept to;"
    for severity, steps in _by_severity(policy.ladders):
        yield f"  what is {severity} has steps of its own:"
        yield from (f"  {line}" for line in _ladder(steps))
    yield from _hours(policy)
    yield from _second_clock(policy)
    yield from _snoozing(policy)
    yield from _dismissing(policy)
    yield f"  said {times(policy.hops)} to be not theirs, it is an exception"
    yield f"  told at once whatever somebody prefers: {_severities(policy.instant)}; the rest may come in a digest"


def _ladder(steps: tuple[Step, ...]) -> Iterator[str]:
    for n, step in enumerate(steps):
        yield f"  {n + 1}. {step_words(step, first=n == 0, last=n == len(steps) - 1)}"


def step_words(step: Step, *, first: bool, last: bool) -> str:
    """One step as a sentence without its full stop."""
    how = "" if step.is_channel or first else " by direct message"
    every, who = span(step.nudge_every), f"{step.named}{_chosen(step)}"
    least = f"; it goes on after {span(step.at_least)} at the earliest" if step.at_least and not last else ""
    if last:
        return f"{who} is told{how}, and again every {every}"
    count = f"{step.nudges} time{'' if step.nudges == 1 else 's'}"
    if first and step.who == ("owner",):
        return f"the owner is nudged every {every}, {count}{least}"
    if not step.nudges:
        return f"{who} is told{how}, and has {every}{least}"
    return f"{who} is told{how}, then nudged every {every}, {count}{least}"


def _chosen(step: Step) -> str:
    """Who of a step's people is asked, where it may be more than one of them."""
    several = len(step.who) > 1 or step.who[0].startswith("group: ")
    if step.ask == EVERYONE:
        return " (everyone)" if several else ""
    return " (each reminder asks the next of them)" if step.ask == ONE_AT_A_TIME else " (one of them, in turn)"


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _hours(policy: Policy) -> Iterator[str]:
    kept = {severity: policy.kept(severity) for severity in Severity}
    working = [severity for severity in Severity if kept[severity] == "working"]
    always = [severity for severity in Severity if kept[severity] != "working"]
    if working:
        yield f"  a reminder waits for the working hours of whoever is asked, of what is {_severities(working)};"
    if always:
        yield f"  people are asked at any hour, outside of their quiet hours, of what is {_severities(always)};"
    if policy.answer_within:
        yield f"  no reminder waits for hours longer than, from the raise: {spans(policy.answer_within)};"


def _second_clock(policy: Policy) -> Iterator[str]:
    yield f"  once acknowledged, it must be resolved within: {spans(policy.within)};"
    yield f"  the owner is asked every {span(policy.check_in_every)} whether they are still on it,"
    yield f"  and after {policy.check_ins} unanswered times it is open again and goes one step up"
    over = "it closes" if policy.cleared == "close" else "the owner is asked to confirm"
    yield f"  when its source says that it is over, {over}; verified: {policy.verify.replace('_', ' ')}"


def _snoozing(policy: Policy) -> Iterator[str]:
    limits = f" ({spans(policy.snooze_limits)})" if policy.snooze_limits else ""
    often = f", {times(policy.snoozes)}" if policy.snoozes else ""
    said = f"snoozed for {span(policy.snooze_at_most)} at most{limits}{often}"
    never = "it cannot be snoozed"
    again = f"raised again within {span(policy.reopen_window)} of its end, it reopens"
    yield f"  {never if policy.snoozes == 0 else said}; {again}"


_WHO_DISMISSES = {
    "concerned": "everybody whom it concerns",
    "manager": "a manager of its owner or whoever answers for its source",
    "admin": "an admin",
}


def _dismissing(policy: Policy) -> Iterator[str]:
    by = {severity: policy.dismissers(severity) for severity in Severity}
    if len(set(by.values())) == 1:
        yield f"  dismissed by {_WHO_DISMISSES[by[Severity.INFO]]}{_second(policy)}"
        return
    said = (f"{severity} by {_WHO_DISMISSES[who]}" for severity, who in by.items())
    yield f"  dismissed: {', '.join(said)}{_second(policy)}"


def _second(policy: Policy) -> str:
    if not policy.second_person:
        return ""
    return f"; a second person has to agree where it is {_severities(policy.second_person)}"


def spans(by_severity: Mapping[Severity, timedelta]) -> str:
    """`critical 4h, error 1d`, most severe first."""
    return ", ".join(f"{severity} {span(length)}" for severity, length in _by_severity(by_severity))


def _by_severity(values: Mapping[Severity, T]) -> Iterator[tuple[Severity, T]]:
    yield from ((severity, values[severity]) for severity in Severity if severity in values)


def _severities(some: Iterable[Severity]) -> str:
    chosen = set(some)
    named = [severity.value for severity in Severity if severity in chosen]
    return " or ".join(filter(None, (", ".join(named[:-1]), named[-1]))) if named else "nothing"
