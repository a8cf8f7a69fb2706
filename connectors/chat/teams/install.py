"""The app installed for people by Graph: a bot of Teams may write to nobody who does not have it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from bot.ports import Away, Later, Refusal, Unknown
from bot.ports.conversations import Conversation, Conversations, Once
from connectors.chat.teams.text import manifest_id
from connectors.microsoft.rest import Graph, Stale, literal, part

log = logging.getLogger(__name__)

PLATFORM = "teams"
CATALOGUE = "/appCatalogs/teamsApps"
DAY = 24 * 3600
NOT_UPLOADED = "app_not_in_catalogue"


@dataclass
class Installer:
    """Installs one bot's app. Everything raises Refusal with Graph's own code, Later or Unknown."""

    graph: Graph
    bot_id: str
    """the app's id in Entra, of which its id in Teams is made"""
    _listed: str = field(default="", init=False)

    def listed(self) -> str:
        """The app's id in the organisation's catalogue. Refusal `app_not_in_catalogue`: nobody has uploaded it."""
        if not self._listed:
            page = self.graph.get(CATALOGUE, filter=f"externalId eq {literal(manifest_id(self.bot_id))}") or {}
            found = next(iter(page.get("value") or ()), None)
            if found is None:
                raise Refusal(NOT_UPLOADED, "other")
            self._listed = str(found["id"])
        return self._listed

    def install(self, user: str) -> bool:
        """For somebody, by their object id; False: they had it already. Refusal `no_such_user`: nobody has that id."""
        body = {"teamsApp@odata.bind": self.graph.whole(f"{CATALOGUE}/{part(self.listed())}")}
        try:
            made = self.graph.send("POST", _of(user), body)
        except Stale:
            return False
        if made is None:
            # The user is gone, or the app was taken out of the catalogue since: it is looked for anew next time.
            self._listed = ""
            raise Refusal("no_such_user", "place")
        return True

    def chat(self, user: str) -> str:
        """Their conversation with the bot, in which it may write; empty while Teams has not made it yet."""
        wanted = f"teamsApp/id eq {literal(self.listed())}"
        page = self.graph.get(_of(user), expand="teamsApp", filter=wanted) or {}
        there = next(iter(page.get("value") or ()), None)
        if there is None:
            return ""
        found = self.graph.get(f"{_of(user)}/{part(str(there['id']))}/chat") or {}
        return str(found.get("id") or "")


@dataclass(frozen=True, kw_only=True)
class Installing:
    """What the chat does where somebody has no app: it is installed for them, once a day at most.

    Whoever takes it away again means it.
    """

    installer: Installer
    known: Conversations
    once: Once

    def helped(self, user: str) -> bool:
        """Whether the app is there now and was not before, so that another attempt is worth it. Never raises."""
        turn = f"teams-install:{user}"
        try:
            self.installer.listed()
            if not self.once.first(turn, seconds=DAY):
                return False
            return self._installed(user, turn)
        except Unknown:
            return True  # nobody knows whether it was: the next attempt tells, and nothing is installed after that
        except (Refusal, Later, Away) as error:
            log.warning("the app was not installed for somebody", extra={"code": getattr(error, "code", "away")})
            return False

    def _installed(self, user: str, turn: str) -> bool:
        try:
            is_new = self.installer.install(user)
        except (Refusal, Later):
            # What stands in the way may be mended in a minute: that was no turn.
            self.once.forget(turn)
            raise
        if is_new:
            kept(self.installer, self.known, user)
        return is_new


def kept(installer: Installer, known: Conversations, user: str) -> str:
    """Their conversation, written down; empty where nobody can say yet: the first message asks for it. Raises Away."""
    try:
        found = installer.chat(user)
    except (Refusal, Later, Unknown):
        return ""
    if found:
        known.keep_conversation(Conversation(platform=PLATFORM, chat_id=user, channel=found))
    return found


def _of(user: str) -> str:
    return f"/users/{part(user)}/teamwork/installedApps"
