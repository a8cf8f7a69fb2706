"""Who owns an alert and where its card goes, decided from data; never from its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from bot.core.matching import matches, value_of
from bot.core.oncall import on_call
from bot.core.people import Roster, absent, gone, managers, stand_in
from bot.core.plan import LEAST_LOADED as LEAST_LOADED
from bot.core.plan import PICKS as PICKS
from bot.core.plan import ROUND_ROBIN as ROUND_ROBIN
from bot.core.plan import Known as Known
from bot.core.plan import Owner as Owner
from bot.core.plan import Plan as Plan
from bot.core.plan import Rule as Rule
from bot.core.signal import Signal


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Somebody who could own it, why, and whose turn that uses up."""

    person: str
    why: str
    turn: str | None = None


@dataclass(frozen=True, kw_only=True)
class Route:
    """The answer of routing, each part with the reason it was chosen."""

    signal: Signal
    claims: tuple[tuple[Owner, str], ...]
    """(way to an owner, reason), best first: whom the alert, a rule or the source names"""
    channel: str
    also: tuple[str, ...] = ()
    """where else the card is shown"""
    policy: str
    rules: frozenset[str]
    """names of the rules that matched"""
    because: str = ""
    """which of them decided on the channel and the policy"""

    def owner(self, known: Known, declined: tuple[str, ...] = ()) -> Candidate:
        """The first who can own it and has not declined; the reason tells who was stepped over.

        The owner of last resort where nobody else can, whatever they said.
        """
        over: list[str] = []
        for found in self.candidates(known):
            if isinstance(found, str):
                over.append(found)
            elif found.person not in declined:
                return replace(found, why="; ".join((*over, found.why))) if over else found
        return Candidate(person=known.plan.last_resort, why="; ".join((*over, "owner of last resort")))

    def following(self, known: Known, declined: tuple[str, ...]) -> Candidate | None:
        """As `owner`, but None where everybody has declined."""
        found = self.owner(known, declined)
        return None if found.person in declined or gone(found.person, known.roster) else found

    def candidates(self, known: Known) -> Iterator[Candidate | str]:
        """Everybody in question, best first, each once; a sentence for each who is stepped over."""
        seen: set[str] = set()
        # Nobody looks further up than there is a need to: most alerts go to the first who is named.
        for found in chain(
            self._named(known),
            self._above(known),
            (Candidate(person=known.plan.last_resort, why="owner of last resort"),),
        ):
            if isinstance(found, str):
                yield found
                continue
            if found.person in seen:
                continue
            one = _here(found, known)
            seen.add(found.person)
            if isinstance(one, str):
                yield one
            elif one.person == found.person or one.person not in seen:
                seen.add(one.person)
                yield one

    def _named(self, known: Known) -> Iterator[Candidate | str]:
        for owner, why in self.claims:
            yield from _found(owner, self.signal, why, known)

    def _above(self, known: Known) -> Iterator[Candidate]:
        """The managers above those who are named, nearest first."""
        named = dict.fromkeys(one.person for one in self._named(known) if isinstance(one, Candidate))
        for person in named:
            for manager in managers(person, known.roster):
                if manager not in named:
                    yield Candidate(person=manager, why=f"manager of {person}")


def _here(found: Candidate, known: Known) -> Candidate | str:
    """Who can own it in place of this candidate: themselves or who stands in for them; else why nobody."""
    # A source may name them by a chat id; everywhere else they go by the id that the directory has.
    person = known.roster.person(found.person)
    ref = person.id if person else found.person
    if reason := gone(ref, known.roster):
        return f"{ref} is {reason}"
    away = absent(ref, known.roster, known.at)
    if away is None:
        return found if ref == found.person else Candidate(person=ref, why=found.why, turn=found.turn)
    until = f"away until {away.until:%Y-%m-%d %H:%M} UTC"
    if delegate := stand_in(ref, known.roster, known.at):
        return Candidate(person=delegate, why=f"{found.why}; stands in for {ref}, {until}", turn=found.turn)
    return f"{ref} is {until}"


def _found(owner: Owner, signal: Signal, why: str, known: Known) -> Iterator[Candidate | str]:
    """The people a way leads to, or why it leads to nobody."""
    people = _WAYS[owner.kind](owner, signal, known)
    if isinstance(people, str):
        yield f"{why}: {people}"
    else:
        how = "" if owner.kind == "person" else f" ({_described(owner)})"
        turn = f"group {owner.who}" if owner.kind == "group" and owner.pick == ROUND_ROBIN else None
        for n, person in enumerate(people):
            yield Candidate(person=person, why=f"{why}{how}", turn=None if n else turn)


def _described(owner: Owner) -> str:
    return {
        "on_call": f"on call for {owner.who}",
        "group": f"{owner.who}, {owner.pick}",
        "field": f"named in {owner.who}",
        "table": f"{owner.who}, by {owner.key}",
    }[owner.kind]


