"""What a chat and the line to it can do to a call: one message stands at the end, and nothing was lost."""

from __future__ import annotations

from typing import Any

import pytest
from faults.conftest import Settle
from faults.line import Line
from faults.platforms import GROUNDS
from faults.proxy import Fault, proxy
from faults.sides import address
from faults.village import Village
from sqlalchemy import text

BROKEN = {
    "the request never arrives": {"kind": "drop_before"},
    "taken, then the line is cut": {"kind": "drop_after"},
    "taken, then silence past our timeout": {"kind": "hang_after", "seconds": 2.0},
    "500, nothing was done": {"kind": "http_500_before"},
    "500, and it was done": {"kind": "http_500_after"},
    "HTML instead of JSON": {"kind": "html_after"},
    "internal_error, and it was done": {"kind": "internal_error_after"},
    "429 with Retry-After": {"kind": "rate_limited", "seconds": 30},
    "twice in a row": {"kind": "drop_after", "times": 2},
    "a slow answer": {"kind": "slow", "seconds": 0.3},
}


def posts(village: Village, alert: str) -> list[Any]:
    """Every post of the alert's card that took effect."""
    return village.posts_of(f"card:{alert}:")


@pytest.mark.parametrize("how", BROKEN)
def test_a_call_that_broke_leaves_one_message(line: Line, how: str) -> None:
    with line.lent() as village:
        village.fault(**BROKEN[how])  # type: ignore[arg-type]
        alert = village.raise_alert()
        village.hold()
        assert len(posts(village, alert)) == 1


@pytest.mark.parametrize("how", ["drop", "503", "html"])
def test_an_outage_of_an_hour_delays_everything_and_asks_nobody_twice(line: Line, how: str) -> None:
    """Twelve alerts and an hour of business time while nobody answers; one step an alert afterwards."""
    with line.lent() as village:
        fault = village.fault("down", method="*", times=None, how=how)
        alerts = [village.raise_alert(severity="error") for _ in range(12)]
        village.forward(hours=1)
        village.until(lambda: all("nudged" in village.trail(alert) for alert in alerts), why="nobody was woken")
        village.heal(fault)
        village.hold()
        for alert in alerts:
            assert village.trail(alert).count("nudged") == 1
            assert len(posts(village, alert)) == 1


def test_a_late_message_makes_its_twin_go_and_the_trail_says_so(line: Line) -> None:
    with line.lent() as village:
        village.fault("late", seconds=70 / village.haste)
        alert = village.raise_alert()
        village.until(lambda: "twin_removed" in village.trail(alert), why="no twin was removed")
        village.hold()
        assert len(posts(village, alert)) == 2
        assert village.trail(alert).count("twin_removed") == 1


def test_a_channel_that_is_gone_is_left_for_the_next_route(line: Line) -> None:
    """Archived; the bot thrown out. The card stands elsewhere, its owner knows, an operator was told."""
    with line.lent(alone=True) as village:
        for change, mended in (
            ({"is_archived": True}, {"is_archived": False}),
            ({"remove": ["U0LOOP"]}, {"add": ["U0LOOP"]}),
        ):
            village.channel("#ai-alerts", **change)
            alert = village.raise_alert()
            village.until(lambda alert=alert: "rerouted" in village.trail(alert), why="it took no other route")
            village.hold()
            found = village.store.alert(alert)
            assert found is not None and found.place == f"{village.side.platform}:#ai-exceptions"
            village.channel("#ai-alerts", **mended)
        village.until(lambda: village.operators_told(), why="no operator was told")


def test_a_revoked_token_holds_everything_tells_an_operator_and_loses_nothing(line: Line) -> None:
    with line.lent(alone=True) as village:
        village.standin.workspace.post("install", revoked=True)
        alerts = [village.raise_alert() for _ in range(3)]
        village.until(lambda: village.operators_told(), why="no operator was told")
        for alert in alerts:
            found = village.store.alert(alert)
            assert found is not None and found.owner and found.due_at
        village.standin.workspace.post("install", revoked=False)
        village.hold(60)
        assert [len(posts(village, alert)) for alert in alerts] == [1, 1, 1]


# ── the line itself ──────────────────────────────────────────────────────────────────────────────────────────────────

LINES: dict[str, Fault] = {
    "the answer is cut before its first byte": Fault(cut_after=0),
    "the answer is cut in the middle": Fault(cut_after=120),
    "every connection is refused": Fault(refuse=True),
    "answers disappear": Fault(half_open=True),
    "everything disappears": Fault(blackhole=True),
    "everything is slow": Fault(delay=0.2),
}


@pytest.mark.parametrize("ground", ["sqlite", "teams"])
@pytest.mark.parametrize("how", LINES)
def test_a_line_to_the_chat_that_breaks_leaves_one_message(settle: Settle, ground: str, how: str) -> None:
    platform, database = GROUNDS[ground]
    village = settle(database, platform=platform)
    with proxy(address(village.standin)) as wire, village.side.watched():
        village.env |= village.side.through(wire.port)
        # A call gives up after some seconds: in fast time that would be hundreds.
        village.constants[village.side.timeout] = 1
        village.start()
        shown(village, village.raise_alert())
        wire.set(LINES[how])
        alert = village.raise_alert()
        village.until(lambda: tried(village, alert), why="it was never tried")
        wire.heal()
        village.hold(60)
        assert len(posts(village, alert)) <= 2  # one may have arrived after our look: then its twin is gone again


@pytest.mark.parametrize("ground", ["sqlite", "teams"])
def test_what_nobody_looks_at_may_stand_twice_and_is_not_repeated_often(settle: Settle, ground: str) -> None:
    """A post whose answer is lost, and nobody in the channel; then somebody looks, and one of the two goes."""
    platform, database = GROUNDS[ground]
    village = settle(database, platform=platform)
    village.start()
    village.fault("drop_after")
    alert = village.raise_alert()
    village.until(lambda: len(posts(village, alert)) == 2, why="it was not sent again")
    assert len(village.messages_of(f"card:{alert}:")) == 2, "nobody knows of the first one"
    with village.side.watched():
        village.until(lambda: "twin_removed" in village.trail(alert), 30, why="no twin was removed")
        village.hold()
    assert len(posts(village, alert)) == 2


def shown(village: Village, alert: str) -> None:
    village.until(lambda: village.card(alert), why="no card was shown")


def tried(village: Village, alert: str) -> bool:
    """Whether its card was attempted at least once."""
    query = text("SELECT attempts, state FROM deliveries WHERE kind = 'card' AND alert_id = :alert")
    with village.store.database.reading() as connection:
        row = connection.execute(query, {"alert": alert}).one()
    return bool(row.attempts > 0 and row.state != "sending")
