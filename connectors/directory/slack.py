"""The people of a Slack workspace: time zones, managers, who is away, and who is a guest, a bot, a stranger or gone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.core.people import Away, Person
from bot.ports import Unknown
from connectors.directory.absence import absence

log = logging.getLogger(__name__)

SLACK = "https://slack.com/api/"
PAGE = 200
FIELDS = 3600.0
"""seconds for which the workspace's profile fields are remembered, and that they may not be read"""
HANDLES = 600.0
"""seconds for groups, and for who somebody in one of them or above somebody is"""
_NOBODY = frozenset(("users_not_found", "user_not_found", "user_not_visible"))
_NO_GROUP = frozenset(("no_such_subteam", "subteam_disabled"))

Json = dict[str, Any]


class SlackDirectory:
    """One workspace as a Directory, a Roll and Groups (`bot.ports.directories`)."""

    says_away = ""

    def __init__(
        self,
        token: str,
        *,
        now: Callable[[], datetime],
        base_url: str = SLACK,
        timeout: int = 2,
        manager_field: str = "Manager",
    ) -> None:
        """`now`: the business instant. `manager_field`: the label of the profile field that names one's manager."""
        self._web = WebClient(token=token, base_url=base_url, timeout=timeout, retry_handlers=[])
        # The SDK reads HTTPS_PROXY but not NO_PROXY; urllib, which sends the request, reads both by itself.
        self._web.proxy = None
        self._now = now
        self._label = manager_field.strip().casefold()
        self._ids: dict[str, str] = {}
        self._field: tuple[float, str] = (0.0, "")
        self._handles: tuple[float, dict[str, str]] = (0.0, {})
        self._members: dict[str, tuple[float, Person | None]] = {}

    def find(self, ref: str, /) -> Person | None:
        """By e-mail or `slack:U…`; None where the workspace has nobody of that name. Raises Unknown."""
        if ref.startswith("slack:"):
            user = self._user(ref.removeprefix("slack:"))
        else:
            user = self._by_email(ref.lower()) if "@" in ref else None
        return self._person(user, manager=self._manager(user)) if user else None

    def everybody(self) -> Iterator[Person]:
        """Everybody of the workspace, bots and the deactivated too, without their managers. Raises Unknown."""
        for page in _pages(self._web.users_list, limit=PAGE):
            yield from (self._person(user) for user in page.get("members") or ())

    def members(self, handle: str, /) -> tuple[str, ...] | None:
        """The ids of a user group's members who can own something. None = no such group. Raises Unknown."""
        group = self._groups().get(handle.removeprefix("@").casefold())
        if group is None:
            return None
        listed = _answer(self._web.usergroups_users_list, nobody=_NO_GROUP, usergroup=group).get("users")
        if listed is None:
            return None
        people = (self._known(user_id) for user_id in listed)
        return tuple(sorted({person.id for person in people if person and person.may_own}))

    def _by_email(self, email: str) -> Json | None:
        user = _user(self._web.users_lookupByEmail, email=email)
        if user is None:
            # Slack finds the deactivated by id only: whom we saw before, we can still recognise.
            known = self._ids.get(email)
            return self._user(known) if known else None
        self._ids[email] = user["id"]
        return user

    def _user(self, user_id: str) -> Json | None:
        return _user(self._web.users_info, user=user_id)

    def _known(self, user_id: str) -> Person | None:
        """Whoever has this id: for a while as they were when they were last asked for."""
        good_until, person = self._members.get(user_id, (0.0, None))
        if time.monotonic() > good_until:
            user = self._user(user_id)
            person = self._person(user) if user else None
            self._members = {**self._members, user_id: (time.monotonic() + HANDLES, person)}
        return person

    def _groups(self) -> dict[str, str]:
        """handle ▶ id of every user group that is in use."""
        good_until, handles = self._handles
        if time.monotonic() > good_until:
            listed = _answer(self._web.usergroups_list).get("usergroups") or ()
            handles = {str(group["handle"]).casefold(): str(group["id"]) for group in listed}
            self._handles = (time.monotonic() + HANDLES, handles)
        return handles

    # ── managers ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _manager(self, user: Json) -> str | None:
        """The id of whom this person reports to, as their profile says. Raises Unknown: what is remembered stands."""
        field = self._manager_field() if self._kind(user) == "human" and not user.get("deleted") else ""
        if not field:
            return None
        profile = _answer(self._web.users_profile_get, user=user["id"]).get("profile") or {}
        # Slack says null where nothing is filled in at all.
        manager = ((profile.get("fields") or {}).get(field) or {}).get("value")
        person = self._known(manager) if manager and manager != user["id"] else None
        return person.id if person else None

    def _manager_field(self) -> str:
        """The id of the profile field that names managers; empty where there is none, or it may not be read."""
        good_until, field = self._field
        if time.monotonic() > good_until:
            field = self._asked_field()
            self._field = (time.monotonic() + FIELDS, field)
        return field

    def _asked_field(self) -> str:
        try:
            fields = (_answer(self._web.team_profile_get).get("profile") or {}).get("fields") or ()
        except Unknown as error:
            if error.code != "missing_scope":
                raise
            if not self._field[0]:
                log.warning("managers are not read from Slack: the app lacks the scope users.profile:read")
            return ""
        named = (f for f in fields if str(f.get("label", "")).strip().casefold() == self._label)
        return next((str(f["id"]) for f in named if f.get("type") == "user"), "")

    # ── what a user is ───────────────────────────────────────────────────────────────────────────────────────────

    def _person(self, user: Json, *, manager: str | None = None) -> Person:
        profile = user.get("profile") or {}
        kind = self._kind(user)
        email = str(profile.get("email") or "").lower()
        return Person(
            # What another organisation or a bot calls its e-mail address proves nothing about ours.
            id=email if email and kind in ("human", "guest") else f"slack:{user['id']}",
            name=profile.get("real_name") or profile.get("display_name") or user.get("name") or user["id"],
            manager=manager,
            time_zone=user.get("tz") or "UTC",
            active=not user.get("deleted", False),
            kind=kind,
            chat={"slack": user["id"]},
            away=self._away(profile),
        )

    def _away(self, profile: Json) -> tuple[Away, ...]:
        text, emoji = str(profile.get("status_text") or ""), str(profile.get("status_emoji") or "")
        ends = profile.get("status_expiration")
        found = absence(text, emoji, ends if isinstance(ends, int) else 0, now=self._now())
        return (found,) if found else ()

    def _kind(self, user: Json) -> str:
        if user.get("is_bot") or user["id"] == "USLACKBOT":
            return "bot"
        if user.get("is_stranger") or not self._is_ours(user):
            return "foreign"
        return "guest" if user.get("is_restricted") or user.get("is_ultra_restricted") else "human"

    def _is_ours(self, user: Json) -> bool:
        organisation = (user.get("enterprise_user") or {}).get("enterprise_id")
        own = self._own
        return user.get("team_id") == own["team_id"] or bool(organisation and organisation == own.get("enterprise_id"))

    @cached_property
    def _own(self) -> Json:
        """Which workspace and organisation the token is of."""
        return _answer(self._web.auth_test)


def _user(method: Callable[..., SlackResponse], **arguments: Any) -> Json | None:
    user: Json | None = _answer(method, **arguments).get("user")
    return user


def _pages(method: Callable[..., SlackResponse], **arguments: Any) -> Iterator[Json]:
    """Every page of a list. Raises Unknown."""
    while True:
        page = _answer(method, **arguments)
        yield page
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return
        arguments["cursor"] = cursor


def _answer(method: Callable[..., SlackResponse], *, nobody: frozenset[str] = _NOBODY, **arguments: Any) -> Json:
    """The body of an answer; empty where Slack knows nobody of that name. Raises Unknown for every other failure."""
    try:
        body = method(**arguments).data
    except SlackApiError as error:
        refused = error.response.data if isinstance(error.response.data, dict) else {}
        code = str(refused.get("error", "")) if error.response.status_code == 200 else "unavailable"
        if code in nobody:
            return {}
        raise Unknown(code if code.isidentifier() and len(code) < 60 else "unavailable") from None
    except (OSError, HTTPException, ValueError, AttributeError) as error:
        raise Unknown(type(error).__name__) from None
    return body if isinstance(body, dict) else {}
