"""Named points between every two steps of what must survive a crash. Nothing happens at them, except in tests.

No variable and no setting reaches them: only whoever calls `arm` inside the process does.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

POINTS: dict[str, str] = {
    "intake.taken": "raises were read, nothing is stored",
    "intake.stored": "raises are stored, nobody was answered",
    "loop.decided": "a change is written, not committed",
    "loop.committed": "a change is committed, no worker was hinted at",
    "delivery.claimed": "a delivery is claimed, nothing was said",
    "delivery.looked": "an unknown outcome was looked up, nothing was done about it",
    "delivery.said": "the chat has taken it, nothing of that is stored",
    "delivery.settled": "what became of it is stored, nobody was hinted at what follows",
    "fate.settled": "a delivery is settled together with its alert, not committed",
    "twins.found": "twins were found, nothing was done about them",
    "twins.recorded": "twins stand in the trail, none was removed",
    "twins.removed": "twins are removed, the next look is not stored",
    "fold.decided": "a lane is folded, not committed",
    "clock.found": "the clock has found what is due, no worker was hinted at",
    "clock.hinted": "workers were hinted at, the clock has not remembered it",
    "act.taken": "a gesture arrived, nothing is stored",
    "act.stored": "a gesture is stored, whoever made it was not answered",
    "operator.told": "an operator was told, that is not stored",
}

_wanted = ""
_act: Callable[[], object] = partial(os._exit, 9)


def point(name: str) -> None:
    """A step ends here and another begins."""
    if name == _wanted:
        _act()


def arm(name: str, act: Callable[[], object] = _act) -> None:
    """From now on `act` is done at this point (as it stands: the process ends at once). ValueError: no such point."""
    global _wanted, _act
    if name not in POINTS:
        raise ValueError(f"there is no crash point {name}")
    _wanted, _act = name, act
