"""What would become of one alert, told to somebody who never read a policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from bot.commands.say import clean
from bot.core.explaining import Field, Judged, decided
from bot.core.hours import zone
from bot.core.policy import answer_by
from bot.core.policy_words import span, times
from bot.core.routing import Owner
from bot.timetable import Ask, Foresight

MOST = 20
"""candidates that are named"""


def lines(found: Foresight, *, version: str = "") -> Iterator[str]:
    """The whole answer, line by line; `version`: which version of the policy, where anybody knows."""
    yield from _head(found, version)
    yield "\nRules, in the order in which they are asked:"
    yield from _rules(found.rules)
    yield "\nWho could own it:"
    yield from _candidates(found)
    yield "\nIf nobody reacts:"
    yield from _timetable(found, found.asks)
    yield f"  {_for_ever(found)}"
    yield f"\nIf {found.owner.person} acknowledges and then says nothing:"
    yield from _timetable(found, found.check_ins)


def as_facts(found: Foresight, *, version: str = "") -> dict[str, Any]:
    """The same as JSON-able data."""
    policy = found.given.policy
    return {
        "at": found.now.isoformat(),
        "severity": found.signal.severity.value,
        "owner": found.owner.person,
        "why": found.owner.why,
        "channel": found.route.channel,
        "channel_by": decided(found.rules, "channel"),
        "policy": policy.name,
        "policy_by": decided(found.rules, "policy"),
        "policy_version": version or None,
        "steps": [list(step.who) for step in policy.steps],
        "own_steps": found.signal.severity in policy.ladders,
        "hours": policy.kept(found.signal.severity),
        "answer_by": found.alert.answer_by.isoformat() if found.alert.answer_by else None,
        "muted_until": found.mute.until.isoformat() if found.mute else None,
        "rules": [_rule_facts(rule) for rule in found.rules],
        "candidates": [
            {"stepped_over": one} if isinstance(one, str) else {"person": one.person, "why": one.why}
            for one in found.candidates
        ],
        "asks": [_ask_facts(ask, found) for ask in found.asks],
        "check_ins": [_ask_facts(ask, found) for ask in found.check_ins],
    }


def unseen(found: Foresight) -> bool:
    """Whether it depends on what the configuration alone does not tell: members of groups, who is on call."""
    ways = {owner.kind for rule in found.rules if rule.matches for owner in rule.rule.owners}
    steps = [who for step in found.given.policy.steps for who in step.who]
    return bool(ways & {"group", "on_call"}) or any(who.startswith(("group: ", "on call: ")) for who in steps)


# ── where it goes ────────────────────────────────────────────────────────────────────────────────────────────────────


def _head(found: Foresight, version: str) -> Iterator[str]:
    policy, severity = found.given.policy, found.signal.severity
    own = f" (those of what is {severity})" if severity in policy.ladders else ""
    which = f", {version}" if version else ""
    yield f"raised   {_local(found.now, 'UTC')}, {severity}"
    yield f"owner    {found.owner.person} ({found.owner.why})"
    yield f"channel  {found.route.channel} ({decided(found.rules, 'channel')})"
    yield f"policy   {policy.name} ({decided(found.rules, 'policy')}){which}"
    yield f"steps    {' › '.join(step.named for step in policy.steps)}{own}"
    yield f"hours    {_hours(found)}"
    if mute := found.mute:
        because = f", {mute.why}" if mute.why else ""
        yield f"muted    until {_local(mute.until, 'UTC')}, by {mute.owner}{because}: it waits in silence"


def _hours(found: Foresight) -> str:
    policy, severity = found.given.policy, found.signal.severity
    if policy.kept(severity) == "always":
        return f"what is {severity} is asked about at any hour, outside of quiet hours"
    latest = answer_by(policy, severity, found.mute.until if found.mute else found.now)
    if latest <= found.now:
        return f"what is {severity} keeps working hours, but no reminder may wait: name it under acknowledge.within"
    return f"a reminder waits for working hours, until {_local(latest, 'UTC')} at the latest"


def _rules(rules: Sequence[Judged]) -> Iterator[str]:
    if not rules:
        yield "  there are none: the fallback decides"
    for rule in rules:
        if fails := rule.fails:
            yield f"  ✗ {rule.name}: {_why_not(fails)}"
            continue
        fits = "; ".join(map(_fit, rule.fields)) or "takes every alert"
        yield f"  ✓ {rule.name}: {fits if rule.name != OWN else 'what sources says of it'}"
        yield f"      names {_given(rule)}"


OWN = "the source's own"


def _fit(field: Field) -> str:
    value = clean(field.value, 60)
    return f"{field.name} is {value}" if field.value in field.accepted else f"{field.name} is {value} ({_or(field)})"


def _why_not(field: Field) -> str:
    if field.value is None:
        return f"the alert has no {field.name} (wanted: {_or(field)})"
    return f"{field.name} is {clean(field.value, 60)}, not {_or(field)}"


def _or(field: Field) -> str:
    more = f" or {len(field.accepted) - 3} others" if len(field.accepted) > 3 else ""
    return " or ".join(field.accepted[:3]) + more


def _given(rule: Judged) -> str:
    owners = " then ".join(map(_way, rule.rule.owners))
    parts = [f"owner {owners}"] if owners else []
    parts += [f"channel {rule.rule.channel}"] if rule.rule.channel else []
    parts += [f"policy {rule.rule.policy}"] if rule.rule.policy else []
    return ", ".join(parts) or "nothing"


def _way(owner: Owner) -> str:
    return {
        "person": owner.who,
        "on_call": f"on call for {owner.who}",
        "group": f"{owner.who}, {owner.pick}",
        "field": f"who is named in {owner.who}",
        "table": f"by {owner.key} in {owner.who}",
    }[owner.kind]


def _rule_facts(rule: Judged) -> dict[str, Any]:
    fields = [
        {"field": one.name, "accepts": list(one.accepted), "value": one.value, "fits": one.fits} for one in rule.fields
    ]
    return {"name": rule.name, "matches": rule.matches, "fields": fields, "names": _given(rule)}


def _candidates(found: Foresight) -> Iterator[str]:
    n = 0
    for one in found.candidates[:MOST]:
        if isinstance(one, str):
            yield f"   – {clean(one, 300)}: stepped over"
        else:
            n += 1
            yield f"  {n}. {one.person}: {clean(one.why, 300)}"
    if len(found.candidates) > MOST:
        yield f"  … and {len(found.candidates) - MOST} more"


# ── what follows ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _timetable(found: Foresight, asks: Sequence[Ask]) -> Iterator[str]:
    rows = [(span(ask.after), _local(ask.at, _zone(ask, found)), ask) for ask in asks]
    wide = max((len(local) for _, local, _ in rows), default=0)
    for after, local, ask in rows:
        what = f"step {ask.step + 1}  {ask.what.replace('_', ' '):<10}"
        yield f"  {after:>8}  {local:<{wide}}  {what} {_who(ask)}{_remarks(ask)}"


def _who(ask: Ask) -> str:
    return ", ".join(ask.asked) or (
        "nobody: it is held back" if ask.what == "raised" else "nobody yet: it is open again"
    )


def _remarks(ask: Ask) -> str:
    """What is remarkable about it, in brackets."""
    said = [
        ask.because,
        f"waits for the {ask.waits}" if ask.waits else "",
        f"stepped over {'; '.join(ask.over)}" if ask.over else "",
        f"in the next digest of {', '.join(ask.in_digest)}" if ask.in_digest else "",
    ]
    told = "; ".join(filter(None, said))
    return f" ({clean(told, 400)})" if told else ""


def _for_ever(found: Foresight) -> str:
    policy = found.given.policy
    every = span(policy.steps[-1].nudge_every)
    if policy.repeat and len(policy.steps) > 1:
        return f"then the steps begin anew, {times(policy.repeat)}; then every {every} until somebody acknowledges"
    return f"then every {every} again, until somebody acknowledges"


def _zone(ask: Ask, found: Foresight) -> str:
    """Where it is told: the time zone of the first person who is asked."""
    people = (found.roster.person(one) for one in ask.asked if not one.startswith("#"))
    return next((person.time_zone for person in people if person), "UTC")


def _local(at: datetime, time_zone: str) -> str:
    """`Mon 02 Mar 09:00 Europe/Amsterdam`; with seconds where it has some."""
    where = zone(time_zone)
    there = at.astimezone(where)
    return f"{there:%a %d %b %H:%M:%S} {where.key}" if there.second else f"{there:%a %d %b %H:%M} {where.key}"


def _ask_facts(ask: Ask, found: Foresight) -> dict[str, Any]:
    return {
        "after_seconds": int(ask.after.total_seconds()),
        "at": ask.at.isoformat(),
        "local": _local(ask.at, _zone(ask, found)),
        "what": ask.what,
        "step": ask.step + 1,
        "asked": list(ask.asked),
        "stepped_over": list(ask.over),
        "waits_for": ask.waits or None,
        "in_digest": list(ask.in_digest),
        "because": ask.because or None,
    }
