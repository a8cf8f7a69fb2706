"""Teams as a Chat: post, edit, delete. Each call is one attempt; what is raised says what became of it.

A bot cannot read a channel of Teams back, and Teams has no key by which it would refuse a repeat. So what is known of
a message in doubt is what people were shown of it (`Sightings`): a card asks for its reader's view, and that request
names the message it stands on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from bot.core.card import Message
from bot.core.people import Person
from bot.core.text import Who
from bot.ports import Away, Later, Mark, Receipt, Refusal, Target, Unknown
from bot.ports.conversations import Conversations, Sightings
from connectors.chat.teams.cards import activity, message_card
from connectors.chat.teams.cloud import Service
from connectors.chat.teams.install import Installing
from connectors.chat.teams.members import BLIND, Members
from connectors.chat.teams.text import Json, summary, user_id
from connectors.chat.teams.wire import Connector, Tokens, path

PLATFORM = "teams"
ONCE = 75.0
"""seconds since the first attempt in which something in doubt is sent once more"""
AGAIN = 600.0
"""seconds after which it may be sent again: nobody can look, so nobody repeats it often"""
SOON = 5.0
"""seconds until somebody is written to for whom the app was installed"""
ADDRESS = 60.0
"""seconds for which the tenant's address is not looked up anew"""


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """The one organisation a bot works for."""

    id: str
    app_id: str
    at: Service
    channels: Mapping[str, str] = field(default_factory=dict)
    """`#ai-alerts` ▶ `19:…@thread.tacv2`: Teams has no names that a bot could look up"""

    @property
    def bot_id(self) -> str:
        return f"28:{self.app_id}"


