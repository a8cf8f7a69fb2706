"""How fast recorded alerts are replayed, and how much memory that takes: 10,000, 100,000 and 1,000,000 of them.

    python bench/simulate.py                    # five minutes
    python bench/simulate.py --most 100000      # smaller

The history is made while it is replayed, so that none of it is stored: 2,000 alerts a day (a million are 500 days),
200 people in six time zones with working and quiet hours. Nine alerts in ten are answered before anybody is
reminded, as in a team that is well; one in ten is lived through with reminders and escalations. `--noisy` turns it
round. The reference is the same history made and thrown away, in the same minute. One process, one core.

Memory is the peak of the process (Linux), each size in a process of its own. It is held against a tenth of the alerts,
as the time is: each person's buckets of times fill with the first hundred thousand and are bounded.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from product import figure, note

from bot.core.events import Actor, Kind
from bot.core.people import Person
from bot.core.policy import Policy, Step
from bot.core.routing import Plan
from bot.core.signal import Severity, Signal
from bot.replay.engine import Replay, Rules
from bot.replay.history import Past, Reaction
from bot.replay.outcome import Outcome
from bot.replay.roster import Town, Virtual

SIZES = (10_000, 100_000, 1_000_000)
GOAL = 20_000
"""alerts a second"""
LINEAR, FLAT = 1.25, 1.25
A_DAY = 2_000
"""alerts"""
START = datetime(2026, 3, 2, tzinfo=UTC)
ZONES = ("Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "America/Los_Angeles", "Asia/Tokyo", "UTC")
SEVERITIES = (Severity.WARNING, Severity.WARNING, Severity.ERROR, Severity.INFO, Severity.ERROR, Severity.CRITICAL)


def people() -> dict[str, Person]:
    found = {}
    for n in range(200):
        manager = f"p{n // 10}@acme.example" if n else None
        person = Person(
            id=f"p{n}@acme.example",
            name=f"P{n}",
            manager=manager,
            time_zone=ZONES[n % 6],
            working="Mon-Fri 09:00-17:30" if n % 2 else "",
            quiet="22:00-07:00" if n % 3 == 0 else "",
        )
        found[person.id] = person
    return found


def policy() -> Policy:
    minutes, hour, day = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
    steps = (
        Step(who=("owner",), nudge_every=20 * minutes, nudges=2),
        Step(who=("manager",), nudge_every=hour, nudges=1),
        Step(who=("#ai-exceptions",), nudge_every=6 * hour),
    )
    return Policy(
        name="default",
        steps=steps,
        answer_within={Severity.CRITICAL: hour, Severity.ERROR: 12 * hour, Severity.WARNING: 3 * day},
        within=dict(zip(Severity, (4 * hour, day, 3 * day, 7 * day), strict=True)),
        check_in_every=2 * hour,
        hours={"critical": "always", "default": "working"},
    )


def history(count: int, *, noisy: bool) -> Iterator[Past]:
    """The same for the same count; each alert is made when it is asked for."""
    rng, every = random.Random(count), timedelta(days=1) / A_DAY
    actors = [Actor(kind="person", id=f"p{n}@acme.example", name=f"P{n}") for n in range(200)]
    signals = [
        Signal(source="ap-auditor", title="Invoice 7731 is paid twice", severity=severity, dedup_key="k")
        for severity in SEVERITIES
    ]
    done = {"reason": "Refunded."}
    minute = timedelta(minutes=1)
    for n in range(count):
        at = START + every * n
        actor = actors[int(rng.random() * 200)]
        acknowledged = minute * (rng.random() * 15)
        if (rng.random() < 0.1) is not noisy:
            acknowledged = minute * (30 + rng.random() * 300)
        resolved = acknowledged + minute * (5 + rng.random() * 100)
        yield Past(
            id=str(n),
            signal=signals[n % 6],
            raised_at=at,
            owner=actor.id,
            place="slack:#ai-alerts",
            policy="default",
            reactions=(
                Reaction(Kind.ACKNOWLEDGED, at + acknowledged, actor, 0, acknowledged),
                Reaction(Kind.RESOLVED, at + resolved, actor, 0, resolved, done),
            ),
            last=at + resolved,
        )


def one(count: int, *, noisy: bool) -> tuple[float, float, float]:
    """(seconds to make the history, seconds to make and replay it, peak memory in MB)"""
    begun = time.process_time()
    for _ in history(count, noisy=noisy):
        pass
    made = time.process_time() - begun
    staff, rules = people(), policy()
    roster, watch = Virtual(Town(find=staff.get)), Outcome()
    plan = Plan(last_resort="p0@acme.example", fallback_channel="#ai-exceptions")
    replay = Replay(Rules(plan=plan, policy=lambda name, version: rules), roster, watch)
    begun, end = time.process_time(), START
    for past in history(count, noisy=noisy):
        replay.feed(past)
        end = past.raised_at
    replay.finish(end + timedelta(days=2))
    seconds = time.process_time() - begun
    if watch.fate.alerts != count or watch.fate.never_acknowledged:
        raise SystemExit("not every alert was replayed to its end")
    return made, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(count: int, *, noisy: bool) -> tuple[float, float, float]:
    """The same in a process of its own, whose peak of memory is its own."""
    asked = [sys.executable, __file__, "--one", str(count), *(["--noisy"] if noisy else [])]
    said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()
    made, seconds, peak = map(float, said)
    return made, seconds, peak


def report(sizes: tuple[int, ...], *, noisy: bool) -> bool:
    found = {count: apart(count, noisy=noisy) for count in sizes}
    for count, (made, seconds, peak) in found.items():
        note(f"{count:,} alerts made and thrown away", f"{count / made:,.0f}/s")
        note(f"{count:,} alerts: peak memory", f"{peak:.1f} MB")
        met = count / (seconds - made) >= GOAL
        figure(
            f"{count:,} alerts replayed",
            f"{count / (seconds - made):,.0f}/s",
            reference=f"{count / seconds:,.0f}/s with making them",
            goal=f">= {GOAL:,}/s",
            met=met,
        )
    small, large = sizes[-2], sizes[-1]
    time_each = {count: (seconds - made) / count for count, (made, seconds, _) in found.items()}
    linear = time_each[large] / time_each[small]
    flat = found[large][2] / found[small][2]
    met = figure(
        f"time for one: among {large:,}",
        f"{time_each[large] * 1e6:.1f} us",
        reference=f"{time_each[small] * 1e6:.1f} us among {small:,}",
        ratio=linear,
        goal=f"<= {LINEAR}x",
        met=linear <= LINEAR,
    )
    return (
        met
        & figure(
            f"memory: {large:,}",
            f"{found[large][2]:.1f} MB",
            reference=f"{found[small][2]:.1f} MB for {small:,}",
            ratio=flat,
            goal=f"<= {FLAT}x",
            met=flat <= FLAT,
        )
        & (1 / time_each[large] >= GOAL)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=SIZES[-1], choices=SIZES[1:])
    parser.add_argument("--noisy", action="store_true", help="nine in ten are lived through")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(*one(asked.one, noisy=asked.noisy))
        return
    sys.exit(0 if report(tuple(size for size in SIZES if size <= asked.most), noisy=asked.noisy) else 1)


if __name__ == "__main__":
    main()
