"""Reading alerts and their trail: a source sees its own, an operator key all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from bot.core.events import Event
from bot.core.signal import Severity
from bot.core.state import Alert, Status
from bot.ports import AlertFilter, Page, Source, Store
from handlers.keys import Keys
from handlers.limits import Limits
from handlers.problems import Problem, documented

# NUL and lone surrogates end here: PostgreSQL and its driver refuse them.
AlertId = Annotated[str, Path(pattern="^[0-9A-Za-z]{1,64}$", description="an alert's id")]
Owner = Annotated[str, Query(min_length=1, max_length=254, pattern=r"^[^\x00-\x20]+$")]
Cursor = Annotated[str, Query(min_length=1, max_length=500, pattern=r"^[!-~]+$")]


class Resolution(BaseModel):
    """What was done."""

    what: str
    link: str | None


class AlertView(BaseModel):
    """An alert as it is now. Instants are UTC."""

    id: str
    short: str = Field(description="the last six characters of the id: what people read and type")
    status: Status
    severity: Severity
    title: str
    source: str
    dedup_key: str
    owner: str = Field(description="the one person accountable: an e-mail, or `<platform>:<chat id>`")
    channel: str
    count: int = Field(description="how often it was raised")
    generation: int = Field(description="grows at every change of status or owner")
    revision: int = Field(description="the number of its events")
    due_at: datetime | None = Field(description="when somebody is asked next; null once it is finished")
    step: int = Field(description="how far it was escalated, 0 = its owner")
    raised_at: datetime
    acknowledged_at: datetime | None
    snoozed_until: datetime | None
    resolve_by: datetime | None
    finished_at: datetime | None
    resolution: Resolution | None
    url: str
    signal: dict[str, Any] = Field(description="what the source sent last, in full")


class AlertList(BaseModel):
    items: list[AlertView]
    next: str | None = Field(description="cursor of the next page; null on the last")


class ActorView(BaseModel):
    kind: str = Field(description="person, source, clock or tool")
    id: str
    name: str


class EventView(BaseModel):
    """One line of the trail."""

    id: str
    at: datetime
    kind: str
    actor: ActorView
    reason: str
    generation: int
    data: dict[str, Any] = Field(description="`set`: the fields of the alert that changed; the rest are facts")


class EventList(BaseModel):
    items: list[EventView]
    next: str | None = Field(description="cursor of the next page; null on the last")


class Which(BaseModel):
    """Which alerts to list."""

    status: list[Status] = Field(default=[], description="any of these; repeat the parameter for more than one")
    owner: Owner | None = None
    limit: int = Field(default=50, ge=1, le=200)
    cursor: Cursor | None = None


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What reading needs."""

    store: Store
    keys: Keys
    limits: Limits
    base_url: str

    def alerts(self, source: Source, which: Which) -> AlertList:
        page = self._page(
            AlertFilter(
                source=_only(source),
                owner=which.owner,
                status=tuple(status.value for status in which.status),
                limit=which.limit,
                cursor=which.cursor,
            )
        )
        return AlertList(items=[self._view(alert) for alert in page.items], next=page.next)

    def alert(self, source: Source, alert_id: str) -> AlertView:
        return self._view(self._visible(source, alert_id))

    def events(self, source: Source, alert_id: str, after: int, limit: int) -> EventList:
        alert = self._visible(source, alert_id)
        found = self.store.events(alert.id, after=after, limit=limit + 1)
        more = str(found[limit - 1].seq) if len(found) > limit else None
        return EventList(items=[_event(event) for event in found[:limit]], next=more)

    async def who(self, request: Request) -> Source:
        """Whoever asks. Raises Problem (401, 429) or Away."""
        source = await self.keys.source(request.headers.get("authorization"))
        self.limits.take(source)
        return source

    def _page(self, which: AlertFilter) -> Page:
        try:
            return self.store.alerts(which)
        except ValueError:
            error = {"pointer": "", "parameter": "cursor", "detail": "is not a cursor of this list"}
            raise Problem("invalid", "A parameter is wrong.", [error]) from None

    def _visible(self, source: Source, alert_id: str) -> Alert:
        alert = self.store.alert(alert_id)
        only = _only(source)
        # Somebody else's alert is as good as none: whether it exists is not theirs to know.
        if alert is None or (only is not None and alert.source != only):
            raise Problem("not_found", "You have no such alert.")
        return alert

    def _view(self, alert: Alert) -> AlertView:
        done = Resolution(what=alert.resolution, link=alert.resolution_link) if alert.resolution is not None else None
        same = {name: getattr(alert, name) for name in _SAME}
        return AlertView(
            **same,
            title=alert.signal.title,
            channel=alert.place.partition(":")[2],
            resolution=done,
            url=f"{self.base_url}/v1/alerts/{alert.id}",
            signal=alert.signal.packed,
        )


_SAME = tuple(
    name for name in AlertView.model_fields if name not in ("title", "channel", "resolution", "url", "signal")
)


def _only(source: Source) -> str | None:
    """Whose alerts it may see; None: everybody's."""
    return None if source.kind == "operator" else source.name


def _event(event: Event) -> EventView:
    actor = ActorView(kind=event.actor.kind, id=event.actor.id, name=event.actor.name)
    return EventView(
        id=event.id,
        at=event.at,
        kind=event.kind.value,
        actor=actor,
        reason=event.reason,
        generation=event.generation,
        data=event.data,
    )


_EVERYWHERE = ("unauthorized", "invalid", "too_many_requests", "internal", "unavailable")


def routes(reader: Reader) -> APIRouter:
    router = APIRouter(tags=["reading"])
    who = Depends(reader.who)

    # Plain functions: the framework runs them in threads, so that a slow database holds up no event loop.
    @router.get("/v1/alerts", responses=documented(*_EVERYWHERE), summary="List alerts, newest first")
    def alerts(which: Annotated[Which, Query()], source: Source = who) -> AlertList:
        return reader.alerts(source, which)

    @router.get("/v1/alerts/{alert_id}", responses=documented("not_found", *_EVERYWHERE), summary="One alert")
    def alert(alert_id: AlertId, source: Source = who) -> AlertView:
        return reader.alert(source, alert_id)

    @router.get("/v1/alerts/{alert_id}/events", responses=documented("not_found", *_EVERYWHERE), summary="Its trail")
    def events(
        alert_id: AlertId,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        cursor: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
        source: Source = who,
    ) -> EventList:
        return reader.events(source, alert_id, cursor, limit)

    return router
