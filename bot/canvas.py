"""What pictures are drawn with: text, bars and lines at pixels, made into a PNG or an SVG.

Matplotlib is imported where it is used: it costs more to import than most processes ever need of it. All of it happens
under one lock, on figures of our own: neither its settings nor its fonts are made for threads.
"""

from __future__ import annotations

import html
import io
import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bot.core.text import one_line

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties
    from matplotlib.ft2font import FT2Font

WIDE = 900
"""pixels that a canvas is wide; a chat shows it at 360, so that 25 of them are the smallest letters to be read"""
TITLE, NAME, SMALL = 35, 28, 25
INK, GREY = "#1d1c1d", "#595959"
_DPI = 100
_MARKS = 2
"""accents on one letter: piled up they write over other rows"""
_MISSING = "□"
_ONE_AT_A_TIME = threading.Lock()
# Whatever somebody's own settings of Matplotlib say: letters as outlines, `$` is a dollar, the same twice is the same.
_PINNED: dict[Any, Any] = {
    "svg.hashsalt": "closeloop",
    "svg.fonttype": "path",
    "text.parse_math": False,
    "text.usetex": False,
    "hatch.linewidth": 2.0,
}


@dataclass(frozen=True)
class Style:
    """How an area looks: told apart by its hatching too, never by its colour alone."""

    fill: str
    hatch: str = ""
    edge: str = "white"
    """the colour of the hatching"""
    ink: str = INK
    """the colour of a number on it"""


