"""The whole loop: raised, shown, acknowledged, resolved, closed, and readable from beginning to end."""

from __future__ import annotations

import json
from typing import Any

from story.town import Town

INVOICE: dict[str, Any] = {
    "title": "Invoice 4711 is 1,180.00 EUR above its order",
    "severity": "error",
    "summary": "Billed 14,200.00 EUR; the order says 13,020.00 EUR.",
    "discrepancy": {
        "entity": {"type": "invoice", "id": "4711", "url": "https://erp.acme.example/invoices/4711"},
        "expected": 13020.5,
        "observed": 14200.5,
        "unit": "EUR",
    },
    "confidence": 0.97,
    "model": {"name": "ap-auditor", "version": "2026.11"},
    "evidence": [{"label": "Invoice as scanned", "url": "https://erp.acme.example/invoices/4711/scan.pdf"}],
}


def test_an_alert_is_raised_shown_acknowledged_resolved_and_its_whole_story_can_be_read(town: Town) -> None:
    alert = town.raise_alert("ap-auditor", **INVOICE)

    card = town.card(alert)
    for words in ("ERROR · Invoice 4711", "@U0ANA", "not acknowledged yet", "Cleo Laurent", "erp.acme.example"):
        assert words in card.says
    for fact in ("13,020.50 EUR", "14,200.50 EUR", "ap-auditor 2026.11", "97%", "Invoice as scanned"):
        assert fact in card.says
    assert card.buttons[:2] == ["Acknowledge", "Resolve"]
    assert card.mentions == {"U0ANA"}
    assert "Invoice 4711" in card.text and "Ana Alvarez" in card.text

    assert town.ana.press("Acknowledge", card).ok
    card = town.card(alert, shows="Acknowledged")
    assert card.buttons[0] == "Resolve" and "Ana Alvarez acknowledged" in card.says

    link = "https://erp.acme.example/credit-notes/9"
    said = town.ana.told(lambda: town.ana.fill("Resolve", card, what="Credit note 9 was booked.", link=link))
    assert "Credit note 9 was booked." in said

    card = town.card(alert, shows="CLOSED")
    assert "Resolution: Credit note 9 was booked." in card.says
    assert card.buttons == ["Reopen", "Note", "History"]
    assert town.place(alert).thread(card) == []
    read_everywhere(town, alert, ["raised", "acknowledged", "resolved", "closed"])


def read_everywhere(town: Town, alert: str, kinds: list[str]) -> None:
    """By History, over HTTP and on the command line the trail is the same."""
    history = town.ana.form("History", town.card(alert))
    for words in ("Raised by ap-auditor", "Ana Alvarez acknowledged", "Ana Alvarez resolved this", "Closed"):
        assert words in history.says

    events = town.events(alert)
    assert [event["kind"] for event in events] == kinds
    assert [event["actor"]["id"] for event in events] == ["ap-auditor", *["ana@acme.example"] * 3]

    shown = json.loads(town.cli("alert", "show", alert, "--json", key=town.keys["ap-auditor"]))
    assert shown["events"] == events
    assert shown["alert"]["status"] == "closed"
    text = town.cli("alert", "show", alert, key=town.keys["ap-auditor"])
    assert all(word in text for word in (*kinds, "Credit note 9 was booked."))
