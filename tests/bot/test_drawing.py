"""The pictures: they open, they are of a sane size, they say their numbers, and no name can spoil them."""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import pytest
from cast import T0, minutes
from hypothesis import HealthCheck, settings
from hypothesis import given as examples
from hypothesis import strategies as st
from PIL import Image

from bot import drawing
from bot.canvas import legible
from bot.core.report import Life, Report, report
from bot.core.signal import Severity
from bot.core.state import Status
from bot.drawing import Picture, bars, brief, charts, hours

DAY = timedelta(days=1)
HOSTILE: Mapping[str, str] = {
    "mathematics": r"$\frac{1}{0}$ $\undefined{x}$ $",
    "an emoji": "🚀 rocket 👩🏽‍🚀",
    "a script our font has not": "財務監査エージェント",
    "a script from right to left": "مراقب الفواتير",
    "directions": "\u202egro.live\u202c\u2066x\u2069",
    "lines": "one\ntwo\r\nthree\ttab\x00\x1b[31m",
    "a mention": "<!channel> <@U0ANA>",
    "markup": "--><script>alert(1)</script><!--",
    "marks": "Z" + "\u0335\u0321\u0322" * 60,
    "length": "W" * 5000,
    "half of a pair": "\ud83d broken",
    "nothing": "",
}


def life(n: int, *, source: str = "ap-auditor", team: str = "payments") -> Life:
    """The n-th alert of the last eight weeks: of every kind that there is."""
    at = T0 - timedelta(hours=5 + 11 * n % 1300)
    finished = n % 4 != 0
    return Life(
        source=source,
        team=team,
        severity=list(Severity)[n % 4],
        raised_at=at,
        acknowledged_at=at + minutes(1 + n % 50) if n % 5 else None,
        finished_at=at + timedelta(hours=2, minutes=n % 60) if finished else None,
        status=Status.CLOSED if finished else Status.OPEN,
        expired=int(n % 6 == 1),
        escalations=tuple(range(1, 1 + n % 4)),
        exceptions=0,
        due_at=None if finished else T0 + DAY,
        nudges=1,
    )


