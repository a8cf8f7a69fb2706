"""What the environment and closeloop.yaml say of Teams, as parts: the chat, and what answers its activities."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from bot.config.mistakes import ConfigError
from bot.core.people import Person
from bot.environment import Environment
from bot.people import People
from bot.ports import Desk
from bot.ports.conversations import Conversations, Sightings
from bot.settings import Config
from connectors.chat import platform
from connectors.chat.teams.check import Asked, problems
from connectors.chat.teams.client import TeamsChat, Tenant
from connectors.chat.teams.cloud import Service, service
from connectors.chat.teams.inbound import Access, TeamsInbound
from connectors.chat.teams.install import Installer, Installing
from connectors.chat.teams.text import user_id
from connectors.chat.teams.verify import Keys, Verifier
from connectors.microsoft.tokens import Tokens
from storage.once import LocalOnce, RedisOnce


class Known(Conversations, Sightings, Protocol):
    """What a store knows of a chat that tells it only by what it sends."""


def chat(env: Environment, config: Config, *, tokens: Tokens, known: Known) -> TeamsChat:
    tenant = Tenant(
        id=env.microsoft_tenant_id, app_id=env.microsoft_client_id, at=_at(env), channels=config.file.teams.channels
    )
    made = platform("teams")(tenant, tokens, known=known, sightings=known)
    assert isinstance(made, TeamsChat)
    if config.file.teams.install:
        made.installing = _installing(env, tokens, known)
    return made


def inbound(
    env: Environment, config: Config, desk: Desk, chat: TeamsChat, *, now: Callable[[], datetime]
) -> TeamsInbound:
    keys = Keys(metadata=chat.tenant.at.metadata)
    verifier = Verifier(app_id=chat.tenant.app_id, issuer=chat.tenant.at.cloud.bot_issuer, keys=keys)
    tenants = frozenset({env.microsoft_tenant_id.lower(), *config.file.teams.tenants})
    return TeamsInbound(Access(verifier=verifier, tenants=tenants), desk, chat, now=now)


def check(env: Environment, config: Config, people: People, known: Known) -> list[tuple[str, str, str]]:
    """(id, what is wrong, what to do) of each problem with the bot, its channels and its people. Raises Away."""
    from bot import microsoft

    try:
        made = microsoft.fresh(env)
    except ConfigError as error:
        return [microsoft.unreadable(error)]
    bot = chat(env, config, tokens=made, known=known)
    gives = installer(env, made) if config.file.teams.install else None
    asked = Asked(channels=config.file.teams.channels, people=everybody(config, people), installer=gives)
    return [(found.id, found.what, found.do) for found in problems(bot, made, asked)]


def everybody(config: Config, people: People) -> dict[str, str]:
    """Everybody whom the file names, and whoever is above them ▶ their id in Teams; empty where nobody says it.

    Who has left is left out, and whoever is known in another chat alone. Raises Away.
    """
    others = {chat for chat in config.plan().chats if chat != "teams"}
    known: dict[str, Person] = {}
    for ref in config.everybody():
        if ref not in known:
            known |= people.with_managers(ref)
    nameless = {ref: "" for ref in config.everybody() if ref not in known}
    meant = {ref: person for ref, person in known.items() if person.active and not _only_in(others, person)}
    return nameless | {ref: user_id(person) or "" for ref, person in meant.items()}


def _only_in(others: set[str], person: Person) -> bool:
    return user_id(person) is None and not others.isdisjoint(person.chat)


def ids(refs: Iterable[str], people: People) -> dict[str, str]:
    """These people ▶ their id in Teams; empty where nobody says it. Raises Away."""
    wanted = list(refs)
    known = people.known(wanted)
    return {ref: user_id(known.get(ref)) or "" for ref in wanted}


def installer(env: Environment, tokens: Tokens) -> Installer:
    from bot import microsoft

    # Short: a delivery waits for it.
    return Installer(microsoft.graph(env, tokens, timeout=2.0), env.microsoft_client_id)


def _installing(env: Environment, tokens: Tokens, known: Conversations) -> Installing:
    once = LocalOnce() if env.is_embedded else RedisOnce(env.redis_url.get_secret_value())
    return Installing(installer=installer(env, tokens), known=known, once=once)


def _at(env: Environment) -> Service:
    return service(
        env.microsoft_cloud, address=env.teams_service_url, web=env.teams_web_url, metadata=env.teams_metadata_url
    )
