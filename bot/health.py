"""Is it well? What the database, the queue and the limits say at one instant, and what that means in sentences."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from bot.operators import instant, name_of, to_do
from bot.ports import Away, Clock, Incident, Queue, Store, Throttle

STALE = 30.0
"""seconds after which a process that did not beat counts as gone"""
LATE = 60.0
"""seconds that something may wait before it is late"""
UNKNOWN = 300.0
"""seconds for which nobody may know whether a message was shown"""
RECENT = 3600.0
"""seconds for which a jump of the clock is worth knowing"""
PEOPLE = "@people"
"""all persons' lanes together: who somebody is belongs neither into a metric nor on an open page"""
DAY = 24 * 3600.0
NAMED = 5

NAMES = (
    *("database", "queue", "worker", "clock", "slack"),
    *("workspace", "places", "lateness", "unknown", "clock_jump"),
)
Check = tuple[str, bool, str]
"""(name, whether it is well, else one sentence of what is wrong)"""


@dataclass(frozen=True, kw_only=True)
class Senses:
    """What is looked with."""

    store: Store
    clock: Clock
    queue: Queue | None
    """None where it is embedded in another process group, which alone can see it"""
    throttle: Throttle
    workspaces: Collection[str]
    """the chats that are configured, `slack`"""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What was found. Machine seconds; of a database that is away nothing else is known."""

    at: datetime
    machine: float
    database: str = ""
    """why it is away, empty where it is there"""
    queue: bool = True
    workspaces: tuple[str, ...] = ()
    shut: Mapping[str, str] = field(default_factory=dict)
    """workspace ▶ why nothing may be said to it now"""
    beats: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    oldest: Mapping[str, float] = field(default_factory=dict)
    """lane, all persons' together ▶ seconds for which its oldest delivery waits"""
    overdue: float = 0.0
    """seconds for which the longest overdue alert waits"""
    unknown_for: float = 0.0
    """seconds for which the outcome of the longest attempt is unknown, at most"""
    stuck: tuple[tuple[str, str], ...] = ()
    incidents: tuple[Incident, ...] = ()

    @property
    def unknown(self) -> int:
        """Messages of which nobody knows whether they were shown."""
        return self.counts.get("delivery.unknown", 0)


# ── looked at ────────────────────────────────────────────────────────────────────────────────────────────────────────


def look(senses: Senses) -> Sight:
    """Never raises: what is away is what was found."""
    machine = senses.clock.machine()
    rooms = {name: senses.throttle.room(name, machine).shut for name in senses.workspaces}
    near: dict[str, Any] = {
        "at": senses.clock.now(),
        "machine": machine,
        "queue": senses.queue is None or senses.queue.ping(),
        "workspaces": tuple(senses.workspaces),
        "shut": {name: why for name, why in rooms.items() if why},
    }
    try:
        senses.store.ping()
        return Sight(**near, **_stored(senses.store, senses.clock, machine))
    except Away as error:
        return Sight(**near, database=str(error) or "it does not answer")


def _stored(store: Store, clock: Clock, machine: float) -> dict[str, Any]:
    counts, waiting = store.counts(), oldest(store, machine)
    return {
        "beats": store.beats(),
        "counts": counts,
        "oldest": waiting,
        "unknown_for": store.unknown_for(machine) if counts.get("delivery.unknown") else 0.0,
        "overdue": overdue(store, clock),
        "stuck": tuple(store.stuck(limit=20)),
        "incidents": tuple(store.incidents()),
    }


def oldest(store: Store, machine: float) -> dict[str, float]:
    """Lane ▶ seconds for which its oldest delivery waits; all persons' lanes as one. Raises Away."""
    found: dict[str, float] = {}
    for place, seconds in store.oldest(machine).items():
        lane = lane_of(place)
        found[lane] = max(seconds, found.get(lane, 0.0))
    return found


def overdue(store: Store, clock: Clock) -> float:
    """Machine seconds for which the longest overdue alert waits, as fast as business time runs. Raises Away."""
    due = store.due_alerts(clock.now(), limit=1)
    return max(-clock.seconds_until(due[0][1]), 0.0) if due else 0.0


def lane_of(place: str) -> str:
    """A place as it may be shown to anybody: a channel by its name, a person as one of all."""
    where = place.partition(":")[2] or place
    return PEOPLE if where.startswith("@") else where


# ── judged ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def checks(seen: Sight) -> list[Check]:
    """Everything an alert needs on its way."""
    near = [
        _check("database", seen.database),
        _check("queue", "" if seen.queue else "Redis does not answer: the clock does the work, slower."),
    ]
    return near if seen.database else [*near, *_far(seen)]


