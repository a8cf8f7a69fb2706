"""Who owns an alert, from its data: every way to an owner, rules on any field, hostile values, and always somebody."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cast import ANA, BEN, CLEO, DOV, ELSA, FULL, GUS, PLAN, T0, Team, signal
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core import matching
from bot.core.lookedup import LookedUp
from bot.core.matching import FIELDS, matches, value_of
from bot.core.oncall import Schedule, Shift
from bot.core.people import Away
from bot.core.routing import ROUND_ROBIN, Candidate, Known, Owner, Plan, Rule, route, wanted
from bot.core.signal import Discrepancy, Model, Severity, Signal, Value

DAY = timedelta(days=1)
A, B, C, D, E = (one.id for one in (ANA, BEN, CLEO, DOV, ELSA))
TABLE = Owner("owners.csv", kind="table", key="entity.id")
FIELD = Owner("labels.owner", kind="field")
ON_CALL = Owner("ap", kind="on_call")
GROUP, IN_TURN = Owner("@ap", kind="group"), Owner("@ap", kind="group", pick=ROUND_ROBIN)


def ruled(*owners: Owner, when: Mapping[str, tuple[str, ...]] | None = None, **more: Any) -> Plan:
    """A plan whose only rule has these ways to an owner."""
    schedules = {"ap": Schedule(name="ap")}
    return replace(
        PLAN, rules=(Rule(when=when or {"severity": ("error",)}, owners=owners),), schedules=schedules, **more
    )


def known(plan: Plan, roster: Team | None = None, looked: LookedUp | None = None) -> Known:
    return Known(roster=roster or Team(), plan=plan, at=T0, looked=looked or LookedUp())


def away(delegate: str | None = None) -> dict[str, Any]:
    return {"away": (Away(start=T0 - DAY, until=T0 + DAY, delegate=delegate),)}


def team(*changed: tuple[str, Mapping[str, Any]], shift: str | None = None, **fields: Any) -> Team:
    found = Team()
    for one, to in changed:
        found = found.but(one, **to)
    found.groups = {"@ap": fields.pop("group", ())}
    found.loads, found.turns = fields.pop("loads", {}), fields.pop("turns", {})
    if shift:
        found.on_shift = {"ap": [Shift(start=T0 - DAY, until=T0 + DAY, person=shift, override=True)]}
    return found


RULE = "routing rule 1"
UNTIL = "away until 2026-03-03 09:00 UTC"
FOUND = LookedUp(found={("owners.csv", "7731"): D, ("owners.csv", "7732"): None})
NAMES_DOV = {"labels": {"owner": f" {D.upper()} "}}


def over(why: str) -> Candidate:
    """The rule leads to nobody, and the source's own owner has it."""
    return Candidate(person=A, why=f"{RULE}: {why}; the source's own")


def by_rule(person: str, how: str = "", turn: str | None = None) -> Candidate:
    """The rule leads to them."""
    return Candidate(person=person, why=f"{RULE}{how}", turn=turn)


INVOICE: dict[str, Any] = {"discrepancy": FULL.discrepancy}
STANDS_IN = f"; stands in for {D}, {UNTIL}"
WAYS: list[tuple[str, Owner, dict[str, Any], Team, LookedUp | None, Candidate]] = [
    # what, the way, the alert's fields, the team, what was looked up, who and why
    ("a person", Owner(D), {}, team(), None, by_rule(D)),
    (
        "a person nobody knows",
        Owner("new@acme.example"),
        {},
        team(),
        None,
        by_rule("new@acme.example"),
    ),
    ("a guest", Owner(GUS.id), {}, team(), None, Candidate(person=A, why=f"{GUS.id} is guest; the source's own")),
    (
        "somebody away",
        Owner(D),
        {},
        team((D, away())),
        None,
        Candidate(person=A, why=f"{D} is {UNTIL}; the source's own"),
    ),
    (
        "a delegate",
        Owner(D),
        {},
        team((D, away(B))),
        None,
        by_rule(B, STANDS_IN),
    ),
    ("on call", ON_CALL, {}, team(shift=D), None, by_rule(D, " (on call for ap)")),
    ("nobody on call", ON_CALL, {}, team(), None, over("nobody is on call for ap")),
    ("no schedule", Owner("no", kind="on_call"), {}, team(), None, over("there is no schedule no")),
    (
        "whoever is on call is away",
        ON_CALL,
        {},
        team((D, away(C)), shift=D),
        None,
        by_rule(C, f" (on call for ap){STANDS_IN}"),
    ),
    (
        "of a group the least loaded",
        GROUP,
        {},
        team(group=(B, D, C), loads={B: 3, D: 1, C: 1}),
        None,
        by_rule(D, " (@ap, least loaded)"),
    ),
    (
        "of them who is there",
        GROUP,
        {},
        team((D, away(A)), group=(B, D), loads={B: 3}),
        None,
        by_rule(B, " (@ap, least loaded)"),
    ),
    ("an empty group", GROUP, {}, team(), None, over("nobody of @ap is there")),
    (
        "a group in turn",
        IN_TURN,
        {},
        team(group=(B, D), turns={"group @ap": 3}),
        None,
        by_rule(D, " (@ap, round robin)", "group @ap"),
    ),
    ("named in a field", FIELD, NAMES_DOV, team(), None, by_rule(D, " (named in labels.owner)")),
    ("a field that is not there", FIELD, {}, team(), None, over("labels.owner names nobody")),
    (
        "a field without a person",
        FIELD,
        {"labels": {"owner": "the team"}},
        team(),
        None,
        over("labels.owner names nobody"),
    ),
    (
        "a table",
        TABLE,
        {"discrepancy": FULL.discrepancy},
        team(),
        FOUND,
        by_rule(D, " (owners.csv, by entity.id)"),
    ),
    ("a table without the key", TABLE, {}, team(), FOUND, over("the alert has no entity.id")),
    (
        "a table that has nobody",
        TABLE,
        {"discrepancy": FULL.discrepancy},
        team(),
        None,
        over("owners.csv has no owner for it"),
    ),
    (
        "a table that is away",
        TABLE,
        {"discrepancy": FULL.discrepancy},
        team(),
        LookedUp(away=frozenset({"owners.csv"})),
        over("owners.csv could not be asked"),
    ),
]


