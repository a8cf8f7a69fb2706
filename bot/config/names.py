"""Names in closeloop.yaml that must stand for something, and names that stand there twice.

They are read from the raw data, so that they are listed together with the mistakes of the shape.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from bot.config import values
from bot.config.lines import Document, Path
from bot.config.mistakes import Mistake, did_you_mean
from bot.config.notation import SEVERITIES
from bot.config.owners import is_file

Found = tuple[Path, str]
"""where a name stands, and the name"""


def mistakes(document: Document) -> Iterator[Mistake]:
    """Names that stand for nothing, and people, sources or rules written twice."""
    data = document.data
    wanted: tuple[tuple[str, Iterable[Found], Iterable[str]], ...] = (
        ("policy", _policies(data), ["default", *mapping(data, "policies")]),
        ("severity", _severities(data), SEVERITIES),
        ("schedule", (*_owners(data, "on_call"), *_steps(data)), mapping(data, "schedules")),
        ("table", _tables(data), mapping(data, "tables")),
        ("rule", _muted(data), [name for _, name in _rule_names(data)]),
    )
    for kind, found, known in wanted:
        for path, name in found:
            if name.strip() not in known:
                yield document.mistake(path, f"unknown {kind} {name}; {did_you_mean(name, known)}")
    yield from _twice(document)


def _policies(data: Any) -> Iterator[Found]:
    for path, rule in _rules(data):
        if isinstance(policy := rule.get("policy"), str):
            yield (*path, "policy"), policy


def _severities(data: Any) -> Iterator[Found]:
    for path, rule in _rules(data):
        for wanted in _listed(mapping(rule, "when").get("severity")):
            # `!= info` names one as well; what has a pattern in it names several.
            if isinstance(wanted, str) and "*" not in wanted:
                yield (*path, "when", "severity"), wanted.removeprefix("!=").strip()


def _owners(data: Any, key: str) -> Iterator[Found]:
    """Every schedule or table that an owner names."""
    for path, rule in _rules(data):
        owner = rule.get("owner")
        for n, way in enumerate(_listed(owner)):
            if isinstance(way, dict) and isinstance(name := way.get(key), str):
                yield (*path, "owner", *((n,) if isinstance(owner, list) else ()), key), name


def _tables(data: Any) -> Iterator[Found]:
    return ((path, name) for path, name in _owners(data, "table") if not is_file(name.strip()))


def _steps(data: Any) -> Iterator[Found]:
    """Every schedule that a step of a policy names."""
    for name, policy in mapping(data, "policies").items():
        first = mapping(policy, "acknowledge")
        path: Path = ("policies", name, "acknowledge")
        for around, holder in (((), first), *(((key,), mapping(first, key)) for key in SEVERITIES)):
            for n, step in enumerate(_listed(holder.get("steps"))):
                yield from _on_call((*path, *around, "steps", n, "who"), step.get("who") if _is_mapping(step) else None)


def _on_call(path: Path, who: Any) -> Iterator[Found]:
    for n, one in enumerate(_listed(who)):
        where = (*path, n) if isinstance(who, list) else path
        if _is_mapping(one) and len(one) == 1:
            one = ": ".join(str(part) for part in next(iter(one.items())))
        try:
            read = values.who(one) if isinstance(one, str) else ""
        except ValueError:
            continue  # told with the shape
        if read.startswith("on call: "):
            yield where, read.removeprefix("on call: ")


def _muted(data: Any) -> Iterator[Found]:
    windows = data.get("maintenance") if _is_mapping(data) else None
    for n, window in enumerate(_listed(windows)):
        if _is_mapping(window) and isinstance(name := window.get("rule"), str):
            yield ("maintenance", n, "rule"), name


def _twice(document: Document) -> Iterator[Mistake]:
    people = list(mapping(document.data, "people"))
    counted = Counter(name.strip().lower() for name in people)
    for name in people:
        if counted[name.strip().lower()] > 1 and name != name.strip().lower():
            yield document.mistake(("people", name), "written twice in another spelling; keep one")
    first: dict[str, Path] = {}
    for path, name in _rule_names(document.data):
        if name in first:
            yield document.mistake(path, f"another rule has this name, in line {document.line(first[name])}")
        first.setdefault(name, path)


def _rule_names(data: Any) -> Iterator[Found]:
    for path, rule in _rules(data):
        if path[0] == "routing" and isinstance(name := rule.get("name"), str):
            yield (*path, "name"), name.strip()


def _rules(data: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    """What decides where alerts go: the sources' own entries, then the rules."""
    for name, rule in mapping(data, "sources").items():
        if isinstance(rule, dict):
            yield ("sources", name), rule
    routing = data.get("routing") if _is_mapping(data) else None
    for n, rule in enumerate(routing if isinstance(routing, list) else ()):
        if isinstance(rule, dict):
            yield ("routing", n), rule


def mapping(data: Any, key: str) -> dict[str, Any]:
    """The mapping under a key, empty where there is none."""
    found = data.get(key) if _is_mapping(data) else None
    return found if isinstance(found, dict) else {}


def _is_mapping(data: Any) -> bool:
    return isinstance(data, dict)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
