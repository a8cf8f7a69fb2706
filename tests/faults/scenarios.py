"""What happens in a village until a crash point is reached: each scenario goes on, whatever dies meanwhile.

A scenario is done by people and sources, who try again until they are heard; it knows nothing of the crash.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from faults.village import Village

STORM = 48
"""alerts at once in one channel: more than thirty wait, so the lane is folded"""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`run` in a village; `sure` once it came to rest; `after` makes good what was broken on purpose.

    `moved`: the point counts only once business time was moved on.
    """

    run: Callable[[Village], None]
    sure: Callable[[Village], None] = lambda village: None
    after: Callable[[Village], None] = lambda village: None
    moved: bool = False
    seconds: float = 25.0
    alone: bool = False
    """in a village of its own: what it leaves behind would be in everybody's way"""


def raised(village: Village) -> None:
    """A source raises an alert, and its card is shown."""
    alert = village.raise_alert()
    village.until(lambda: village.card(alert), why="no card was shown")


def clicked(village: Village) -> None:
    """Ana acknowledges by a signed click."""
    alert = village.raise_alert()
    village.until(lambda: village.card(alert), why="no card was shown")
    village.press("Acknowledge", alert)
    village.until(lambda: village.status(alert) == "acknowledged", why="it was never acknowledged")


def forgotten(village: Village) -> None:
    """Nobody reacts for eleven minutes, so the owner is nudged."""
    alert = village.raise_alert()
    village.until(lambda: village.card(alert), why="no card was shown")
    village.forward(minutes=11)
    village.until(lambda: "nudged" in village.trail(alert), why="nobody was nudged")


def unheard(village: Village) -> None:
    """Slack takes the card, and the answer is lost."""
    village.fault("drop_after")
    raised(village)


def late(village: Village) -> None:
    """Slack cuts the call off and carries it out long after: past our look, so the card stands twice for a while."""
    village.fault("late", seconds=70 / village.haste)
    alert = village.raise_alert()
    village.until(lambda: len(village.posts_of(f"card:{alert}:")) == 2, why="there were never two cards")


def twin_removed(village: Village) -> None:
    alert = village.accepted[-1]
    assert "twin_removed" in village.trail(alert), village.trail(alert)


def gone(village: Village) -> None:
    """The channel is archived: the alert goes on to its next route."""
    village.channel("#ai-alerts", is_archived=True)
    alert = village.raise_alert()
    village.until(lambda: "rerouted" in village.trail(alert), why="it took no other route")


def back(village: Village) -> None:
    village.channel("#ai-alerts", is_archived=False)


def told(village: Village) -> None:
    """The channel is archived, and an operator hears of it."""
    raised(village)  # where it was archived before, it works again
    before = len(village.operators_told())
    gone(village)
    village.until(lambda: len(village.operators_told()) > before, why="no operator was told")


def stormed(village: Village) -> None:
    """Far more alerts at once than the channel takes."""
    village.fault("rate_limited", channel=village.side.channel("#ai-alerts"), seconds=20)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: village.raise_alert(seconds=60), range(STORM)))
    village.until(lambda: village.messages_of("fold:"), 40, why="the lane was never folded")


REACHES = {
    "intake.taken": Scenario(run=raised),
    "intake.stored": Scenario(run=raised),
    "loop.decided": Scenario(run=raised),
    "loop.committed": Scenario(run=raised),
    "delivery.claimed": Scenario(run=raised),
    "delivery.said": Scenario(run=raised),
    "delivery.settled": Scenario(run=raised),
    "delivery.looked": Scenario(run=unheard),
    "fate.settled": Scenario(run=gone, after=back),
    "twins.found": Scenario(run=late, sure=twin_removed),
    "twins.recorded": Scenario(run=late, sure=twin_removed),
    "twins.removed": Scenario(run=late, sure=twin_removed),
    "fold.decided": Scenario(run=stormed, seconds=60, alone=True),
    "clock.found": Scenario(run=forgotten, moved=True),
    "clock.hinted": Scenario(run=forgotten, moved=True),
    "act.taken": Scenario(run=clicked),
    "act.stored": Scenario(run=clicked),
    "operator.told": Scenario(run=told, after=back),
}
"""crash point ▶ how it is reached"""
