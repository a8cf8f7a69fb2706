"""The app of Teams installed for people by hand: `closeloop teams install`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.ports import Later, Refusal, Unknown
from bot.ports.conversations import Conversations
from connectors.chat.teams.check import CATALOGUE, INSTALL, refused
from connectors.chat.teams.install import Installer, kept
from connectors.microsoft.tokens import App


class CannotInstall(Exception):
    """It can be installed for nobody; `str` says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Installed:
    """What became of it for one person."""

    person: str
    state: str
    """installed | there | failed"""
    conversation: str = ""
    """their chat with the bot, as far as it is known"""
    error: str = ""


def install(installer: Installer, app: App, *, people: Mapping[str, str], known: Conversations) -> Iterator[Installed]:
    """One by one. `people`: e-mail ▶ object id in Entra. Running it again does no harm.

    Raises CannotInstall, Away.
    """
    try:
        installer.listed()
    except Refusal as refusal:
        problem = refused(refusal, CATALOGUE, app)
        raise CannotInstall(f"{problem.what} {problem.do}") from None
    except (Later, Unknown) as error:
        raise CannotInstall(f"Graph does not answer ({error.code}).") from None
    for person, user in people.items():
        yield _for_one(installer, app, person, user, known)


def _for_one(installer: Installer, app: App, person: str, user: str, known: Conversations) -> Installed:
    if not user:
        return Installed(person=person, state="failed", error="Nobody says who they are in Teams.")
    try:
        state = "installed" if installer.install(user) else "there"
        return Installed(person=person, state=state, conversation=kept(installer, known, user))
    except Refusal as refusal:
        return Installed(person=person, state="failed", error=_why(refusal, app))
    except (Later, Unknown) as error:
        return Installed(person=person, state="failed", error=f"Graph has no answer now ({error.code}).")


def _why(refusal: Refusal, app: App) -> str:
    if refusal.kind == "place":
        return "Entra knows nobody of this id."
    problem = refused(refusal, INSTALL, app)
    return f"{problem.what} {problem.do}"
