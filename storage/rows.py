"""Values ▶ rows and back. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Table

from bot.core.events import Actor, Event, Kind
from bot.core.mutes import Mute
from bot.core.oncall import Shift
from bot.core.people import Away, Person
from bot.core.signal import Severity, unpack
from bot.core.state import Alert, Owed, Status
from bot.ports import Delivery, Interaction, Receipt, Source
from bot.ports.rota import Declared
from storage import models
from storage.bulk import Instants
from storage.columns import Instant, dumps

_ALERT = tuple(field.name for field in fields(Alert))
_INSTANTS = tuple(name for name in _ALERT if isinstance(models.alerts.c[name].type, Instant))
_LISTS = ("declined", "asking", "responders", "also")
_PERSON = tuple(field.name for field in fields(Person))
_MUTE = tuple(field.name for field in fields(Mute))
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
    for name in _LISTS:
        row[name] = dumps(row[name]) if row[name] else "[]"
    return row


def alert(row: Row[Any] | tuple[Any, ...]) -> Alert:
    """From a row of the columns `ALERT`."""
    found = dict(zip(_ALERT, row, strict=True))
    found["signal"] = unpack(found["signal"])
    found["severity"] = Severity(found["severity"])
    found["status"] = Status(found["status"])
    for name in _LISTS:
        found[name] = tuple(found[name])
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
        # What a digest says is not said by itself.
        "state": "superseded" if owed.in_digest else "pending",
        "post": 1,
        "attempts": 0,
        "not_before": 0.0,
        "fence": 0,
        "lease_until": 0.0,
        "shown": 0,
        "created_at": created_at,
        "error": "",
        "person": owed.person,
        "version": models.version_of(owed.kind, owed.place),
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
    row = {name: getattr(person, name) for name in _PERSON}
    return {**row, "away": [_away_data(one) for one in person.away], "asked_at": asked_at}


def person(row: Mapping[Any, Any]) -> tuple[Person, datetime]:
    """The person as directories know them, and when one was last asked about them."""
    found = {name: row[name] for name in _PERSON}
    return Person(**{**found, "away": tuple(map(_away, found["away"]))}), row["asked_at"]


def _away_data(away: Away) -> list[str | None]:
    told = [away.start.isoformat(), away.until.isoformat(), away.delegate, away.why]
    # An older version beside us reads four; it knows no directory that says more.
    return [*told, away.by] if away.by else told


def _away(data: list[str | None]) -> Away:
    start, until, delegate, why, *by = data
    return Away(
        start=datetime.fromisoformat(start or ""),
        until=datetime.fromisoformat(until or ""),
        delegate=delegate,
        why=why or "",
        by=(by[0] or "") if by else "",
    )


def declared_row(one: Declared) -> dict[str, Any]:
    away = one.away
    return {
        "id": one.id,
        "person": one.person,
        "start": away.start,
        "until": away.until,
        "delegate": away.delegate,
        "why": away.why,
        "declared_by": one.by,
        "declared_at": one.at,
        "ended_at": one.ended_at,
        "ended_by": one.ended_by,
    }


def declared(row: Row[Any]) -> Declared:
    return Declared(
        id=row.id,
        person=row.person,
        away=Away(start=row.start, until=row.until, delegate=row.delegate, why=row.why),
        by=row.declared_by,
        at=row.declared_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )


def shift_row(schedule: str, shift: Shift, at: datetime) -> dict[str, Any]:
    return {
        "schedule": schedule,
        "start": shift.start,
        "until": shift.until,
        "person": shift.person,
        "override": shift.override,
        "said_by": shift.by,
        "said_at": at,
    }


def shift(row: Row[Any]) -> Shift:
    return Shift(start=row.start, until=row.until, person=row.person, override=row.override, by=row.said_by)


def mute_row(mute: Mute, at: datetime) -> dict[str, Any]:
    return {**asdict(mute), "muted_at": at}


def mute(row: Row[Any]) -> Mute:
    """One that was ended by hand has that as its end."""
    found = {name: getattr(row, name) for name in _MUTE}
    return Mute(**{**found, "until": row.ended_at or row.until})


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
