"""Values ▶ rows and back. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Table

from bot.core.events import Actor, Event, Kind
from bot.core.people import Person
from bot.core.policy import Policy, Step
from bot.core.signal import Severity, unpack
from bot.core.state import Alert, Owed, Status
from bot.ports import Delivery, Interaction, Receipt, Source
from storage import models
from storage.bulk import Instants
from storage.columns import Instant, dumps

_ALERT = tuple(field.name for field in fields(Alert))
_INSTANTS = tuple(name for name in _ALERT if isinstance(models.alerts.c[name].type, Instant))
_DELIVERY = tuple(field.name for field in fields(Delivery) if field.name != "receipt")


def columns(table: Table, names: tuple[str, ...]) -> tuple[ColumnElement[Any], ...]:
    return tuple(table.c[name] for name in names)


ALERT = columns(models.alerts, _ALERT)
"""what an alert is read from, in the order of its fields"""


def tail(text: str) -> str:
    """The last six characters, backwards: what `alerts.tail` holds."""
    return text[:-7:-1]


def alert_row(alert: Alert, instant: Instants) -> dict[str, Any]:
    """As the driver takes it (see `storage.bulk`)."""
    row = {name: getattr(alert, name) for name in _ALERT}
    for name in _INSTANTS:
        if row[name] is not None:
            row[name] = instant(row[name])
    row["tail"] = tail(alert.id)
    row["signal"] = dumps(alert.signal.packed)
    row["severity"] = alert.severity.value
    row["status"] = alert.status.value
    row["declined"] = dumps(alert.declined) if alert.declined else "[]"
    return row


def alert(row: Row[Any] | tuple[Any, ...]) -> Alert:
    """From a row of the columns `ALERT`."""
    found = dict(zip(_ALERT, row, strict=True))
    found["signal"] = unpack(found["signal"])
    found["severity"] = Severity(found["severity"])
    found["status"] = Status(found["status"])
    found["declined"] = tuple(found["declined"])
    return Alert(**found)


def event_row(event: Event, instant: Instants) -> dict[str, Any]:
    """As the driver takes it (see `storage.bulk`)."""
    return {
        "alert_id": event.alert_id,
        "seq": event.seq,
        "at": instant(event.at),
        "kind": event.kind.value,
        "actor_kind": event.actor.kind,
        "actor_id": event.actor.id,
        "actor_name": event.actor.name,
        "generation": event.generation,
        "reason": event.reason,
        "data": dumps(event.data),
    }


def event(row: Row[Any]) -> Event:
    return Event(
        alert_id=row.alert_id,
        seq=row.seq,
        at=row.at,
        kind=Kind(row.kind),
        actor=Actor(kind=row.actor_kind, id=row.actor_id, name=row.actor_name),
        generation=row.generation,
        reason=row.reason,
        data=row.data,
    )


def delivery_row(owed: Owed, created_at: Any) -> dict[str, Any]:
    """A delivery that has never been attempted, as the driver takes it (see `storage.bulk`)."""
    return {
        "key": owed.key,
        "kind": owed.kind,
        "alert_id": owed.alert_id,
        "seq": owed.seq,
        "generation": owed.generation,
        "place": owed.place,
        "rank": owed.rank,
        "thread": owed.thread,
        "state": "pending",
        "post": 1,
        "attempts": 0,
        "not_before": 0.0,
        "fence": 0,
        "lease_until": 0.0,
        "shown": 0,
        "created_at": created_at,
        "error": "",
    }


def delivery(row: Row[Any]) -> Delivery:
    found = {name: getattr(row, name) for name in _DELIVERY}
    if found["state"] == "held":
        found["state"] = "pending"
    found["alert_id"] = found["alert_id"] or ""
    return Delivery(**found, receipt=receipt(row.receipt_channel, row.receipt_ts))


def receipt(channel: str | None, ts: str | None) -> Receipt | None:
    return Receipt(channel=channel, ts=ts) if channel is not None and ts is not None else None


def person_row(person: Person, asked_at: datetime) -> dict[str, Any]:
    return {**asdict(person), "asked_at": asked_at}


def person(row: Mapping[Any, Any]) -> tuple[Person, datetime]:
    """The person, and when a directory was last asked about them."""
    found = dict(row)
    asked_at = found.pop("asked_at")
    return Person(**found), asked_at


def source_row(source: Source) -> dict[str, Any]:
    return asdict(source)


def source(row: Row[Any]) -> Source:
    keys = tuple((key_id, digest) for key_id, digest in row._mapping["keys"])
    return Source(id=row.id, name=row.name, kind=row.kind, keys=keys)


def interaction_row(interaction: Interaction, at: float) -> dict[str, Any]:
    """As the driver takes it (see `storage.bulk`)."""
    answer = dumps(interaction.answer)
    return {
        "source": interaction.source,
        "id": interaction.id,
        "digest": interaction.digest,
        "answer": answer,
        "at": at,
    }


def interaction(row: Row[Any]) -> Interaction:
    return Interaction(source=row.source, id=row.id, digest=row.digest, answer=row.answer)


def policy_data(policy: Policy) -> dict[str, Any]:
    """What a version of a policy says, without its name and number: equal data is the same policy."""
    return {
        "steps": [[step.who, step.nudge_every.total_seconds(), step.nudges] for step in policy.steps],
        "within": {severity.value: within.total_seconds() for severity, within in policy.within.items()},
        "check_in_every": policy.check_in_every.total_seconds(),
        "check_ins": policy.check_ins,
        "snooze_at_most": policy.snooze_at_most.total_seconds(),
        "reopen_window": policy.reopen_window.total_seconds(),
        "cleared": policy.cleared,
        "hours": dict(policy.hours),
        "verify": policy.verify,
    }


def policy(name: str, version: int, data: Mapping[str, Any]) -> Policy:
    seconds = {key: timedelta(seconds=data[key]) for key in ("check_in_every", "snooze_at_most", "reopen_window")}
    said: dict[str, Any] = {
        **data,
        **seconds,
        "steps": tuple(Step(who=who, nudge_every=timedelta(seconds=t), nudges=n) for who, t, n in data["steps"]),
        "within": {Severity(severity): timedelta(seconds=t) for severity, t in data["within"].items()},
    }
    return Policy(name=name, version=version, **said)
