"""Modals (a stack of at most three for each person) and Home tabs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sandbox.config import APP_ID, BOT_ID, TEAM_ID
from sandbox.errors import Json, SlackError

STACK = 3
_KEPT = ("type", "title", "submit", "close", "blocks", "private_metadata", "callback_id", "external_id")


@dataclass(kw_only=True, eq=False)
class View:
    id: str
    user: str
    body: Json
    hash: str
    values: Json = field(default_factory=dict)
    root: str = ""
    previous: str | None = None

    def as_json(self) -> Json:
        """Slack's shape, with every key it always sends."""
        defaults: dict[str, Any] = {"submit": None, "close": None, "private_metadata": "", "callback_id": ""}
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            **defaults,
            "external_id": "",
            **{k: v for k, v in self.body.items() if k in _KEPT},
            "state": {"values": self.values},
            "hash": self.hash,
            "clear_on_close": bool(self.body.get("clear_on_close")),
            "notify_on_close": bool(self.body.get("notify_on_close")),
            "root_view_id": self.root or self.id,
            "previous_view_id": self.previous,
            "app_id": APP_ID,
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }


class Views:
    def __init__(self) -> None:
        self._ids = count(1)
        self._stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}

    def stack(self, user: str) -> list[View]:
        return self._stacks.get(user, [])

    def open(self, user: str, body: Json) -> View:
        """A modal opened from outside the stack takes the place of what was open."""
        self._unique(body.get("external_id"), mine=None)
        view = self._new(user, body)
        self._stacks[user] = [view]
        return view

    def push(self, user: str, body: Json) -> View:
        """Raises SlackError push_limit_reached, not_found when nothing is open."""
        stack = self._stacks.get(user)
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= STACK:
            raise SlackError("push_limit_reached")
        self._unique(body.get("external_id"), mine=None)
        view = self._new(user, body)
        view.root, view.previous = stack[0].id, stack[-1].id
        stack.append(view)
        return view

    def update(self, view: View, body: Json, *, expected_hash: str | None) -> View:
        _same(view, expected_hash)
        self._unique(body.get("external_id"), mine=view)
        view.body, view.hash = body, _hash()
        shown = {b.get("block_id") for b in body["blocks"]}
        view.values = {k: v for k, v in view.values.items() if k in shown}
        return view

    def publish(self, user: str, body: Json, *, expected_hash: str | None) -> View:
        home = self.homes.get(user)
        if home is None:
            home = self.homes[user] = self._new(user, body)
            return home
        return self.update(home, body, expected_hash=expected_hash)

    def find(self, view_id: str | None, external_id: str | None = None) -> View | None:
        """An open modal or a Home tab."""
        everything = [v for stack in self._stacks.values() for v in stack] + list(self.homes.values())
        for view in everything:
            if view_id == view.id or (external_id and external_id == view.body.get("external_id")):
                return view
        return None

    def close(self, view: View) -> None:
        """Also closes what was opened on top of it."""
        stack = self._stacks.get(view.user, [])
        if view in stack:
            del stack[stack.index(view) :]

    def clear(self, user: str) -> None:
        self._stacks.pop(user, None)

    def _new(self, user: str, body: Json) -> View:
        return View(id=f"V{next(self._ids):08d}", user=user, body=body, hash=_hash())

    def _unique(self, external_id: str | None, *, mine: View | None) -> None:
        if external_id and self.find(None, external_id) not in {None, mine}:
            raise SlackError("duplicate_external_id")


def _hash() -> str:
    return f"{secrets.randbelow(10**10)}.{secrets.token_hex(4)}"


def _same(view: View, expected_hash: str | None) -> None:
    if expected_hash is not None and expected_hash != view.hash:
        raise SlackError("hash_conflict")