@pytest.mark.parametrize(("what", "way", "fields", "roster", "looked", "found"), WAYS)
def test_every_way_to_an_owner(
    what: str, way: Owner, fields: dict[str, Any], roster: Team, looked: LookedUp | None, found: Candidate
) -> None:
    plan = ruled(way)
    assert route(signal(**fields), plan).owner(known(plan, roster, looked)) == found


def test_ways_are_tried_in_their_order_and_a_gap_falls_to_the_next() -> None:
    plan = ruled(ON_CALL, TABLE, FIELD, GROUP, Owner(D))
    found = route(signal(), plan).owner(known(plan))
    assert found == Candidate(
        person=D,
        why=f"{RULE}: nobody is on call for ap; {RULE}: the alert has no entity.id; "
        f"{RULE}: labels.owner names nobody; {RULE}: nobody of @ap is there; {RULE}",
    )


def test_an_owner_whom_the_alert_names_comes_before_every_rule() -> None:
    plan = ruled(ON_CALL)
    assert route(signal(owner=C), plan).owner(known(plan, team(shift=D))).person == C


def test_only_whoever_is_first_in_turn_uses_the_turn_up() -> None:
    plan, roster = ruled(IN_TURN), team(group=(B, D))
    way = route(signal(), plan)
    assert way.owner(known(plan, roster)) == Candidate(person=B, why=f"{RULE} (@ap, round robin)", turn="group @ap")
    assert way.owner(known(plan, roster), (B,)) == Candidate(person=D, why=f"{RULE} (@ap, round robin)")


def test_not_mine_goes_on_in_the_chain_and_asks_nobody_twice() -> None:
    roster = team((D, away(B)), group=(B, D, C), shift=D)
    plan = ruled(ON_CALL, GROUP, FIELD)
    way, declined = route(signal(labels={"owner": "new@acme.example"}), plan), list[str]()
    while found := way.following(known(plan, roster), tuple(declined)):
        declined.append(found.person)
    assert declined == [B, C, "new@acme.example", A, E]


def test_not_mine_of_an_owner_from_a_table_goes_to_their_manager() -> None:
    plan = replace(ruled(TABLE), sources={})
    looked = LookedUp(found={("owners.csv", "7731"): B})
    found = route(replace(FULL, owner=None), plan).following(known(plan, looked=looked), (B,))
    assert found == Candidate(person=C, why=f"manager of {B}")


def test_what_has_to_be_looked_up_is_known_before_the_routing() -> None:
    plan = ruled(TABLE, Owner("sites.csv", kind="table", key="labels.site"), Owner("labels", kind="table", key="title"))
    assert wanted(signal(discrepancy=FULL.discrepancy, title="x"), plan) == [("owners.csv", "7731"), ("labels", "x")]
    assert wanted(signal(severity=Severity.INFO), plan) == []


@pytest.mark.parametrize("where", ["the alert", "a rule", "the source", "a rule for all"])
def test_the_trail_of_a_route_names_what_decided(where: str) -> None:
    special = Rule(when={"severity": ("error",)}, owners=(Owner(D),), channel="#special", policy="fast", name="special")
    plan = replace(PLAN, rules=(special, Rule(owners=(Owner(C),), channel="#all", name="all")))
    way = route(signal(), plan)
    assert way.because == "channel: routing rule 1 (special); policy: routing rule 1 (special)"
    assert way.rules == {"special", "all"}
    assert [why for _, why in way.claims] == ["routing rule 1 (special)", "the source's own", "routing rule 2 (all)"]
    assert route(signal(severity=Severity.INFO), plan).rules == {"all"}


