"""To Do: one task in the owner's own list, which says by a linked resource which alert it is of.

A task cannot go from one person's list to another's: a new owner gets a new one, and the old one is taken away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bot.core.card import Message
from bot.core.people import Person
from bot.core.task import is_ours, text
from bot.ports import Completion, Later, Mark, Receipt, Refusal, Target, Unknown
from connectors.microsoft.asking import SLOW, Accounts, Span, Written, reading, sending, unread
from connectors.microsoft.rest import Graph, Json, part

LIST = "Closeloop"
APPLICATION = "Closeloop"
WEB = "https://to-do.office.com"


class ToDo(Written):
    """Everybody's own list, as `bot.ports.Chat` and `bot.ports.WorkItems` want it. The place is `todo:tasks`."""

    platform = "todo"
    label = "To Do"

    def __init__(
        self,
        graph: Graph,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._graph, self._monotonic = graph, monotonic
        self._accounts = Accounts(graph, monotonic=monotonic)
        self._lists: dict[str, str] = {}

    def _span(self) -> Span:
        """All that it asks is kept in somebody's mailbox, which has limits of its own."""
        return Span(self._monotonic, limited="mailbox_busy")

    # ── saying ───────────────────────────────────────────────────────────────────────────────────────────────────

    def show(self, message: Message, target: Target, /, *, mark: Mark) -> Receipt:
        """Make the task or change it. Raises Refusal (`missing` where it was somebody else's), Later or Unknown."""
        span, is_done = self._span(), message.work is not None and message.work.is_done
        if target.edit is None:
            return self._made(self._accounts.id(target.person, span), message, target.person, mark, span)
        # What is over stays with whoever had it, and is completed whatever became of them.
        if not is_done and (lost := self._not_theirs(target.edit, target.person, span)):
            self._remove(target.edit, span)
            raise lost
        self._change(target.edit, message, target.person, span)
        return target.edit

    def _not_theirs(self, receipt: Receipt, person: Person | None, span: Span) -> Refusal | None:
        """Why this task is not the owner's: it is somebody else's, or the owner can have none. None: it is theirs."""
        try:
            user = self._accounts.id(person, span)
        except Refusal as refusal:
            return refusal
        return None if _user(receipt) == user else Refusal("moved_to_another_owner", "missing")

    def _made(self, user: str, message: Message, person: Person | None, mark: Mark, span: Span) -> Receipt:
        wanted, where = _wanted(message, person), self._list(user, span)
        if where is None:
            where = self._new_list(user, span)
        link = {"externalId": mark.delivery, "applicationName": APPLICATION, "displayName": message.title}
        address = message.work.link if message.work else ""
        with sending(span):
            linked = [{**link, **({"webUrl": address} if address else {})}]
            made = self._graph.send(
                "POST", f"{_lists(user)}/{part(where)}/tasks", {**wanted, "linkedResources": linked}
            )
        if made is None:
            # Somebody deleted the list: it is looked for anew.
            self._lists.pop(user, None)
            raise Later("list_missing", 1.0)
        if not made.get("id"):
            raise Unknown("no_receipt")
        return Receipt(channel=f"{user}/{where}", ts=str(made["id"]))

    def _change(self, receipt: Receipt, message: Message, person: Person | None, span: Span) -> None:
        """Only what differs; its words and whether it is complete change together or not at all."""
        address = _address(receipt)
        with reading(span):
            task = self._graph.get(address, expand="linkedResources")
        if task is None:
            raise Refusal("task_missing", "missing")
        wanted = _wanted(message, person, before=_said(task))
        if changes := dict(_changes(task, wanted)):
            self._patch(address, changes, span)
        link = message.work.link if message.work else ""
        for one in task.get("linkedResources") or ():
            if link and one.get("applicationName") == APPLICATION and one.get("webUrl") != link:
                self._patch(f"{address}/linkedResources/{part(str(one['id']))}", {"webUrl": link}, span)

    def _patch(self, address: str, changes: Json, span: Span) -> None:
        with sending(span):
            if self._graph.send("PATCH", address, changes) is None:
                raise Refusal("task_missing", "missing")

    def _remove(self, receipt: Receipt, span: Span) -> None:
        """Where nobody may reach it any more, its owner's mailbox is gone, and the task with it."""
        try:
            with sending(span):
                self._graph.send("DELETE", _address(receipt))
        except Refusal as refusal:
            if refusal.kind == "workspace":
                raise

    # ── their list ───────────────────────────────────────────────────────────────────────────────────────────────

    def _list(self, user: str, span: Span) -> str | None:
        """Somebody's list of ours; None where they have none. Raises Refusal where they have no lists at all."""
        if user in self._lists:
            return self._lists[user]
        with reading(span):
            try:
                found = [one for page in self._graph.pages(_lists(user)) for one in page.get("value") or ()]
            except Refusal as refusal:
                raise Refusal("no_mailbox", "person") if refusal.code == "page_missing" else refusal from None
        ours = next((str(one["id"]) for one in found if one.get("displayName") == LIST), None)
        if ours is not None:
            self._lists[user] = ours
        return ours

    def _new_list(self, user: str, span: Span) -> str:
        """Made once: whoever does not know whether it was looks for it first."""
        with reading(span):
            made = self._graph.send("POST", _lists(user), {"displayName": LIST})
        if made is None or not made.get("id"):
            raise Later("no_list", 5.0)
        self._lists[user] = str(made["id"])
        return self._lists[user]

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────

    def look(self, target: Target, /, *, mark: Mark, age: float) -> list[Receipt]:
        """Every task that carries this mark, oldest first, in the lists of all who have owned it.

        Raises Refusal and Later.
        """
        span, found = self._span(), []
        for user in dict.fromkeys(self._users(target, span)):
            with reading(span):
                found += [(one, user) for one in self._marked(user, mark, span)]
        found.sort(key=lambda one: str(one[0].get("createdDateTime")))
        return [Receipt(channel=f"{user}/{self._lists[user]}", ts=str(task["id"])) for task, user in found]

    def _users(self, target: Target, span: Span) -> Iterator[str]:
        for person in (target.person, *target.former):
            try:
                yield self._accounts.id(person, span)
            except Refusal:
                continue

    def _marked(self, user: str, mark: Mark, span: Span) -> Iterator[Json]:
        try:
            where = self._list(user, span)
            pages = self._graph.pages(f"{_lists(user)}/{part(where)}/tasks", expand="linkedResources") if where else ()
            for page in pages:
                yield from (one for one in page.get("value") or () if _is_marked(one, mark))
                span.check(SLOW)
        except Refusal as refusal:
            # Without a mailbox or without the list there is no task either.
            if refusal.code == "page_missing":
                self._lists.pop(user, None)
            elif refusal.kind != "person":
                raise

    def retract(self, receipt: Receipt, /) -> None:
        """Delete a task of ours; one that is gone already is no error. Raises Refusal, Later or Unknown."""
        with sending(self._span()):
            self._graph.send("DELETE", _address(receipt))

    def completed(self, tasks: Sequence[Receipt], /) -> list[Completion | None]:
        """What is marked complete. To Do says neither who did it nor when, but for the day. Raises Unknown."""
        with unread():
            answers = self._graph.batch([_address(receipt) for receipt in tasks])
        return [_completion(one) if isinstance(one, dict) else None for one in answers]

    def permalink(self, receipt: Receipt, /) -> str | None:
        """The address at which its owner reads this task; never raises."""
        return f"{WEB}/tasks/id/{quote(receipt.ts, safe='')}/details"


def _wanted(message: Message, person: Person | None, *, before: str = "") -> Json:
    """What the task has to be; `before`: what is written in it. Raises Refusal for what is no task."""
    work = message.work
    if work is None:
        raise Refusal("no_task", "content")
    body = {"content": text(message, message.people, before=before), "contentType": "text"}
    # To Do keeps the day alone: the day that it is for its owner.
    day = work.due.astimezone(ZoneInfo(person.time_zone if person else "UTC")) if work.due else None
    due = {"dueDateTime": {"dateTime": f"{day:%Y-%m-%d}T00:00:00", "timeZone": "UTC"}} if day else {}
    return {"title": message.title, "body": body, **due, "status": "completed" if work.is_done else "notStarted"}


def _changes(task: Json, wanted: Json) -> Iterator[tuple[str, Any]]:
    """The fields that differ. What people report of their progress stays, unless it was us who completed it."""
    body = _said(task)
    if task.get("title") != wanted["title"]:
        yield "title", wanted["title"]
    if body.replace("\r\n", "\n").strip() != wanted["body"]["content"].strip():
        yield "body", wanted["body"]
    if "dueDateTime" in wanted and _day(task.get("dueDateTime")) != _day(wanted["dueDateTime"]):
        yield "dueDateTime", wanted["dueDateTime"]
    now, done = task.get("status") == "completed", wanted["status"] == "completed"
    if (done and not now) or (now and not done and is_ours(body)):
        yield "status", wanted["status"]


def _said(task: Json) -> str:
    return str((task.get("body") or {}).get("content") or "")


def _day(at: Any) -> str:
    return str(at.get("dateTime"))[:10] if isinstance(at, dict) else ""


def _is_marked(task: Json, mark: Mark) -> bool:
    links = task.get("linkedResources") or ()
    return any((one.get("externalId"), one.get("applicationName")) == (mark.delivery, APPLICATION) for one in links)


def _completion(task: Json) -> Completion | None:
    if task.get("status") != "completed" or is_ours(_said(task)):
        return None
    return Completion(id=f"{task.get('id')}:{_day(task.get('completedDateTime'))}")


def _lists(user: str) -> str:
    return f"/users/{part(user)}/todo/lists"


def _user(receipt: Receipt) -> str:
    return receipt.channel.partition("/")[0]


def _address(receipt: Receipt) -> str:
    user, _, where = receipt.channel.partition("/")
    return f"{_lists(user)}/{part(where)}/tasks/{part(receipt.ts)}"
