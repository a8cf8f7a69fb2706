"""People, sources, policies and processes."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from bot.core.people import Away, Person
from bot.core.policy import Policy, Step
from bot.core.signal import Severity
from bot.ports import Conflict, Source
from storage import policy_rows
from storage.models import policies
from storage.policy_rows import policy_data


def test_people_are_found_by_id_and_by_chat(world: Any, ana: Person, ben: Person) -> None:
    at = world.clock.at
    world.store.save_people([ana, ben], at=at)
    assert world.store.people([ana.id, "dov@acme.example"]) == {ana.id: (ana, at)}
    assert world.store.people(["slack:U0BEN", ana.id]) == {"slack:U0BEN": (ben, at), ana.id: (ana, at)}
    assert world.store.person_by_chat("teams", "29:ben") == (ben, at)
    assert world.store.person_by_chat("slack", "29:ben") is None
    assert world.store.people([]) == {}


def test_what_is_learned_later_counts(world: Any, ana: Person) -> None:
    world.store.save_people([ana], at=world.clock.at)
    world.clock.pass_(60)
    gone = replace(ana, active=False, manager=None, chat={})
    world.store.save_people([gone], at=world.clock.at)
    assert world.store.people([ana.id]) == {ana.id: (gone, world.clock.at)}
    assert world.store.person_by_chat("slack", "U0ANA") is None


def test_a_chat_id_belongs_to_whoever_had_it_last(world: Any, ana: Person, ben: Person) -> None:
    world.store.save_people([ana], at=world.clock.at)
    heir = replace(ben, chat={"slack": "U0ANA"})
    world.store.save_people([heir], at=world.clock.at)
    found = world.store.person_by_chat("slack", "U0ANA")
    assert found is not None
    assert found[0] == heir


def test_a_person_known_by_chat_only_is_found(world: Any) -> None:
    stranger = Person(id="slack:U0DOV", name="Dov", kind="guest", chat={"slack": "U0DOV"})
    world.store.save_people([stranger], at=world.clock.at)
    assert world.store.people(["slack:U0DOV"]) == {"slack:U0DOV": (stranger, world.clock.at)}


def test_sources_keep_their_keys_in_order(world: Any) -> None:
    auditor = Source(id="s2", name="ap-auditor", keys=(("k2", "b" * 64), ("k1", "a" * 64)))
    reader = Source(id="s1", name="a-reader", kind="operator")
    for source in (auditor, reader):
        world.store.save_source(source)
    assert world.store.sources() == [reader, auditor]
    rotated = replace(auditor, keys=(("k3", "c" * 64), ("k2", "b" * 64)))
    world.store.save_source(rotated)
    assert world.store.sources() == [reader, rotated]


def test_two_sources_never_share_a_name(world: Any) -> None:
    world.store.save_source(Source(id="s1", name="ap-auditor"))
    with pytest.raises(Conflict):
        world.store.save_source(Source(id="s2", name="ap-auditor"))


def everything() -> Policy:
    """A policy in which nothing has its default."""
    return Policy(
        name="night",
        steps=(
            Step(who=("owner",), nudge_every=timedelta(seconds=1.5), nudges=3),
            Step(who=("manager", "on call: ap"), nudge_every=timedelta(hours=1), ask="one at a time"),
            Step(who=("group: @ap",), nudge_every=timedelta(hours=1), at_least=timedelta(minutes=90)),
            Step(who=("#ai-exceptions",), nudge_every=timedelta(hours=4), nudges=1),
        ),
        ladders={Severity.CRITICAL: (Step(who=("owner", "manager"), nudge_every=timedelta(minutes=2)),)},
        repeat=2,
        answer_within={Severity.ERROR: timedelta(hours=3)},
        within={Severity.CRITICAL: timedelta(hours=1), Severity.INFO: timedelta(days=7, microseconds=1)},
        check_in_every=timedelta(minutes=7),
        check_ins=5,
        snooze_at_most=timedelta(days=3),
        snooze_limits={Severity.CRITICAL: timedelta(hours=1)},
        snoozes=4,
        reopen_window=timedelta(days=9),
        cleared="ask",
        hours={"critical": "always"},
        verify="never",
        dismiss={"critical": "manager", "default": "concerned"},
        second_person=frozenset({Severity.CRITICAL, Severity.ERROR}),
        instant=frozenset({Severity.CRITICAL}),
        hops=5,
    )


def test_a_policy_comes_back_exactly_as_it_was_saved(world: Any) -> None:
    world.store.save_policies([everything()], at=world.clock.at)
    assert world.store.policy("night") == everything()
    assert world.store.policy("night", 1) == everything()


def test_no_field_of_a_policy_is_forgotten() -> None:
    assert set(policy_data(everything())) | {"name", "version"} == {field.name for field in fields(Policy)}


def test_a_changed_policy_is_a_new_version_and_an_unchanged_one_is_not(world: Any) -> None:
    first, changed = everything(), replace(everything(), check_ins=9)
    for policy in (first, first, changed, changed):
        world.store.save_policies([policy], at=world.clock.at)
    assert world.store.policy("night") == replace(changed, version=2)
    assert world.store.policy("night", 1) == first
    world.store.save_policies([first], at=world.clock.at)
    assert world.store.policy("night") == replace(first, version=3)


def plain() -> Policy:
    """A policy that uses nothing that the first version did not know."""
    return Policy(
        name="night",
        steps=(Step(who=("owner",), nudge_every=timedelta(minutes=10)), Step(who=("#x",), nudge_every=timedelta(0))),
        within={Severity.INFO: timedelta(days=7)},
        check_in_every=timedelta(hours=2),
        hours={"default": "working"},
    )


FIRST_VERSION: dict[str, Any] = {
    "steps": [["owner", 600.0, 2], ["#x", 0.0, 2]],
    "within": {"info": 604800.0},
    "check_in_every": 7200.0,
    "check_ins": 2,
    "snooze_at_most": 172800.0,
    "reopen_window": 604800.0,
    "cleared": "close",
    "hours": {"default": "working"},
    "verify": "when_possible",
}


def test_a_policy_that_uses_nothing_new_is_written_as_the_first_version_wrote_it() -> None:
    assert policy_data(plain()) == FIRST_VERSION
    assert policy_rows.policy("night", 1, FIRST_VERSION) == plain()


def test_what_the_first_version_stored_is_no_other_policy_because_the_format_grew(sql_world: Any) -> None:
    with sql_world.store.database.writing() as connection:
        row = {"name": "night", "version": 1, "data": FIRST_VERSION, "at": sql_world.clock.at}
        connection.execute(insert(policies), row)
    sql_world.store.save_policies([plain()], at=sql_world.clock.at)
    assert sql_world.store.policy("night") == plain()
    more = replace(plain(), hops=4)
    sql_world.store.save_policies([more], at=sql_world.clock.at)
    assert sql_world.store.policy("night") == replace(more, version=2)


def test_a_person_comes_back_with_all_that_a_directory_said(world: Any, ana: Person) -> None:
    away = Away(
        start=world.clock.at,
        until=world.clock.at + timedelta(days=2, microseconds=1),
        delegate="ben@acme.example",
        why="a holiday",
    )
    said = {"working": "Mon-Fri 08:00-16:00", "quiet": "22:00-07:00", "country": "NL", "prefers": "digest"}
    one = replace(ana, **said, uses="teams", away=(away,))
    assert all(getattr(one, field.name) != field.default for field in fields(Person)[7:])
    world.store.save_people([one], at=world.clock.at)
    assert world.store.people([ana.id]) == {ana.id: (one, world.clock.at)}
    assert world.store.person_by_chat("slack", "U0ANA") == (one, world.clock.at)


def test_an_unknown_policy_gives_the_default_one(world: Any) -> None:
    with world.store.transaction() as tx:
        assert tx.policy("no such policy").name == "default"
        assert tx.policy("no such policy", 7).name == "default"
        assert tx.policy("default", 7).version == 1


def test_the_newest_beat_of_each_kind_of_process_counts(world: Any) -> None:
    for kind, process, machine in (("worker", "a", 5.0), ("worker", "b", 9.5), ("worker", "a", 7.0), ("web", "c", 1.0)):
        world.store.beat(kind, process, machine=machine)
    assert world.store.beats() == {"worker": 9.5, "web": 1.0}


def test_a_store_that_can_be_written_says_nothing_to_a_ping(world: Any) -> None:
    world.store.ping()
    assert world.store.beats() == {}