class TeamsChat:
    """One tenant, as `bot.ports.Chat` wants it."""

    platform = PLATFORM

    def __init__(
        self,
        tenant: Tenant,
        tokens: Tokens,
        *,
        known: Conversations,
        sightings: Sightings,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tenant, self.known, self.sightings = tenant, known, sightings
        self.connector = Connector(tokens, tenant.at)
        self.members = Members(connector=self.connector, monotonic=monotonic)
        self.installing: Installing | None = None
        """gives the app to people whom a direct message cannot reach without it"""
        self._monotonic = monotonic
        self._address: tuple[float, str] = (float("-inf"), "")

    # ── saying ───────────────────────────────────────────────────────────────────────────────────────────────────

    def show(self, message: Message, target: Target, /, *, mark: Mark) -> Receipt:
        """Post or edit. Raises Refusal, Later or Unknown."""
        said = self._activity(message, target, mark)
        if target.edit:
            self.connector.ask(
                "PUT", self.address(), path(target.edit.channel, "activities", target.edit.ts), body=said
            )
            return target.edit
        if target.root:
            return self.post(target.root.channel, said)
        if target.person:
            return self.tell(target.person, said)
        return self._begin(self.channel(_where(target)), said)

    def _activity(self, message: Message, target: Target, mark: Mark) -> Json:
        viewers = self._viewers(message, target) if mark.kind == "card" else ()
        card = message_card(message, delivery=mark.delivery, viewers=viewers)
        return activity(card, said=summary(message.summary, message.people))

    def _viewers(self, message: Message, target: Target) -> tuple[str, ...]:
        """What Teams calls the owner and everybody above them, as far as it is known: their clients ask for a view."""
        if not any(button.act in ("acknowledge", "resolve") for button in message.buttons):
            return ()
        try:
            channel = self.channel(_where(target))
            ids = self.members.ids(self.address(), channel)
        except Refusal:
            return ()
        wanted = [one.lower() for person in _owners_and_managers(message) if (one := user_id(person))]
        if wanted and not ids:
            ids = self._met(wanted)
            if not ids and not target.edit and self.members.awaited(channel):
                # A card that nobody's client asks about can be found by nobody, should its answer be lost.
                raise Later("roster_unknown", BLIND)
        return tuple(ids[one] for one in wanted if ids.get(one))

    def _met(self, chat_ids: Sequence[str]) -> Mapping[str, str]:
        """Entra object id ▶ the id that Teams has for them, of whoever was in touch with the bot."""
        try:
            known = self.known.conversations(PLATFORM, chat_ids)
        except Away:
            return {}
        return {chat_id: one.member for chat_id, one in known.items() if one.member}

    def post(self, conversation: str, said: Json) -> Receipt:
        """One message in a conversation, or in its thread. Raises Refusal, Later or Unknown."""
        posted = self.connector.ask("POST", self.address(), path(conversation, "activities"), body=said)
        if not posted.get("id"):
            raise Unknown("no_receipt")
        return Receipt(channel=conversation, ts=str(posted["id"]))

    def _begin(self, channel: str, said: Json) -> Receipt:
        """A new thread in a channel."""
        body = {"isGroup": True, "channelData": {"channel": {"id": channel}}, "activity": said, **self._us()}
        begun = self.connector.ask("POST", self.address(), path(), body=body)
        if not begun.get("id") or not begun.get("activityId"):
            raise Unknown("no_receipt")
        return Receipt(channel=str(begun["id"]), ts=str(begun["activityId"]))

    def tell(self, person: Person, said: Json) -> Receipt:
        """One message in somebody's own chat with the bot. Raises Refusal, Later or Unknown."""
        chat_id = user_id(person)
        if chat_id is None:
            raise Refusal("no_teams_id", "place")
        try:
            return self.post(self._direct(chat_id), said)
        except Refusal as refusal:
            if refusal.kind == "place" and self.installing and self.installing.helped(chat_id):
                raise Later("app_installed", SOON) from None
            raise

    def _direct(self, chat_id: str) -> str:
        """Their own conversation; asked for twice it is the same one, so an answer that was lost is asked for again."""
        return self._kept(chat_id) or self.begin_direct(chat_id)

    def begin_direct(self, chat_id: str) -> str:
        """Somebody's conversation, as Teams says it; nothing is shown to them. Raises Refusal, Later."""
        body = {"isGroup": False, "members": [{"id": chat_id}], **self._us()}
        try:
            made = self.connector.ask("POST", self.address(), path(), body=body)
        except Unknown as error:
            raise Later(error.code, error.seconds or 5, grows=not error.seconds) from None
        if not made.get("id"):
            raise Later("no_conversation", 5)
        return str(made["id"])

    def _kept(self, chat_id: str) -> str:
        try:
            known = self.known.conversations(PLATFORM, [chat_id])
        except Away:
            return ""
        return known[chat_id].channel if chat_id in known else ""

    def _us(self) -> Json:
        return {"bot": {"id": self.tenant.bot_id}, "tenantId": self.tenant.id}

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────

    def look(self, target: Target, /, *, mark: Mark, age: float) -> list[Receipt]:
        """Every message that carries this mark and that somebody was shown, oldest first. Raises Later and Away.

        Nobody can look for what nobody was shown. So it counts as not there at first, and it is sent once more; after
        that only once in ten minutes.
        """
        seen = sorted(self.sightings.seen(mark.delivery), key=lambda receipt: receipt.ts)
        if not seen and age >= ONCE and age % AGAIN >= ONCE:
            raise Later("cannot_be_read_back", AGAIN - age % AGAIN)
        return seen

    def retract(self, receipt: Receipt, /) -> None:
        """Delete a message of ours; one that is gone already is no error. Raises Refusal, Later or Unknown."""
        try:
            self.connector.ask("DELETE", self.address(), path(receipt.channel, "activities", receipt.ts))
        except Refusal as refusal:
            if refusal.kind != "missing":
                raise
        # Whoever looks for twins again would find it for as long as what was seen is kept.
        self.sightings.gone(receipt)

    def spares(self, receipt: Receipt, /) -> bool:
        """Every edit counts in Teams."""
        return False

    def cost(self, place: str, /) -> int:
        """A channel's roster may be asked for before; of a person, where they are reached."""
        channel = self.tenant.channels.get(place.partition(":")[2].lower())
        return 1 if channel and self.members.knows(channel) else 2

    # ── places ───────────────────────────────────────────────────────────────────────────────────────────────────

    def is_member(self, channel: str, chat_id: str, /) -> bool:
        """Whether they are in this channel (an id or a #name). Asked while a person waits: two seconds at most."""
        try:
            return self.members.has(self.address(), self.channel(channel), chat_id)
        except Refusal:
            return False

    def channel(self, name: str) -> str:
        """The id of `#name` (an id is its own). Raises Refusal for one that the configuration does not name."""
        if name.startswith("19:"):
            return name
        found = self.tenant.channels.get(name.lower())
        if found is None:
            raise Refusal("channel_not_configured", "place")
        return found

    def permalink(self, receipt: Receipt, /) -> str | None:
        """The address at which people read this message; never raises."""
        conversation, _, root = receipt.channel.partition(";messageid=")
        where = f"{self.tenant.at.web}/l/message/{quote(conversation, safe='')}/{quote(receipt.ts, safe='')}"
        if conversation.endswith("@thread.tacv2") or root:
            return f"{where}?tenantId={self.tenant.id}&parentMessageId={quote(root or receipt.ts, safe='')}"
        return f"{where}?context=%7B%22contextType%22%3A%22chat%22%7D"

    def address(self) -> str:
        """Where Teams takes what is said in this tenant: as it last said itself, else the cloud's own."""
        asked_at, address = self._address
        if self._monotonic() - asked_at > ADDRESS:
            try:
                known = self.known.conversations(PLATFORM, [""]).get("")
            except Away:
                known = None
            said = known.address if known and self.tenant.at.takes(known.address) else ""
            address = said or self.tenant.at.address
            self._address = (self._monotonic(), address)
        return address


def _where(target: Target) -> str:
    """`#channel`. Raises Refusal for a person whom nobody knows."""
    name = target.place.partition(":")[2]
    if name.startswith("@"):
        raise Refusal("no_teams_id", "place")
    return name


def _owners_and_managers(message: Message) -> Iterator[Person]:
    """Whoever is mentioned, which on a card is its owner, and the chain above them, each once."""
    seen: set[str] = set()
    for part in (part for text in message.lines for part in text):
        one = part.person if isinstance(part, Who) and part.mention else None
        while one and one not in seen and (person := message.people.get(one)):
            seen.add(one)
            yield person
            one = person.manager
