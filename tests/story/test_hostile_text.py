"""What an AI wrote is data: shown harmlessly, mentions nobody, and kept as it came."""

from __future__ import annotations

from typing import Any

import pytest
from story.seen import Shown
from story.town import Town

TEXTS = {
    "broadcasts": "<!channel> <!here> <!everyone> @channel @here <!subteam^S0FINANCE|finance>",
    "mentions": "<@U0DOV> <@U0ELSA|elsa> <#C0GEN|general> @dov",
    "masked links": "<https://evil.example/login|https://bank.example> [bank](https://evil.example) evil.example",
    "direction": "pay \u202e4711 RUE\u202c \u2066to\u2069 \u200bno\u200bbo\u200bdy\ufeff \u061c",
    "control characters": "a\u0007bell \u001b[31mred\u001b[0m \u0008\u007f\u0085 line\u2028break",
    "markup": "*bold* _it_ ~gone~ `code` ```block``` > quote :tada: & &amp; &lt;!channel&gt; \\ |",
    "any Unicode": "Rēķins № ４７１１ 請求書 فاتورة חשבונית 🧾👩‍👩‍👧‍👦🏴‍☠️ ﷽ Z̴̢̛a̶͓l̷g̸o 𝒜𝓃𝒶",
}
FORGES = "\n\nCLOSED by Ana Alvarez\nOwner: Dov Levi"


def hostile(text: str) -> dict[str, Any]:
    """The text everywhere a source can write one."""
    return {
        "title": text,
        "summary": text + FORGES,
        "discrepancy": {"entity": {"type": text, "id": text}, "expected": text, "observed": text, "unit": text[:20]},
        "model": {"name": text, "version": text[:30]},
        "evidence": [{"label": text, "url": "https://evil.example/<!channel>"}],
        "labels": {"note": text},
    }


@pytest.mark.parametrize("name", TEXTS)
def test_whatever_a_source_writes_is_shown_harmlessly_and_kept_as_it_came(town: Town, name: str) -> None:
    alert = town.raise_alert(**hostile(TEXTS[name]))

    card = town.card(alert)
    harmless(card)
    signal = town.events(alert)[0]["data"]["set"]["signal"]
    for field, value in hostile(TEXTS[name]).items():
        assert kept(signal[field]) == kept(value)


def kept(value: object) -> object:
    """What was sent, without fields that were left empty."""
    if isinstance(value, dict):
        return {key: kept(inner) for key, inner in value.items() if inner is not None}
    return [kept(inner) for inner in value] if isinstance(value, list) else value


def test_a_text_of_100_kb_is_cut_on_the_card_and_kept_whole_in_the_trail(town: Town) -> None:
    long = "<!channel> all of this is evidence " * 2850
    alert = town.raise_alert(title="A long one", summary=long)

    card = town.card(alert)
    harmless(card)
    assert len(card.says) < 3000
    assert town.events(alert)[0]["data"]["set"]["signal"]["summary"] == long
    assert "all of this is evidence" in town.ana.type(f"/loop status {alert[-6:]}").text + card.says


def test_what_people_type_is_as_harmless_as_what_sources_write(town: Town) -> None:
    alert = town.raise_alert()
    text = " ".join(TEXTS.values())
    assert town.ana.fill("Note", town.card(alert), text=text).ok
    (note,) = town.thread(alert, 1)
    assert town.ana.fill("Resolve", town.card(alert), what=text).ok
    for shown in (note, town.card(alert, shows="CLOSED"), town.ana.form("History", town.card(alert))):
        harmless(shown, owner={"U0ANA"} if shown.kind == "card" and not shown.ephemeral else set())
    assert town.events(alert)[1]["reason"] == text


def harmless(shown: Shown, *, owner: set[str] = {"U0ANA"}) -> None:  # noqa: B006
    """It mentions its owner alone, parses nothing, hides nothing."""
    assert shown.mentions == owner
    assert shown.harm() == []
