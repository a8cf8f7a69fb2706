"""Planner: one task in a plan, assigned to whoever owns the alert.

A task of Planner has no field for what it was made from that could be found again: references stand in its details,
which a list of the plan's tasks leaves out. So its mark stands at the end of its title, which every list has and which
the same request writes that makes the task.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from bot.core.card import Message
from bot.core.task import is_ours, text
from bot.ports import Completion, Later, Mark, Receipt, Refusal, Target, Unknown
from connectors.microsoft.asking import SLOW, Accounts, Span, Written, reading, sending, twice, unread
from connectors.microsoft.rest import Graph, Json, part

WEB = "https://planner.cloud.microsoft"
ASSIGNMENT = {"@odata.type": "#microsoft.graph.plannerAssignment", "orderHint": " !"}


class Planner(Written):
    """One plan, as `bot.ports.Chat` and `bot.ports.WorkItems` want it. The place is `planner:<plan id>`."""

    platform = "planner"
    label = "Planner"

    def __init__(
        self,
        graph: Graph,
        *,
        bucket: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`bucket`: where new tasks go in their plan; empty: where Planner puts them."""
        self._graph, self._bucket, self._monotonic = graph, bucket, monotonic
        self._accounts = Accounts(graph, monotonic=monotonic)

    # ── saying ───────────────────────────────────────────────────────────────────────────────────────────────────

    def show(self, message: Message, target: Target, /, *, mark: Mark) -> Receipt:
        """Make the task or change it. Raises Refusal, Later or Unknown."""
        span, edit = Span(self._monotonic), target.edit
        # What is over stays with whoever had it, and is completed whatever became of them.
        is_over = edit is not None and message.work is not None and message.work.is_done
        wanted = _wanted(message, "" if is_over else self._owner(target, span), mark)
        if edit is None:
            return self._made(target.place.partition(":")[2], wanted, span)
        twice(lambda: self._changed(edit.ts, wanted, message, span))
        return edit

    def _owner(self, target: Target, span: Span) -> str:
        """Raises Refusal of kind `person` where the owner has no account; then nobody is assigned any more."""
        try:
            return self._accounts.id(target.person, span)
        except Refusal:
            if (edit := target.edit) is not None:
                twice(lambda: self._freed(edit.ts, span))
            raise

    def _freed(self, task_id: str, span: Span) -> Json:
        task, _ = self._read(task_id, span)
        if assigned := task.get("assignments"):
            self._patch(_address(task_id), {"assignments": dict.fromkeys(assigned)}, etag=_etag(task), span=span)
        return task

    def _made(self, plan: str, wanted: Json, span: Span) -> Receipt:
        where = {"planId": plan, **({"bucketId": self._bucket} if self._bucket else {})}
        body = {name: value for name, value in wanted.items() if name not in ("description", "owner")}
        body["assignments"] = {wanted["owner"]: ASSIGNMENT}
        with sending(span):
            made = self._graph.send("POST", "/planner/tasks", {**where, **body})
        if made is None:
            raise Refusal("plan_missing", "place")
        if not made.get("id"):
            raise Unknown("no_receipt")
        try:
            twice(lambda: self._described(str(made["id"]), wanted["description"], span))
        except (Refusal, Later, Unknown) as error:
            # It is there without its words: whoever looks finds it, and edits it as any other.
            raise Unknown(f"not described: {error.code}") from None
        return Receipt(channel=plan, ts=str(made["id"]))

    def _changed(self, task_id: str, wanted: Json, message: Message, span: Span) -> Json:
        """Only what differs. What marks the end as ours is written before it, and taken away after it."""
        task, details = self._read(task_id, span)
        before = str(details.get("description") or "")
        words = text(message, message.people, before=before)
        if wanted["percentComplete"] == 100:
            self._describe(details, words, span)
        if changes := dict(_changes(task, wanted, ours=is_ours(before))):
            self._patch(_address(task_id), changes, etag=_etag(task), span=span)
        if wanted["percentComplete"] != 100:
            self._describe(details, words, span)
        return task

    def _read(self, task_id: str, span: Span) -> tuple[Json, Json]:
        with reading(span):
            found = self._graph.batch([_address(task_id), f"{_address(task_id)}/details"])
            for one in found:
                if isinstance(one, Exception):
                    raise one
        task, details = found
        if not isinstance(task, dict) or not isinstance(details, dict):
            raise Refusal("task_missing", "missing")
        return task, details

    def _described(self, task_id: str, description: str, span: Span) -> Json:
        with reading(span):
            details = self._graph.get(f"{_address(task_id)}/details")
        if details is None:
            raise Later("no_details_yet", 2.0)
        self._describe(details, description, span)
        return details

    def _describe(self, details: Json, description: str, span: Span) -> None:
        if str(details.get("description") or "").replace("\r\n", "\n").rstrip() != description:
            address = f"{_address(str(details['id']))}/details"
            self._patch(address, {"description": description}, etag=_etag(details), span=span)

    def _patch(self, address: str, changes: Json, *, etag: str, span: Span) -> None:
        with sending(span):
            if self._graph.send("PATCH", address, changes, etag=etag) is None:
                raise Refusal("task_missing", "missing")

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────

    def look(self, target: Target, /, *, mark: Mark, age: float) -> list[Receipt]:
        """Every task of the plan whose title ends with the mark, oldest first. Raises Refusal and Later."""
        plan, span = target.place.partition(":")[2], Span(self._monotonic)
        found: list[Json] = []
        with reading(span):
            try:
                for page in self._graph.pages(f"/planner/plans/{part(plan)}/tasks"):
                    found += [one for one in page.get("value") or () if str(one.get("title")).endswith(_tag(mark))]
                    span.check(SLOW)
            except Refusal as refusal:
                raise Refusal("plan_missing", "place") if refusal.code == "page_missing" else refusal from None
        found.sort(key=lambda one: str(one.get("createdDateTime")))
        return [Receipt(channel=plan, ts=str(one["id"])) for one in found]

    def retract(self, receipt: Receipt, /) -> None:
        """Delete a task of ours; one that is gone already is no error. Raises Refusal, Later or Unknown."""
        span = Span(self._monotonic)

        def remove() -> Json:
            with reading(span):
                task = self._graph.get(_address(receipt.ts))
            if task is not None:
                with sending(span):
                    self._graph.send("DELETE", _address(receipt.ts), etag=_etag(task))
            return {}

        twice(remove)

    def completed(self, tasks: Sequence[Receipt], /) -> list[Completion | None]:
        """What is marked complete. Raises Unknown."""
        with unread():
            answers = self._graph.batch([_address(receipt.ts) for receipt in tasks])
        return [_completion(one) if isinstance(one, dict) else None for one in answers]

    def permalink(self, receipt: Receipt, /) -> str | None:
        """The address at which people read this task; never raises."""
        plan, task = (quote(one, safe="") for one in (receipt.channel, receipt.ts))
        return f"{WEB}/webui/plan/{plan}/view/board/task/{task}"


