"""The promises that every story keeps, whatever it is about: held against the database and the stand-in's log."""

from __future__ import annotations

from sqlalchemy import text
from story.town import Town
from story.workspace import until

from bot.core.state import fold

QUIET = "SELECT count(*) FROM alerts WHERE finished_at IS NULL AND (owner = '' OR due_at IS NULL)"
UNSETTLED = "SELECT key, state, error FROM deliveries WHERE state IN ('pending', 'held', 'sending', 'unknown')"
DEAD = "SELECT key, alert_id, error FROM deliveries WHERE state = 'dead'"


def finish(town: Town, alert_ids: list[str]) -> None:
    """Ends what a story left open, so that the clock of the next one wakes nothing of it."""
    for alert_id in alert_ids:
        if town.alert(alert_id)["finished_at"] is None and town.cleared(alert_id).json()["status"] != "closed":
            # Its policy asks the owner whether it is over.
            status = town.elsa.type(f"/loop status {alert_id[-6:]}", channel="#ai-exceptions")
            assert town.elsa.fill("Resolve", status, what="The story is over.").ok


def hold(town: Town, alert_ids: list[str]) -> None:
    """Raises AssertionError for a promise that was broken."""
    nothing_goes_quiet(town)
    everything_owed_is_settled(town)
    for alert_id in alert_ids:
        the_trail_tells_the_state(town, alert_id)
    town.chat.said_once()


def nothing_goes_quiet(town: Town) -> None:
    with town.store.database.reading() as connection:
        assert connection.execute(text(QUIET)).scalar_one() == 0


def everything_owed_is_settled(town: Town, seconds: float = 30) -> None:
    """Nothing waits for ever, and nothing was given up."""

    def unsettled() -> list[object]:
        with town.store.database.reading() as connection:
            return list(connection.execute(text(UNSETTLED)))

    until(lambda: not unsettled(), seconds, why=lambda: f"these wait for ever: {unsettled()}")
    with town.store.database.reading() as connection:
        dead = list(connection.execute(text(DEAD)))
    assert [one for one in dead if one.alert_id not in town.unreachable] == []


def the_trail_tells_the_state(town: Town, alert_id: str) -> None:
    # Read one after the other: the clock may be between the two.
    until(
        lambda: fold(town.store.events(alert_id)) == town.store.alert(alert_id), 5, why=f"{alert_id} is not its trail"
    )
