"""What only an operator can mend, in memory: the rules of `storage.incidents` on a plain list."""

from __future__ import annotations

from dataclasses import replace

from bot.ports import Incident


class MemoryIncidents:
    def __init__(self) -> None:
        self._all: dict[int, Incident] = {}
        self._told: dict[int, float] = {}
        """when people were told last"""

    def incident(self, kind: str, subject: str, *, detail: str, at: float) -> None:
        found = self._open(kind, subject)
        if found is None:
            number = len(self._all) + 1
            new = Incident(id=number, kind=kind, subject=subject, detail=detail, since=at, last_at=at, count=1)
            self._all[number] = new
        else:
            self._all[found.id] = replace(found, detail=detail, last_at=at, count=found.count + 1)

    def mended(self, kind: str, subject: str, *, at: float) -> None:
        if found := self._open(kind, subject):
            self._all[found.id] = replace(found, ended_at=at)

    def known(self, *, untold: bool) -> list[Incident]:
        wanted = [one for one in self._all.values() if (self._news(one) if untold else one.ended_at is None)]
        return sorted(wanted, key=lambda one: (one.since, one.id))

    def told(self, incident_id: int, *, at: float) -> None:
        self._told[incident_id] = at

    def _open(self, kind: str, subject: str) -> Incident | None:
        here = (one for one in self._all.values() if (one.kind, one.subject) == (kind, subject))
        return next((one for one in here if one.ended_at is None), None)

    def _news(self, one: Incident) -> bool:
        told = self._told.get(one.id)
        return told is None or (one.ended_at is not None and one.ended_at > told)