def _far(seen: Sight) -> list[Check]:
    """What only the database knows."""
    return [
        *(_check(kind, _silent(seen, kind)) for kind in ("worker", "clock")),
        _check("slack", "" if seen.workspaces else "SLACK_BOT_TOKEN is not set."),
        _check("workspace", _workspace(seen)),
        _check("places", _places(seen)),
        _check("lateness", _lateness(seen)),
        _check("unknown", _unknown(seen)),
        _check("clock_jump", _jump(seen)),
    ]


def status(found: Collection[Check]) -> Literal["ready", "degraded", "unready"]:
    """`degraded`: something on an alert's way is missing; `unready`: nothing is accepted."""
    wrong = {name for name, well, _ in found if not well}
    return "unready" if wrong & {"database", "intake"} else "degraded" if wrong else "ready"


def document(seen: Sight, *, only: Collection[str] = ()) -> dict[str, Any]:
    """All of it, as `closeloop status --json` prints it; with `only` judged by these checks alone.

    Instants are UTC, everything else is in seconds.
    """
    found = [check for check in checks(seen) if not only or check[0] in only]
    return {
        "status": status(found),
        "at": seen.at.isoformat(),
        "checks": [{"name": name, "ok": well, "detail": why} for name, well, why in found],
        "alerts": {name: count for name, count in seen.counts.items() if "." not in name},
        "deliveries": {name.partition(".")[2]: count for name, count in seen.counts.items() if "." in name},
        "oldest_waiting_seconds": {lane: round(seconds, 1) for lane, seconds in seen.oldest.items()},
        "overdue_seconds": round(seen.overdue, 1),
        "unknown_outcomes": seen.unknown,
        "heartbeat_age_seconds": {kind: round(max(seen.machine - at, 0.0), 1) for kind, at in seen.beats.items()},
        "incidents": [_incident(one) for one in seen.incidents],
    }


def _incident(one: Incident) -> dict[str, Any]:
    told = asdict(one) | {"since": instant(one.since).isoformat(), "last_at": instant(one.last_at).isoformat()}
    return {name: told[name] for name in ("kind", "subject", "detail", "since", "last_at", "count")} | {
        "to_do": to_do(one)
    }


def _check(name: str, wrong: str) -> Check:
    return (name, not wrong, wrong)


def _silent(seen: Sight, kind: str) -> str:
    well = seen.machine - seen.beats.get(kind, 0.0) < STALE
    return "" if well else f"No {kind} has beaten for {STALE:.0f} seconds."


def _workspace(seen: Sight) -> str:
    broken = {one.subject: f"{one.subject} refuses us ({one.detail})" for one in _of(seen, "workspace")}
    shut = {name: f"{name} is left alone for now ({why})" for name, why in seen.shut.items()}
    return _listed((shut | broken).values())


def _places(seen: Sight) -> str:
    # Nobody can mend a message that was given up: it is worth knowing for a day.
    rows = [one for one in _of(seen, "row") if seen.machine - one.last_at < DAY]
    gone = {_shown(one): one.detail for one in [*_of(seen, "place", "route"), *rows]}
    waiting = {lane_of(place): why for place, why in seen.stuck}
    return _listed([f"{where}: {why}" for where, why in (waiting | gone).items()], before="Waiting to be mended: ")


def _shown(one: Incident) -> str:
    if one.kind == "place":
        return PEOPLE if lane_of(one.subject) == PEOPLE else name_of(one)
    # The key of a delivery may end with whom it is for.
    return f"{one.kind} {one.subject.partition('@')[0].rstrip(':')}"


def _lateness(seen: Sight) -> str:
    late = sorted(((seconds, lane) for lane, seconds in seen.oldest.items() if seconds > LATE), reverse=True)
    found = [f"{lane} waits for {seconds:.0f} seconds" for seconds, lane in late]
    if seen.overdue > LATE:
        found.insert(0, f"an alert is overdue by {seen.overdue:.0f} seconds")
    return _listed(found)


def _unknown(seen: Sight) -> str:
    if not seen.unknown or seen.unknown_for <= UNKNOWN:
        return ""
    return f"Of {seen.unknown} messages nobody knows whether they were shown, for up to {seen.unknown_for:.0f} seconds."


def _jump(seen: Sight) -> str:
    recent = [one for one in _of(seen, "clock") if seen.machine - one.last_at < RECENT]
    return _listed([f"the clock jumped at {instant(one.last_at):%H:%M} UTC ({one.detail})" for one in recent])


def _of(seen: Sight, *kinds: str) -> list[Incident]:
    return [one for one in seen.incidents if one.kind in kinds]


def _listed(parts: Collection[str], before: str = "") -> str:
    """One sentence that names the first few."""
    if not parts:
        return ""
    named = ", ".join(list(parts)[:NAMED]) + (f" and {len(parts) - NAMED} more" if len(parts) > NAMED else "")
    sentence = before + named
    return f"{sentence[0].upper()}{sentence[1:]}."
