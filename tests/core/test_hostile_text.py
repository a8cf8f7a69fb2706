"""What a source wrote is data: nothing in it hides, reorders, floods or leads elsewhere than it says."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.text import harmless, host, one_line

HIDDEN = [
    ("right-to-left override", "safe\u202egnp.exe", "safegnp.exe"),
    ("isolates", "a\u2066b\u2069c", "abc"),
    ("zero width", "pay\u200bpal\ufeff\u2060", "paypal"),
    ("soft hyphen", "in\u00advoice", "invoice"),
    ("null and escape", "a\x00b\x1b[31mred", "ab[31mred"),
    ("delete and C1", "a\x7f\x9bb", "ab"),
    ("tag characters", "hi\U000e0068\U000e0069", "hi"),
    ("variation selectors that carry bytes", "hi\U000e0100\U000e01ef", "hi"),
    ("interlinear annotation", "a\ufff9b\ufffbc", "abc"),
    ("blank letters", "\u3164a\uffa0\u115f\u2800", "a"),
    ("lone surrogate", "a\ud800b", "ab"),
    ("line and paragraph separators", "a\u2028b\u2029c", "abc"),
    ("arabic letter mark", "a\u061cb", "ab"),
]


@pytest.mark.parametrize(("what", "text", "shown"), HIDDEN)
def test_hidden_characters_are_not_shown(what: str, text: str, shown: str) -> None:
    assert harmless(text, 100) == shown


KEPT = [
    "Zürich – 東京 – العربية – हिन्दी",
    "🔴 5 € ± 3 ½",
    "<!channel> *bold* <https://x|y> & @here",
    "two\nlines\tand a tab",
]


@pytest.mark.parametrize("text", KEPT)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert harmless(text, 100) == text


def test_a_text_that_is_too_long_ends_with_an_ellipsis() -> None:
    assert harmless("x" * 100, 100) == "x" * 100
    assert harmless("x" * 101, 100) == "x" * 99 + "…"
    assert len(harmless("wörter " * 20_000, 300)) <= 300


def test_what_was_cut_is_never_cut_in_silence() -> None:
    assert harmless("a" + "\u200b" * 100_000 + "b", 100) == "a…"
    assert one_line("a" + " " * 100_000 + "b", 100) == "a…"


def test_blanks_in_front_hide_nothing() -> None:
    assert one_line(" " * 100_000 + "Invoice paid twice", 100) == "Invoice paid twice"


def test_one_line_is_one_line() -> None:
    assert one_line("a\r\nb\t c\n\n d\u2028e", 100) == "a b c de"


@settings(max_examples=300)
@given(st.text(st.characters(), max_size=400), st.integers(1, 200))
def test_nothing_harmful_survives(text: str, limit: int) -> None:
    shown = one_line(text, limit)
    assert len(shown) <= limit
    assert "\n" not in shown
    shown.encode("utf-8")
    bad = [c for c in harmless(text, limit) if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]
    assert bad == []
    assert not any(
        unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI") for c in shown
    )


LINKS = [
    ("https://erp.acme.example/invoices/7731?x=1#y", "erp.acme.example"),
    ("http://ERP.Acme.Example:8080/", "erp.acme.example"),
    ("https://my_service.internal/x", "my_service.internal"),
    ("https://127.0.0.1/x", "127.0.0.1"),
    ("https://[2001:db8::1]:8443/x", "2001:db8::1"),
    ("https://bücher.example/", "xn--bcher-kva.example"),
    ("https://\u0430pple.example/login", "xn--pple-43d.example"),
    ("https://xn--pple-43d.example/", "xn--pple-43d.example"),
]


@pytest.mark.parametrize(("url", "shown"), LINKS)
def test_a_link_shows_the_host_it_leads_to(url: str, shown: str) -> None:
    assert host(url) == shown


NO_LINKS = [
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>",
    "file:///etc/passwd",
    "slack://open",
    "//evil.example",
    "evil.example",
    "",
    "https://",
    "https:///evil.example",
    "https:evil.example",
    "https://good.example@evil.example/",
    "https://good.example:pass@evil.example/",
    "https://good.example\\@evil.example/",
    "https://good.example\\.evil.example/",
    "https://evil.example\\good.example",
    "https://%65vil.example/",
    "https://evil.example%2fgood.example/",
    "https://evil.example\t.good.example/",
    "https://evil.example\n/",
    "https://evil.example/ good",
    " https://evil.example/",
    "https://evil.example/\u202egood",
    "https://good\u200b.example/",
    "https://fa\u00df.example/",
    "https://evil\u3002example/",
    "https://\uff45vil.example/",
    "https://evil.example:99999/",
    "https://[::1",
    "https://exa<mple.example/",
    "https://a..b/",
    "https://" + "a" * 300 + ".example/",
    "https://evil.example/\ud800",
    "https://good.example\u2100evil.example/",
]


@pytest.mark.parametrize("url", NO_LINKS)
def test_no_link_is_made_of_what_may_lead_elsewhere(url: str) -> None:
    assert host(url) is None


@settings(max_examples=300)
@given(st.text(st.characters(), max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}/x"):
        shown = host(url)
        assert shown is None or shown.isascii()
