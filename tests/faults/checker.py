"""One checker for everything that was promised: over the database, the trail, and what the stand-in saw.

It knows no scenario: whatever was done and whatever died, the same rules hold. What it finds is returned as data.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, text

from bot.core.events import Event
from bot.core.state import Alert, fold
from storage import rows
from storage.models import deliveries, events
from storage.store import SqlStore

SETTLED = frozenset({"shown", "superseded", "dead"})
FIRED = frozenset({"nudged", "check_in", "escalated", "exception", "expired", "snooze_ended"})
"""what the clock does to an alert because its time has come"""
SPEAKS_OF_MANY = frozenset({"fold", "digest"})
SOON = 200.0
"""machine seconds: a look for twins that is nearer than that is waited for"""


@dataclass(frozen=True)
class Finding:
    """One promise that was broken: which, by what, and what was seen."""

    rule: str
    what: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.what} {self.detail}".rstrip()


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that is held against the promises."""

    store: SqlStore
    accepted: Sequence[str] = ()
    """ids of alerts that were answered with a 2xx"""
    log: Mapping[str, Any] = field(default_factory=lambda: {"calls": []})
    """the stand-in's own"""
    messages: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """delivery key ▶ its messages that can be seen now"""
    provoked: int = 0
    """429s that were ordered"""
    logs: Sequence[Path] = ()
    secrets: Sequence[str] = ()
    """may stand in no log"""


@dataclass(frozen=True)
class Books:
    """The database, read once."""

    alerts: dict[str, Alert]
    trails: dict[str, list[Event]]
    deliveries: list[Any]


def check(evidence: Evidence) -> list[Finding]:
    """Every promise that is broken; empty where all are kept. To be asked once nothing is owed any more."""
    with evidence.store.database.reading() as connection:
        books = read(connection)
    return [finding for rule in RULES for finding in rule(books, evidence)]


def read(connection: Connection) -> Books:
    found = [rows.alert(row) for row in connection.execute(select(*rows.ALERT))]
    trails: dict[str, list[Event]] = defaultdict(list)
    for row in connection.execute(select(events).order_by(events.c.alert_id, events.c.seq)):
        trails[row.alert_id].append(rows.event(row))
    owed = list(connection.execute(select(deliveries).order_by(deliveries.c.id)))
    return Books({alert.id: alert for alert in found}, trails, owed)


# ── the rules ────────────────────────────────────────────────────────────────────────────────────────────────────────


def accepted_is_kept(books: Books, evidence: Evidence) -> Iterator[Finding]:
    """Every 2xx id exists, with its first event and with something owed for it."""
    owed = {row.alert_id for row in books.deliveries}
    for alert_id in evidence.accepted:
        if alert_id not in books.alerts:
            yield Finding("lost", alert_id, "was accepted and is not there")
        elif not books.trails.get(alert_id):
            yield Finding("lost", alert_id, "has no event")
        elif alert_id not in owed:
            yield Finding("lost", alert_id, "nothing was ever owed for it")


def nothing_goes_quiet(books: Books, evidence: Evidence) -> Iterator[Finding]:
    for alert in books.alerts.values():
        if not alert.finished and not (alert.owner and alert.due_at):
            yield Finding("quiet", alert.id, f"owner {alert.owner!r}, due {alert.due_at}")
        if alert.finished and alert.due_at is not None:
            yield Finding("quiet", alert.id, "is finished and still due")


def the_trail_tells_the_state(books: Books, evidence: Evidence) -> Iterator[Finding]:
    for alert in books.alerts.values():
        try:
            told = fold(books.trails[alert.id])
        except ValueError as error:
            yield Finding("trail", alert.id, str(error))
            continue
        if told != alert:
            differs = [name for name in vars(alert) if getattr(alert, name) != getattr(told, name)]
            yield Finding("trail", alert.id, f"differs in {differs}")


def everything_is_settled(books: Books, evidence: Evidence) -> Iterator[Finding]:
    for row in books.deliveries:
        if row.state not in SETTLED:
            yield Finding("unsettled", row.key, f"is {row.state} ({row.error})")
        elif row.state == "dead" and row.alert_id and not _rerouted(row, books.trails[row.alert_id]):
            yield Finding("dead end", row.key, f"{row.error}: nobody else was told")


def _rerouted(row: Any, trail: Sequence[Event]) -> bool:
    return any(event.kind == "rerouted" and event.data.get("key") == row.key for event in trail)


def everything_is_said_once(books: Books, evidence: Evidence) -> Iterator[Finding]:
    """No delivery has two messages; what counts as shown can be seen, where the row says it is."""
    known = {row.key: row for row in books.deliveries}
    for key, shown in evidence.messages.items():
        if key not in known:
            yield Finding("stray", key, "a message nobody owes")
        elif len(shown) > 1 and not _may_stand_twice(known[key], shown):
            yield Finding("twin", key, f"stands {len(shown)} times: {[one['ts'] for one in shown]}")
    for row in books.deliveries:
        seen = evidence.messages.get(row.key, ())
        if row.state == "shown" and not seen:
            yield Finding("unseen", row.key, "counts as shown")
        if seen and row.receipt_ts is not None and row.receipt_ts not in {one["ts"] for one in seen}:
            yield Finding("unseen", row.key, f"the row knows {row.receipt_ts}, there is {seen[0]['ts']}")


def _may_stand_twice(row: Any, shown: Sequence[Mapping[str, Any]]) -> bool:
    """What was in doubt, and can be found by nobody, is sent once more: `docs/guarantees.md` says so."""
    return len(shown) == 2 and row.posts > 1 and not any(one.get("can_be_found", True) for one in shown)


