"""The store's part of people and their time: `bot.ports.rota.Rota` in SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from bot.core.mutes import Mute
from bot.core.oncall import Shift
from bot.core.state import Alert
from bot.ports.rota import Declared, Letter, Recorded, Wishes
from storage import absences, letters, mutes, schedules, trails
from storage.engine import Database


class SqlRota:
    """Implements `bot.ports.rota.Rota`; the database is whoever inherits this one's."""

    database: Database

    # ── absences and wishes ──────────────────────────────────────────────────────────────────────────────────────

    def declare(self, absence: Declared, /) -> None:
        with self.database.writing() as connection:
            absences.declare(connection, absence)

    def absences(self, person: str | None = None, /, *, since: datetime) -> list[Declared]:
        with self.database.reading() as connection:
            return absences.known(connection, person, since)

    def end_absence(self, absence_id: str, /, *, at: datetime, by: str) -> bool:
        with self.database.writing() as connection:
            return absences.end(connection, absence_id, at=at, by=by)

    def wish(self, person: str, wishes: Wishes, /, *, at: datetime) -> None:
        with self.database.writing() as connection:
            absences.wish(connection, person, wishes, at)

    def wishes(self, person: str, /) -> Wishes:
        with self.database.reading() as connection:
            return absences.wishes_of(connection, person)

    # ── schedules and groups ─────────────────────────────────────────────────────────────────────────────────────

    def override(self, schedule: str, shift: Shift, /, *, at: datetime) -> None:
        with self.database.writing() as connection:
            schedules.override(connection, schedule, shift, at)

    def keep_calendar(self, schedule: str, shifts: Sequence[Shift], /, *, at: datetime) -> None:
        with self.database.writing() as connection:
            schedules.keep_calendar(connection, schedule, shifts, at)

    def shifts_between(self, schedule: str, start: datetime, until: datetime, /) -> list[Shift]:
        with self.database.reading() as connection:
            return schedules.between(connection, schedule, start, until)

    def keep_group(self, handle: str, members: Sequence[str], /, *, at: datetime) -> None:
        with self.database.writing() as connection:
            schedules.keep_group(connection, handle, members, at)

    def groups(self, handles: Iterable[str], /) -> dict[str, tuple[tuple[str, ...], datetime]]:
        with self.database.reading() as connection:
            return schedules.groups_of(connection, handles)

    # ── mutes ────────────────────────────────────────────────────────────────────────────────────────────────────

    def mute(self, mute: Mute, /, *, at: datetime) -> None:
        with self.database.writing() as connection:
            mutes.mute(connection, mute, at)

    def unmute(self, mute_id: str, /, *, at: datetime, by: str) -> list[str]:
        with self.database.writing() as connection:
            return mutes.unmute(connection, mute_id, at=at, by=by)

    def all_mutes(self, *, since: datetime) -> list[Mute]:
        with self.database.reading() as connection:
            return mutes.since(connection, since)

    def unlisted_mutes(self, now: datetime, /) -> list[Mute]:
        with self.database.reading() as connection:
            return mutes.unlisted(connection, now)

    def held_back(self, mute_id: str, /, *, limit: int) -> list[Alert]:
        with self.database.reading() as connection:
            return mutes.held_back(connection, mute_id, limit=limit)

    def listed(self, mute_id: str, wanted: Sequence[Letter], /, *, at: datetime) -> bool:
        with self.database.writing() as connection:
            mine = mutes.listed(connection, mute_id, at)
            if mine:
                letters.post(connection, wanted, at)
            return mine

    # ── letters and lists ────────────────────────────────────────────────────────────────────────────────────────

    def post_letters(self, wanted: Sequence[Letter], /, *, at: datetime) -> list[int]:
        with self.database.writing() as connection:
            return letters.post(connection, wanted, at)

    def owners(self) -> list[str]:
        with self.database.reading() as connection:
            return trails.owners(connection)

    def trails(self, since: datetime, until: datetime, /, *, batch: int = 500) -> Iterator[Recorded]:
        after = since, ""
        while True:
            with self.database.reading() as connection:
                found = trails.batch(connection, after, until, size=batch)
            yield from found
            if len(found) < batch:
                return
            after = found[-1].alert.raised_at, found[-1].alert.id
