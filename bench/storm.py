"""Ten thousand alerts into one channel while somebody works: is a click still answered, and is anybody else late?

    python bench/storm.py                         # about three minutes
    python bench/storm.py --alerts 2000 --seconds 40

`closeloop up --sandbox` with the stand-in's limits as they are. Ana has 300 cards in thirty channels and clicks
Acknowledge three times a second, on those and on what the storm shows; her clicks go through the stand-in, which signs
them and waits for the answer as Slack does. Every two seconds an alert is raised for a quiet channel, first alone, then
during the storm. Of the storm one alert in a hundred is critical.

A click counts from the stand-in's sending it until the bot's answer (Slack gives it three seconds), and until the card
says who has it.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from product import Product, Shown, Watch, alert, clicks, figure, middle, note, percentile, up, wait_until

STORM, QUIET = "storm", "quiet"
DESKS = tuple(f"desk-{number}" for number in range(30))
CARDS = 300
CLICKS_A_SECOND = 3.0
QUIET_EVERY = 2.0
BEFORE = 30.0
"""seconds of the quiet channel alone"""
CLICK_GOAL = 500.0
"""ms"""
DELAY_GOAL = 0.5
"""seconds that the storm may add to the quiet channel's median: the noise of a machine that does both"""
CHANNEL = "C0STORM"


@dataclass(kw_only=True)
class Quiet:
    """Raises an alert for the quiet channel every two seconds."""

    product: Product
    first: int
    accepted: dict[str, float] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        for number in itertools.count(self.first):
            if self.stop.wait(QUIET_EVERY):
                return
            self.accepted |= self.product.send([alert(number, QUIET)], connections=1)


@dataclass(kw_only=True)
class Ana:
    """Clicks Acknowledge at a steady rate, on what is on the desks and on what the storm shows, in turns."""

    product: Product
    watch: Watch
    desks: list[Shown]
    clicked: dict[tuple[str, str], float] = field(default_factory=dict)
    """(channel, ts) ▶ when"""
    refused: list[Any] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        for number in itertools.count():
            card = None if self.stop.wait(1 / CLICKS_A_SECOND) else self._next(number)
            if card is None:
                return
            self.clicked[card.channel, card.ts] = time.time()
            answer = self.product.press(card, "acknowledge")
            if not answer["ok"]:
                self.refused.append(answer)

    def _next(self, number: int) -> Shown | None:
        """One that she has not clicked on yet; None where there is none left."""
        stormy = [card for card in reversed(list(self.watch.cards.values())) if card.channel == CHANNEL]
        offered = stormy + self.desks if number % 4 == 0 else self.desks + stormy
        return next((card for card in offered if (card.channel, card.ts) not in self.clicked), None)


