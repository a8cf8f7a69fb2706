"""The names by which the stand-in of Graph is strict, held against what Microsoft publishes of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox.microsoft.csdl import TYPES, wrong
from sandbox.microsoft.enums import MEMBERS

PUBLISHED = (Path(__file__).parent / "fixtures/graph/microsoft-graph-types-2.43.1.d.ts").read_text()
SIMPLE = {
    "String": "string",
    "DateTimeOffset": "string",
    "TimeOfDay": "string",
    "Int32": "number",
    "Boolean": "boolean",
}
ACTIONS = frozenset(("sendMail",))
"""what an action takes is no type of the metadata"""
ENUMS = {
    name: tuple(re.findall(r'"(\w+)"', members))
    for name, members in re.findall(r"^export type (\w+) =([^;]+);", PUBLISHED, re.MULTILINE)
}
_INTERFACE = re.compile(r"^export interface (\w+)(?: extends (\w+))? \{(?:\}|\n(.*?)^\})", re.MULTILINE | re.DOTALL)
OWN = {
    name: dict(re.findall(r'^ +"?([\w@.]+)"?\??: (?:NullableOption<)?(.+?)>?;$', body, re.MULTILINE))
    for name, _, body in _INTERFACE.findall(PUBLISHED)
}
BASE = {name: base for name, base, _ in _INTERFACE.findall(PUBLISHED)}


def lineage(name: str) -> list[str]:
    """A type, what it extends, and so on."""
    return [name, *lineage(BASE[name])] if name in BASE else []


def published(name: str) -> dict[str, str]:
    """Every property of a type, those it inherits too ▶ its type as TypeScript writes it."""
    return {prop: kind for one in reversed(lineage(name)) for prop, kind in OWN[one].items()}


def theirs(name: str) -> str:
    return name[0].upper() + name[1:]


def is_same(ours: str, kind: str) -> bool:
    """Whether a type of the stand-in is this one; an enumeration is a text."""
    if collection := re.fullmatch(r"Collection\((\w+)\)", ours):
        return kind.endswith("[]") and is_same(collection[1], kind.removesuffix("[]").strip("()"))
    if of := re.fullmatch(r"Open\((\w+)\)", ours):
        return kind == f"{theirs(of[1])}s" and OWN[kind] == {}
    if ours in SIMPLE:
        return SIMPLE[ours] == kind or (ours == "String" and kind in ENUMS)
    return kind in lineage(theirs(ours))


def test_the_extract_is_read_whole() -> None:
    assert PUBLISHED.count("export ") == len(OWN) + len(ENUMS)
    assert sum(len(own) for own in OWN.values()) == len(re.findall(r"^ +\S+: .+;$", PUBLISHED, re.MULTILINE))
    assert published("CustomTimeZone")["name"] == "string"
    assert published("User")["businessPhones"] == "string[]"


@pytest.mark.parametrize("name", sorted(TYPES.keys() - ACTIONS))
def test_every_name_of_the_stand_in_is_one_of_graphs_with_its_type(name: str) -> None:
    known = published(theirs(name))
    assert {prop: kind for prop, kind in TYPES[name].items() if prop not in known} == {}
    assert {prop: known[prop] for prop, kind in TYPES[name].items() if not is_same(kind, known[prop])} == {}


@pytest.mark.parametrize("name", sorted(TYPES.keys() - ACTIONS))
def test_every_enumeration_has_graphs_members_and_no_others(name: str) -> None:
    for prop in TYPES[name]:
        kind = published(theirs(name))[prop].removesuffix("[]").strip("()")
        assert MEMBERS.get(f"{name}.{prop}") == ENUMS.get(kind), f"{name}.{prop}"


def test_every_property_with_members_is_one_of_graphs() -> None:
    for path, members in MEMBERS.items():
        name, _, prop = path.partition(".")
        assert ENUMS[published(theirs(name))[prop].removesuffix("[]").strip("()")] == members


def test_a_misspelt_name_another_type_and_a_stranger_among_members_are_refused() -> None:
    hours = {"daysOfWeek": ["monday"], "startTime": "08:00:00"}
    assert wrong("mailboxSettings", {"workingHours": hours, "automaticRepliesSetting": {"status": "Scheduled"}}) == []
    assert wrong("mailboxSettings", {"workingHours": {**hours, "daysOfWeek": ["Mon"]}}) == ["workingHours.daysOfWeek"]
    assert wrong("automaticRepliesSetting", {"status": "on"}) == ["automaticRepliesSetting.status"]
    assert wrong("user", {"displayname": "Ana"}) == ["user.displayname"]
    assert wrong("user", {"accountEnabled": "yes"}) == ["user.accountEnabled"]
