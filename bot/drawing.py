"""The pictures of reports: what they show and say. How they are laid out is in chart.py, and drawn in canvas.py.

A picture's title is its message, every number stands in it as a number, and `alt` says them all to who cannot see it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from math import isfinite

from bot.canvas import GREY, MARGIN, SMALL, WIDE, Style, blank
from bot.chart import Bar, Chart, Legend, Look, Picture, Row, day, drawn, heading, picture
from bot.core import report_words as words
from bot.core.report import Age, Period, Report, Times, Took, largest, pooled
from bot.core.signal import Severity
from bot.core.text import one_line

__all__ = ["Picture", "bars", "charts", "hours"]

SHOWN = 8
"""sources and teams that are named in one chart; the rest are one more row"""
ROWS, SERIES, BARS = 12, 6, 36
"""of a chart of anything else, at most"""
_BLUE, _PALE = "#0b4f8a", "#d5dde5"
_SERIES = (
    Style(_BLUE),
    Style(_PALE, "//", "#7f8c99"),
    Style("#e69f00"),
    Style("#009e73", "\\\\", "#bfe8db"),
    Style("#cc79a7", "..", "#7a3560"),
    Style("#56b4e9", "xx", "#1c6796"),
)
"""chosen for who sees no red or green, told apart by hatching and by order where no colour is seen"""
_NOW, _BEFORE = _SERIES[:2]
_SEVERITY = {
    Severity.CRITICAL: Style("#7d1128", ink="white"),
    Severity.ERROR: Style("#e07b39", "//", "#f0b48c"),
    Severity.WARNING: Style("#f6d55c"),
    Severity.INFO: Style("#dbe9f4", "..", "#a9c4da"),
}
"""the worse, the darker; every other one is hatched"""


def charts(report: Report, *, width: int = WIDE, as_svg: bool = False) -> tuple[Picture, ...]:
    """The report's pictures; one that would show nothing in either period is left out, but for what is open."""
    look = Look(width=width, as_svg=as_svg)
    return tuple(drawn(chart, look) for chart in _charts(report))


