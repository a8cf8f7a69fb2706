"""Operators are told what only they can mend, by another way than the chat: once when it begins, once when it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Protocol

import structlog

from bot import crash
from bot.core.words import TOOLS
from bot.ports import Away, Clock, Incident, Later, Refusal, Store, Teller, Unknown

log = structlog.get_logger()

LONGEST = 600.0
"""seconds between two attempts at a way that does not answer, at the longest: 2, 4, 8 … 600"""
STALE = 24 * 3600.0
"""seconds after its end from which an incident nobody was told of is history"""
AT_ONCE = 3
"""incidents of one kind that are told each by itself; more of them are one message"""
NAMED = 10
"""incidents that one message names"""


class Way(Teller, Protocol):
    """A Teller that also says of what kind and since when, for programs that read it."""

    def tell(self, subject: str, text: str, /, *, kind: str = "", since: str = "") -> None: ...


@dataclass
class _Rest:
    """How often in a row a way did not answer, and the machine second until which it is left alone."""

    failed: int = 0
    until: float = 0.0


@dataclass(kw_only=True)
class Operators:
    """Tells by every way that answers. What it remembers of ways that do not is only politeness."""

    store: Store
    tellers: Mapping[str, Way]
    clock: Clock
    _rests: dict[str, _Rest] = field(default_factory=dict)

    def tell(self) -> int:
        """Tell what nobody was told of yet; returns how many incidents. Never raises.

        Takes up to five seconds for a way that hangs, so it belongs into a thread of its own.
        """
        machine = self.clock.machine()
        if not any(self._awake(name, machine) for name in self.tellers):
            return 0
        try:
            if not self.store.incidents(untold=True):
                return 0
            with self.store.alone("operators") as mine:
                news = groups(self.store.incidents(untold=True)) if mine else ()
                return sum(self._tell(group, machine) for group in news)
        except Away as error:
            log.warning("operators are not told: the database is away", action="untold", reason=str(error))
            return 0

    def _tell(self, group: Sequence[Incident], machine: float) -> int:
        fresh = [one for one in group if one.ended_at is None or machine - one.ended_at < STALE]
        if fresh and not self._by_every_way(fresh, machine):
            return 0
        crash.point("operator.told")
        for one in group:
            # The instant it was read at: what ended since then is told, too.
            self.store.told(one.id, at=max(machine, one.ended_at or machine))
        return len(fresh)

    def _by_every_way(self, group: Sequence[Incident], machine: float) -> bool:
        """Whether at least one way took it."""
        awake = [name for name in self.tellers if self._awake(name, machine)]
        return any([self._by(name, group, machine) for name in awake])

    def _by(self, name: str, group: Sequence[Incident], machine: float) -> bool:
        since = instant(min(one.since for one in group)).isoformat()
        try:
            self.tellers[name].tell(subject(group), text(group), kind=group[0].kind, since=since)
        except (Refusal, Later, Unknown) as error:
            self._rest(name, error, machine)
            return False
        self._rests.pop(name, None)
        return True

    def _rest(self, name: str, error: Refusal | Later | Unknown, machine: float) -> None:
        rest = self._rests.setdefault(name, _Rest())
        rest.failed += 1
        asked = error.seconds if isinstance(error, Later) and rest.failed == 1 else 0.0
        rest.until = machine + min(max(2.0 ** min(rest.failed, 10), asked), LONGEST)
        log.warning("operators cannot be told by this way", action="untold", way=name, reason=error.code)

    def _awake(self, name: str, machine: float) -> bool:
        # A clock that was set back must not silence a way for longer than it may rest.
        return not machine < self._rests.get(name, _Rest()).until <= machine + LONGEST


# ── in sentences ─────────────────────────────────────────────────────────────────────────────────────────────────────

# kind ▶ (what does not work, that it works again, how many things of this kind are called)
_WHAT = {
    "workspace": ("cannot speak to {name}", "{name} works again", "workspaces do not work"),
    "place": ("cannot say anything in {name}", "{name} works again", "places cannot be written to"),
    "route": ("finds no way for {name}", "there is a way for {name} again", "alerts have no way to anybody"),
    "row": ("gave up saying {name}", "{name} is done with", "messages were given up"),
    "clock": ("met a jump of the clock", "the clock jumped and is steady again", "clocks jumped"),
}
_UNKNOWN = ("needs an operator for {name}", "{name} is mended", "things need an operator")
_BY_KIND = {
    "workspace": "Run closeloop check and do what it says",
    "place": "Unarchive the channel or invite @Closeloop to it, or name another in closeloop.yaml and restart",
    "route": "Look at fallback in closeloop.yaml: its owner and its channel are where everything goes last",
    "row": "Look at its alert with closeloop alert show: it took its next route, and the trail says why",
    "clock": "Look at NTP on the database's machine; overdue steps are taken one at a time, nothing is lost",
}
_REINSTALL = "Install the app again (api.slack.com ▸ your app ▸ Install App), set SLACK_BOT_TOKEN anew, and restart"
_LET_APPS = "Let apps post in {name} (its posting permissions), or name another in closeloop.yaml and restart"
_OF_A_PERSON = "Give their Slack member ID in closeloop.yaml (people.<e-mail>.slack), or name somebody else there"
_TASKS_AND_MAIL = "Run closeloop check; docs/microsoft.md tells what tasks and mail need. Alerts go on without them"
_OF_AN_OWNER = "Give them an account with a licence and a mailbox, or leave it so: their alerts go on without tasks"
_BY_CODE = {
    "account_inactive": _REINSTALL,
    "app_uninstalled": _REINSTALL,
    "channel_is_archived": "Unarchive {name}, or name another channel in closeloop.yaml and restart",
    "channel_not_found": "Create {name}, or invite @Closeloop where it is private: /invite @Closeloop",
    "invalid_auth": _REINSTALL,
    "is_archived": "Unarchive {name}, or name another channel in closeloop.yaml and restart",
    "missing_scope": "Add the scope that closeloop check names, and install the app again",
    "not_authed": "Set SLACK_BOT_TOKEN and restart",
    "not_configured": "Set SLACK_BOT_TOKEN and restart",
    "not_in_channel": "Type in {name}: /invite @Closeloop",
    "org_login_required": "Ask the workspace's administrators: it is being moved to an organization",
    "restricted_action": _LET_APPS,
    "restricted_action_read_only_channel": _LET_APPS,
    "restricted_action_thread_only_channel": _LET_APPS,
    "team_access_not_granted": _REINSTALL,
    "token_expired": _REINSTALL,
    "token_revoked": _REINSTALL,
}


def to_do(incident: Incident) -> str:
    """What mends it: one sentence without its full stop."""
    platform = incident.subject.partition(":")[0]
    if platform in (*TOOLS, "mail"):
        return _OF_AN_OWNER if platform in TOOLS and _is_person(incident) else _TASKS_AND_MAIL
    by_kind = _OF_A_PERSON if _is_person(incident) else _BY_KIND.get(incident.kind, "Look at the log of the workers")
    return _BY_CODE.get(incident.detail, by_kind).format(name=name_of(incident))


def name_of(incident: Incident) -> str:
    """What it is about, as people call it."""
    platform, _, where = incident.subject.partition(":")
    if platform in TOOLS:
        return f"{TOOLS[platform]} of {where[1:]}" if where.startswith("@") else TOOLS[platform]
    if platform == "mail" and where:
        return f"mail to {where[1:]}"
    if incident.kind != "place" or not where:
        return incident.subject
    return f"the direct messages of {where[1:]}" if _is_person(incident) else where


def _is_person(incident: Incident) -> bool:
    return incident.kind == "place" and ":@" in incident.subject


def instant(machine: float) -> datetime:
    """A machine second as people read it."""
    return datetime.fromtimestamp(machine, UTC).replace(microsecond=0)


def groups(incidents: Sequence[Incident]) -> list[list[Incident]]:
    """What is told in one message: each by itself, or all of one kind where they are many."""

    def alike(one: Incident) -> tuple[str, bool]:
        return one.kind, one.ended_at is not None

    found: list[list[Incident]] = []
    for _, several in groupby(sorted(incidents, key=alike), key=alike):
        group = list(several)
        found += [group] if len(group) > AT_ONCE else [[one] for one in group]
    return found


def subject(group: Sequence[Incident]) -> str:
    first = group[0]
    if len(group) > 1:
        return f"Closeloop: {len(group)} {_words(first)[2]}{', mended' if first.ended_at is not None else ''}"
    open_, over, _ = _words(first)
    return f"Closeloop: {over.format(name=name_of(first))}" if first.ended_at is not None else _opened(open_, first)


def _opened(open_: str, incident: Incident) -> str:
    return f"Closeloop {open_.format(name=name_of(incident))}"


def text(group: Sequence[Incident]) -> str:
    """One sentence for each: what, since when, what to do."""
    lines = [_sentence(one) for one in group[:NAMED]]
    if len(group) > NAMED:
        lines.append(f"And {len(group) - NAMED} more: closeloop status names them.")
    return "\n".join(lines)


def _sentence(incident: Incident) -> str:
    begun = f"{instant(incident.since):%Y-%m-%d %H:%M} UTC"
    why = f" ({incident.detail})" if incident.detail else ""
    if incident.ended_at is None:
        when = "at" if incident.kind in ("clock", "row") else "since"  # what happened, and what goes on
        return f"{_opened(_words(incident)[0], incident)}{why} {when} {begun}. {to_do(incident)}."
    over = _words(incident)[1].format(name=name_of(incident))
    if incident.kind == "clock":  # over as soon as it is met: what to do is not
        return f"{over[0].upper()}{over[1:]}{why}, at {begun}. {to_do(incident)}."
    ended = f"{instant(incident.ended_at):%Y-%m-%d %H:%M} UTC"
    return f"{over[0].upper()}{over[1:]}; it did not from {begun} to {ended}{why}."


def _words(incident: Incident) -> tuple[str, str, str]:
    return _WHAT.get(incident.kind, _UNKNOWN)
