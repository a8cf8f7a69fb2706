"""What a configuration names outside, as connectors: tables of owners, calendars, the groups that have to be known."""

from __future__ import annotations

import os

from bot.config.mistakes import ConfigError
from bot.lookups import Lookups
from bot.ports.directories import Calendar
from bot.settings import Config
from connectors.lookup import lookup
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


def groups(config: Config) -> tuple[str, ...]:
    """The handles of all groups that a rule or a step of a policy names, each once."""
    plan = config.plan()
    rules = (*plan.rules, *plan.sources.values())
    found = [owner.who for rule in rules for owner in rule.owners if owner.kind == "group"]
    for policy in config.policies():
        for steps in (policy.steps, *policy.ladders.values()):
            found += [who.removeprefix("group: ") for step in steps for who in step.who if who.startswith("group: ")]
    return tuple(dict.fromkeys(found))