def bars(  # noqa: PLR0913 - a picture is asked for by name
    title: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    unit: str,
    alt: str = "",
    as_svg: bool = False,
) -> Picture:
    """One group of bars for each label, one bar in it for each series.

    Of many only the first are shown, and it says so. A number that is not finite stands for "none".
    """
    styles = dict(zip(list(series)[:SERIES], _SERIES, strict=False))
    most = min(ROWS, BARS // max(len(styles), 1))
    rows = tuple(
        Row(name=label, bars=tuple(_plain(float(series[name][n]), unit, style) for name, style in styles.items()))
        for n, label in enumerate(labels[:most])
    )
    chart = Chart(
        title=title,
        about="",
        legend=tuple(styles.items()) if len(styles) > 1 else (),
        rows=rows,
        note=_left_out(len(labels) - most, "rows") + _left_out(len(series) - SERIES, "series"),
        alt=alt or _alt(title, rows, tuple(styles)),
    )
    return drawn(chart, Look(as_svg=as_svg))


def hours(title: str, series: Mapping[str, Sequence[int]], *, alt: str = "", as_svg: bool = False) -> Picture:
    """For each series the 24 hours of a day, all in one scale. Of many only the first are shown, and it says so."""
    shown = dict(list(series.items())[:SERIES])
    scale = max((max(counts) for counts in shown.values()), default=0) or 1
    said = " ".join(_busiest(name, counts) for name, counts in shown.items())
    with blank() as canvas:
        y = heading(canvas, title, "By hour of the day.")
        for (name, counts), style in zip(shown.items(), _SERIES, strict=False):
            y = day(canvas, name, counts, (y, scale, style))
        if note := _left_out(len(series) - SERIES, "series"):
            canvas.write(note, MARGIN, y + SMALL / 2, SMALL, color=GREY)
            y += SMALL * 1.5
        return picture(canvas, y, Look(as_svg=as_svg), title=title, alt=alt or f"{title}. {said}")


def _charts(report: Report) -> Iterator[Chart]:
    yield _open(report)
    for done, times in (("acknowledged", _acknowledge), ("closed", _close)):
        for by, groups in (("source", _by_source), ("team", _by_team)):
            now, before = groups(times(report.now)), groups(times(report.before))
            # A single team is what the chart by source has shown.
            if (now or before) and (by == "source" or len({*now, *before}) > 1):
                yield _times((done, by), now, before, legend=_periods(report))
    if report.now.acknowledged or report.before.acknowledged:
        yield _forgotten(report)
    if report.now.escalations or report.before.escalations:
        yield _escalations(report)


def _acknowledge(period: Period) -> Times:
    return period.acknowledge


def _close(period: Period) -> Times:
    return period.close


def _by_source(times: Times) -> Mapping[str, Took]:
    return times.by_source


def _by_team(times: Times) -> Mapping[str, Took]:
    return times.by_team


def _periods(report: Report) -> Legend:
    span = words.spelled(report.span)
    return ((f"last {span}", _NOW), (f"{span} before", _BEFORE))


def _open(report: Report) -> Chart:
    ago = f"{words.spelled(report.span)} ago"
    rows = tuple(
        Row(name=age, bars=(_stack(report.now, age, "now"), _stack(report.before, age, "before"))) for age in Age
    )
    legend = tuple((severity.value, style) for severity, style in _SEVERITY.items())
    return Chart(
        title=words.open_since(report),
        about=f"Open alerts by age and severity: now, and {ago} (before).",
        legend=legend,
        rows=rows,
        alt=f"{words.open_since(report)}. " + " ".join(_aged(report, age) for age in Age),
    )


def _stack(period: Period, age: Age, when: str) -> Bar:
    counts = period.open_by_age[age]
    parts = tuple((float(counts[severity]), style) for severity, style in _SEVERITY.items() if counts[severity])
    return Bar(parts=parts, says=f"{sum(counts.values()):,} {when}")


def _aged(report: Report, age: Age) -> str:
    said = []
    for when, period in (("now", report.now), ("before", report.before)):
        counts = period.open_by_age[age]
        worst = ", ".join(f"{count:,} {severity}" for severity, count in counts.items() if count)
        said.append(f"{when} {sum(counts.values()):,}{f' ({worst})' if worst else ''}")
    return f"{age.capitalize()}: {'; '.join(said)}."


def _times(what: tuple[str, str], now: Mapping[str, Took], before: Mapping[str, Took], *, legend: Legend) -> Chart:
    done, by = what
    named, rest = largest(now, before, room=SHOWN)
    groups = [(name or f"no {by}", _of(now, (name,)), _of(before, (name,))) for name in named]
    if rest:
        groups.append((f"{len(rest)} others", _of(now, rest), _of(before, rest)))
    rows = tuple(_timed(done, *group) for group in groups)
    title = words.paces(done, now, before, one=by, many=f"{by}s")
    if not title:
        title = words.pace(done, pooled(now.values()), pooled(before.values()))
    return Chart(
        title=title,
        about=f"From raised to {done}, by {by}. Bar: median. Line: 9 in 10 took no longer.",
        legend=legend,
        rows=rows,
        scale=_scale(rows),
        alt=f"{title}. " + " ".join(_said(done, *group) for group in groups),
    )


def _of(groups: Mapping[str, Took], names: Sequence[str]) -> Took:
    return pooled(groups[name] for name in names if name in groups)


def _timed(done: str, name: str, now: Took, before: Took) -> Row:
    waiting = f", {now.waiting:,} open" if done == "closed" else f", {now.waiting:,} wait"
    below = f"{now.count:,} of {now.total:,}{waiting if now.waiting else ''}"
    return Row(name=name, below=below, bars=(_took(now, _NOW), _took(before, _BEFORE)))


def _took(took: Took, style: Style) -> Bar:
    if took.median is None or took.p90 is None:
        return Bar(parts=(), says="none yet" if took.waiting else "none")
    says = brief(took.median) if took.count == 1 else f"{brief(took.median)} · {brief(took.p90)}"
    return Bar(parts=((took.median.total_seconds(), style),), says=says, reach=took.p90.total_seconds())


def _scale(rows: Sequence[Row]) -> float:
    """The longest line, but not so long that the bars beside it cannot be told apart any more."""
    every = [bar for row in rows for bar in row.bars]
    longest = max((bar.length for bar in every), default=0.0)
    return min(max((bar.reach for bar in every), default=0.0), 3 * longest) or longest


def _said(done: str, name: str, now: Took, before: Took) -> str:
    waiting = f", {now.waiting:,} not {done} yet" if now.waiting else ""
    return f"{one_line(name, 40)}: {_pace(now)} ({now.count:,} of {now.total:,}{waiting}); before {_pace(before)}."


def _pace(took: Took) -> str:
    if took.median is None or took.p90 is None:
        return "none"
    return f"median {brief(took.median)}, 9 in 10 within {brief(took.p90)}"


def brief(span: timedelta) -> str:
    """A span in as few letters as can be: `45 s`, `12 min`, `3.5 h`, `2 days`."""
    seconds = span.total_seconds()
    if round(seconds) < 120:
        return f"{seconds:.0f} s"
    if round(seconds / 60) < 120:
        return f"{seconds / 60:.0f} min"
    size, unit = (3600, "h") if seconds < 48 * 3600 else (86400, "days")
    return f"{f'{seconds / size:,.1f}'.removesuffix('.0')} {unit}"


def _forgotten(report: Report) -> Chart:
    periods = zip(_periods(report), (report.now, report.before), strict=True)
    rows = tuple(Row(name=name, bars=(_share(period, style),)) for (name, style), period in periods)
    title = words.forgotten(report)
    about = "Share of the acknowledged alerts whose acknowledgement ran out before they were resolved."
    return Chart(title=title, about=about, legend=(), rows=rows, alt=_alt(title, rows, ("",)))


def _share(period: Period, style: Style) -> Bar:
    share = period.forgotten_share
    if share is None:
        return Bar(parts=(), says="none acknowledged")
    says = f"{100 * share:.0f} % ({period.forgotten:,} of {period.acknowledged:,})"
    return Bar(parts=((share, style),), says=says)


def _escalations(report: Report) -> Chart:
    now, before = report.now.escalations, report.before.escalations
    rows = tuple(
        Row(
            name=f"to {words.step_name(step)}",
            bars=(_plain(now.get(step, 0), "", _NOW), _plain(before.get(step, 0), "", _BEFORE)),
        )
        for step in sorted({*now, *before})[:ROWS]
    )
    title = words.escalations(report)
    return Chart(
        title=title,
        about="Escalations of the alerts raised in these weeks, by the policy's step they went to.",
        legend=_periods(report),
        rows=rows,
        note=_left_out(len({*now, *before}) - ROWS, "steps"),
        alt=_alt(title, rows, ("now", "before")),
    )


def _plain(value: float, unit: str, style: Style) -> Bar:
    if not isfinite(value):
        return Bar(parts=(), says="none")
    whole = value == round(value) or abs(value) >= 100
    return Bar(
        parts=((max(value, 0.0), style),), says=f"{f'{value:,.0f}' if whole else f'{value:,.1f}'} {unit}".strip()
    )


def _alt(title: str, rows: Sequence[Row], names: Sequence[str]) -> str:
    """Every number of a chart in words."""
    said = [
        f"{one_line(row.name, 40)}: "
        + ", ".join(f"{name} {bar.says}".strip() for name, bar in zip(names, row.bars, strict=True))
        for row in rows
    ]
    return f"{title}. {'; '.join(said)}."


def _left_out(count: int, what: str) -> str:
    return f"{count:,} more {what} are not shown. " if count > 0 else ""


def _busiest(name: str, counts: Sequence[int]) -> str:
    hour = max(range(24), key=lambda at: counts[at])
    most = f", most from {hour:02}:00 to {hour + 1:02}:00 ({counts[hour]:,})" if counts[hour] else ""
    return f"{one_line(name, 40)}: {sum(counts):,}{most}."
