"""The people of a Microsoft 365 tenant: managers, working hours, who is away, and who is a guest or gone."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from bot.core.people import Person
from bot.ports import Later, Refusal, Unknown
from connectors.directory.mailbox import absence, out_of_office, working_hours, zone_of
from connectors.microsoft.rest import Graph, Json, literal, part

log = logging.getLogger(__name__)

FIELDS = "id,displayName,mail,userPrincipalName,accountEnabled,userType"
ABOVE = "manager($select=id,mail,userPrincipalName)"
MAILBOX = "/mailboxSettings"
HANDLES = 600.0
"""seconds for which a group is remembered"""
DENIED = 3600.0
"""seconds for which it is remembered that something may not be read"""
_OBJECT_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_USER = "#microsoft.graph.user"


class GraphDirectory:
    """One tenant as a Directory, a Roll and Groups (`bot.ports.directories`)."""

    says_away = None
    """its list of everybody tells of no absence"""

    def __init__(
        self, graph: Graph, *, now: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`now`: the business instant."""
        self._graph, self._now, self._monotonic = graph, now, monotonic
        self._denied: dict[tuple[str, str], float] = {}
        """(what of a person, whose) ▶ until when nobody asks for it again"""
        self._told_of: frozenset[str] = frozenset()
        self._groups: dict[str, tuple[float, tuple[str, ...] | None]] = {}
        self._roll = _Everybody(graph)

    def find(self, ref: str, /) -> Person | None:
        """By e-mail (an address or a user principal name) or `teams:<object id>`. Raises Unknown."""
        try:
            user = self._user(ref)
            return self._known(user) if user else None
        except (Later, Refusal) as error:
            raise Unknown(error.code) from None

    def everybody(self) -> Iterator[Person]:
        """Everybody of the tenant with their managers, those too who were deleted since. Raises Unknown."""
        try:
            users = self._roll.read()
        except (Later, Refusal) as error:
            raise Unknown(error.code) from None
        for user in users.values():
            above = users.get(str(user.get("manager") or ""))
            yield _person(user, manager=_id(above) if above else None)

    def members(self, handle: str, /) -> tuple[str, ...] | None:
        """The ids of a group's members, of groups in it too, who can own something. None = no such group.

        A group goes by its mail nickname, else by its name. Raises Unknown.
        """
        name = handle.removeprefix("@").casefold()
        good_until, found = self._groups.get(name, (0.0, None))
        if self._monotonic() > good_until:
            try:
                found = self._members(name)
            except (Later, Refusal) as error:
                raise Unknown(error.code) from None
            self._groups = {**self._groups, name: (self._monotonic() + HANDLES, found)}
        return found

    # ── one person ───────────────────────────────────────────────────────────────────────────────────────────────

    def _user(self, ref: str) -> Json | None:
        if ref.startswith("teams:"):
            object_id = ref.removeprefix("teams:")
            if not _OBJECT_ID.fullmatch(object_id):
                return None
            return self._graph.get(f"/users/{part(object_id)}", select=FIELDS, expand=ABOVE)
        return self._by_email(ref.lower()) if "@" in ref else None

    def _by_email(self, email: str) -> Json | None:
        """Of several the one who is most probably meant: a member before a guest, an account in use before another."""
        wanted = f"mail eq {literal(email)} or userPrincipalName eq {literal(email)}"
        pages = self._graph.pages("/users", filter=wanted, select=FIELDS, expand=ABOVE)
        found = [user for page in pages for user in page.get("value") or ()]
        return min(found, key=_rank, default=None)

    def _known(self, user: Json) -> Person:
        if not _person(user).may_own:
            return _person(user, manager=_manager(user))
        settings, presence = self._mailbox(str(user["id"]))
        now = self._now()
        away = absence(settings, now=now) if settings is not None else out_of_office(presence, now=now)
        zone = zone_of(settings or {}, now=now)
        return _person(
            user,
            manager=_manager(user),
            time_zone=zone or "UTC",
            working=working_hours(settings or {}) if zone else "",
            away=(away,) if away else (),
        )

    def _mailbox(self, user_id: str) -> tuple[Json | None, Json | None]:
        """(what Exchange knows, what Teams shows) in one request; None for what cannot be read. Raises Unknown."""
        now = self._monotonic()
        wanted = [what for what in (MAILBOX, "/presence") if now > self._denied.get((what, user_id), 0.0)]
        answers = self._graph.batch([f"/users/{part(user_id)}{what}" for what in wanted]) if wanted else []
        found = {what: self._read(what, user_id, answer) for what, answer in zip(wanted, answers, strict=True)}
        return found.get(MAILBOX), found.get("/presence")

    def _read(self, what: str, user_id: str, answer: Json | Exception | None) -> Json | None:
        if isinstance(answer, Refusal) and answer.kind == "workspace":
            self._deny(what, user_id, answer.code)
            return None
        # A hint is not waited for; whether somebody is away is.
        if isinstance(answer, Exception):
            if what == MAILBOX:
                raise answer
            return None
        return answer

    def _deny(self, what: str, user_id: str, code: str) -> None:
        """Of one person: Exchange may let an app into some mailboxes and not into others."""
        now = self._monotonic()
        if what not in self._told_of:
            self._told_of |= {what}
            log.warning("%s is not read from Graph: the app may not, of somebody or at all (%s)", what.strip("/"), code)
        kept = {key: until for key, until in self._denied.items() if until > now}
        self._denied = {**kept, (what, user_id): now + DENIED}

    # ── groups ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _members(self, name: str) -> tuple[str, ...] | None:
        wanted = f"mailNickname eq {literal(name)} or displayName eq {literal(name)}"
        pages = self._graph.pages("/groups", filter=wanted, select="id,displayName,mailNickname")
        groups = [group for page in pages for group in page.get("value") or ()]
        group = min(groups, key=lambda one: (str(one.get("mailNickname")).casefold() != name, one["id"]), default=None)
        if group is None:
            return None
        listed = self._graph.pages(f"/groups/{part(group['id'])}/transitiveMembers", select=FIELDS, top="100")
        users = (one for page in listed for one in page.get("value") or () if one.get("@odata.type") == _USER)
        people = map(_person, users)
        return tuple(sorted({person.id for person in people if person.may_own}))


