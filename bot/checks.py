"""Start-up checks as data: an id that stays, what is wrong, what to do about it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.config.mistakes import ConfigError, without_passwords
from bot.config.schedules import is_address
from bot.core.whom import is_manager
from bot.environment import Environment, misspelt
from bot.ports import Away, Queue, Store
from bot.settings import Config, load


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One finding. With an `error` the product does not do its work; a `warning` is worth knowing."""

    id: str
    """`CL` and three digits, or a chat's own (`slack.unreachable`); never used for anything else"""
    level: str
    """error | warning"""
    what: str
    to_do: str


AskSlack = Callable[[str, str, tuple[str, ...]], Iterable[tuple[str, str, str]]]
"""(token, base URL, channels) ▶ (id, what is wrong, what to do) of each problem; `….optional` is a warning"""


AskMicrosoft = Callable[[Environment, Config], Iterable[tuple[str, str, str]]]
AskTeams = Callable[[Environment, Config], Iterable[tuple[str, str, str]]]
"""raises Away where what is remembered cannot be read"""


def run(  # noqa: PLR0913  everything outside that can be wrong
    env: Environment,
    *,
    open_store: Callable[[Environment], Store],
    queue: Callable[[str], Queue],
    slack: AskSlack,
    microsoft: AskMicrosoft,
    teams: AskTeams,
    now: datetime | None = None,
) -> list[Problem]:
    """Everything found, errors first. A configuration that cannot be used is a finding, not an exception.

    `queue` makes the Queue at a URL. `now`: from when on gaps in schedules are looked for; else from this instant.
    """
    config = _config(env)
    found = [
        *_database(env, open_store),
        *_redis(env, queue),
        *_environment(env, config),
        *_configuration(config, now or datetime.now(UTC)),
        *_slack(env, config, slack),
        *_microsoft(env, config, microsoft),
        *_teams(env, config, teams),
        *_operators(env),
    ]
    # What keeps the app from Graph keeps the bot from Teams: it is told once.
    return sorted(dict.fromkeys(found), key=lambda problem: problem.level != "error")


def _config(env: Environment) -> Config | ConfigError:
    try:
        return load(env.config)
    except ConfigError as error:
        return error


def _error(id: str, what: str, to_do: str) -> Problem:
    return Problem(id=id, level="error", what=what, to_do=to_do)


def _warning(id: str, what: str, to_do: str) -> Problem:
    return Problem(id=id, level="warning", what=what, to_do=to_do)


def _database(env: Environment, open_store: Callable[[Environment], Store]) -> Iterator[Problem]:
    try:
        open_store(env).ping()
    except Away as away:
        to_do = "Start it, or mend CLOSELOOP_DATABASE_URL; without it an SQLite file in CLOSELOOP_DATA is used."
        yield _error("CL001", f"The database cannot be reached or written: {without_passwords(str(away))}", to_do)


def _redis(env: Environment, queue: Callable[[str], Queue]) -> Iterator[Problem]:
    # The embedded Valkey lives and dies with `closeloop up`, which makes it.
    if not env.is_embedded and not queue(env.redis_url.get_secret_value()).ping():
        to_do = "Start it or mend CLOSELOOP_REDIS_URL; unset it for the embedded Valkey. Alerts are still accepted."
        yield _error("CL003", "Redis cannot be reached.", to_do)


def _environment(env: Environment, config: Config | ConfigError) -> Iterator[Problem]:
    length = len(env.secret_key.get_secret_value())
    if length < 32 and not env.is_sandbox:
        unset = "is not set: tokens of Microsoft are not shared, each process asks for its own"
        what = "is shorter than 32 characters" if length else unset
        to_do = "Set it to what this prints: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        yield _warning("CL004", f"CLOSELOOP_SECRET_KEY {what}.", to_do)
    ours = set() if isinstance(config, ConfigError) else {table.token_env for table in config.tables()}
    for name, match in misspelt({name: "" for name in os.environ if name not in ours}):
        to_do = f"Did you mean {match}?" if match else "Unset it, or look up its name in docs/configuration.md."
        yield _warning("CL005", f"The environment variable {name} means nothing.", to_do)


def _operators(env: Environment) -> Iterator[Problem]:
    """Whoever runs this has to hear of a chat that fails by something else than that chat."""
    server = bool(env.smtp_url.get_secret_value())
    if server != bool(env.operator_email):
        there, missing = "CLOSELOOP_SMTP_URL", "CLOSELOOP_OPERATOR_EMAIL"
        if not server:
            there, missing = missing, there
        yield _error("CL031", f"{there} is set and {missing} is not: no e-mail can be sent.", f"Set {missing} as well.")
    elif not (server or env.operator_webhook.get_secret_value() or env.is_sandbox):
        to_do = "Set CLOSELOOP_OPERATOR_WEBHOOK, or CLOSELOOP_OPERATOR_EMAIL with CLOSELOOP_SMTP_URL."
        yield _warning("CL030", "Nobody is told when Slack refuses Closeloop: only /readyz and the log say so.", to_do)


