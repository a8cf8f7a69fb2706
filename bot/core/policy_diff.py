"""What is different about a policy, in words: the file against what is stored, field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from bot.core.policy import Policy, Step
from bot.core.policy_words import span, step_words
from bot.core.signal import Severity

ADDED, CHANGED, UNCHANGED, ONLY_STORED = "added", "changed", "unchanged", "only in the database"
NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is different: `what` it is, and how it is before and after."""

    what: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.what}: {self.before} ▸ {self.after}"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One policy of the file or of the database."""

    name: str
    state: str
    """added | changed | unchanged | only in the database"""
    version: int
    """that new alerts have once the file is stored; of what is only in the database the newest"""
    differences: tuple[Difference, ...] = ()


def compared(stored: Iterable[Policy], wanted: Iterable[Policy]) -> list[Compared]:
    """The file's policies (`wanted`) in their order against the newest versions that are stored, then what is only
    stored, by name."""
    known, file = {policy.name: policy for policy in stored}, tuple(wanted)
    rest = sorted(known.keys() - {policy.name for policy in file})
    return [
        *(_compared(known.get(policy.name), policy) for policy in file),
        *(Compared(name=name, state=ONLY_STORED, version=known[name].version) for name in rest),
    ]


def versioned(one: Compared) -> str:
    """Its version as people say it."""
    return f"version {one.version}" + (" once it is stored" if one.state in (ADDED, CHANGED) else "")


def _compared(before: Policy | None, after: Policy) -> Compared:
    if before is None:
        return Compared(name=after.name, state=ADDED, version=1)
    found = tuple(differences(before, after))
    if not found:
        return Compared(name=after.name, state=UNCHANGED, version=before.version)
    return Compared(name=after.name, state=CHANGED, version=before.version + 1, differences=found)


def differences(before: Policy, after: Policy) -> Iterator[Difference]:
    """Everything but name and version, in the order in which a policy is read."""
    yield from _of_steps("", before.steps, after.steps)
    yield from _of_ladders(before.ladders, after.ladders)
    for name, (label, written) in FIELDS.items():
        old, new = getattr(before, name), getattr(after, name)
        if isinstance(old, Mapping):
            yield from _of_mapping(label, old, new, written)
        elif old != new:
            yield Difference(what=label, before=written(old), after=written(new))


# ── steps ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_ladders(
    before: Mapping[Severity, tuple[Step, ...]], after: Mapping[Severity, tuple[Step, ...]]
) -> Iterator[Difference]:
    for severity in Severity:
        old, new = before.get(severity), after.get(severity)
        if old and new:
            yield from _of_steps(f"{severity}, ", old, new)
        elif old or new:
            ways = [" › ".join(step.named for step in steps) if steps else "as all others" for steps in (old, new)]
            yield Difference(what=f"steps of {severity}", before=ways[0], after=ways[1])


def _of_steps(lead: str, before: tuple[Step, ...], after: tuple[Step, ...]) -> Iterator[Difference]:
    """Steps that ask the same are held against each other, so that one put between others is only that."""
    matcher = SequenceMatcher(a=[step.who for step in before], b=[step.who for step in after], autojunk=False)
    for _, i, i_end, j, j_end in matcher.get_opcodes():
        both = min(i_end - i, j_end - j)
        for n in range(both):
            yield from _of_step(lead, (i + n, before[i + n]), (j + n, after[j + n]))
        for n in range(i + both, i_end):
            yield Difference(what=f"{lead}step {n + 1}", before=before[n].named, after="left out")
        for n in range(j + both, j_end):
            words = step_words(after[n], first=n == 0, last=n == len(after) - 1)
            yield Difference(what=f"{lead}step {n + 1}", before="new", after=words)


def _of_step(lead: str, before: tuple[int, Step], after: tuple[int, Step]) -> Iterator[Difference]:
    (i, old), (j, new) = before, after
    where = f"{lead}step {j + 1}" if i == j else f"{lead}step {i + 1}, now {j + 1}"
    if old.who != new.who:
        yield Difference(what=where, before=old.named, after=new.named)
    for name, (label, written) in STEP_FIELDS.items():
        one, other = getattr(old, name), getattr(new, name)
        if one != other:
            yield Difference(what=f"{where}, {label}", before=written(one), after=written(other))


# ── the rest ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_mapping(
    label: str, before: Mapping[Any, Any], after: Mapping[Any, Any], written: Callable[[Any], str]
) -> Iterator[Difference]:
    order = {severity.value: severity.rank for severity in Severity}
    for key in sorted({*before, *after}, key=lambda one: order.get(str(one), len(order))):
        old, new = before.get(key), after.get(key)
        if old != new:
            said = [NOTHING if value is None else written(value) for value in (old, new)]
            yield Difference(what=f"{label}, {key}", before=said[0], after=said[1])


def _some(severities: Iterable[Severity]) -> str:
    chosen = frozenset(severities)
    return ", ".join(severity for severity in Severity if severity in chosen) or NOTHING


def _often(count: int | None) -> str:
    return "as often as they like" if count is None else str(count)


def _spaced(word: str) -> str:
    return word.replace("_", " ")


STEP_FIELDS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "nudge_every": ("nudge every", span),
    "nudges": ("nudges", str),
    "ask": ("asks", str),
    "at_least": ("at least", span),
}
"""of a step beside whom it asks: what people call it, and how its value is written"""
FIELDS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "repeat": ("the steps begin anew", str),
    "answer_within": ("answer within", span),
    "within": ("resolve within", span),
    "check_in_every": ("check in every", span),
    "check_ins": ("unanswered check-ins", str),
    "hours": ("hours", str),
    "snooze_at_most": ("snooze at most", span),
    "snooze_limits": ("snooze at most", span),
    "snoozes": ("snoozes", _often),
    "reopen_window": ("reopen window", span),
    "cleared": ("when the source says it is over", str),
    "verify": ("verify", _spaced),
    "dismiss": ("dismissed by", str),
    "second_person": ("dismissing takes a second person", _some),
    "instant": ("told at once", _some),
    "hops": ("not mine until it is an exception", str),
}
"""the same of a policy beside its steps"""