@contextmanager
def going(*workers: Quiet | Ana) -> Iterator[None]:
    threads = [threading.Thread(target=worker.run, daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    yield
    for worker, thread in zip(workers, threads, strict=True):
        worker.stop.set()
        thread.join(60)


def late(accepted: dict[str, float], watch: Watch) -> list[float]:
    """Seconds from accepted to shown; until now for what is not shown yet."""
    return [(watch.cards[name].at if name in watch.cards else time.time()) - at for name, at in accepted.items()]


def storm(product: Product, asked: argparse.Namespace) -> bool:
    watch = Watch(product=product)
    desks = product.send([alert(number, DESKS[number % len(DESKS)]) for number in range(CARDS)])
    wait_until(lambda: desks.keys() <= watch.look().cards.keys(), what="the desks' cards")
    alone = Quiet(product=product, first=0)
    with going(alone):
        time.sleep(BEFORE)
    wait_until(lambda: alone.accepted.keys() <= watch.look().cards.keys(), what="the quiet channel's cards")
    since = watch.last

    ana = Ana(product=product, watch=watch, desks=[watch.cards[name] for name in desks])
    beside = Quiet(product=product, first=1_000)
    severities = ["critical" if number % 100 == 50 else "warning" for number in range(asked.alerts)]
    bodies = [alert(number, STORM, severity=severity) for number, severity in enumerate(severities)]
    with going(ana, beside):
        begun = time.time()
        accepted = product.send(bodies, connections=32)
        note("storm: accepted", f"{len(bodies) / (time.time() - begun):.0f}/s")
        while time.time() < begun + asked.seconds:
            time.sleep(1.0)
            watch.look()
    wait_until(lambda: beside.accepted.keys() <= watch.look().cards.keys(), 60, what="the quiet channel's cards")
    critical = [name for name, severity in zip(accepted, severities, strict=True) if severity == "critical"]
    told = [
        answered(ana, watch, clicks(product, since)),
        firsts(accepted, set(critical), watch),
        others(alone, beside, watch),
    ]
    messages(watch, accepted)
    return all(told)


# ── what it came to ──────────────────────────────────────────────────────────────────────────────────────────────────


def answered(ana: Ana, watch: Watch, noted: list[Any]) -> bool:
    took = [entry["ms"] for entry in noted]
    p50, p99 = percentile(took, 0.5), percentile(took, 0.99)
    failed = ana.refused + [entry for entry in noted if entry["status"] != 200]
    edited: dict[tuple[str, str], float] = {}
    for entry in watch.edits:
        edited.setdefault((entry["channel"], entry["ts"]), entry["at"])
    seen = [edited[card] - at for card, at in ana.clicked.items() if card in edited]
    note("clicks during the storm; refused", f"{len(noted)}; {len(failed)}")
    note("a click until the card says it, p50; p99", f"{percentile(seen, 0.5):.2f} s; {percentile(seen, 0.99):.2f} s")
    note("cards clicked that do not say it yet", f"{len(ana.clicked) - len(seen)} of {len(ana.clicked)}")
    for wrong in failed[:5]:
        print(f"  {wrong}", file=sys.stderr)
    met = p99 <= CLICK_GOAL and not failed
    said = f"p50 {p50:.0f} ms"
    return figure("a click's answer, p99", f"{p99:.0f} ms", reference=said, goal=f"<= {CLICK_GOAL:.0f} ms", met=met)


def firsts(accepted: dict[str, float], critical: set[str], watch: Watch) -> bool:
    """Critical ones come first: from the last one's acceptance on nothing less severe is shown before all of them."""
    shown = sorted((card.at, name) for name, card in watch.cards.items() if name in accepted)
    first = [at - min(accepted[name] for name in critical) for at, name in shown if name in critical]
    note("the first critical one shown after", f"{first[0]:.1f} s" if first else "never")
    note("critical ones shown; others", f"{len(first)} of {len(critical)}; {len(shown) - len(first)}")
    settled = max(accepted[name] for name in critical) + 2.0
    end = shown[[name for _, name in shown].index(_last(shown, critical))][0] if first else 0.0
    before = [name for at, name in shown if settled < at < end and name not in critical]
    return figure("less severe cards shown before critical", f"{len(before)}", goal="0", met=not before and bool(first))


def _last(shown: list[tuple[float, str]], critical: set[str]) -> str:
    return [name for _, name in shown if name in critical][-1]


def others(alone: Quiet, beside: Quiet, watch: Watch) -> bool:
    usual, now = late(alone.accepted, watch), late(beside.accepted, watch)
    note("another channel, accepted to shown: worst", f"{max(now):.2f} s; alone {max(usual):.2f} s")
    return figure(
        "another channel, accepted to shown: median",
        f"{middle(now):.2f} s",
        reference=f"{middle(usual):.2f} s alone",
        ratio=middle(now) / middle(usual),
        goal=f"<= {DELAY_GOAL:g} s more",
        met=middle(now) <= middle(usual) + DELAY_GOAL,
    )


def messages(watch: Watch, accepted: dict[str, float]) -> None:
    """What the storm's channel got, and who was told what beside it."""
    there = [post for post in watch.posts if post["channel"] == CHANNEL]
    begun = min(accepted.values())
    minutes = (max(post["at"] for post in there) - begun) / 60 if there else 1.0
    kinds = Counter(str(post["event_type"]).removeprefix("closeloop_") for post in there)
    said = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    note("the storm's channel got", f"{len(there)} messages, {len(there) / minutes:.0f} a minute: {said}")
    folds = watch.kinds("fold", CHANNEL)
    if folds:
        note("its shared card came after", f"{folds[0]['at'] - begun:.1f} s")
    edits = sum(entry["event_type"] == "closeloop_fold" for entry in watch.edits)
    note("edits of the shared card", f"{edits}")
    note("digests", f"{len(watch.kinds('digest'))}")
    note("429 provoked", f"{watch.limited}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=120.0, help="that are looked at from the storm's first alert")
    with up("storm", channels=[STORM, QUIET, *DESKS]) as product:
        met = storm(product, parser.parse_args())
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
