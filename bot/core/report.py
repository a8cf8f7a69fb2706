"""What the last weeks say about the alerts, against the weeks before: counts and times by source and team, no persons.

Both periods are seen alike: what is counted are the alerts raised in a period, as they stood at its end. Only how often
something befell them (forgotten, escalated, exceptions, nudges) is counted to this day: no life says when.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.signal import Severity
from bot.core.state import FINISHED, Status

LATE = timedelta(minutes=1)
"""how long after its next look was due an alert is called late"""


@dataclass(frozen=True, kw_only=True)
class Life:
    """What one alert's trail says, for the report. Instants are aware UTC."""

    source: str
    team: str
    """empty where nobody said which"""
    severity: Severity
    raised_at: datetime
    acknowledged_at: datetime | None
    """the first acknowledgement, also where it was taken back later"""
    finished_at: datetime | None
    """the last end; heeded only while `status` says that it is finished: a reopened alert is open"""
    status: Status
    expired: int
    """how often it was acknowledged, then forgotten"""
    escalations: tuple[int, ...]
    """the step that each escalation went to, counted from 0"""
    exceptions: int
    due_at: datetime | None
    nudges: int


class Age(StrEnum):
    """How long an alert is open; an age on a boundary is the older one."""

    DAY = "under 1 day"
    DAYS = "1 to 3 days"
    WEEK = "3 to 7 days"
    WEEKS = "1 to 4 weeks"
    OLDER = "over 4 weeks"


_BELOW = (
    (timedelta(days=1), Age.DAY),
    (timedelta(days=3), Age.DAYS),
    (timedelta(weeks=1), Age.WEEK),
    (timedelta(weeks=4), Age.WEEKS),
)


@dataclass(frozen=True, kw_only=True)
class Took:
    """How long something took. Every alert is in one of three: it took so long, it is waited for, it ended without."""

    seconds: tuple[float, ...] = ()
    """ascending"""
    waiting: int = 0
    without: int = 0

    @property
    def count(self) -> int:
        return len(self.seconds)

    @property
    def total(self) -> int:
        return self.count + self.waiting + self.without

    @property
    def median(self) -> timedelta | None:
        return self._within(0.5)

    @property
    def p90(self) -> timedelta | None:
        """Nine in ten took no longer."""
        return self._within(0.9)

    def _within(self, share: float) -> timedelta | None:
        """Between the two nearest values, as `statistics.quantiles` does where they are all there are."""
        if not self.seconds:
            return None
        at = share * (self.count - 1)
        low, high = self.seconds[int(at)], self.seconds[min(int(at) + 1, self.count - 1)]
        return timedelta(seconds=low + (high - low) * (at - int(at)))


def pooled(several: Iterable[Took]) -> Took:
    """Many as one: a median of all their alerts, not of their medians."""
    all_of = tuple(several)
    return Took(
        seconds=tuple(sorted(seconds for one in all_of for seconds in one.seconds)),
        waiting=sum(one.waiting for one in all_of),
        without=sum(one.without for one in all_of),
    )


@dataclass(frozen=True, kw_only=True)
class Times:
    """One kind of time, over all alerts and by who raised them or whose they are."""

    whole: Took
    by_source: Mapping[str, Took]
    by_team: Mapping[str, Took]


@dataclass(frozen=True, kw_only=True)
class Period:
    """The alerts raised after `start` and up to `end`, as they stood at `end`; `open_by_age` also has older ones."""

    start: datetime
    end: datetime
    raised: int
    closed: int
    dismissed: int
    unfinished: int
    open_by_age: Mapping[Age, Mapping[Severity, int]]
    acknowledge: Times
    close: Times
    forgotten: int
    """alerts that were acknowledged, then forgotten at least once"""
    escalations: Mapping[int, int]
    """how often, by the step it went to"""
    exceptions: int
    nudges: int

    @property
    def acknowledged(self) -> int:
        return self.acknowledge.whole.count

    @property
    def forgotten_share(self) -> float | None:
        """Of the acknowledged ones; None where there is none."""
        return self.forgotten / self.acknowledged if self.acknowledged else None

    @property
    def open(self) -> int:
        """All that were open at its end, whenever they were raised."""
        return sum(sum(severities.values()) for severities in self.open_by_age.values())


@dataclass(frozen=True, kw_only=True)
class Report:
    """The last `span` and the one before it."""

    span: timedelta
    now: Period
    before: Period
    late: int
    """open alerts whose next look was due and did not happen"""