def _configuration(config: Config | ConfigError, now: datetime) -> Iterator[Problem]:
    if isinstance(config, ConfigError):
        for mistake in config.mistakes:
            yield _error("CL010", str(mistake), "Mend the file; docs/configuration.md explains every key.")
        return
    for warning in config.warnings:
        yield _warning("CL011", str(warning), "Change the file, or keep it knowing this.")
    for gap in config.ahead(now):
        yield _warning("CL015", str(gap), "Close the gap, or name somebody after the schedule who takes it then.")
    yield from _managers(config)
    yield from _outside(config)


def _managers(config: Config) -> Iterator[Problem]:
    """People above whom a policy finds nobody. A directory that knows managers may fill this in."""
    steps = [step for p in config.policies() for ladder in (p.steps, *p.ladders.values()) for step in ladder]
    asks = any(is_manager(who) for step in steps for who in step.who)
    last_resort = config.plan().last_resort
    alone = [p.id for p in config.people() if not p.manager and p.id != last_resort]
    if asks and alone:
        others = [name.title() for name in config.directories if name != "file"]
        unless = f" unless {' or '.join(others)} knows their manager" if others else ""
        what = f"No manager: {', '.join(alone)}. Steps that ask their manager are stepped over{unless}."
        yield _warning("CL012", what, f"Give them one in {config.path.name}: people: {{{alone[0]}: {{manager: …}}}}")


def _outside(config: Config) -> Iterator[Problem]:
    """What the file points to: tables of owners, their tokens, calendars."""
    put = f"Put it there; its path begins in the folder of {config.path.name}."
    for table in config.tables():
        if table.kind != "http" and not Path(table.where).is_file():
            yield _error("CL013", f"The table {table.name} cannot be read: there is no file {table.where}.", put)
        if table.token_env and not os.environ.get(table.token_env):
            what = f"The table {table.name} has no token: {table.token_env} is not set."
            yield _error("CL016", what, "Set it, or take token_env out.")
    for name, schedule in config.schedules().items():
        where = schedule.calendar
        if where and not is_address(where) and not Path(where).is_file():
            yield _warning("CL014", f"The schedule {name} has no calendar: there is no file {where}.", put)


def _slack(env: Environment, config: Config | ConfigError, slack: AskSlack) -> Iterator[Problem]:
    token = env.slack_bot_token.get_secret_value()
    if not token and isinstance(config, Config) and "slack" not in config.plan().chats:
        return
    if not (env.slack_signing_secret.get_secret_value() or env.slack_app_token.get_secret_value()):
        what = "Neither SLACK_SIGNING_SECRET nor SLACK_APP_TOKEN is set: no click can reach the bot."
        to_do = "Set the signing secret (api.slack.com ▸ your app ▸ Basic Information), or an app token (Socket Mode)."
        yield _error("CL021", what, to_do)
    if not token:
        to_do = "Install the app (manifest.yaml) and set its bot token, xoxb-…; or try: closeloop up --sandbox"
        yield _error("CL020", "SLACK_BOT_TOKEN is not set: no card can be shown.", to_do)
        return
    if "xoxb-" not in token:
        to_do = "Copy the Bot User OAuth Token from api.slack.com ▸ your app ▸ OAuth & Permissions."
        yield _error("CL022", "SLACK_BOT_TOKEN is not a bot token: those start with xoxb-.", to_do)
        return
    channels = config.channels("slack") if isinstance(config, Config) else ()
    for id, what, to_do in slack(token, env.slack_api_url, channels):
        yield (_warning if id.endswith(".optional") else _error)(id, what, to_do)


def _microsoft(env: Environment, config: Config | ConfigError, microsoft: AskMicrosoft) -> Iterator[Problem]:
    """Asked only where the file or the environment names something of it."""
    if isinstance(config, ConfigError):
        return
    named = {
        "directory names graph": "graph" in config.directories,
        "work_items names a tool": config.file.work_items is not None,
        "MICROSOFT_MAIL_FROM is set": bool(env.microsoft_mail_from),
    }
    why = [name for name, is_so in named.items() if is_so]
    if not why:
        return
    if missing := env.microsoft_missing:
        what = f"{' and '.join(why)}, and {', '.join(missing)} is not set: Graph is not asked."
        yield _error("CL040", what, "Register an app and give it consent: docs/microsoft.md tells how.")
        return
    for id, what, to_do in microsoft(env, config):
        yield (_warning if id.endswith(".optional") else _error)(id, what, to_do)


def _teams(env: Environment, config: Config | ConfigError, teams: AskTeams) -> Iterator[Problem]:
    """What keeps cards out of Teams, where the file means it to show them."""
    if isinstance(config, ConfigError) or "teams" not in config.plan().chats:
        return
    if missing := env.microsoft_missing:
        what = f"Teams cannot be reached: {', '.join(missing)} not set."
        yield _error("CL050", what, "Register the bot and set them: docs/microsoft.md tells how.")
    if unnamed := [name for name in config.channels("teams") if name not in config.file.teams.channels]:
        to_do = "Give each its id under teams: channels: it is in the channel's link, 19:…@thread.tacv2."
        yield _error("CL051", f"Teams does not know {', '.join(unnamed)}.", to_do)
    if not missing:
        yield from _asked_of_teams(env, config, teams)


def _asked_of_teams(env: Environment, config: Config, teams: AskTeams) -> Iterator[Problem]:
    try:
        for id, what, to_do in teams(env, config):
            yield (_warning if id.endswith(".optional") else _error)(id, what, to_do)
    except Away:
        return  # CL001 says so
