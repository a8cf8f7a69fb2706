"""What configuration and environment name, made: tables of owners, calendars, ways to operators; groups, windows."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

from bot.config.mistakes import ConfigError
from bot.environment import Environment
from bot.lookups import Lookups
from bot.ports import Store
from bot.ports.directories import Calendar
from bot.settings import Config
from connectors.lookup import lookup
from connectors.operator import operator
from connectors.schedule import schedule


def lookups(config: Config) -> Lookups:
    """Every table of owners. Raises ConfigError for one that cannot be used."""
    made = {}
    for table in config.tables():
        token = {"token": os.environ.get(table.token_env, "")} if table.token_env else {}
        try:
            made[table.name] = lookup(table.kind)(table.where, **table.options, **token)
        except ValueError as error:
            raise ConfigError([f"tables.{table.name}: {error}"]) from None
    return Lookups(tables=made)


def calendars(config: Config) -> dict[str, Calendar]:
    """schedule ▶ the calendar it is kept in"""
    return {
        one.schedule: schedule("ical")(one.where, people=one.people, time_zone=one.time_zone)
        for one in config.calendars()
    }


def tellers(env: Environment) -> dict[str, Any]:
    """The second ways to those who run Closeloop, by name."""
    found: dict[str, Any] = {}
    if url := env.operator_webhook.get_secret_value():
        found["webhook"] = operator("webhook")(url)
    if (server := env.smtp_url.get_secret_value()) and env.operator_email:
        found["email"] = operator("email")(server, to=env.operator_email)
    return found


def groups(config: Config) -> tuple[str, ...]:
    """The handles of all groups that a rule or a step of a policy names, each once."""
    plan = config.plan()
    rules = (*plan.rules, *plan.sources.values())
    found = [owner.who for rule in rules for owner in rule.owners if owner.kind == "group"]
    for policy in config.policies():
        for steps in (policy.steps, *policy.ladders.values()):
            found += [who.removeprefix("group: ") for step in steps for who in step.who if who.startswith("group: ")]
    return tuple(dict.fromkeys(found))


def keep_windows(config: Config, store: Store, *, now: datetime) -> None:
    """The maintenance windows of the file, and none that have left it."""
    wanted = {mute.id: mute for mute in config.mutes()}
    for mute in wanted.values():
        store.mute(mute, at=now)
    for mute in store.all_mutes(since=now):
        if mute.id.startswith("config-") and mute.id not in wanted:
            store.unmute(mute.id, at=now, by=mute.owner)