def _wanted(message: Message, owner: str, mark: Mark) -> Json:
    """What the task has to be. Raises Refusal for what is no task."""
    work = message.work
    if work is None:
        raise Refusal("no_task", "content")
    due = {"dueDateTime": work.due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")} if work.due else {}
    words = {"title": f"{message.title} {_tag(mark)}", "description": text(message, message.people)}
    return {**words, **due, "owner": owner, "percentComplete": 100 if work.is_done else 0}


def _tag(mark: Mark) -> str:
    """A few characters that no other delivery has."""
    return f"[{sha256(mark.delivery.encode()).hexdigest()[:8]}]"


def _changes(task: Json, wanted: Json, *, ours: bool) -> Iterator[tuple[str, Any]]:
    """The fields that differ. Who else is assigned stays so for as long as the owner is; so does what people report of
    their progress, unless it was us who completed it."""
    if task.get("title") != wanted["title"]:
        yield "title", wanted["title"]
    if "dueDateTime" in wanted and _instant(task.get("dueDateTime")) != _instant(wanted["dueDateTime"]):
        yield "dueDateTime", wanted["dueDateTime"]
    assigned = {str(one).lower() for one in task.get("assignments") or {}}
    if wanted["owner"] and wanted["owner"] not in assigned:
        yield "assignments", {**dict.fromkeys(assigned), wanted["owner"]: ASSIGNMENT}
    now, done = task.get("percentComplete"), wanted["percentComplete"] == 100
    if (done and now != 100) or (not done and now == 100 and ours):
        yield "percentComplete", wanted["percentComplete"]


def _instant(at: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(at)).replace(microsecond=0)
    except ValueError:
        return None


def _completion(task: Json) -> Completion | None:
    if task.get("percentComplete") != 100:
        return None
    who = ((task.get("completedBy") or {}).get("user") or {}).get("id")
    by = f"teams:{str(who).lower()}" if who else ""
    at = task.get("completedDateTime")
    return Completion(id=f"{task.get('id')}:{at}", by=by, at=_instant(at))


def _address(task_id: str) -> str:
    return f"/planner/tasks/{part(task_id)}"


def _etag(found: Json) -> str:
    return str(found.get("@odata.etag") or "")