def report(lives: Iterable[Life], *, now: datetime, span: timedelta = timedelta(weeks=4)) -> Report:
    """The report at `now`, in one pass.

    `lives` are all alerts raised in the two spans before `now`, and all older ones that were open when the later span
    began. What was raised after `now` is not counted.
    """
    latest, earlier = _Tally(start=now - span, end=now), _Tally(start=now - 2 * span, end=now - span)
    late = 0
    for life in lives:
        latest.add(life)
        earlier.add(life)
        overdue = life.due_at is not None and life.due_at < now - LATE
        late += overdue and life.raised_at <= now and _ended(life, now) is None
    return Report(span=span, now=latest.period(), before=earlier.period(), late=late)


@dataclass
class _Clocked:
    """A `Took` in the making."""

    seconds: list[float] = field(default_factory=list)
    waiting: int = 0
    without: int = 0

    def add(self, took: timedelta | None, ended: bool) -> None:
        if took is not None:
            # Clocks of two machines may disagree: nothing is done before it was raised.
            self.seconds.append(max(took.total_seconds(), 0.0))
        elif ended:
            self.without += 1
        else:
            self.waiting += 1

    def took(self) -> Took:
        return Took(seconds=tuple(sorted(self.seconds)), waiting=self.waiting, without=self.without)


class _Groups:
    """`Times` in the making."""

    def __init__(self) -> None:
        self._sources: defaultdict[str, _Clocked] = defaultdict(_Clocked)
        self._teams: defaultdict[str, _Clocked] = defaultdict(_Clocked)

    def add(self, life: Life, took: timedelta | None, ended: bool) -> None:
        self._sources[life.source].add(took, ended)
        self._teams[life.team].add(took, ended)

    def times(self) -> Times:
        by_source = {name: clocked.took() for name, clocked in self._sources.items()}
        by_team = {name: clocked.took() for name, clocked in self._teams.items()}
        return Times(whole=pooled(by_source.values()), by_source=by_source, by_team=by_team)


class _Tally:
    """A `Period` in the making."""

    def __init__(self, *, start: datetime, end: datetime) -> None:
        self._start, self._end = start, end
        self._counts: Counter[str] = Counter()
        self._steps: Counter[int] = Counter()
        self._open = {age: dict.fromkeys(Severity, 0) for age in Age}
        self._acknowledge, self._close = _Groups(), _Groups()

    def add(self, life: Life) -> None:
        if life.raised_at > self._end:
            return
        ended = _ended(life, self._end)
        if ended is None:
            self._open[_age(self._end - life.raised_at)][life.severity] += 1
        if life.raised_at > self._start:
            self._raised(life, ended)

    def _raised(self, life: Life, ended: datetime | None) -> None:
        acknowledged = _by(life.acknowledged_at, self._end)
        closed = ended if life.status == Status.CLOSED else None
        self._acknowledge.add(life, _since(life, acknowledged), ended is not None)
        self._close.add(life, _since(life, closed), ended is not None)
        self._counts["unfinished" if ended is None else life.status.value] += 1
        self._counts["forgotten"] += bool(acknowledged and life.expired)
        self._counts["exceptions"] += life.exceptions
        self._counts["nudges"] += life.nudges
        self._steps.update(life.escalations)

    def period(self) -> Period:
        closed, dismissed, unfinished, forgotten, exceptions, nudges = (
            self._counts[name] for name in ("closed", "dismissed", "unfinished", "forgotten", "exceptions", "nudges")
        )
        return Period(
            start=self._start,
            end=self._end,
            raised=closed + dismissed + unfinished,
            closed=closed,
            dismissed=dismissed,
            unfinished=unfinished,
            open_by_age=self._open,
            acknowledge=self._acknowledge.times(),
            close=self._close.times(),
            forgotten=forgotten,
            escalations=dict(sorted(self._steps.items())),
            exceptions=exceptions,
            nudges=nudges,
        )


def _ended(life: Life, end: datetime) -> datetime | None:
    """When it was finished, as known at `end`."""
    return _by(life.finished_at, end) if life.status in FINISHED else None


def _by(at: datetime | None, end: datetime) -> datetime | None:
    return at if at is not None and at <= end else None


def _since(life: Life, at: datetime | None) -> timedelta | None:
    return at - life.raised_at if at is not None else None


def _age(span: timedelta) -> Age:
    return next((age for limit, age in _BELOW if span < limit), Age.OLDER)


def largest(now: Mapping[str, Took], before: Mapping[str, Took], *, room: int) -> tuple[Sequence[str], Sequence[str]]:
    """The names with the most alerts in both periods, most first, and the rest."""
    totals: Counter[str] = Counter()
    for names in (now, before):
        totals.update({name: took.total for name, took in names.items()})
    ordered = [name for name, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))]
    return ordered[:room], ordered[room:]