class Canvas:
    """A picture in the making, `WIDE` pixels wide; y grows downwards and the height is what is asked for at the end.

    Any text may be given: it is made `legible` here.
    """

    def __init__(self) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self._figure = Figure(figsize=(WIDE / _DPI, 1), dpi=_DPI, facecolor="white")
        canvas: Any = FigureCanvasAgg(self._figure)  # untyped
        self._renderer = canvas.get_renderer()
        self._axes = self._figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self._axes.set_axis_off()

    def measure(self, text: str, size: float, *, bold: bool = False) -> float:
        """How many pixels wide `text` is."""
        width, _, _ = self._renderer.get_text_width_height_descent(legible(text), _font(size, bold), False)
        return float(width)

    def fit(self, text: str, size: float, room: float, *, bold: bool = False) -> str:
        """`text` with its middle left out where it is wider than `room`: long names differ at either end."""
        text = legible(text)
        if self.measure(text, size, bold=bold) <= room:
            return text
        low, high = 0, len(text)
        while low < high:
            keep = (low + high + 1) // 2
            fits = self.measure(_shortened(text, keep), size, bold=bold) <= room
            low, high = (keep, high) if fits else (low, keep - 1)
        return _shortened(text, low)

    def wrap(self, text: str, size: float, *, bold: bool = False, most: int = 4) -> list[str]:
        """`text` in lines of about one length, not more than `most` and none wider than the canvas."""
        room = WIDE - 2 * MARGIN
        gap = self.measure("n n", size, bold=bold) - self.measure("nn", size, bold=bold)
        words = [(word, self.measure(word, size, bold=bold) + gap) for word in legible(text).split()]
        count = len(_broken(words, room))
        # A last line of one word looks like a mistake: as narrow as can be without one more line.
        narrow = next(width for width in (*range(room // 2, room, 8), room) if len(_broken(words, width)) <= count)
        lines = _broken(words, narrow)
        shown = [*lines[: most - 1], " ".join(lines[most - 1 :])] if len(lines) > most else lines
        return [self.fit(line, size, room, bold=bold) for line in shown]

    def write(self, text: str, x: float, y: float, size: float, **look: Any) -> None:
        """`text` with its middle at `y`; `look`: bold, color, align."""
        self._axes.text(
            x,
            y,
            legible(text),
            fontproperties=_font(size, look.get("bold", False)),
            color=look.get("color", INK),
            ha=look.get("align", "left"),
            va="center_baseline",
            parse_math=False,
        )

    def area(self, x: float, y: float, size: tuple[float, float], style: Style) -> None:
        """A filled rectangle with its upper left corner at (x, y)."""
        from matplotlib.patches import Rectangle

        self._axes.add_patch(
            Rectangle((x, y), *size, facecolor=style.fill, edgecolor=style.edge, hatch=style.hatch or None, linewidth=0)
        )

    def line(self, start: tuple[float, float], end: tuple[float, float], *, color: str = INK, wide: float = 2) -> None:
        (x0, y0), (x1, y1) = start, end
        self._axes.plot([x0, x1], [y0, y1], color=color, linewidth=wide, solid_capstyle="butt")

    def tip(self, x: float, y: float) -> None:
        """An arrow's head: what begins before it goes on beyond the picture's scale."""
        self._axes.plot([x - 6, x, x - 6], [y - 7, y, y + 7], color=INK, linewidth=2)

    def png(self, height: float, width: int) -> bytes:
        self._finish(height)
        out = io.BytesIO()
        self._figure.savefig(out, format="png", dpi=_DPI * width / WIDE, metadata={"Software": None})
        return out.getvalue()

    def svg(self, height: float, alt: str) -> str:
        """For a page: without a prologue, and without the comments and names that Matplotlib makes of texts."""
        self._finish(height)
        out = io.BytesIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        self._figure.savefig(out, format="svg", metadata=nothing)
        drawn = re.sub(r"<!--.*?-->\n?", "", out.getvalue().decode(), flags=re.DOTALL)
        drawn = re.sub(r' id="[a-z0-9]+_\d+"', "", drawn[drawn.index("<svg ") :])
        return drawn.replace("<svg ", f'<svg role="img" aria-label="{html.escape(alt)}" ', 1)

    def _finish(self, height: float) -> None:
        self._figure.set_size_inches(WIDE / _DPI, round(height) / _DPI)
        self._axes.set_xlim(0, WIDE)
        self._axes.set_ylim(round(height), 0)


MARGIN = 28
"""pixels left free on either side"""


@contextmanager
def blank() -> Iterator[Canvas]:
    """An empty canvas; everything is drawn on it and taken from it inside the block."""
    with _ONE_AT_A_TIME:
        import matplotlib

        with matplotlib.rc_context(_PINNED):
            yield Canvas()


@lru_cache(maxsize=1024)
def legible(text: str, limit: int = 300) -> str:
    """`text` as one harmless line of letters that our font has; the others show as □."""
    shown: list[str] = []
    marks = 0
    for letter in unicodedata.normalize("NFC", one_line(text, limit)):
        marks = marks + 1 if unicodedata.category(letter) in ("Mn", "Me") else 0
        if marks <= _MARKS and letter not in _SELECTORS:
            shown.append(letter if ord(letter) in _letters() else _MISSING)
    return "".join(shown)


_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))
"""they only choose how the letter before them looks"""


def shares(parts: Sequence[float], length: float) -> list[float]:
    """`length` divided as `parts` are."""
    total = sum(parts)
    return [length * part / total if total else 0.0 for part in parts]


def _broken(words: Iterable[tuple[str, float]], room: float) -> list[str]:
    """Words, each with its width, in lines no wider than `room`; a word that is wider has a line of its own."""
    lines: list[str] = []
    used = room
    for word, wide in words:
        if not lines or used + wide > room:
            lines, used = [*lines, word], wide
        else:
            lines[-1], used = f"{lines[-1]} {word}", used + wide
    return lines


def _shortened(text: str, keep: int) -> str:
    tail = keep // 3
    return f"{text[: keep - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"


@lru_cache(maxsize=64)
def _font(size: float, bold: bool) -> FontProperties:
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=_file(bold), size=size * 72 / _DPI)


@lru_cache(maxsize=2)
def _file(bold: bool) -> str:
    """The font that comes with Matplotlib: the same on every machine."""
    from matplotlib import get_data_path

    return f"{get_data_path()}/fonts/ttf/DejaVuSans{'-Bold' if bold else ''}.ttf"


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    """The letters that both of our fonts have."""
    from matplotlib.ft2font import FT2Font

    fonts: list[FT2Font] = [FT2Font(_file(bold)) for bold in (False, True)]
    return frozenset.intersection(*(frozenset(font.get_charmap()) for font in fonts))
