"""The people of a Slack workspace, with their time zones, and who of them is a guest, a bot, a stranger or gone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.core.people import Person
from bot.ports import Unknown

SLACK = "https://slack.com/api/"
_NOBODY = frozenset(("users_not_found", "user_not_found", "user_not_visible"))

Json = dict[str, Any]


class SlackDirectory:
    """One workspace as a Directory."""

    def __init__(self, token: str, *, base_url: str = SLACK, timeout: int = 2) -> None:
        self._web = WebClient(token=token, base_url=base_url, timeout=timeout, retry_handlers=[])
        # The SDK reads HTTPS_PROXY but not NO_PROXY; urllib, which sends the request, reads both by itself.
        self._web.proxy = None
        self._ids: dict[str, str] = {}

    def find(self, ref: str, /) -> Person | None:
        """By e-mail or `slack:U…`; None where the workspace has nobody of that name. Raises Unknown."""
        if ref.startswith("slack:"):
            return self._by_id(ref.removeprefix("slack:"))
        return self._by_email(ref.lower()) if "@" in ref else None

    def _by_email(self, email: str) -> Person | None:
        user = self._ask(self._web.users_lookupByEmail, email=email)
        if user is None:
            # Slack finds the deactivated by id only: whom we saw before, we can still recognise.
            known = self._ids.get(email)
            return self._by_id(known) if known else None
        self._ids[email] = user["id"]
        return self._person(user)

    def _by_id(self, user_id: str) -> Person | None:
        user = self._ask(self._web.users_info, user=user_id)
        return self._person(user) if user else None

    def _person(self, user: Json) -> Person:
        profile = user.get("profile") or {}
        kind = self._kind(user)
        email = str(profile.get("email") or "").lower()
        return Person(
            # What another organisation or a bot calls its e-mail address proves nothing about ours.
            id=email if email and kind in ("human", "guest") else f"slack:{user['id']}",
            name=profile.get("real_name") or profile.get("display_name") or user.get("name") or user["id"],
            time_zone=user.get("tz") or "UTC",
            active=not user.get("deleted", False),
            kind=kind,
            chat={"slack": user["id"]},
        )

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

    @staticmethod
    def _ask(method: Callable[..., SlackResponse], **arguments: str) -> Json | None:
        user: Json | None = _answer(method, **arguments).get("user")
        return user


def _answer(method: Callable[..., SlackResponse], **arguments: str) -> Json:
    """The body of an answer; empty where Slack knows nobody of that name. Raises Unknown for every other failure."""
    try:
        body = method(**arguments).data
    except SlackApiError as error:
        refused = error.response.data if isinstance(error.response.data, dict) else {}
        code = str(refused.get("error", "")) if error.response.status_code == 200 else "unavailable"
        if code in _NOBODY:
            return {}
        raise Unknown(code if code.isidentifier() and len(code) < 60 else "unavailable") from None
    except (OSError, HTTPException, ValueError, AttributeError) as error:
        raise Unknown(type(error).__name__) from None
    return body if isinstance(body, dict) else {}