# ── always somebody ──────────────────────────────────────────────────────────────────────────────────────────────────

IDS = [A, B, C, D, E, GUS.id, "new@acme.example", "slack:U0ANA"]
OWNERS = st.sampled_from([*map(Owner, IDS), ON_CALL, GROUP, IN_TURN, FIELD, TABLE, Owner("no", kind="on_call")])
ABSENCES = st.one_of(st.none(), st.tuples(st.sampled_from([None, *IDS])))


@st.composite
def rosters(draw: st.DrawFn) -> Team:
    found = team(
        shift=draw(st.sampled_from([None, *IDS])), group=tuple(draw(st.lists(st.sampled_from(IDS), unique=True)))
    )
    for one in (A, B, C, D, E):
        gone = draw(ABSENCES)
        manager = draw(st.sampled_from([None, A, B, C, D, E, "new@acme.example"]))
        found = found.but(
            one, active=draw(st.sampled_from([True, True, False])), manager=manager, **(away(*gone) if gone else {})
        )
    found.turns = {"group @ap": draw(st.integers(0, 99))}
    return found


@settings(max_examples=300, deadline=None)
@given(
    roster=rosters(),
    owners=st.lists(OWNERS, max_size=4),
    named=st.sampled_from([None, *IDS]),
    declined=st.lists(st.sampled_from(IDS)),
)
def test_somebody_always_owns_it_who_can_and_was_not_asked_before(
    roster: Team, owners: list[Owner], named: str | None, declined: list[str]
) -> None:
    plan = ruled(*owners)
    way, knows = route(signal(owner=named, labels={"owner": D}), plan), known(plan, roster)
    found = way.owner(knows, tuple(declined))
    assert found.person
    assert found.why
    person = roster.person(found.person)
    if found.person != plan.last_resort:
        assert found.person not in declined
        assert person is None or (person.may_own and person.absence(T0) is None)
    everybody = [one.person for one in way.candidates(knows) if isinstance(one, Candidate)]
    assert len(everybody) == len(set(everybody))
    asked = list(declined)
    while following := way.following(knows, tuple(asked)):
        asked.append(following.person)
        assert len(asked) < len(declined) + 20
    assert len(asked) == len(declined) + len(set(asked) - set(declined))


# ── matching ─────────────────────────────────────────────────────────────────────────────────────────────────────────

EVERY_FIELD = {
    "source": "ap-auditor",
    "severity": "error",
    "title": "Invoice 7731 is paid twice",
    "summary": "The same invoice was paid on Monday and on Tuesday.",
    "dedup_key": "invoice-7731",
    "confidence": "0.93",
    "model.name": "ap-auditor",
    "model.version": "4.2",
    "entity.type": "invoice",
    "entity.id": "7731",
    "entity.url": "https://erp.acme.example/invoices/7731",
    "discrepancy.expected": "7100",
    "discrepancy.observed": "14200",
    "discrepancy.unit": "EUR",
    "value.amount": "7100.00",
    "value.currency": "EUR",
}


def test_every_field_that_a_rule_may_name_is_read() -> None:
    assert set(EVERY_FIELD) == set(FIELDS)
    assert {name: value_of(FULL, name) for name in FIELDS} == EVERY_FIELD
    assert value_of(FULL, "labels.team") == "payments"


@pytest.mark.parametrize("name", FIELDS)
def test_what_a_signal_has_not_is_none_and_matches_nothing(name: str) -> None:
    bare = Signal(source="s", title="t", severity=Severity.INFO)
    if value_of(bare, name) is None:
        assert not matches({name: ("*",)}, bare)
        assert not matches({name: ("!= x",)}, bare)
        assert not matches({name: ("None",)}, bare)


def labelled(value: str) -> Signal:
    return signal(labels={"x": value})


ACCEPTS = [
    # accepted, the field, whether it matches
    ("payments", "payments", True),
    ("payments", "Payments", False),
    ("pay*", "payments", True),
    ("*pay*", "a payment\nof two lines", True),
    ("pay*", "a payment", False),
    ("*", "", True),
    ("p?y*", "pay", False),
    ("p?y*", "p?yment", True),
    ("[ab]*", "abc", False),
    ("[ab]*", "[ab]c", True),
    ("[!a]*", "[!a]c", True),
    ("a.c*", "abc", False),
    ("(a|b)+*", "(a|b)+c", True),
    ("a\\*", "a\\b", True),
    (".*", ".x", True),
    (".*", "x", False),
    ("!= test", "prod", True),
    ("!= test", "test", False),
    (">= 1000", "1000.00", True),
    (">= 1000", "999.99", False),
    ("< 0.8", "0.79", True),
    ("<0.8", "0.8", False),
    ("> 1e3", "1001", True),
    ("<= -5", "-5", True),
    ("> 1", "many", False),
    ("> 1", "", False),
    ("> 1", "NaN", False),
    ("< 1", "-Infinity", False),
    ("> 1", "sNaN", False),
    ("> 1", "1E400000000", True),
    ("< 1", "1E-400000000", True),
    ("> 1", "-1E400000000", False),
    ("> 1", "1E99999999999999999999999", False),
    ("1000", "1000.0", False),
]


