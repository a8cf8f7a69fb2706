"""Who is in a channel, and what Teams calls them: asked seldom, remembered briefly."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from bot.ports import Later, Refusal, Unknown
from connectors.chat.teams.text import Json
from connectors.chat.teams.wire import Connector, path

FRESH = 60.0
"""seconds a roster is good for where a right depends on it"""
KNOWN = 600.0
"""seconds it is good for where only a view depends on it"""
BLIND = 5.0
"""seconds without another question after one that Teams did not answer; for which an empty roster is good"""
PATIENCE = 60.0
"""seconds for which a new card waits for a roster that Teams does not tell just now"""
PAGE, PAGES = 500, 40


@dataclass
class Members:
    """The rosters of one tenant's channels. Safe in many threads: values are replaced whole."""

    connector: Connector
    monotonic: Callable[[], float] = time.monotonic
    _rosters: dict[str, tuple[float, Mapping[str, str]]] = field(default_factory=dict)
    """channel ▶ when it was asked, Entra object id ▶ the id that Teams has for them"""
    _failing_since: dict[str, float] = field(default_factory=dict)
    """channel ▶ when it was asked in vain for the first time since it answered"""
    _blind_until: float = float("-inf")

    def has(self, base: str, channel: str, chat_id: str) -> bool:
        """Whether they are in the channel. Where Teams cannot say now, what was last known counts, else no."""
        return chat_id.lower() in self._roster(base, channel, FRESH)

    def ids(self, base: str, channel: str) -> Mapping[str, str]:
        """Entra object id ▶ the id that Teams has for everybody in the channel; empty where nobody can say."""
        return self._roster(base, channel, KNOWN)

    def knows(self, channel: str) -> bool:
        """Whether nothing would be asked for a view just now."""
        return self._known(channel, KNOWN) is not None

    def awaited(self, channel: str) -> bool:
        """Whether a roster that nobody knows is likely to be told soon: Teams failed to, and not for long."""
        now = self.monotonic()
        since = self._failing_since.get(channel, now if now <= self._blind_until else float("-inf"))
        return now - since <= PATIENCE

    def _known(self, channel: str, good_for: float) -> Mapping[str, str] | None:
        asked_at, known = self._rosters.get(channel, (float("-inf"), {}))
        now = self.monotonic()
        # A channel that was archived, or that we were not in, may be back: its people want their views.
        is_fresh = now - asked_at <= (good_for if known else BLIND)
        return known if is_fresh or now <= self._blind_until else None

    def _roster(self, base: str, channel: str, good_for: float) -> Mapping[str, str]:
        if (fresh := self._known(channel, good_for)) is not None:
            return fresh
        _, known = self._rosters.get(channel, (0.0, {}))
        try:
            known = self._listed(base, channel)
        except Refusal:
            known = {}
        except (Later, Unknown):
            # A person waits for the answer: one timeout is enough.
            now = self.monotonic()
            self._blind_until = now + BLIND
            self._failing_since = {channel: now, **self._failing_since}
            return known
        self._failing_since = {one: since for one, since in self._failing_since.items() if one != channel}
        self._rosters = {**self._rosters, channel: (self.monotonic(), known)}
        return known

    def _listed(self, base: str, channel: str) -> dict[str, str]:
        found: dict[str, str] = {}
        where = f"{path(channel, 'pagedmembers')}?pageSize={PAGE}"
        page: Json = {}
        for _ in range(PAGES):
            following = page.get("continuationToken")
            asked = f"{where}&continuationToken={quote(str(following), safe='')}" if following else where
            page = self.connector.ask("GET", base, asked, quick=True)
            for member in page.get("members") or ():
                if object_id := member.get("aadObjectId") or member.get("objectId"):
                    found[str(object_id).lower()] = str(member.get("id", ""))
            if not page.get("continuationToken"):
                break
        return found
