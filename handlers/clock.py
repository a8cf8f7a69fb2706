"""The clock: looks at what is due in the database and hints at it; runs it itself when the queue is away.

Any number of clocks may run. A second hint for the same row does no harm: whoever comes second finds it done.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from bot import crash
from bot.lines import platform
from bot.ports import AlertFilter, Away, Clock, Queue, Store, Throttle, Waiting
from handlers.jobs import Work

log = structlog.get_logger()

TICK = 1.0
"""seconds between two looks at the longest"""
SOON = 0.05
"""machine seconds after which lanes are looked at again that had to let others go first: where a workspace takes few
messages at once, each look could serve a few lanes only, and the next would come a second later"""
SHORTEST = 0.01
"""seconds between two looks at the least"""
BATCH = 500
PATIENCE = 3.0
"""seconds after which an alert that is still due is hinted at again: whoever heard it may have been a moment early"""
NEAR = 60.0
"""seconds further ahead than which, after the clock went back, no pace or retry may lie"""
SWEEPS = 20
"""looks for twins that one look hints at: reads are few, and others want to be served too"""
INLINE = 20
"""rows the clock does itself in one look while the queue is away"""
SELDOM = 2.0
"""seconds between two looks at what is not urgent: folding, twins"""
TIDY = 60.0
"""seconds between two looks at what lies further ahead than it can have been set"""
DAY = 24 * 3600.0
OVER = {"clock": 3600.0, "workspace": 10 * DAY}
"""seconds without another occurrence after which an incident of a kind is over; a day else"""
KEEP = 60.0
"""seconds of business time between two looks at mornings, gaps, calendars"""
PAGES = 5
"""pages of alerts that one look sets right after the clock went back"""


Turn = tuple[str, int, float | None, float | None]


def _turn_of(one: Waiting) -> Turn:
    return one.lane, one.delivery, one.post_at, one.edit_at


UNFINISHED = AlertFilter(order="due", status=("open", "acknowledged"), limit=200)


@dataclass(kw_only=True)
class Ticker:
    """One clock. Its memory of what it has hinted at is only politeness: losing it costs a few idle jobs.

    `speed`: machine seconds that pass in one second.
    """

    store: Store
    queue: Queue
    throttle: Throttle
    clock: Clock
    work: Work
    speed: float = 1.0
    hinted: dict[tuple[str, datetime], float] = field(default_factory=dict)
    """(alert, the instant it was due at) ▶ when a hint was given; the same alert is due again after it was woken"""
    lanes: dict[Turn, float] = field(default_factory=dict)
    """the same of lanes: whoever serves one changes when it may be served next"""
    _again_at: dict[str, float] = field(default_factory=dict)
    _jumped: float = 0.0
    _ahead: float | None = None
    """seconds by which business time was ahead of the machine's when it was last noticed"""
    _unread: AlertFilter | None = UNFINISHED
    """where the alerts begin that are still to be held against the clock: all of them at first, for it may have gone
    back while nobody looked"""
    _waiting: Sequence[Waiting] = ()
    _kept: int = 0
    _passed_over: bool = False
    """whether the last look gave all the room of a workspace to some lanes, and others wait"""

    def run(self, stop: threading.Event) -> None:
        """Tick until `stop`; a database that is away is waited for."""
        while not stop.is_set():
            try:
                self.look()
                pause = self._pause()
            except Away as error:
                log.warning("the database is away", action="clock_waits", reason=str(error))
                pause = TICK
            except Exception:  # a clock that ended would help nobody; what broke is looked at again
                log.exception("a look of the clock broke", action="clock_broke")
                pause = TICK
            stop.wait(pause)

    def look(self) -> int:
        """Hint at everything that is due now; returns how many hints were given."""
        machine = self.clock.machine()
        self._forget(machine)
        self._watch_the_clock(machine)
        self._waiting = self.store.waiting(machine)
        lanes = self._free(self._unheard(self._waiting, machine), machine)
        due = self.store.due_alerts(self.clock.now(), limit=BATCH)
        # An alert is hinted at once a minute: it stays due until it is woken.
        fresh = [one for one in due if one not in self.hinted]
        crash.point("clock.found")
        if self._give("wake", [alert_id for alert_id, _ in fresh]):
            crash.point("clock.hinted")
            self.hinted.update((one, machine) for one in fresh)
        self._keep()
        if self._give("deliver", [one.delivery for one in lanes[:BATCH]]):
            self.lanes.update((_turn_of(one), machine) for one in lanes[:BATCH])
        return len(fresh) + len(lanes) + (self._seldom(machine) if self._turn("seldom", SELDOM, machine) else 0)

    def _free(self, waiting: Sequence[Waiting], machine: float) -> list[Waiting]:
        """Lanes that may be served now, the most severe first; no more posts than the workspace has room for."""
        rooms = {name: self.throttle.room(name, machine) for name in {platform(one.lane) for one in waiting}}
        left = {name: room.posts for name, room in rooms.items()}
        free: list[Waiting] = []
        self._passed_over = False
        for one in sorted(waiting, key=lambda lane: (lane.rank, lane.lane)):
            name = platform(one.lane)
            room = rooms[name]
            if one.edit_at is not None and max(one.edit_at, room.edits_at) <= machine:
                free.append(one)
            elif one.post_at is not None and max(one.post_at, room.posts_at) <= machine:
                if left[name] > 0:
                    left[name] -= 1
                    free.append(one)
                elif room.posts:
                    self._passed_over = True
        return free

    def _unheard(self, waiting: Sequence[Waiting], machine: float) -> list[Waiting]:
        """Those that nobody was hinted at a moment ago: a hundred hints for one lane would keep workers idly busy.

        They are left out before it is counted what the workspace has room for: a lane whose hint came to nothing,
        because others were faster, must not keep the room from lanes that nobody was hinted at.
        """
        self.lanes = {turn: at for turn, at in self.lanes.items() if 0 <= machine - at < TICK * self.speed}
        return [one for one in waiting if _turn_of(one) not in self.lanes]

    def _seldom(self, machine: float) -> int:
        """What may wait two seconds: lanes to fold, twins to look for."""
        folds = self.store.behind(limit=BATCH)
        sweeps = self.store.due_sweeps(machine, limit=SWEEPS)
        self._give("fold", folds)
        self._give("sweep", sweeps)
        return len(folds) + len(sweeps)

    def _keep(self) -> None:
        """Once a minute of business time, which may go faster than the machine's, somebody keeps up the rest."""
        turn = int(self.clock.now().timestamp() // KEEP)
        if turn != self._kept:
            self._kept = turn
            self._give("keep", [f"{turn}"])

    def _watch_the_clock(self, machine: float) -> None:
        """A clock that jumped is set right: nothing may wait for an instant that is further away than meant."""
        self._jumped += self.clock.jumped()
        if self._jumped < 0:
            self.hinted.clear()
            self._again_at.clear()
            self._unread = UNFINISHED
        if self._jumped:
            # Forgotten only once it is done: the database may be away just now.
            detail = f"it jumped by {self._jumped:+.0f} seconds"
            self.store.incident("clock", "clock", detail=detail, at=machine)
            if self._jumped < 0:
                self.store.realign(machine, ahead=NEAR)
            self._jumped = 0.0
        if self._turn("tidy", TIDY, machine):
            self._tidy(machine)
        if self._moved_on(machine) and self._turn("moved", SELDOM, machine):
            self._ahead = self._ahead_of(machine)
            self.store.moved_on(machine)
        for _ in range(PAGES):
            self._realign_a_page()

    def _moved_on(self, machine: float) -> bool:
        """Whether somebody moved the business's clock on, as only the sandbox can."""
        if self._ahead is None:
            self._ahead = self._ahead_of(machine)
        return self._ahead_of(machine) > self._ahead + 1.0

    def _ahead_of(self, machine: float) -> float:
        return self.clock.now().timestamp() - machine

    def _tidy(self, machine: float) -> None:
        """What lies too far ahead is set right; what nobody met again for long enough is over."""
        self.store.realign(machine)
        for one in self.store.incidents():
            if machine - one.last_at > OVER.get(one.kind, DAY):
                self.store.mended(one.kind, one.subject, at=machine)

    def _realign_a_page(self) -> None:
        if self._unread is None:
            return
        page = self.store.alerts(self._unread)
        for alert in page.items:
            self.work.loop.realign(alert)
        # Those set right come earlier in the order now, never later: no alert is passed over.
        following = replace(UNFINISHED, cursor=page.next)
        self._unread = following if page.next else None

    def _turn(self, what: str, every: float, machine: float) -> bool:
        if machine < self._again_at.get(what, 0.0):
            return False
        self._again_at[what] = machine + every
        return True

    def _give(self, job: str, wanted: Sequence[str | int]) -> bool:
        """Whether the queue took the hints; where it is away, the clock does some of the work itself."""
        if not wanted or self.queue.hint(job, wanted):
            return True
        log.warning(
            "the queue is away, the clock does the work itself", action="clock_works", job=job, rows=len(wanted)
        )
        for row in wanted[:INLINE]:
            self._do(job, row)
        return False

    def _do(self, job: str, row: str | int) -> None:
        """One row that breaks must not keep the others waiting."""
        try:
            self.work.do(job, row)
        except Away:
            raise
        except Exception:
            log.exception("a row broke", action="row_broke", job=job, row=row)

    def _forget(self, machine: float) -> None:
        self.hinted = {one: at for one, at in self.hinted.items() if 0 <= machine - at < PATIENCE}

    def _pause(self) -> float:
        """Seconds until the next thing is due, at most one tick."""
        machine = self.clock.machine()
        ahead = [at - machine for at in self._lanes_ahead(machine)]
        due = self.store.next_due(self.clock.now())
        if due is not None:
            ahead.append(self.clock.seconds_until(due))
        if self._passed_over:
            ahead.append(SOON)
        return min(max(min(ahead, default=TICK) / self.speed, SHORTEST), TICK)

    def _lanes_ahead(self, machine: float) -> list[float]:
        """When lanes that wait may be served next, as the last look saw them; those hinted at already are left out."""
        waiting = self._waiting
        rooms = {name: self.throttle.room(name, machine) for name in {platform(one.lane) for one in waiting}}
        posts = [max(one.post_at, rooms[platform(one.lane)].posts_at) for one in waiting if one.post_at is not None]
        edits = [max(one.edit_at, rooms[platform(one.lane)].edits_at) for one in waiting if one.edit_at is not None]
        return [at for at in posts + edits if at > machine]