def made(count: int, names: tuple[str, ...] = ("ap-auditor", "churn-watch")) -> Report:
    chosen = [(names[n % len(names)], names[(n // 2) % len(names)]) for n in range(count)]
    return report((life(n, source=source, team=team) for n, (source, team) in enumerate(chosen)), now=T0)


def opened(picture: Picture) -> Image.Image:
    image = Image.open(BytesIO(picture.png))
    image.load()
    return image


def sane(picture: Picture, *, width: int = 900) -> None:
    image = opened(picture)
    assert image.format == "PNG" and image.width == width
    assert width // 8 < image.height < 2 * width
    assert len(picture.png) < 500_000
    assert 0 < len(picture.title) <= 200 and 0 < len(picture.alt) <= 2000
    darkest, lightest = image.convert("L").getextrema()
    assert darkest < 60 and lightest == 255


@pytest.mark.parametrize("count", [0, 1, 2, 300, 20_000])
def test_a_report_of_any_size_becomes_pictures(count: int) -> None:
    pictures = charts(made(count))
    assert pictures
    for picture in pictures:
        sane(picture)


def test_a_report_has_a_picture_for_each_of_its_parts() -> None:
    titles = [picture.title for picture in charts(made(300))]
    assert len(titles) == 7
    assert titles[0].endswith("more than 4 weeks ago") or "fewer than" in titles[0] or "as many as" in titles[0]
    assert [title.split()[0] for title in titles[1:5]] == ["Acknowledged", "Acknowledged", "Closed", "Closed"]
    assert titles[1].endswith("sources") and titles[2].endswith("teams")
    assert "then forgotten" in titles[5] and titles[6].startswith("Escalated")


def test_of_nothing_there_is_one_picture_and_it_says_so() -> None:
    (picture,) = charts(made(0))
    assert picture.title == "No alert is open (4 weeks ago: none)"
    assert "Over 4 weeks: now 0; before 0." in picture.alt


def test_the_alternative_text_says_the_numbers() -> None:
    said = made(300)
    by_age, by_source, *_, forgotten, escalated = charts(said)
    for severities in said.now.open_by_age.values():
        assert f"now {sum(severities.values())}" in by_age.alt
    took = said.now.acknowledge.by_source["churn-watch"]
    assert took.median and took.p90
    expected = (
        f"churn-watch: median {brief(took.median)}, 9 in 10 within {brief(took.p90)} ({took.count} of {took.total}"
    )
    assert expected in by_source.alt
    assert f"({said.now.forgotten} of {said.now.acknowledged})" in forgotten.alt
    assert f"to step 2: now {said.now.escalations[1]}, before {said.before.escalations[1]}" in escalated.alt


def test_eight_are_named_and_the_rest_are_one_row() -> None:
    names = tuple(f"agent-{n:02}" for n in range(30))
    by_source = charts(made(600, names))[1]
    assert by_source.alt.count("agent-") == 8 and "22 others: median" in by_source.alt
    sane(by_source)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_no_name_spoils_a_picture(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pictures = charts(made(40, (name, "ap-auditor")))
        asked = {name or "x": [1.0, 2.0]}
        pictures += (bars(name, [name, "b"], asked, unit=name[:20]), hours(name, {name: [1] * 24}))
    for picture in pictures:
        assert opened(picture).width == 900
        assert not set(picture.title + picture.alt) & set("\u202e\u2066\n\x00\x1b")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@examples(st.text(max_size=60))
def test_any_name_can_be_drawn(name: str) -> None:
    sane(bars("A title", [name], {"now": [1.0], name or "x": [2.0]}, unit="h"))


@examples(st.text())
def test_what_is_drawn_is_one_line_of_letters_that_the_font_has(name: str) -> None:
    shown = legible(name)
    assert len(shown) <= 400 and shown.isprintable() and legible(shown) == shown


def test_a_dollar_is_a_dollar() -> None:
    assert legible("$x$ 100 %") == "$x$ 100 %"
    one, other = (bars("t", [name], {"a": [1.0]}, unit="").png for name in ("$x$", "x"))
    assert one != other


def test_the_same_report_is_the_same_picture() -> None:
    said = made(100)
    assert charts(said) == charts(said)
    assert charts(said, as_svg=True) == charts(said, as_svg=True)


def test_threads_do_not_disturb_each_other() -> None:
    said = made(60)
    expected = (charts(said), charts(said, as_svg=True))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: charts(said, as_svg=bool(n % 2)), range(6)))
    assert found == [expected[n % 2] for n in range(6)]


def test_a_picture_can_be_as_wide_as_is_wanted() -> None:
    for picture in charts(made(20), width=360):
        sane(picture, width=360)


# ── for a page ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_svg_stands_in_a_page_as_it_is() -> None:
    pictures = charts(made(50, (HOSTILE["markup"], 'quo"te & <b>')), as_svg=True)
    for picture in pictures:
        assert picture.png == b"" and picture.svg.startswith("<svg ")
        root = ElementTree.fromstring(picture.svg)
        assert root.attrib["aria-label"] == picture.alt and root.attrib["role"] == "img"
        assert {element.tag.partition("}")[2] for element in root.iter()} <= {
            "svg",
            "defs",
            "style",
            "g",
            "path",
            "use",
        } | {
            "clipPath",
            "rect",
            "pattern",
        }
        assert "script>" not in picture.svg.replace("&lt;script&gt;", "").replace("&lt;/script&gt;", "")
        assert "<!--" not in picture.svg and "20" + "26-" not in picture.svg


# ── pictures of anything else ────────────────────────────────────────────────────────────────────────────────────────


def test_bars_say_each_number_with_its_unit() -> None:
    picture = bars("Fewer nudges", ["nudges", "time"], {"today": [1200, 12.54], "v2": [3, float("nan")]}, unit="min")
    sane(picture)
    assert picture.alt == "Fewer nudges. nudges: today 1,200 min, v2 3 min; time: today 12.5 min, v2 none."


EXTREMES: dict[str, tuple[list[str], dict[str, list[float]]]] = {
    "nothing": ([], {}),
    "no series": (["a"], {}),
    "no labels": ([], {"a": []}),
    "zeros": (["a"], {"x": [0.0], "y": [0.0]}),
    "infinite and negative": (["a"], {"x": [float("inf")], "y": [-3.0]}),
    "huge beside tiny": (["a", "b"], {"x": [1e15, 1e-9]}),
    "too many of both": ([f"row {n}" for n in range(40)], {f"series {n}": [1.0] * 40 for n in range(9)}),
}


@pytest.mark.parametrize(("labels", "series"), EXTREMES.values(), ids=EXTREMES)
def test_bars_of_extremes(labels: list[str], series: dict[str, list[float]]) -> None:
    picture = bars("A title", labels, series, unit="", alt="said")
    assert opened(picture).height < 2000 and picture.alt == "said"


def test_hours_name_the_busiest() -> None:
    night = [9, *[0] * 22, 4]
    picture = hours("Asked at night", {"today": night, "v2": [0] * 24})
    sane(picture)
    assert picture.alt == "Asked at night. today: 13, most from 00:00 to 01:00 (9). v2: 0."
    assert opened(hours("Asked at night", {})).width == 900
    assert hours("Asked at night", {"today": night}, as_svg=True).svg.startswith("<svg ")


SPANS: dict[float, str] = {0: "0 s", 59.6: "60 s", 119: "119 s", 720: "12 min", 7100: "118 min", 7200: "2 h"} | {
    9000: "2.5 h",
    172_800: "2 days",
    216_000: "2.5 days",
}


@pytest.mark.parametrize(("seconds", "text"), SPANS.items())
def test_a_span_in_few_letters(seconds: float, text: str) -> None:
    assert brief(timedelta(seconds=seconds)) == text


# ── its price ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_draws_nothing_does_not_load_the_library() -> None:
    code = "import sys, bot.drawing; print(sorted({'matplotlib', 'numpy', 'PIL'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_the_library_that_keeps_state_for_all_is_never_loaded() -> None:
    charts(made(10))
    code = (
        "import sys; from bot.drawing import bars; "
        "bars('t', ['a'], {'x': [1.0]}, unit=''); print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"


def test_a_picture_is_drawn_while_somebody_waits() -> None:
    said: Any = made(2000, tuple(f"agent-{n:02} with a rather long name of its own" for n in range(30)))
    charts(made(1))  # fonts are loaded once
    began = time.process_time()
    pictures = charts(said)
    assert (time.process_time() - began) / len(pictures) < 3.0


def test_the_public_names_are_these() -> None:
    assert set(drawing.__all__) == {"Picture", "bars", "charts", "hours"}
