"""One kind of chart: rows of lying bars, named on the left, with the number that each stands for at its end.

No axis has to be read and nothing depends on colour: on a phone such a chart is as good as a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.canvas import GREY, MARGIN, NAME, SMALL, TITLE, WIDE, Canvas, Style, blank, shares
from bot.core.text import one_line

Legend = tuple[tuple[str, Style], ...]
ALT = 1900
"""Slack takes 2,000 characters of alternative text"""
_THICK, _GAP, _BETWEEN = 34, 6, 24
_NAMES = 320
"""pixels at most for the names of rows"""
_DAY = 150
"""pixels that the highest of 24 bars is high"""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One drawing, as PNG or as SVG, whichever was asked for."""

    title: str
    alt: str
    """all its numbers, for who cannot see it"""
    png: bytes = b""
    svg: str = ""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a picture is wanted: pixels wide, or as SVG."""

    width: int = WIDE
    as_svg: bool = False


@dataclass(frozen=True, kw_only=True)
class Bar:
    parts: tuple[tuple[float, Style], ...]
    says: str
    """what stands at its end"""
    reach: float = 0.0
    """where a line from its end goes to; 0 for none"""

    @property
    def length(self) -> float:
        return sum(value for value, _ in self.parts)


@dataclass(frozen=True, kw_only=True)
class Row:
    name: str
    bars: tuple[Bar, ...]
    below: str = ""
    """a second line under the name"""


@dataclass(frozen=True, kw_only=True)
class Chart:
    title: str
    """its message"""
    about: str
    """what is shown, and how to read it"""
    legend: Legend
    rows: tuple[Row, ...]
    scale: float = 0.0
    """what the longest bar stands for, lines beyond it are cut; 0: the longest there is"""
    alt: str
    note: str = ""


@dataclass(frozen=True)
class _Columns:
    """Where the bars begin, how long the longest may be, and what it stands for."""

    left: float
    room: float
    scale: float

    def at(self, value: float) -> float:
        return self.left + self.room * min(max(value, 0.0) / self.scale, 1.0)


def drawn(chart: Chart, look: Look) -> Picture:
    with blank() as canvas:
        y = heading(canvas, chart.title, chart.about)
        y = _legend(canvas, chart.legend, y)
        columns = _columns(canvas, chart)
        for row in chart.rows:
            y = _row(canvas, row, columns, y) + _BETWEEN
        if chart.note:
            y = _paragraph(canvas, chart.note, y + SMALL / 2)
        return picture(canvas, y, look, title=chart.title, alt=chart.alt)


def heading(canvas: Canvas, title: str, about: str) -> float:
    """The title and the line that explains; where what follows may begin."""
    y = 40.0
    for line in canvas.wrap(title, TITLE, bold=True):
        canvas.write(line, MARGIN, y, TITLE, bold=True)
        y += TITLE * 1.3
    return _paragraph(canvas, about, y + 4)


def day(canvas: Canvas, name: str, counts: Sequence[int], look: tuple[float, float, Style]) -> float:
    """The 24 hours of a day from `y` on, by `scale`, as standing bars; where the next may begin."""
    y, scale, style = look
    slot, most = (WIDE - 2 * MARGIN) / 24, max(counts)
    tall = _DAY if most > 0 else 0
    floor = y + tall + (80 if most > 0 else 44)
    canvas.write(canvas.fit(f"{name}: {sum(counts):,}", NAME, WIDE - 2 * MARGIN), MARGIN, y + 16, NAME)
    for hour, count in enumerate(counts):
        long = tall * max(count, 0) / scale
        canvas.area(MARGIN + hour * slot + 3, floor - long, (slot - 6, long), style)
    canvas.line((MARGIN, floor), (WIDE - MARGIN, floor), color=GREY)
    for hour in range(0, 25, 6):
        align = {0: "left", 24: "right"}.get(hour, "center")
        canvas.write(f"{hour:02}:00", MARGIN + hour * slot, floor + 24, SMALL, color=GREY, align=align)
    if most > 0:
        at = MARGIN + (list(counts).index(most) + 0.5) * slot
        shown = f"{most:,}"
        edge = canvas.measure(shown, SMALL) / 2 + MARGIN
        top = floor - tall * most / scale - 20
        canvas.write(shown, min(max(at, edge), WIDE - edge), top, SMALL, align="center")
    return floor + 70


def picture(canvas: Canvas, height: float, look: Look, *, title: str, alt: str) -> Picture:
    title, alt = one_line(title, 200), one_line(alt, ALT)
    if look.as_svg:
        return Picture(title=title, alt=alt, svg=canvas.svg(height, alt))
    return Picture(title=title, alt=alt, png=canvas.png(height, look.width))


def _paragraph(canvas: Canvas, text: str, y: float) -> float:
    for line in canvas.wrap(text, SMALL) if text else ():
        canvas.write(line, MARGIN, y, SMALL, color=GREY)
        y += SMALL * 1.35
    return y


def _legend(canvas: Canvas, legend: Legend, y: float) -> float:
    x, y = float(MARGIN), y + 12
    for name, style in legend:
        shown = canvas.fit(name, SMALL, 400)
        wide = 48 + canvas.measure(shown, SMALL)
        if x > MARGIN and x + wide > WIDE - MARGIN:
            x, y = float(MARGIN), y + SMALL * 1.6
        canvas.area(x, y - 13, (36, 26), style)
        canvas.write(shown, x + 46, y, SMALL)
        x += wide + 30
    return y + (44 if x > MARGIN else 0)


def _columns(canvas: Canvas, chart: Chart) -> _Columns:
    names = [canvas.measure(row.name, NAME) for row in chart.rows]
    below = [canvas.measure(row.below, SMALL) for row in chart.rows]
    numbers = [canvas.measure(bar.says, SMALL) for row in chart.rows for bar in row.bars]
    lengths = [max(bar.length, bar.reach) for row in chart.rows for bar in row.bars]
    left = MARGIN + min(max((*names, *below), default=0), _NAMES) + 18
    room = WIDE - MARGIN - left - max(numbers, default=0) - 16
    return _Columns(left=left, room=max(room, 60.0), scale=chart.scale or max(lengths, default=0) or 1.0)


def _row(canvas: Canvas, row: Row, columns: _Columns, y: float) -> float:
    height = len(row.bars) * (_THICK + _GAP) - _GAP
    middle, offset = y + height / 2, 17 if row.below else 0
    name = canvas.fit(row.name, NAME, columns.left - MARGIN - 18)
    canvas.write(name, MARGIN, middle - offset, NAME)
    if row.below:
        canvas.write(canvas.fit(row.below, SMALL, columns.left - MARGIN - 18), MARGIN, middle + 17, SMALL, color=GREY)
    canvas.line((columns.left, y - 3), (columns.left, y + height + 3), color=GREY)
    for bar in row.bars:
        _bar(canvas, bar, columns, y)
        y += _THICK + _GAP
    return max(y - _GAP, middle + offset + 10)


def _bar(canvas: Canvas, bar: Bar, columns: _Columns, y: float) -> None:
    x, middle = columns.left, y + _THICK / 2
    lengths = shares([value for value, _ in bar.parts], columns.at(bar.length) - x)
    for (value, style), long in zip(bar.parts, lengths, strict=True):
        canvas.area(x, y, (long, _THICK), style)
        number = f"{value:,.0f}"
        wide = canvas.measure(number, SMALL)
        if len(bar.parts) > 1 and long > wide + 12:
            # Not on the hatching: it would be read as a part of the number.
            canvas.area(x + (long - wide) / 2 - 3, y, (wide + 6, _THICK), Style(style.fill))
            canvas.write(number, x + long / 2, middle, SMALL, color=style.ink, align="center")
        x += long
    end = columns.at(bar.reach) if bar.reach > bar.length else x
    if end > x:
        _whisker(canvas, (x, end), middle, cut=bar.reach > columns.scale)
    canvas.write(bar.says, max(x, end) + 10, middle, SMALL)


def _whisker(canvas: Canvas, ends: tuple[float, float], y: float, *, cut: bool) -> None:
    start, end = ends
    canvas.line((start, y), (end, y))
    if cut:
        canvas.tip(end, y)
    else:
        canvas.line((end, y - 9), (end, y + 9))
