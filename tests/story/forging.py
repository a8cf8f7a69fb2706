"""Requests as Slack would send them, made by hand."""

from __future__ import annotations

import time
from typing import Any

from story.workspace import Shown


def pressed(card: Shown, act: str = "acknowledge", *, who: str = "U0ANA") -> dict[str, Any]:
    """What Slack would send when somebody presses a button of the card."""
    alert = card.about["alert"]
    action = {
        "type": "button",
        "block_id": "forged",
        "action_id": f"act:{act}",
        "value": f"{alert}:1",
        "action_ts": f"{time.time():.6f}",
    }
    return {
        "type": "block_actions",
        "user": {"id": who, "team_id": "T0ACME"},
        "team": {"id": "T0ACME", "domain": "acme"},
        "api_app_id": "A0LOOP",
        "trigger_id": "1.2.forged",
        "container": {"type": "message", "message_ts": card.ts, "channel_id": card.channel},
        "channel": {"id": card.channel, "name": "ai-alerts"},
        "actions": [action],
    }
