"""What keeps cards out of channels and direct messages from people in Teams, and what to do about it. Shows nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.ports import Later, Refusal, Unknown
from connectors.chat.teams.client import TeamsChat
from connectors.chat.teams.install import NOT_UPLOADED, Installer
from connectors.chat.teams.wire import path
from connectors.microsoft.check import INSTALLING, Problem, away, missing, unproven
from connectors.microsoft.tokens import App, Tokens

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
CATALOGUE, INSTALL = INSTALLING
NOWHERE = Problem(
    "teams.catalogue.optional",
    "The app is not in the organisation's catalogue of Teams, so it can be installed for nobody.",
    "closeloop teams package closeloop-teams.zip, and upload that in the Teams admin centre under Manage apps.",
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What closeloop.yaml means to use."""

    channels: Mapping[str, str]
    """`#ai-alerts` ▶ its id in Teams"""
    people: Mapping[str, str]
    """e-mail ▶ object id in Entra; empty where nobody says it"""
    installer: Installer | None = None
    """what gives the app to people who need it; None: nobody but an administrator does"""


def problems(chat: TeamsChat, tokens: Tokens, asked: Asked) -> list[Problem]:
    """Everything wrong with the bot, its channels and the chats of people. Empty where all is well."""
    if found := unproven(tokens, chat.tenant.at.cloud.bot_scope):
        return [found]
    try:
        return [*_channels(chat, asked.channels), *_people(chat, asked), *_installing(asked, tokens.app)]
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


def _people(chat: TeamsChat, asked: Asked) -> Iterator[Problem]:
    nameless = [who for who, user in asked.people.items() if not user]
    if nameless:
        what = f"Nobody says who is who in Teams: {_listed(nameless)}. They are told nothing there."
        yield Problem("teams.person.unknown.optional", what, _NAMELESS)
    if asked.installer is not None:
        return  # whoever has no app is given it when there is something to say
    absent = [who for who, user in asked.people.items() if user and not _reached(chat, user)]
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


def _installing(asked: Asked, app: App) -> Iterator[Problem]:
    """What keeps the app from being installed for people, where closeloop.yaml wants that."""
    if asked.installer is None:
        return
    permission = CATALOGUE
    try:
        asked.installer.listed()
        permission = INSTALL
        if user := next(filter(None, asked.people.values()), ""):
            asked.installer.chat(user)
    except Refusal as refusal:
        yield refused(refusal, permission, app)
    except (Later, Unknown) as error:
        yield away(error.code)


def refused(refusal: Refusal, permission: str, app: App) -> Problem:
    """What a refusal of Graph means to whoever has the app installed."""
    if refusal.code == NOT_UPLOADED:
        return NOWHERE
    return missing(permission, refusal.code, app) if refusal.kind == "workspace" else away(refusal.code)


def _listed(people: Iterable[str]) -> str:
    return ", ".join(sorted(people))
