"""A comparison for people: sentences, rows of a table, and one self-contained page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from bot.core.text import one_line
from bot.drawing import Picture, bars, brief, hours
from bot.replay.compare import FIGURES, Compared, Number, figures, people
from bot.replay.outcome import MATCH, Fate, Outcome, Words

MOST = 40
"""rows of people; the rest are in the JSON"""
Row = tuple[str, ...]


def sentences(compared: Compared) -> Iterator[str]:
    """What has to be known before the numbers."""
    today = compared.today
    if compared.since and compared.until:
        span = f"{compared.since:%Y-%m-%d} to {compared.until:%Y-%m-%d}"
        yield f"{today.fate.alerts:,} alerts, raised from {span} (UTC)."
    if compared.proposed is None:
        yield "The proposal decides just as today's configuration does: both sides are the same."
    yield from _fidelity(compared)
    for name, outcome in compared.sides[: 1 if compared.proposed is None else 2]:
        if outcome.skipped:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(outcome.skipped.items()))
            yield f"Recorded reactions that had nothing to do there ({name}): {kinds}."


def _fidelity(compared: Compared) -> Iterator[str]:
    found = compared.today.fidelity
    if not compared.recorded:
        yield "This history does not say whom another tool asked: today's side is what Closeloop would have done."
        return
    said = [
        f"{found.reproduced[name]:,} of {found.recorded[name]:,} recorded {name.replace('_', '-')}"
        for name in ("nudges", "check_ins", "escalations", "exceptions")
        if found.recorded[name]
    ]
    if not said:
        yield "The recorded clock had asked nobody."
    else:
        exact = "" if found.is_exact else f" (same people, same step, at most {brief(MATCH)} apart)"
        yield f"Today's policy reproduces {', '.join(said)}{exact}."


def summary(compared: Compared) -> list[Row]:
    """(what, today, proposed, difference)"""
    return [(name, said(one), said(other), _difference(one, other)) for name, one, other in figures(compared)]


def by_person(compared: Compared) -> list[Row]:
    """(who, alerts, then `today ▸ proposed` of what each column says)"""
    return [_person(who, compared) for who in people(compared)[:MOST]]


PERSON_COLUMNS = ("who", "owned", "nudges", "escalations", "exceptions", "out of hours", "acknowledged", "late")


def _person(who: str, compared: Compared) -> Row:
    words = [outcome.by_person.get(who, Words()) for _, outcome in compared.sides]
    fates = [outcome.by_owner.get(who, Fate()) for _, outcome in compared.sides]
    late = [fate.late_to_acknowledge + fate.late_to_resolve for fate in fates]
    return (
        one_line(who, 60),
        _both([fate.alerts for fate in fates]),
        _both([one.nudges + one.check_ins for one in words]),
        _both([one.escalations for one in words]),
        _both([one.exceptions for one in words]),
        _both([one.out_of_hours for one in words]),
        _both([fate.acknowledge.quantile(0.5) for fate in fates]),
        _both(late),
    )


def by_step(compared: Compared) -> list[Row]:
    """(step, nudges, escalations, exceptions, out of hours)"""
    steps = sorted({step for _, outcome in compared.sides for step in outcome.by_step})
    return [_step(step, [outcome for _, outcome in compared.sides]) for step in steps]


STEP_COLUMNS = ("step", "nudges", "check-ins", "escalations", "exceptions", "out of hours")


def _step(step: int, outcomes: list[Outcome]) -> Row:
    words = [outcome.by_step.get(step, Words()) for outcome in outcomes]
    names = ("nudges", "check_ins", "escalations", "exceptions", "out_of_hours")
    return (str(step + 1), *(_both([getattr(one, name) for one in words]) for name in names))


def _both(numbers: Sequence[Number]) -> str:
    one, other = (said(number) for number in numbers)
    return one if one == other else f"{one} ▸ {other}"


def said(number: Number) -> str:
    if number is None:
        return "–"
    return brief(number) if isinstance(number, timedelta) else f"{number:,}"


def _difference(one: Number, other: Number) -> str:
    if one is None or other is None or said(one) == said(other):
        return ""
    if isinstance(one, timedelta) and isinstance(other, timedelta):
        return f"{'+' if other > one else '−'}{brief(abs(other - one))}"
    if isinstance(one, timedelta) or isinstance(other, timedelta):
        return ""
    return f"{other - one:+,}".replace("-", "−")


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def page(compared: Compared, *, title: str) -> str:
    """One HTML page that needs nothing else. Whatever a source, a file or a person wrote is text in it."""
    template = Environment(autoescape=True).from_string((Path(__file__).parent / "page.html.j2").read_text("utf-8"))
    return template.render(
        title=title,
        sentences=list(sentences(compared)),
        summary=summary(compared),
        people=by_person(compared),
        person_columns=PERSON_COLUMNS,
        more=max(len(people(compared)) - MOST, 0),
        steps=by_step(compared),
        step_columns=STEP_COLUMNS,
        # Drawn here, every text in it made into outlines.
        pictures=[(Markup(one.svg), one.alt) for one in _pictures(compared)],  # noqa: S704
    )


def _pictures(compared: Compared) -> Iterator[Picture]:
    sides = compared.sides
    names = [name for name, _ in FIGURES[:5]]
    counts = {
        name: [float(of(outcome.words, Fate()) or 0) for _, of in FIGURES[:5]]  # type: ignore[arg-type]
        for name, outcome in sides
    }
    yield bars("What people are asked", names, counts, unit="", as_svg=True)
    by_hour = {name: [outcome.by_hour[hour].total for hour in range(24)] for name, outcome in sides}
    yield hours("At which hour they are asked, in their own time zone", by_hour, as_svg=True)
    late = {name: [outcome.by_hour[hour].out_of_hours for hour in range(24)] for name, outcome in sides}
    if any(map(sum, late.values())):
        yield hours("Out of their working hours", late, as_svg=True)
    who = people(compared)[:12]
    heard = {
        name: [float(outcome.by_person[one].total if one in outcome.by_person else 0) for one in who]
        for name, outcome in sides
    }
    if who:
        yield bars("Who is asked most", [one_line(one, 40) for one in who], heard, unit="", as_svg=True)
