"""`closeloop policy check`: what the file means, and what would become of one alert and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.say import AsJson, Failed, as_json, clean, out, tell

if TYPE_CHECKING:
    from bot.core.lookedup import LookedUp
    from bot.core.people import Roster
    from bot.core.policy import Policy
    from bot.core.signal import Signal
    from bot.settings import Config

OtherFile = Annotated[str, typer.Option("--config", help="Another file than CLOSELOOP_CONFIG.")]


def check(  # noqa: PLR0913  each is an option of its own
    *,
    alert: Annotated[str, typer.Option(help="JSON body of an alert: say where it goes and who is asked when.")] = "",
    source: Annotated[str, typer.Option(help="The source that raises it.")] = "",
    at: Annotated[
        str, typer.Option(help="When it is raised: 2026-03-02T09:00, UTC unless you say. Default: now.")
    ] = "",
    directory: Annotated[
        bool, typer.Option("--directory", help="With the people that the database remembers.")
    ] = False,
    config: OtherFile = "",
    json: AsJson = False,
) -> None:
    """Read closeloop.yaml and explain its policies, or what would become of one alert. Nothing is sent or stored.

    People are those of the file; --directory adds what the database knows of them: absences, groups, who is on call.
    """
    found = loaded(config)
    if alert:
        _foretell(found, _signal(alert, source), now=_instant(at), directory=directory, json=json)
    elif json:
        as_json([facts(policy) for policy in found.policies()])
    else:
        _explain(found)


def loaded(config: str) -> Config:
    """The file that is named, or the environment's; its warnings are told."""
    from bot.environment import environment
    from bot.settings import load

    found = load(Path(config) if config else environment().config)
    for warning in found.warnings:
        tell(f"warning: {warning}")
    return found


def _explain(config: Config) -> None:
    from bot.core.policy_words import explained

    out("\n\n".join("\n".join(explained(policy)) for policy in config.policies()))
    out(f"\nNobody is told of more than {config.plan().attention.per_hour} things an hour: the rest comes as a digest.")
    out("What is critical is always told at once.")


def facts(policy: Policy) -> dict[str, Any]:
    """A policy as JSON-able data, durations in the notation of the file."""
    from dataclasses import fields

    return {field.name: _plain(getattr(policy, field.name)) for field in fields(policy) if field.name != "version"}


def _plain(value: Any) -> Any:
    from collections.abc import Mapping
    from dataclasses import asdict, is_dataclass
    from datetime import timedelta

    from bot.core.policy_words import span

    if isinstance(value, timedelta):
        return span(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def _foretell(config: Config, signal: Signal, *, now: datetime, directory: bool, json: bool) -> None:
    from bot.commands.foretelling import as_facts, lines, unseen
    from bot.core.text import harmless
    from bot.timetable import foresee

    if signal.owner and not config.may_name_owner(signal.source):
        raise Failed(f"{signal.source} may not name the owner: such an alert is refused")
    # Asked first: nothing outside is waited for while the database is.
    looked = _looked_up(config, signal)
    with _ground(config, directory=directory) as (roster, versions):
        found = foresee(signal, config, now=now, roster=roster, looked=looked)
        version = versions.get(found.policy.name, "")
        if json:
            as_json(as_facts(found, version=version))
        else:
            out("\n".join(harmless(line, 2000) for line in lines(found, version=version)))
        if not directory and unseen(found):
            tell("note: only the database knows groups, calendars and who swapped; --directory asks it")


def _looked_up(config: Config, signal: Signal) -> LookedUp:
    """What tables of owners say of it; none is touched where no rule asks for one."""
    from bot import logs
    from bot.core.lookedup import NOTHING
    from bot.core.routing import wanted
    from bot.environment import environment

    asked = wanted(signal, config.plan())
    if not asked:
        return NOTHING
    from bot.outside import lookups

    logs.configure(environment().log)
    return lookups(config).facts(asked)


@contextmanager
def _ground(config: Config, *, directory: bool) -> Iterator[tuple[Roster, dict[str, str]]]:
    """The people, and policy ▶ its version where the database is asked for both."""
    from bot.rosters import Listed, Together

    listed = Listed.of(config)
    if not directory:
        yield listed, {}
        return
    from bot.commands.database import opened
    from bot.core.policy_diff import compared, versioned

    store = opened()
    versions = {one.name: versioned(one) for one in compared(store.newest_policies(), config.policies())}
    with store.transaction() as tx:
        yield Together(listed=listed, stored=tx), versions


def _instant(text: str) -> datetime:
    from datetime import UTC

    if not text:
        return datetime.now(UTC)
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise Failed(f"--at {text} is no instant: write it like 2026-03-02T09:00 or 2026-03-02T09:00+01:00") from None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


def _signal(file: str, source: str) -> Signal:
    from bot.ports import BadPayload
    from connectors.intake import format_named

    try:
        return format_named("native").parse(Path(file).read_bytes(), source)
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}") from None
    except BadPayload as error:
        raise Failed(f"{file}: {clean(error, 1000)}") from None
