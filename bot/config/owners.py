"""Rules and tables in closeloop.yaml: who owns what, in the file's shape and in the words of the core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from bot.config import values
from bot.config.notation import (
    GIVEN,
    SEVERAL,
    SPACED,
    AlertField,
    Channels,
    Email,
    MaybeAlertField,
    MaybeEmail,
    MaybeName,
    MaybeWord,
    Shape,
    SomeTime,
    Word,
    nothing,
    written,
)
from bot.core.routing import Owner, Rule

# ── owners ───────────────────────────────────────────────────────────────────────────────────────────────────────────

WAYS = ("person", "on_call", "group", "field", "table", "codeowners")
# A key that belongs to one way, and the way.
_OF = {"pick": "group", "path": "codeowners", "key": "table"}


class OwnerShape(Shape):
    """One way to an owner; a person by e-mail may stand there without `person:`."""

    person: MaybeEmail = None
    on_call: MaybeWord = None
    group: Annotated[Annotated[str, written(values.group)] | None, GIVEN] = None
    pick: Annotated[Literal["least loaded", "round robin"], SPACED] = "least loaded"
    field: MaybeAlertField = None
    table: MaybeWord = None
    key: MaybeAlertField = None
    codeowners: MaybeWord = None
    path: MaybeAlertField = None

    @model_validator(mode="after")
    def _one_way(self) -> OwnerShape:
        ways = [way for way in WAYS if getattr(self, way)]
        if len(ways) != 1:
            raise ValueError(f"names {len(ways) or 'no'} ways to an owner; give it one of {', '.join(WAYS)}")
        for key, way in _OF.items():
            if key in self.model_fields_set and ways != [way]:
                raise ValueError(f"{key} belongs to {way}, not to {ways[0]}")
        for key in ("path", "key"):
            if ways == [_OF[key]] and not getattr(self, key):
                raise ValueError(f"{ways[0]} needs {key}: the field of the alert that is looked up, like entity.id")
        return self


def _as_owner(value: Any) -> Any:
    if value is None:
        raise ValueError("empty")
    return {"person": value} if isinstance(value, str) else value


AnOwner = Annotated[OwnerShape, BeforeValidator(_as_owner)]
Owners = Annotated[tuple[AnOwner, ...], Field(min_length=1), SEVERAL]
"""one owner, or a list of them asked in this order"""


def owners(shapes: tuple[OwnerShape, ...]) -> tuple[Owner, ...]:
    return tuple(_owner(shape) for shape in shapes)


def _owner(shape: OwnerShape) -> Owner:
    if shape.group:
        return Owner(shape.group, "group", pick=shape.pick)
    if shape.codeowners:
        return Owner(_anonymous(shape.codeowners), "table", key=shape.path or "")
    if shape.table:
        return Owner(shape.table, "table", key=shape.key or "")
    if shape.person:
        return Owner(shape.person)
    return Owner(shape.on_call, "on_call") if shape.on_call else Owner(shape.field or "", "field")


def _anonymous(file: str) -> str:
    """What a CODEOWNERS file is called that is named in a rule only."""
    return f"codeowners:{file}"


# ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _apart(accepted: tuple[str, ...]) -> tuple[str, ...]:
    """A list accepts any of its values, and whatever is not one thing is another."""
    if len(accepted) > 1 and (excluding := next((one for one in accepted if one.startswith("!=")), None)):
        raise ValueError(f'"{excluding}" in a list would accept nearly everything; let an earlier rule take the others')
    return accepted


Accepted = Annotated[
    tuple[Annotated[str, written(values.accepted)], ...], Field(min_length=1), AfterValidator(_apart), SEVERAL
]


class Routing(Shape):
    """One rule; without `when` it matches every alert."""

    name: MaybeName = None
    when: Annotated[dict[AlertField, Accepted], nothing({})] = Field(default_factory=dict)
    owner: Owners = ()
    channel: Channels = ()
    policy: MaybeWord = None

    @model_validator(mode="after")
    def _decides(self) -> Routing:
        if not (self.owner or self.channel or self.policy):
            raise ValueError("decides nothing: give it an owner, a channel or a policy")
        return self


def first(channels: tuple[str, ...]) -> str | None:
    """The card's own channel."""
    return channels[0] if channels else None


def rule(shape: Routing) -> Rule:
    return Rule(
        when=shape.when,
        owners=owners(shape.owner),
        channel=first(shape.channel),
        also=shape.channel[1:],
        policy=shape.policy,
        name=shape.name or "",
    )


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class TableShape(Shape):
    """A table of owners: a CSV file, a service that is asked, or a CODEOWNERS file."""

    file: MaybeWord = None
    key: Word = "key"
    owner: Word = "owner"
    url: Annotated[Annotated[str, written(values.address)] | None, GIVEN] = None
    timeout: SomeTime = timedelta(seconds=2)
    keep: SomeTime = timedelta(minutes=5)
    token_env: Annotated[Annotated[str, written(values.variable)] | None, GIVEN] = None
    codeowners: MaybeWord = None
    names: Annotated[dict[Annotated[str, written(values.code_owner)], Email], nothing({})] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_kind(self) -> TableShape:
        kinds = [kind for kind in _KINDS if getattr(self, kind)]
        if len(kinds) != 1:
            raise ValueError(f"is {len(kinds) or 'no'} kinds of table; give it one of {', '.join(_KINDS)}")
        for kind, keys in _KINDS.items():
            if kind != kinds[0] and (there := sorted(self.model_fields_set & keys)):
                raise ValueError(f"{there[0]} belongs to {kind}, not to {kinds[0]}")
        return self


_KINDS = {"file": {"key", "owner"}, "url": {"timeout", "keep", "token_env"}, "codeowners": {"names"}}


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of owners as `connectors.lookup` makes it: `lookup(kind)(where, **options)`."""

    name: str
    kind: str
    """csv | http | codeowners"""
    where: str
    """a file, from where the process runs, or an address with {key} in it"""
    options: Mapping[str, Any] = field(default_factory=dict)
    token_env: str | None = None
    """of http: the environment variable that holds the token"""


def table(name: str, shape: TableShape, folder: Path) -> Table:
    """`folder`: where the paths of the file begin."""
    if shape.url:
        seconds = {"timeout": shape.timeout.total_seconds(), "ttl": shape.keep.total_seconds()}
        return Table(name=name, kind="http", where=shape.url, options=seconds, token_env=shape.token_env)
    if shape.codeowners:
        return _code(name, shape.codeowners, folder, shape.names)
    return _csv(name, shape.file or "", folder, {"key": shape.key, "owner": shape.owner})


def _code(name: str, file: str, folder: Path, names: Mapping[str, str]) -> Table:
    return Table(name=name, kind="codeowners", where=str(folder / file), options={"names": dict(names)})


def _csv(name: str, file: str, folder: Path, columns: Mapping[str, str]) -> Table:
    return Table(name=name, kind="csv", where=str(folder / file), options=dict(columns))


def is_file(table: str) -> bool:
    """Whether what a rule calls a table may be the file itself."""
    return table.endswith(".csv")


def inline(shapes: Iterable[OwnerShape], named: Mapping[str, TableShape], folder: Path) -> Iterator[Table]:
    """The tables that stand in rules only."""
    for shape in shapes:
        if shape.codeowners:
            yield _code(_anonymous(shape.codeowners), shape.codeowners, folder, {})
        elif shape.table and shape.table not in named and is_file(shape.table):
            yield _csv(shape.table, shape.table, folder, {})
