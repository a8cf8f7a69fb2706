"""Who is asked at a step: whom it names, of those who are there, whose hours it is, whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.given import Given
from bot.core.hours import opening
from bot.core.people import absent, gone, managers, stand_in
from bot.core.policy import EVERYONE, ONE_AT_A_TIME, ROUND_ROBIN, Step
from bot.core.routing import members_here, on_call_for
from bot.core.signal import Severity
from bot.core.state import Alert


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who is asked at a step, and who was stepped over on the way, with the reason."""

    step: int
    people: tuple[str, ...] = ()
    channel: str | None = None
    skipped: tuple[str, ...] = ()
    turn: str | None = None
    """the turn that choosing among them uses up"""


def ask(alert: Alert, step: int, given: Given, *, n: int = 0) -> Asked:
    """Who is asked at `step` or, where nobody can be, at the next step that has somebody.

    `n`: which time they are asked there, 0 for the first. Where nobody is left at the last step either, it is the
    owner of last resort.
    """
    policy, skipped = given.policy, list[str]()
    for index in range(min(step, len(policy.steps) - 1), len(policy.steps)):
        rung = policy.steps[index]
        if rung.channel:
            return Asked(step=index, channel=rung.channel, skipped=tuple(skipped))
        people, over = _of_rung(rung, alert, given)
        skipped += over
        if people:
            there = index == alert.step
            before = alert.asking if there else ()
            if rung.ask != EVERYONE:
                # Whose turn it is goes round among those who may be asked at this hour.
                people = list(awake(people, given, severity=alert.severity))
            chosen, turn = _chosen(rung, people, before, given, n=n if there else 0)
            return Asked(step=index, people=chosen, skipped=tuple(skipped), turn=turn)
    return Asked(step=len(policy.steps) - 1, people=(_last(given),), skipped=tuple(skipped))


def everyone_at(alert: Alert, given: Given) -> tuple[str, ...]:
    """All whom the alert's current step names, whoever of them is asked this time."""
    asked = ask(alert, alert.step, given, n=alert.asked)
    return tuple(dict.fromkeys((*asked.people, *_of_rung(given.policy.step(asked.step), alert, given)[0])))


def _of_rung(rung: Step, alert: Alert, given: Given) -> tuple[list[str], list[str]]:
    """The people of a rung who can be asked, each once, and a sentence for each who cannot."""
    people: dict[str, None] = {}
    over: list[str] = []
    for who in rung.who:
        found = _people(who, alert.owner, given)
        for one in found:
            person = _there(one, given)
            if person is None:
                over.append(f"{who}: {_why_not(one, given)}")
            else:
                people.setdefault(person)
        if not found:
            over.append(f"{who}: {_nobody(who, given)}")
    return list(people), over


def _people(who: str, owner: str, given: Given) -> Sequence[str]:
    if who == "owner":
        return (owner,)
    if is_manager(who):
        chain = list(managers(owner, given.roster))
        height = who.count("manager")
        return (chain[height - 1],) if len(chain) >= height else ()
    kind, _, name = who.partition(": ")
    if kind == "on call":
        found = on_call_for(name, given.plan, given.roster, given.now)
        return () if isinstance(found, str) else found
    if kind == "group":
        return members_here(name, given.roster, given.now)
    return (who,)


def is_manager(who: str) -> bool:
    return who.startswith("manager") and "@" not in who


def _nobody(who: str, given: Given) -> str:
    if who.startswith("on call: "):
        return str(on_call_for(who.removeprefix("on call: "), given.plan, given.roster, given.now))
    return "nobody of it is there" if who.startswith("group: ") else "nobody in the directory"


def _there(person: str, given: Given) -> str | None:
    """Themselves where they can be asked, else who stands in for them, else nobody."""
    if gone(person, given.roster):
        return None
    if not absent(person, given.roster, given.now):
        return person
    return stand_in(person, given.roster, given.now)


def _last(given: Given) -> str:
    """The owner of last resort or, where they are away, who stands in for them."""
    return _there(given.plan.last_resort, given) or given.plan.last_resort


def _why_not(person: str, given: Given) -> str:
    away = absent(person, given.roster, given.now)
    reason = gone(person, given.roster) or (f"away until {away.until:%Y-%m-%d %H:%M} UTC" if away else "not there")
    return f"{person} is {reason}"


def _chosen(
    rung: Step, people: list[str], before: tuple[str, ...], given: Given, *, n: int
) -> tuple[tuple[str, ...], str | None]:
    """Those of a rung's people who are asked this time, and the turn that this uses up.

    `before`: who was chosen in turn when they were last asked.
    """
    if rung.ask == EVERYONE or len(people) == 1:
        return tuple(people), None
    if rung.ask == ONE_AT_A_TIME:
        return (people[n % len(people)],), None
    if same := tuple(one for one in before if one in people):
        return same, None
    name = f"{given.policy.name}: {rung.named}"
    return (people[given.roster.turn(name) % len(people)],), name if rung.ask == ROUND_ROBIN else None


def awake(people: Sequence[str], given: Given, *, severity: Severity) -> tuple[str, ...]:
    """Those of them who may be asked now; all of them where nobody may: it cannot wait any longer."""
    kept = given.policy.kept(severity)
    return tuple(one for one in people if _open(one, given, kept)) or tuple(people)


def _open(one: str, given: Given, kept: str) -> bool:
    person = given.roster.person(one)
    return person is None or opening(person.hours, given.now, kept=kept, days_off=given.plan.days_off) == given.now
