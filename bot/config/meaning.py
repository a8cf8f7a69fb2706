"""What the keys of closeloop.yaml mean together: names that must exist, and what is not what it seems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from bot.config.lines import Document, Path
from bot.config.mistakes import Mistake, did_you_mean, nearest
from bot.config.shapes import SEVERITIES, File, PolicyShape
from bot.core.people import Nobody, Person, managers

# ── mistakes: read from the raw data, so that they are listed together with those of the shape ───────────────────────


def mistakes(document: Document) -> Iterator[Mistake]:
    """Names that stand for nothing, and people or sources written twice in two spellings."""
    known = ["default", *_mapping(document.data, "policies")]
    for path, rule in _rules(document.data):
        policy = rule.get("policy")
        if isinstance(policy, str) and policy.strip() not in known:
            yield document.mistake((*path, "policy"), f"unknown policy {policy}; {did_you_mean(policy, known)}")
        yield from _severities(document, path, rule)
    yield from _twice(document)


def _severities(document: Document, path: Path, rule: dict[str, Any]) -> Iterator[Mistake]:
    wanted = _mapping(rule, "when").get("severity")
    for severity in wanted if isinstance(wanted, list) else [wanted]:
        if isinstance(severity, str) and severity not in SEVERITIES:
            what = f"unknown severity {severity}; {did_you_mean(severity, SEVERITIES)}"
            yield document.mistake((*path, "when", "severity"), what)


def _twice(document: Document) -> Iterator[Mistake]:
    people = list(_mapping(document.data, "people"))
    counted = Counter(name.strip().lower() for name in people)
    for name in people:
        if counted[name.strip().lower()] > 1 and name != name.strip().lower():
            yield document.mistake(("people", name), "written twice in another spelling; keep one")


def _rules(data: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    for name, rule in _mapping(data, "sources").items():
        if isinstance(rule, dict):
            yield ("sources", name), rule
    routing = data.get("routing") if isinstance(data, dict) else None
    for n, rule in enumerate(routing if isinstance(routing, list) else ()):
        if isinstance(rule, dict):
            yield ("routing", n), rule


def _mapping(data: Any, key: str) -> dict[str, Any]:
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}


# ── warnings: the file can be used, but not all of it does what its writer may think ─────────────────────────────────


def warnings(file: File, document: Document) -> Iterator[Mistake]:
    yield from _cycles(file, document)
    yield from _tops(file, document)
    yield from _strangers(file, document)
    yield from _not_yet(file, document)


class _Chart(Nobody):
    """The people of the file as a Roster."""

    def __init__(self, file: File) -> None:
        self._managers = {email: human.manager for email, human in file.people.items()}

    def person(self, person_id: str, /) -> Person | None:
        if person_id not in self._managers:
            return None
        return Person(id=person_id, name=person_id, manager=self._managers[person_id])


def _cycles(file: File, document: Document) -> Iterator[Mistake]:
    chart, told = _Chart(file), set[str]()
    for email in file.people:
        chain = [email, *managers(email, chart)]
        last = chart.person(chain[-1])
        back = last.manager if last else None
        if back in chain and not told & set(chain):
            told |= set(chain)
            loop = chain[chain.index(back) :]
            what = f"a cycle of managers, {' ▶ '.join((*loop, back))}: it ends the chain of who is asked"
            yield document.mistake(_written(document, "people", email, "manager"), what)


def _tops(file: File, document: Document) -> Iterator[Mistake]:
    for name, policy in file.policies.items():
        steps = policy.acknowledge.steps if policy.acknowledge else ()
        if steps and not steps[-1].who.startswith("#"):
            path = ("policies", name, "acknowledge", "steps", len(steps) - 1, "who")
            what = f"the last step asks {steps[-1].who} for ever; let it be a channel, where anyone can take it"
            yield document.mistake(path, what)


def _strangers(file: File, document: Document) -> Iterator[Mistake]:
    """People named somewhere whom nobody can know, or who are probably somebody else."""
    for path, email in _named(file, document):
        if email in file.people:
            continue
        match = nearest(email, file.people, cutoff=0.9)
        hint = f"did you mean {match}?" if match else "add them, or add slack to directory"
        if match or "slack" not in file.directory:
            yield document.mistake(path, f"{email} is not among people; {hint}")


def _named(file: File, document: Document) -> Iterator[tuple[Path, str]]:
    yield ("fallback", "owner"), file.fallback.owner
    for email, human in file.people.items():
        if human.manager:
            yield _written(document, "people", email, "manager"), human.manager
    for name, source in file.sources.items():
        if source.owner:
            yield ("sources", name, "owner"), source.owner
    for n, rule in enumerate(file.routing):
        if rule.owner:
            yield ("routing", n, "owner"), rule.owner
    yield from ((("admins", n), email) for n, email in enumerate(file.admins))


def _written(document: Document, section: str, name: str, key: str) -> Path:
    """The path of an entry whose name was lowered when it was read."""
    keys = _mapping(document.data, section)
    return (section, next((key for key in keys if key.strip().lower() == name), name), key)


def _not_yet(file: File, document: Document) -> Iterator[Mistake]:
    """What the file may say already and this version does not do yet: once each, at its first place."""
    policies = {"default": PolicyShape(), **file.policies}
    working = (("policies", name, "hours") for name, policy in policies.items() if "working" in policy.hours.values())
    verified = (("policies", name, "verify") for name, policy in policies.items() if policy.verify != "never")
    humans = (_written(document, "people", email, "hours") for email, human in file.people.items() if human.hours)
    answerable = (
        ("sources", name, key)
        for name, source in file.sources.items()
        for key in ("steward", "data_owner", "sponsor")
        if getattr(source, key)
    )
    for places, what in (
        (working, "working hours are not kept to yet: people are asked at all hours in this version"),
        (verified, "resolutions are not verified yet: they close at once in this version"),
        (humans, "kept, not used yet: people are asked at all hours in this version"),
        (answerable, "kept, not used yet: they are not asked in this version"),
    ):
        if path := next(iter(places), None):
            yield document.mistake(path, what)
