"""People whom Microsoft 365 knows best: who is away there is stepped over, and who manages there is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from story import house as houses
from story import platforms, promises
from story.town import CONFIGS, Town


@pytest.fixture(scope="module", params=platforms.PLATFORMS)
def opened(request: Any, tmp_path_factory: pytest.TempPathFactory, http: httpx2.Client) -> Iterator[Town]:
    """A town of its own, whose people are known to Graph as well."""
    folder, platform = tmp_path_factory.mktemp("office"), str(request.param)
    config = CONFIGS[platform].replace("directory: [file, slack]", "directory: [file, graph, slack]")
    town = Town.open(folder, database_url=houses.sqlite(folder), http=http, config=config, platform=platform)
    yield town
    town.close()


@pytest.fixture
def office(opened: Town) -> Iterator[Town]:
    """With nothing open in it; afterwards every promise is held against it."""
    opened.raised.clear()
    yield opened
    alerts = list(opened.raised)
    promises.hold(opened, alerts)
    promises.finish(opened, alerts)


def account(town: Town, name: str, **changes: Any) -> None:
    town.workspace.post(f"microsoft/users/U0{name.upper()}", **changes)


def joins(town: Town, name: str, **changes: Any) -> None:
    """Somebody new, of whom the file says nothing; the workspace names no manager of theirs."""
    town.joins(name)
    account(town, name, **changes)


def replies(town: Town, name: str, *, hours: tuple[float, float]) -> None:
    """Automatic replies, so many hours from now until so many hours from now."""
    settings = town.workspace.get("microsoft")["accounts"][f"U0{name.upper()}"]["mailbox"]
    start, end = (datetime.fromtimestamp(town.now(), UTC) + timedelta(hours=hour) for hour in hours)
    said = {
        "status": "scheduled",
        "scheduledStartDateTime": {"dateTime": f"{start:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"},
        "scheduledEndDateTime": {"dateTime": f"{end:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"},
        "internalReplyMessage": "<html>I am at the hospital.</html>",
    }
    account(town, name, mailbox={**settings, "automaticRepliesSetting": said})


def escalated(town: Town, alert: str) -> list[Any]:
    """What Cleo is told once the owner was asked three times in vain."""
    for kinds in (("raised", "nudged"), ("raised", "nudged", "nudged"), ("raised", "nudged", "nudged", "escalated")):
        town.forward(minutes=10)
        town.happened(alert, *kinds)
    return town.dms("cleo", alert, 1)


def test_an_owner_who_does_not_react_is_followed_by_the_manager_that_graph_names(office: Town) -> None:
    joins(office, "hal", manager="U0CLEO")
    alert = office.raise_alert(owner="hal@acme.example")
    assert office.card(alert, shows="owner @U0HAL").mentions == {"U0HAL"}

    (told,) = escalated(office, alert)
    assert told.kind == "escalation"
    assert office.alert(alert)["owner"] == "hal@acme.example"


def test_an_owner_with_automatic_replies_is_stepped_over_and_their_words_are_told_nobody(office: Town) -> None:
    joins(office, "ivy", manager="U0CLEO")
    alert = office.raise_alert(owner="ivy@acme.example")
    office.card(alert, shows="owner @U0IVY")
    replies(office, "ivy", hours=(-1, 72))

    office.forward(minutes=11)

    (told,) = office.dms("cleo", alert, 1)
    assert told.kind == "escalation"
    events = office.happened(alert, "raised", "escalated")
    (skipped,) = events[1]["data"]["skipped"]
    assert skipped.startswith("owner: ivy@acme.example is away until ")
    assert "hospital" not in str(events) + told.says + office.card(alert).says


def test_a_named_owner_who_is_away_already_is_not_asked_at_all(office: Town) -> None:
    joins(office, "joe", manager="U0CLEO")
    replies(office, "joe", hours=(-1, 72))
    assert "Nothing is open here" in office.person("joe").type("/loop mine").says
    alert = office.raise_alert(owner="joe@acme.example")
    assert "joe@acme.example is away until" in office.card(alert, shows="owner @U0ANA").says
    assert office.dms("joe", alert) == []


def test_replies_that_are_over_count_as_none(office: Town) -> None:
    joins(office, "kai", manager="U0CLEO")
    replies(office, "kai", hours=(-48, -1))
    alert = office.raise_alert(owner="kai@acme.example")
    assert office.card(alert, shows="owner @U0KAI").mentions == {"U0KAI"}


def test_an_account_that_was_disabled_in_entra_owns_nothing_though_slack_has_it_still(office: Town) -> None:
    joins(office, "lex", manager="U0CLEO", enabled=False)
    alert = office.raise_alert(owner="lex@acme.example")
    office.card(alert, shows="owner @U0CLEO")
    events = office.happened(alert, "raised", "reassigned")
    assert events[1]["reason"] == "lex@acme.example is deactivated"


def test_while_graph_is_away_nobody_waits_and_what_is_remembered_stands(office: Town) -> None:
    joins(office, "max", manager="U0CLEO")
    office.card(office.raise_alert(owner="max@acme.example"), shows="owner @U0MAX")
    office.http.post(
        f"{office.workspace.url}/sandbox/api/microsoft/faults",
        json={"path": "/graph/", "status": 503, "times": None, "retry_after": "1"},
    ).raise_for_status()
    try:
        office.forward(minutes=11)
        alert = office.raise_alert(owner="max@acme.example")
        assert office.card(alert, shows="owner @U0MAX").mentions == {"U0MAX"}
        (told,) = escalated(office, alert)
        assert told.kind == "escalation"
    finally:
        office.http.delete(f"{office.workspace.url}/sandbox/api/microsoft/faults").raise_for_status()