People = tuple[str, ...] | str


def _person(owner: Owner, signal: Signal, known: Known) -> People:
    return (owner.who,)


def _on_call(owner: Owner, signal: Signal, known: Known) -> People:
    return on_call_for(owner.who, known.plan, known.roster, known.at)


def on_call_for(name: str, plan: Plan, roster: Roster, at: datetime) -> People:
    """Who is on call for a schedule at an instant, or why nobody is."""
    schedule = plan.schedules.get(name)
    if schedule is None:
        return f"there is no schedule {name}"
    shift = on_call(schedule, at, roster.shifts(name, at))
    return (shift.person,) if shift else f"nobody is on call for {name}"


def _group(owner: Owner, signal: Signal, known: Known) -> People:
    """The members who can be asked, in the order in which they are to be: least loaded or in turn."""
    members = members_here(owner.who, known.roster, known.at)
    if not members:
        return f"nobody of {owner.who} is there"
    if owner.pick == ROUND_ROBIN:
        first = known.roster.turn(f"group {owner.who}") % len(members)
        return (*members[first:], *members[:first])
    load = known.roster.load(members)
    return tuple(sorted(members, key=lambda person: load[person]))


def members_here(handle: str, roster: Roster, at: datetime) -> tuple[str, ...]:
    """The members of a group who can be asked now."""
    return tuple(one for one in roster.group(handle) if not gone(one, roster) and not absent(one, roster, at))


_EMAIL = re.compile(
    r"[^\s@<>,;:]+@[^\s@<>,;:]+\.[^\s@<>,;:]+|slack:[UW][A-Z0-9]{2,20}|teams:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)


def _in_field(owner: Owner, signal: Signal, known: Known) -> People:
    named = (value_of(signal, owner.who) or "").strip()
    # Ids of Slack are written in capitals; Teams' and e-mails mean the same however they are written.
    ref = named if named.startswith("slack:") else named.lower()
    # What an AI wrote there is data: nothing that does not look like a person is ever looked up, however long it is.
    return (ref,) if len(ref) <= 320 and _EMAIL.fullmatch(ref) else f"{owner.who} names nobody"


def _in_table(owner: Owner, signal: Signal, known: Known) -> People:
    key = value_of(signal, owner.key)
    if key is None:
        return f"the alert has no {owner.key}"
    if owner.who in known.looked.away:
        return f"{owner.who} could not be asked"
    found = known.looked.found.get((owner.who, key))
    return (found,) if found else f"{owner.who} has no owner for it"


_WAYS: dict[str, Callable[[Owner, Signal, Known], People]] = {
    "person": _person,
    "on_call": _on_call,
    "group": _group,
    "field": _in_field,
    "table": _in_table,
}


def route(signal: Signal, plan: Plan) -> Route:
    """First match wins, the more specific first: the alert's own words, a rule with `when`, the source, the rest.

    The chain of owners always ends at the owner of last resort.
    """
    layers = tuple(_layers(signal, plan))
    nowhere = plan.fallback_channel, (), "fallback"
    channel, also, by_channel = next(((r.channel, r.also, why) for why, r in layers if r.channel), nowhere)
    policy, by_policy = next(((r.policy, why) for why, r in layers if r.policy), ("default", "built in"))
    claims = [(Owner(signal.owner), "named in the alert")] if signal.owner else []
    claims += [(owner, why) for why, rule in layers for owner in rule.owners]
    return Route(
        signal=signal,
        claims=tuple(claims),
        channel=channel,
        also=also,
        policy=policy,
        rules=frozenset(rule.name for _, rule in layers if rule.name),
        because=f"channel: {by_channel}; policy: {by_policy}",
    )


def wanted(signal: Signal, plan: Plan) -> list[tuple[str, str]]:
    """(table, key) of everything that has to be looked up before this signal can be routed."""
    tables = [owner for _, rule in _layers(signal, plan) for owner in rule.owners if owner.kind == "table"]
    return [(owner.who, key) for owner in tables if (key := value_of(signal, owner.key)) is not None]


def _layers(signal: Signal, plan: Plan) -> Iterator[tuple[str, Rule]]:
    matching = [(n, rule) for n, rule in enumerate(plan.rules, start=1) if matches(rule.when, signal)]
    yield from ((called(n, rule), rule) for n, rule in matching if rule.when)
    if signal.source in plan.sources:
        yield "the source's own", plan.sources[signal.source]
    yield from ((called(n, rule), rule) for n, rule in matching if not rule.when)


def called(n: int, rule: Rule) -> str:
    """What people call a rule; `n` counts from 1."""
    return f"routing rule {n} ({rule.name})" if rule.name else f"routing rule {n}"
