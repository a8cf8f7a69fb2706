"""Requests that Slack did not send, or sent before: nothing changes, and it is counted."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from story.forging import pressed
from story.town import Town

REFUSED = 'closeloop_slack_requests_total{result="refused"}'


def bodies(town: Town, alert: str) -> dict[str, Any]:
    command = {"command": "/loop", "text": "open", "user_id": "U0ANA", "team_id": "T0ACME", "trigger_id": "1.2.f"}
    event = {"type": "app_home_opened", "user": "U0ANA", "tab": "home"}
    outer = {"type": "event_callback", "team_id": "T0ACME", "event_id": "Ev0FORGED", "event": event}
    return {"interaction": pressed(town.card(alert)), "command": command, "event": outer}


def test_forged_unsigned_and_stale_requests_get_401_change_nothing_and_are_counted(town: Town) -> None:
    alert = town.raise_alert()
    requests = bodies(town, alert)
    counted, before, calls = town.metric(REFUSED), town.alert(alert), town.log()["last"]

    tried = list(itertools.product(requests, ("bad", "none", "stale")))
    for kind, signing in tried:
        answer = town.raw(kind, requests[kind], sign=signing)
        assert (kind, signing, answer["status"]) == (kind, signing, 401)
        assert "Invoice" not in answer["body"]

    assert town.alert(alert) == before
    assert town.log(calls)["calls"] == []
    assert town.metric(REFUSED) == counted + len(tried)
    # The very same click, signed as it should be, is one.
    assert town.raw("interaction", requests["interaction"])["status"] == 200
    town.happened(alert, "raised", "acknowledged")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"x-slack-signature": "v0=" + "0" * 64}, id="another signature"),
        pytest.param({"x-slack-request-timestamp": "not a time"}, id="a timestamp that is none"),
        pytest.param({"x-slack-signature": ""}, id="an empty signature"),
        pytest.param({"x-slack-request-timestamp": "99999999999"}, id="a timestamp of the far future"),
    ],
)
def test_a_request_with_one_header_changed_gets_401(town: Town, headers: dict[str, str]) -> None:
    alert = town.raise_alert()
    assert town.raw("interaction", pressed(town.card(alert)), **headers)["status"] == 401
    town.happened(alert, "raised")


def test_slack_s_handshake_is_answered(town: Town) -> None:
    assert town.workspace.post("verify")["ok"]


def test_a_request_that_is_replayed_is_answered_and_does_nothing_twice(town: Town) -> None:
    alert = town.raise_alert()
    card = town.card(alert)
    assert town.ana.fill("Note", card, text="The supplier was called.").ok
    town.thread(alert, 1)
    assert town.workspace.post("replay")["status"] in (200, 401)
    assert town.ana.press("Acknowledge", town.card(alert, shows="Ana Alvarez noted")).ok
    town.card(alert, shows="Acknowledged")
    assert town.workspace.post("replay")["status"] in (200, 401)

    town.happened(alert, "raised", "noted", "acknowledged")
    assert len(town.thread(alert)) == 1
