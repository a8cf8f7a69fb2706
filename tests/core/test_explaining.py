"""Why routing decides as it does."""

from __future__ import annotations

from dataclasses import replace

from cast import FULL, PLAN

from bot.core.explaining import judged
from bot.core.routing import Owner, Rule, route

PAYMENTS = Rule(when={"labels.team": ("payments",), "value.amount": (">= 1000",)}, channel="#payments", name="large")
LEGAL = Rule(when={"severity": ("error",), "entity.type": ("contract", "lease-*"), "labels.team": ("x",)}, policy="p")
ANY = Rule(owners=(Owner("ben@acme.example"),))
WITH_RULES = replace(PLAN, rules=(ANY, LEGAL, PAYMENTS))


def test_every_rule_is_held_against_the_alert_in_the_order_in_which_routing_asks() -> None:
    found = judged(FULL, WITH_RULES)
    assert [(one.name, one.matches) for one in found] == [
        ("routing rule 2", False),
        ("routing rule 3 (large)", True),
        ("the source's own", True),
        ("routing rule 1", True),
    ]


def test_a_rule_that_fails_names_the_first_field_that_does_and_what_the_alert_has() -> None:
    fails = judged(FULL, WITH_RULES)[0].fails
    assert fails is not None
    assert (fails.name, fails.accepted, fails.value) == ("entity.type", ("contract", "lease-*"), "invoice")


def test_a_field_that_the_alert_does_not_have_fits_nothing() -> None:
    plan = replace(PLAN, rules=(Rule(when={"labels.region": ("!= eu",)}, channel="#x"),))
    (fails,) = [one.fails for one in judged(FULL, plan) if one.rule.when]
    assert fails is not None and fails.value is None


def test_what_matches_is_what_routing_goes_by() -> None:
    named = frozenset(one.rule.name for one in judged(FULL, WITH_RULES) if one.matches and one.rule.name)
    assert route(FULL, WITH_RULES).rules == named == {"large"}
