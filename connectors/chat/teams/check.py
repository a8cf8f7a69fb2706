"""What keeps cards out of channels and direct messages from people in Teams, and what to do about it. Shows nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.ports import Later, Refusal, Unknown
from connectors.chat.teams.client import TeamsChat
from connectors.chat.teams.wire import path
from connectors.microsoft.check import Problem, unproven
from connectors.microsoft.tokens import Tokens

_BOT = (
    "In Azure the bot has to be of type single tenant, of this very app (MICROSOFT_CLIENT_ID) and tenant, with the "
    "channel Microsoft Teams added."
)
_CHANNEL = (
    "Add the app to its team (Teams ▸ the team ▸ Manage team ▸ Apps), and compare the id under teams: channels: "
    "with the channel's link."
)
_PERSON = "closeloop teams install --everybody, or an administrator's setup policy; docs/microsoft.md tells how."
_NAMELESS = "Write people: {<e-mail>: {teams: <object id>}}, or let Graph say it: directory: [file, graph]."
_AWAY = "Check the network, a proxy (HTTPS_PROXY, NO_PROXY), MICROSOFT_CLOUD and TEAMS_SERVICE_URL, then try again."


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What closeloop.yaml means to use."""

    channels: Mapping[str, str]
    """`#ai-alerts` ▶ its id in Teams"""
    people: Mapping[str, str]
    """e-mail ▶ object id in Entra; empty where nobody says it"""


def problems(chat: TeamsChat, tokens: Tokens, asked: Asked) -> list[Problem]:
    """Everything wrong with the bot, its channels and the chats of people. Empty where all is well."""
    if found := unproven(tokens, chat.tenant.at.cloud.bot_scope):
        return [found]
    try:
        return [*_channels(chat, asked.channels), *_people(chat, asked.people)]
    except Refusal as refusal:
        return [Problem("teams.bot", f"The Bot Connector refuses the bot ({refusal.code}).", _BOT)]
    except (Later, Unknown) as error:
        return [Problem("teams.unreachable", f"The Bot Connector does not answer ({error.code}).", _AWAY)]


def _channels(chat: TeamsChat, channels: Mapping[str, str]) -> Iterator[Problem]:
    """The channels in which the bot may not say anything. Raises Refusal of another kind, Later, Unknown."""
    for name, channel in channels.items():
        try:
            chat.connector.ask("GET", chat.address(), f"{path(channel, 'pagedmembers')}?pageSize=1")
        except Refusal as refusal:
            if refusal.kind == "workspace":
                raise
            what = f"The app is not in the team of {name}, or there is no such channel ({refusal.code})."
            yield Problem("teams.channel", what, _CHANNEL)


def _people(chat: TeamsChat, people: Mapping[str, str]) -> Iterator[Problem]:
    nameless = [who for who, user in people.items() if not user]
    if nameless:
        what = f"Nobody says who is who in Teams: {_listed(nameless)}. They are told nothing there."
        yield Problem("teams.person.unknown.optional", what, _NAMELESS)
    absent = [who for who, user in people.items() if user and not _reached(chat, user)]
    if absent:
        what = f"The app is not installed for {_listed(absent)}: no direct message reaches them."
        yield Problem("teams.person.optional", what, _PERSON)


def _reached(chat: TeamsChat, user: str) -> bool:
    """Whether the bot has a chat with them. Raises Refusal of the whole bot, Later, Unknown."""
    try:
        chat.begin_direct(user)
    except Refusal as refusal:
        if refusal.kind == "workspace":
            raise
        return False
    return True


def _listed(people: Iterable[str]) -> str:
    return ", ".join(sorted(people))
