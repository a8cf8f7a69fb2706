"""The demo, as a newcomer runs it."""

from __future__ import annotations

import json
from pathlib import Path

from story.town import Town


def test_the_demo_s_day_becomes_cards(town: Town) -> None:
    said = town.cli("demo", "--fast")
    kept = Path(town.env["CLOSELOOP_DATA"]) / "demo-keys.json"
    town.keys |= json.loads(kept.read_text())
    sources = json.loads(kept.read_text())
    alerts = [one for one in town.alerts() if one["source"] in sources and one["title"] in said]
    town.raised |= {one["id"]: one["source"] for one in alerts}

    assert len(alerts) >= 5
    assert {one["title"] for one in alerts} <= {line.split(maxsplit=2)[2] for line in said.splitlines()}
    for one in alerts:
        card = town.card(one["id"], seconds=30)
        assert one["title"][:60] in card.says
    assert {one["channel"] for one in alerts} >= {"#ai-alerts", "#models", "#stock"}
