"""Tables of owners are asked before a decision; one that is away keeps nothing from being decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from bot.core.lookedup import LookedUp
from bot.lookups import Lookups
from bot.ports import Unknown


@dataclass
class Table:
    """A Lookup that answers as it is told: `away` are the keys it cannot say."""

    rows: dict[str, str] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def find(self, key: str, /) -> str | None:
        self.asked.append(key)
        if key in self.away:
            raise Unknown("http_500")
        return self.rows.get(key)


@dataclass
class Hands:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


CRM = ("crm", "acct-1")
CODE = ("code", "src/a.py")


@pytest.fixture
def crm() -> Table:
    return Table(rows={"acct-1": "ana@acme.example"})


@pytest.fixture
def code() -> Table:
    return Table(rows={"src/a.py": "ben@acme.example"})


def test_each_table_answers_for_its_own_keys(crm: Table, code: Table) -> None:
    facts = Lookups(tables={"crm": crm, "code": code}).facts([CRM, CODE, ("crm", "acct-2")])
    assert facts == LookedUp(
        found={CRM: "ana@acme.example", CODE: "ben@acme.example", ("crm", "acct-2"): None}, away=frozenset()
    )


def test_what_is_wanted_twice_is_asked_once_and_nothing_is_asked_for_nothing(crm: Table) -> None:
    lookups = Lookups(tables={"crm": crm})
    assert lookups.facts([]) == LookedUp()

    def wanted() -> Iterator[tuple[str, str]]:
        yield from (CRM, CRM)

    assert lookups.facts(wanted()).found == {CRM: "ana@acme.example"}
    assert crm.asked == ["acct-1"]


def test_a_table_that_is_away_is_named_and_the_others_still_answer(crm: Table, code: Table) -> None:
    crm.away = {"acct-2"}
    with capture_logs() as lines:
        facts = Lookups(tables={"crm": crm, "code": code}).facts([("crm", "acct-2"), CRM, CODE])
    assert facts.away == {"crm"}
    assert facts.found == {CRM: "ana@acme.example", CODE: "ben@acme.example"}  # what it remembers it still says
    assert [(line["table"], line["reason"]) for line in lines] == [("crm", "http_500")]


def test_a_table_nobody_configured_is_away(crm: Table) -> None:
    facts = Lookups(tables={"crm": crm}).facts([("erp", "x"), CRM])
    assert (facts.away, facts.found) == ({"erp"}, {CRM: "ana@acme.example"})


def test_it_says_once_a_minute_of_each_table_that_it_is_away(crm: Table, code: Table) -> None:
    now = Hands()
    crm.away, code.away = {"acct-1"}, {"src/a.py"}
    lookups = Lookups(tables={"crm": crm, "code": code}, now=now)
    with capture_logs() as lines:
        for now.seconds in (0.0, 1.0, 59.9):
            lookups.facts([CRM, ("crm", "acct-1"), CODE])
        assert [line["table"] for line in lines] == ["crm", "code"]
        now.seconds = 60.0
        lookups.facts([CRM])
        now.seconds = -1000.0  # a clock that was set back must not silence it
        lookups.facts([CRM])
    assert [line["table"] for line in lines] == ["crm", "code", "crm", "crm"]
