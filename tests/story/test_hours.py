"""When people may be asked: their working hours, their quiet hours, and what cannot wait for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from story.town import Town

NED = {"owner": "ned@acme.example", "labels": {"ask": "office"}}
HOME = ZoneInfo("Europe/Amsterdam")


def local(instant: str) -> datetime:
    return datetime.fromisoformat(instant).astimezone(HOME)


def for_ned(town: Town, **fields: Any) -> str:
    town.joins("ned", tz="Europe/Amsterdam")
    alert = town.raise_alert(**NED, **fields)
    town.card(alert, shows="owner @U0NED")
    return alert


def test_an_error_of_friday_evening_nudges_nobody_until_monday_morning_of_its_owner(town: Town) -> None:
    town.to("Fri", "18:30")
    alert = for_ned(town, severity="error", title="The ledger is off by 3 cents")
    assert "(in their working hours)" in town.card(alert).says
    due = local(town.alert(alert)["due_at"])
    assert (due.weekday(), due.hour, due.minute) == (0, 9, 0)

    town.to("Sun", "21:00")
    witness = town.raise_alert("stock-watch")
    town.card(witness)
    assert town.kinds(alert) == ["raised"] and town.thread(alert) == []

    town.to("Mon", "09:00")
    (nudge,) = town.thread(alert, 1)
    assert nudge.mentions == {"U0NED"}
    town.happened(alert, "raised", "nudged")
    # As the day begins, everything that is open stands in one message of the morning.
    letter = town.until(lambda: town.letters("ned", about="Good morning"), why="no list of the morning")[-1]
    assert "1 alert open" in letter.says and "The ledger is off by 3 cents" in letter.says
    assert letter.buttons == [] and f"{town.chat.command}mine" in letter.says


def test_a_critical_alert_waits_in_quiet_hours_but_never_past_its_deadline(town: Town) -> None:
    town.joins("ned", tz="Europe/Amsterdam")
    town.forward(minutes=11)
    assert "Quiet hours: 22:00-07:00 (Europe/Amsterdam)" in town.person("ned").type("/loop quiet 22:00-07:00").says
    town.to("Tue", "23:00")
    alert = for_ned(town, severity="critical")
    raised_at = datetime.fromisoformat(town.alert(alert)["raised_at"])
    assert datetime.fromisoformat(town.alert(alert)["due_at"]) == raised_at + timedelta(minutes=30)

    town.forward(minutes=29)
    witness = town.raise_alert("stock-watch")
    town.card(witness)
    assert town.kinds(alert) == ["raised"]
    town.forward(minutes=1)
    (nudge,) = town.thread(alert, 1)
    assert nudge.mentions == {"U0NED"}
    at = datetime.fromisoformat(town.happened(alert, "raised", "nudged")[1]["at"])
    assert at - raised_at < timedelta(minutes=31)

    # From there on nobody waits any more: the next one comes at the policy's own pace.
    town.forward(minutes=10)
    town.happened(alert, "raised", "nudged", "nudged")
    assert "You have no quiet hours any more." in town.person("ned").type("/loop quiet off").says


def test_working_hours_do_not_apply_to_what_is_critical(town: Town) -> None:
    town.to("Wed", "20:00")
    alert = for_ned(town, severity="critical")
    shown = town.alert(alert)
    due, raised_at = (datetime.fromisoformat(shown[name]) for name in ("due_at", "raised_at"))
    assert due - raised_at == timedelta(minutes=10)
    town.forward(minutes=10)
    town.thread(alert, 1)