def cards_are_up_to_date(books: Books, evidence: Evidence) -> Iterator[Finding]:
    for row in books.deliveries:
        if row.kind != "card" or row.state != "shown":
            continue
        if row.shown < row.seq:
            yield Finding("old card", row.key, f"revision {row.shown} is shown, {row.seq} is wanted")
        for one in evidence.messages.get(row.key, ()):
            if old := _older(one, row, books.alerts[row.alert_id]):
                yield Finding("old card", row.key, old)


def _older(one: Mapping[str, Any], row: Any, alert: Alert) -> str:
    """What is wrong with a card that can be seen: a platform tells its revision, or only the alert's generation."""
    if "revision" in one:
        return f"revision {one['revision']} can be seen, {row.seq} is wanted" if one["revision"] < row.seq else ""
    seen, wanted = one["generation"], alert.generation
    return f"generation {seen} can be seen, {wanted} is wanted" if seen is not None and seen < wanted else ""


def every_open_alert_can_be_seen(books: Books, evidence: Evidence) -> Iterator[Finding]:
    """Its card stands somewhere, unless that was given up in favour of its people."""
    cards = {row.alert_id for row in books.deliveries if row.kind == "card" and row.state == "shown"}
    told = {row.alert_id for row in books.deliveries if row.state == "shown"}
    for alert in books.alerts.values():
        if not alert.finished and alert.id not in cards | told:
            yield Finding("unseen", alert.id, "is open, and no message speaks of it")


def limits_are_kept(books: Books, evidence: Evidence) -> Iterator[Finding]:
    """No 429 but those that were ordered."""
    refused = [call for call in evidence.log["calls"] if call["status"] == 429 and call["fault"] != "rate_limited"]
    for method, count in Counter(call["method"] for call in refused).items():
        channels = sorted({str(call["channel"]) for call in refused if call["method"] == method})
        yield Finding("429", method, f"{count} times, in {channels}")
    ordered = sum(call["fault"] == "rate_limited" for call in evidence.log["calls"])
    if ordered > evidence.provoked:
        yield Finding("429", "ordered", f"{ordered} of {evidence.provoked}")


def nobody_is_shouted_at(books: Books, evidence: Evidence) -> Iterator[Finding]:
    for call in evidence.log["calls"]:
        if call["broadcast"]:
            yield Finding("broadcast", str(call["delivery"]))


def nothing_fires_early(books: Books, evidence: Evidence) -> Iterator[Finding]:
    for trail in books.trails.values():
        due, at = None, datetime.min.replace(tzinfo=UTC)
        for event in trail:
            # The second event of one change fires nothing by itself: it follows from the first.
            if event.kind in FIRED and event.actor.kind == "clock" and event.at != at and due and event.at < due:
                yield Finding("early", event.id, f"{event.kind} at {event.at}, due {due}")
            wanted = event.data["set"].get("due_at", due)
            due, at = datetime.fromisoformat(wanted) if isinstance(wanted, str) else wanted, event.at


def secrets_stay_secret(books: Books, evidence: Evidence) -> Iterator[Finding]:
    for path in evidence.logs:
        said = path.read_text(errors="replace") if path.exists() else ""
        for number, secret in enumerate(evidence.secrets):
            if secret in said:
                yield Finding("secret", path.name, f"canary {number}")


Rule = Callable[[Books, Evidence], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    accepted_is_kept,
    nothing_goes_quiet,
    the_trail_tells_the_state,
    everything_is_settled,
    everything_is_said_once,
    cards_are_up_to_date,
    every_open_alert_can_be_seen,
    limits_are_kept,
    nobody_is_shouted_at,
    nothing_fires_early,
    secrets_stay_secret,
)


# ── what is still to be done ─────────────────────────────────────────────────────────────────────────────────────────

_UNSETTLED = text("SELECT key, state, error FROM deliveries WHERE state IN ('pending', 'held', 'sending', 'unknown')")
_SWEEPS = text("SELECT key, sweeps, sweep_at, attempted_at FROM deliveries WHERE sweep_at IS NOT NULL")
_FOLDS = text("SELECT lane FROM places WHERE fold IS NOT NULL")


def _near(row: Any, soon: float, machine: float) -> bool:
    """A look that is due, the first one, or one that follows soon on the attempt, as after twins that were found."""
    is_due = row.sweep_at <= machine
    return is_due or row.sweeps == 0 or row.attempted_at is None or row.sweep_at - row.attempted_at < soon


def open_work(store: SqlStore, *, now: float, machine: float, soon: float = SOON) -> list[str]:
    """What has not come to rest: deliveries, looks for twins that are near, shared cards that stand open, due alerts.

    `now`: business time, Unix seconds; `machine`: machine time. Every first look for twins is waited for, whatever is
    due by now, however late on a busy machine, and others that lie near.
    """
    with store.database.reading() as connection:
        # Looks first: one that ends meanwhile makes its card wait to be edited.
        waits = [f"sweep of {row.key}" for row in connection.execute(_SWEEPS) if _near(row, soon, machine)]
        waits += [f"{row.key} {row.state} {row.error}" for row in connection.execute(_UNSETTLED)]
        waits += [f"fold of {row.lane}" for row in connection.execute(_FOLDS)]
    due = store.due_alerts(datetime.fromtimestamp(now, UTC), limit=20)
    return waits + [f"{alert_id} is due" for alert_id, _ in due]