class _Everybody:
    """The whole tenant, read once and then kept up by what changed. One thread at a time."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._turn = threading.Lock()
        self._users: dict[str, Json] = {}
        self._link = ""

    def read(self) -> Mapping[str, Json]:
        """object id ▶ user, `manager` being another's object id. Raises Refusal, Later or Unknown."""
        with self._turn:
            if self._link:
                try:
                    self._keep(*self._changed(self._graph.following(self._link), self._users))
                except Refusal as refusal:
                    # 410, under several names: the link is too old. Everybody is read anew.
                    log.info("everybody is read from Graph anew: %s", refusal.code)
                    self._link = ""
            if not self._link:
                self._read_all()
            return self._users

    def _read_all(self) -> None:
        pages = self._graph.pages("/users/delta", select=f"{FIELDS},manager")
        found, link = self._changed(pages, {})
        # Whoever was known and is not told of any more has been deleted meanwhile.
        gone = {one: {**user, "accountEnabled": False} for one, user in self._users.items() if one not in found}
        self._keep({**gone, **found}, link)

    def _keep(self, users: dict[str, Json], link: str) -> None:
        """Only once the last page was read: what breaks off is read again from where it began."""
        self._users, self._link = users, link

    def _changed(self, pages: Iterator[Json], before: Mapping[str, Json]) -> tuple[dict[str, Json], str]:
        users, link = dict(before), ""
        for page in pages:
            for entry in page.get("value") or ():
                _change(users, entry)
            link = str(page.get("@odata.deltaLink") or "")
        return users, link


def _change(users: dict[str, Json], entry: Json) -> None:
    """What a delta says of one user: only what has changed, or that they were removed."""
    user_id = str(entry["id"])
    if "@removed" in entry:
        if user_id in users:
            users[user_id] = {**users[user_id], "accountEnabled": False}
        return
    said = {name: value for name, value in entry.items() if "@" not in name}
    if "manager@delta" in entry:
        above = [one for one in entry["manager@delta"] or () if "@removed" not in one]
        said["manager"] = above[0]["id"] if above else None
    users[user_id] = {**users.get(user_id, {}), **said}


def _rank(user: Json) -> tuple[bool, bool, str]:
    return user.get("userType") == "Guest", not user.get("accountEnabled", True), str(user.get("id"))


def _id(user: Json) -> str:
    """Their e-mail; whoever has no mailbox goes by the name they sign in with."""
    return str(user.get("mail") or user.get("userPrincipalName") or f"teams:{user['id']}").lower()


def _manager(user: Json) -> str | None:
    """The id of whom they report to; a contact of another organisation can be asked nothing."""
    above = user.get("manager") or {}
    if not above or above.get("@odata.type", _USER) != _USER or above.get("id") == user.get("id"):
        return None
    return _id(above)


def _person(user: Json, **known: Any) -> Person:
    return Person(
        id=_id(user),
        name=str(user.get("displayName") or user.get("userPrincipalName") or user["id"]),
        active=user.get("accountEnabled") is not False,
        kind="guest" if user.get("userType") == "Guest" else "human",
        chat={"teams": str(user["id"])},
        **known,
    )
