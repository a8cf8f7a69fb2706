"""A history through two sets of rules at once, and what differs between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.replay.engine import Replay, Rules
from bot.replay.history import Past
from bot.replay.outcome import Fate, Outcome, Words
from bot.replay.roster import Town, Virtual


@dataclass(frozen=True, kw_only=True)
class Side:
    """Rules, and the people they ask."""

    rules: Rules
    town: Town


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What came of it. `proposed` is None where it decides just as today's does."""

    since: datetime | None
    until: datetime | None
    today: Outcome
    proposed: Outcome | None
    recorded: bool
    """the history says whom the clock asked, so that today's side can be held against it"""

    @property
    def sides(self) -> tuple[tuple[str, Outcome], ...]:
        return (("today", self.today), ("proposed", self.proposed or self.today))


def compare(
    pasts: Iterable[Past], today: Side, proposed: Side | None, *, since: datetime | None, until: datetime | None
) -> Compared:
    """One pass over the history, both sides in step. Without `until` it ends with its last recorded instant."""
    outcomes = Outcome(), Outcome()
    sides = [side for side in (today, proposed) if side is not None]
    replays = [Replay(side.rules, Virtual(side.town), outcome) for side, outcome in zip(sides, outcomes, strict=False)]
    recorded, last = True, since
    for past in pasts:
        since = since or past.raised_at
        recorded, last = recorded and past.said is not None, max(last or past.last, past.last)
        for replay in replays:
            replay.feed(past)
    end = until or last
    for replay in replays:
        if end is not None:
            replay.finish(end)
    second = outcomes[1] if proposed is not None else None
    return Compared(since=since, until=end, today=outcomes[0], proposed=second, recorded=recorded)


# ── as numbers ───────────────────────────────────────────────────────────────────────────────────────────────────────

Number = int | timedelta | None
FIGURES: tuple[tuple[str, Callable[[Words, Fate], Number]], ...] = (
    ("nudges", lambda words, fate: words.nudges),
    ("check-ins", lambda words, fate: words.check_ins),
    ("escalations", lambda words, fate: words.escalations),
    ("exceptions", lambda words, fate: words.exceptions),
    ("out of hours", lambda words, fate: words.out_of_hours),
    ("acknowledged, median", lambda words, fate: fate.acknowledge.quantile(0.5)),
    ("acknowledged, 9 in 10", lambda words, fate: fate.acknowledge.quantile(0.9)),
    ("closed, median", lambda words, fate: fate.close.quantile(0.5)),
    ("closed, 9 in 10", lambda words, fate: fate.close.quantile(0.9)),
    ("acknowledged late", lambda words, fate: fate.late_to_acknowledge),
    ("resolved late", lambda words, fate: fate.late_to_resolve),
    ("never acknowledged", lambda words, fate: fate.never_acknowledged),
)
"""what is told of a whole side, or of one person: name ▶ number"""


def figures(compared: Compared) -> Iterator[tuple[str, Number, Number]]:
    """(what, today, proposed) of the whole."""
    (_, today), (_, proposed) = compared.sides
    fates = today.fate, proposed.fate
    for name, of in FIGURES:
        yield name, of(today.words, fates[0]), of(proposed.words, fates[1])


def people(compared: Compared) -> list[str]:
    """Everybody who owned an alert or was asked, on either side; whoever hears most first."""
    heard: dict[str, int] = {}
    for _, outcome in compared.sides:
        for who, words in outcome.by_person.items():
            heard[who] = heard.get(who, 0) + words.total
        for who in outcome.by_owner:
            heard.setdefault(who, 0)
    return sorted(heard, key=lambda who: (-heard[who], who))


def as_data(compared: Compared) -> dict[str, Any]:
    """Everything as JSON-able data."""
    return {
        "since": _iso(compared.since),
        "until": _iso(compared.until),
        "unchanged": compared.proposed is None,
        "fidelity": _fidelity(compared),
        **{name: _side(outcome) for name, outcome in compared.sides},
    }


def _fidelity(compared: Compared) -> dict[str, Any] | None:
    if not compared.recorded:
        return None
    found = compared.today.fidelity
    return {"recorded": dict(found.recorded), "reproduced": dict(found.reproduced)}


def _side(outcome: Outcome) -> dict[str, Any]:
    owners = sorted({*outcome.by_person, *outcome.by_owner})
    return {
        **_words(outcome.words),
        **_fate(outcome.fate),
        "by_person": {
            who: _words(outcome.by_person.get(who, Words())) | _fate(outcome.by_owner.get(who, Fate()))
            for who in owners
        },
        "by_step": {str(step + 1): _words(words) for step, words in sorted(outcome.by_step.items())},
        "by_hour": {str(hour): _words(words) for hour, words in sorted(outcome.by_hour.items())},
        "skipped": dict(outcome.skipped),
    }


def _words(words: Words) -> dict[str, Any]:
    return dict(vars(words))


def _fate(fate: Fate) -> dict[str, Any]:
    return {
        "alerts": fate.alerts,
        "acknowledge_seconds": _quantiles(fate.acknowledge),
        "close_seconds": _quantiles(fate.close),
        "late_to_acknowledge": fate.late_to_acknowledge,
        "late_to_resolve": fate.late_to_resolve,
        "never_acknowledged": fate.never_acknowledged,
    }


def _quantiles(times: Any) -> dict[str, float | None]:
    found = {"median": times.quantile(0.5), "p90": times.quantile(0.9)}
    return {name: round(span.total_seconds(), 1) if span is not None else None for name, span in found.items()}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
