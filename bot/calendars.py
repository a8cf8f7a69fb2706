"""Public holidays by country and region, from a library that is loaded when the first country is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache


def days_off(country: str, day: date) -> str | None:
    """The name of the public holiday of `NL` or `DE-BY` on that day, in English. An unknown country has none."""
    return _of_year(country, day.year).get(day)


def known(country: str) -> bool:
    """Whether days off are known for `NL` or `DE-BY`, written like this."""
    return country in _codes()


def alike(country: str) -> Mapping[str, str]:
    """What may be meant by a code that is unknown: how it could be written ▶ the code."""
    from holidays.registry import COUNTRIES

    head, _, region = country.partition("-")
    if region and known(head.upper()):
        return {code: code for code in _codes() if code.startswith(f"{head.upper()}-")}
    named = {name: code for name, code, *_ in COUNTRIES.values()}
    return {code: code for code in _codes() if "-" not in code} | named


@cache
def _codes() -> frozenset[str]:
    from holidays import list_supported_countries

    regions = list_supported_countries(include_aliases=False)
    return frozenset(regions) | {f"{code}-{region}" for code, names in regions.items() for region in names}


@lru_cache(maxsize=1024)
def _of_year(country: str, year: int) -> Mapping[date, str]:
    from holidays import country_holidays

    if not known(country):
        return {}
    code, _, region = country.partition("-")
    return dict(country_holidays(code, subdiv=region or None, years=year, language="en_US"))