@pytest.mark.parametrize(("accepted", "value", "expected"), ACCEPTS)
def test_what_a_value_accepts(accepted: str, value: str, expected: bool) -> None:
    assert matches({"labels.x": (accepted,)}, labelled(value)) is expected


def test_every_field_must_match_and_any_of_its_values_will_do() -> None:
    when = {"labels.x": ("a", "b*"), "severity": ("error", "critical"), "confidence": ("> 0.5",)}
    assert matches(when, replace(labelled("bcd"), confidence=0.6))
    assert not matches(when, replace(labelled("bcd"), confidence=0.5))
    assert not matches(when, labelled("bcd"))


@pytest.mark.parametrize("accepted", [">= many", "< ", "> NaN", "<= Infinity", "> 1,000"])
def test_a_comparison_without_a_number_is_refused(accepted: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        matching.test(accepted)


def test_a_boolean_is_read_as_a_source_writes_it() -> None:
    found = signal(discrepancy=Discrepancy(expected=True, observed=False))
    assert matches({"discrepancy.expected": ("true",), "discrepancy.observed": ("false",)}, found)


LONG = 100_000
HOSTILE = [
    "a" * LONG,
    "*" * LONG,
    "@" * LONG,
    "a@" + "." * LONG + "<",
    "." * LONG + "@",
    ("a@b." * (LONG // 4)) + " ",
    "slack:U" + "A" * LONG,
    "1" * LONG,
    "1." + "0" * LONG,
    "1E400000000",
    "ab" * (LONG // 2) + "c",
    "\u0000" * LONG,
    "é" * LONG,
    " " * LONG,
]
RULES = ("*a*a*a*a*b*", "*.*.*", "> 1000", "<= 1E9", "!= x", "a", "(a+)+$", "*[a-z]*")


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: f"{value[:8]!a} {len(value)}")
def test_no_value_makes_routing_slow_or_breaks_it(value: str) -> None:
    hostile = signal(
        title=value,
        labels={"owner": value, "x": value},
        value=Value(amount=value, currency="EUR"),
        model=Model(name=value),
        discrepancy=Discrepancy(observed=value),
    )
    fields = ("title", "labels.x", "value.amount", "model.name", "discrepancy.observed")
    rules = tuple(Rule(when={name: RULES}, owners=(FIELD, Owner("t", kind="table", key=name))) for name in fields)
    plan = replace(PLAN, rules=rules)
    started = time.process_time()
    found = route(hostile, plan).owner(known(plan))
    # Milliseconds, were it not for a busy machine; a search that backtracks would take minutes.
    assert time.process_time() - started < 5
    assert found.person == A


@given(value=st.text(max_size=200), accepted=st.text(max_size=40))
def test_whatever_a_rule_and_a_value_say_the_answer_is_yes_or_no(value: str, accepted: str) -> None:
    try:
        answer = matches({"labels.x": (accepted,)}, labelled(value))
    except ValueError as error:
        assert "no number" in str(error)
        return
    if "*" not in accepted and accepted[:1] not in "<>!":
        assert answer is (value == accepted)


@given(value=st.text(max_size=60), before=st.text(max_size=10), after=st.text(max_size=10))
def test_a_star_stands_for_anything_and_nothing_else_is_special(value: str, before: str, after: str) -> None:
    before, after = before.replace("*", "").lstrip("<>!"), after.replace("*", "")
    expected = value.startswith(before) and value.endswith(after) and len(value) >= len(before) + len(after)
    assert matches({"labels.x": (f"{before}*{after}",)}, labelled(value)) is expected
    assert matches({"labels.x": (f"{before}*{after}",)}, labelled(before + value + after))


NOBODYS = [
    "",
    "   ",
    "ana",
    "@ana",
    "<@U0ANA>",
    "ana@acme",
    "a b@acme.example",
    "x@y.z, d@e.f",
    "slack:u0ana",
    "slack:U0",
    "teams:1",
]


@pytest.mark.parametrize("named", NOBODYS)
def test_what_does_not_look_like_a_person_is_never_taken_for_one(named: str) -> None:
    plan = ruled(FIELD)
    assert route(signal(labels={"owner": named}), plan).owner(known(plan)).person == A
