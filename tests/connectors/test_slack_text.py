"""What people and sources write, in Slack's shapes: shown as it is, never obeyed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.core import fitting
from bot.core.text import Link, Part, Quote, Typed, When, Who, Words
from connectors.chat.slack import text
from tests.connectors.conftest import CAST

NINE = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

LEAVES: list[tuple[Part, list[dict[str, object]]]] = [
    (Words("Open", bold=True), [{"type": "text", "text": "Open", "style": {"bold": True}}]),
    (Quote("<!channel> *hi*"), [{"type": "text", "text": "<!channel> *hi*"}]),
    (Quote("\u202eabc\u200b"), [{"type": "text", "text": "abc"}]),
    (Quote("\u200b"), []),
    (Who("ana@acme.example", mention=True), [{"type": "user", "user_id": "U0ANA"}]),
    (Who("ana@acme.example"), [{"type": "text", "text": "Ana", "style": {"bold": True}}]),
    (Who("gone@acme.example", mention=True), [{"type": "text", "text": "gone@acme.example", "style": {"bold": True}}]),
    (
        When(NINE),
        [
            {
                "type": "date",
                "timestamp": 1795165200,
                "format": "{date_short_pretty} {time}",
                "fallback": "2026-11-20 09:00 UTC",
            }
        ],
    ),
    (When(datetime(1969, 1, 1, tzinfo=UTC)), [{"type": "text", "text": "1969-01-01 00:00 UTC"}]),
    (
        Link("https://ledger.acme.example/4711", "Invoice"),
        [
            {"type": "link", "url": "https://ledger.acme.example/4711", "text": "Invoice"},
            {"type": "text", "text": " (ledger.acme.example)"},
        ],
    ),
    (Link("javascript:alert(1)", "Invoice"), [{"type": "text", "text": "Invoice"}]),
    (Typed("open #pay"), [{"type": "text", "text": "/loop open #pay", "style": {"bold": True}}]),
    (Typed("mine", home="Home"), [{"type": "text", "text": "Home", "style": {"bold": True}}]),
]


@pytest.mark.parametrize(("part", "leaves"), LEAVES)
def test_each_part_has_its_own_leaf(part: Part, leaves: list[dict[str, object]]) -> None:
    assert text.leaves((part,), CAST) == leaves


LONG = "bank.example." * 10 + "evil.example"
DESTINATIONS = [
    ("https://a.example/x?y=1#z", ("https://a.example/x?y=1#z", "a.example")),
    ("HTTP://A.Example:8080/", ("http://a.example:8080/", "a.example")),
    ("https://a.example/ü?q=é", ("https://a.example/%C3%BC?q=%C3%A9", "a.example")),
    ("https://bücher.example/", ("https://xn--bcher-kva.example/", "xn--bcher-kva.example")),
    ("https://[::1]:8080/x", ("https://[::1]:8080/x", "[::1]")),
    ("https://evil.example\\.bank.example/", None),
    ("https://bank.example@evil.example/", None),
    ("https://a.example:99999/", None),
    ("https:///nowhere", None),
    ("ftp://a.example/", None),
    ("https://a.example/" + "x" * 3000, None),
    (f"https://{LONG}/", (f"https://{LONG}/", f"…{LONG[-79:]}")),
]  # fmt: skip


@pytest.mark.parametrize(("url", "found"), DESTINATIONS)
def test_a_link_leads_where_it_says(url: str, found: tuple[str, str] | None) -> None:
    assert fitting.destination(url) == found


TOP_LEVEL: list[tuple[Part, str]] = [
    (Quote("a < b & <!channel>"), "a &lt; b &amp; &lt;!channel&gt;"),
    (Quote("two\nlines"), "two lines"),
    (Who("ana@acme.example", mention=True), "@Ana"),
    (When(NINE), "<!date^1795165200^{date_short_pretty} {time}|2026-11-20 09:00 UTC>"),
    (Link("https://a.example/", "<@U0DOV>"), "&lt;@U0DOV&gt; (a.example)"),
    (Typed("mine"), "/loop mine"),
]


@pytest.mark.parametrize(("part", "said"), TOP_LEVEL)
def test_the_top_level_text_says_it_in_words(part: Part, said: str) -> None:
    assert text.top_level((part,), CAST) == said


@pytest.mark.parametrize("limit", range(1, 40))
def test_a_cut_never_leaves_half_of_an_escape(limit: int) -> None:
    cut = text.top_level((Quote("<<<&&&>>>"), When(NINE)), CAST, limit=limit)
    assert len(cut) <= limit
    assert cut.rstrip("…").replace("&lt;", "").replace("&gt;", "").replace("&amp;", "") == ""


SMALL: list[tuple[Part, str | None]] = [
    (Words("Acknowledged · #8F3K2Q"), "Acknowledged · #8F3K2Q"),
    (Quote("rule 3 <!here>"), "rule 3 &lt;!here&gt;"),
    (Quote("snake_case_name"), "snake_case_name"),
    (Quote("*bold*"), None),
    (Quote("_slanted_"), None),
    (Quote("`code`"), None),
    (Quote(":tada:"), None),
    (Quote("> quoted"), None),
    (Quote("two\nlines"), None),
    (Link("https://a.example", "x"), None),
    (Who("ana@acme.example", mention=True), "Ana"),
    (Typed("mine"), "/loop mine"),
]


@pytest.mark.parametrize(("part", "marked"), SMALL)
def test_only_what_slack_cannot_style_becomes_a_small_line(part: Part, marked: str | None) -> None:
    assert text.mrkdwn((part,), CAST) == marked


def test_the_longest_parts_are_cut_and_the_short_ones_stay_whole() -> None:
    short, long = (Words("Expected "), Quote("12,400.00 EUR")), (Quote("x" * 50_000),)
    fitted = fitting.fitted([short, long], CAST, room=1000)
    assert fitted[0] == short
    assert sum(len(fitting.plain(one, CAST)) for one in fitted) <= 1000


def test_a_name_cannot_become_a_mention() -> None:
    hostile = {"x": CAST["ana@acme.example"].__class__(id="x", name="<!channel>", chat={"slack": "U0X> <!channel"})}
    assert text.top_level((Who("x"),), hostile) == "@&lt;!channel&gt;"
    assert text.leaves((Who("x", mention=True),), hostile)[0]["type"] == "text"
