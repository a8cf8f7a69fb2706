"""Calendars kept elsewhere that say who is on call, one file each.

Lives here: what turns a calendar's entries into shifts of people.
Never here: whose turn it is now, what is remembered of shifts, whom an alert belongs to.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from bot.ports.directories import Calendar

SCHEDULES = {
    "ical": "connectors.schedule.ical:IcalCalendar",
}


def schedule(name: str) -> Callable[..., Calendar]:
    """What makes this kind of calendar, imported on first use. Raises KeyError for an unknown one."""
    module, _, maker = SCHEDULES[name].partition(":")
    found: Callable[..., Calendar] = getattr(import_module(module), maker)
    return found
