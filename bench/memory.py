"""How much memory `closeloop up` holds: idle, and while what is stored grows.

    python bench/memory.py                        # idle, then eight minutes of load
    python bench/memory.py --minutes 60 --rate 2  # an hour as it is
    python bench/memory.py --minutes 0            # idle only

Linux only: it reads /proc/<pid>/smaps_rollup. PSS is what is really resident (a page that three processes share counts
a third for each); RSS counts it three times. The stand-in workspace is left out: it is no part of the product.

Then comes load: alerts at a steady rate, each shown as a card; its owner resolves it through the stand-in, or
acknowledges it and the source says that it is over. What is stored grows, what is open does not. The line through
the second half of the samples says how much memory grows; it is told per hour of the load as it was, and per 3,600
alerts (an hour of one alert a second). What is kept for a while only, as the addresses of answered clicks in Valkey for
25 minutes, still grows in a short run.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from product import NO_LIMITS, Product, Shown, Watch, alert, call, figure, note, processes, up, wait_until

IDLE_GOAL = 300.0
"""MB"""
GROWTH_GOAL = 4.0
"""MB an hour of one alert a second: what a line through noisy samples cannot tell from nothing"""
SETTLED = 20.0
"""seconds until a product that has started is idle"""
SAMPLE_EVERY = 5.0
FORM_EVERY = 4
"""each so-manieth alert is resolved by its owner's form, the others are cleared by their source"""
HASTE = "20"
"""how much faster the platform's limits pass: at their own pace they would hold up all that is measured here"""
CHANNELS = tuple(f"soak-{number}" for number in range(20))


@dataclass(frozen=True, kw_only=True)
class Held:
    """Megabytes of one process, or of several together."""

    pss: float
    rss: float

    def __add__(self, other: Held) -> Held:
        return Held(pss=self.pss + other.pss, rss=self.rss + other.rss)


def held(pid: int) -> Held:
    lines = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    found = {words[0]: int(words[1]) / 1024 for words in lines}
    return Held(pss=found["Pss:"], rss=found["Rss:"])


def everything(product: Product, supervisor: int) -> dict[str, Held]:
    """name ▶ what each process of the product holds now."""
    now = {"supervisor": supervisor} | dict(processes(product.place))
    return {name: held(pid) for name, pid in now.items() if name != "sandbox"}


def whole(found: dict[str, Held]) -> Held:
    return sum(found.values(), Held(pss=0.0, rss=0.0))


def idle(product: Product, supervisor: int) -> bool:
    time.sleep(SETTLED)
    found = everything(product, supervisor)
    for name, one in found.items():
        note(f"idle: {name}", f"{one.pss:.1f} MB PSS   {one.rss:.1f} MB RSS")
    all_of_it = whole(found)
    note("idle: sum of RSS (shared pages counted again)", f"{all_of_it.rss:.1f} MB")
    return figure(
        "idle: resident (sum of PSS)",
        f"{all_of_it.pss:.1f} MB",
        reference=f"{IDLE_GOAL:.0f} MB",
        ratio=all_of_it.pss / IDLE_GOAL,
        goal=f"<= {IDLE_GOAL:.0f} MB",
        met=all_of_it.pss <= IDLE_GOAL,
    )


# ── load ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(kw_only=True)
class Soak:
    """Raises at a steady rate; whatever has a card is finished."""

    product: Product
    rate: float
    watch: Watch
    raised: int = 0
    failed: int = 0
    done: set[str] = field(default_factory=set)

    def run(self, seconds: float) -> Iterator[float]:
        """Yields the seconds that have passed, about once a second."""
        begun = time.monotonic()
        with ThreadPoolExecutor(4) as people:
            while (passed := time.monotonic() - begun) < seconds:
                owed = min(int(passed * self.rate) - self.raised, int(self.rate * 5) + 1)
                if owed > 0:
                    bodies = (alert(self.raised + n, CHANNELS[(self.raised + n) % len(CHANNELS)]) for n in range(owed))
                    self.product.send(list(bodies), connections=4)
                    self.raised += owed
                self.finish(people)
                yield passed
                time.sleep(max(0.0, 1.0 - (time.monotonic() - begun - passed)))

    def finish(self, people: ThreadPoolExecutor) -> None:
        new = [name for name in self.watch.look().cards if name not in self.done]
        self.done.update(new)
        by_form, others = new[::FORM_EVERY], [name for at, name in enumerate(new) if at % FORM_EVERY]
        outcomes = [self.resolve(self.watch.cards[name]) for name in by_form]
        outcomes += people.map(self.acknowledge, others)
        outcomes += people.map(self.clear, others)
        self.failed += len(outcomes) - sum(outcomes)

    def acknowledge(self, name: str) -> bool:
        return bool(self.product.press(self.watch.cards[name], "acknowledge")["ok"])

    def clear(self, name: str) -> bool:
        """The source says that it is over."""
        key = f"Bearer {self.product.key}"
        return call(f"{self.product.url}/v1/alerts/{name}/cleared", {}, authorization=key)["status"] == "closed"

    def resolve(self, card: Shown) -> bool:
        """A click, and the form that it opens filled in: one at a time, as one person does."""
        if not self.product.press(card, "resolve")["ok"]:
            return False
        (form,) = wait_until(self._modals, what="the form")
        values = {"field:what": {"filled": {"type": "plain_text_input", "value": "The invoice was corrected."}}}
        body = {"as": "U0ANA", "view_id": form["id"], "values": values}
        return bool(call(f"{self.product.box}/submit", body)["ok"])

    def _modals(self) -> list[Any]:
        return list(call(f"{self.product.box}/state?as=U0ANA")["modals"])


def soak(product: Product, supervisor: int, *, minutes: float, rate: float) -> bool:
    load = Soak(product=product, rate=rate, watch=Watch(product=product))
    samples: list[tuple[float, dict[str, Held]]] = []
    for passed in load.run(minutes * 60):
        if passed >= len(samples) * SAMPLE_EVERY:
            samples.append((passed, everything(product, supervisor)))
            if len(samples) % int(60 / SAMPLE_EVERY) == 1:
                now = whole(samples[-1][1])
                note(
                    f"load: after {passed / 60:4.1f} min, {load.raised:,} alerts",
                    f"{now.pss:.1f} MB PSS   {now.rss:.1f} MB RSS",
                )
    note("load: alerts shown and closed; clicks that failed", f"{len(load.done):,}; {load.failed}")
    note("load: still open at the end", f"{still_open(product):,}")
    later = samples[len(samples) // 2 :]
    for name in later[0][1].keys() & later[-1][1].keys():
        before, after = later[0][1][name], later[-1][1][name]
        note(f"second half: {name}", f"{after.pss - before.pss:+.1f} MB PSS   {after.rss - before.rss:+.1f} MB RSS")
    return growth([(passed, whole(found).pss) for passed, found in later], rate)


def growth(samples: list[tuple[float, float]], rate: float) -> bool:
    """The slope of the line through these samples: after the warming up, memory is not to grow."""
    a_second = statistics.linear_regression(*zip(*samples, strict=True)).slope
    per_load = a_second * 3600 / rate
    note(f"growth, an hour of {rate:g} alerts a second", f"{a_second * 3600:+.1f} MB")
    return figure(
        "growth, an hour of 1 alert a second",
        f"{per_load:+.2f} MB",
        reference=f"3,600 alerts, at {rate:g} a second",
        goal=f"<= {GROWTH_GOAL:g} MB",
        met=per_load <= GROWTH_GOAL,
    )


def still_open(product: Product) -> int:
    with urllib.request.urlopen(f"{product.url}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(int(float(line.rpartition(" ")[2])) for line in lines if line.startswith("closeloop_alerts{"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=8.0, help="of load; 0 for none")
    parser.add_argument("--rate", type=float, default=8.0, help="alerts a second")
    asked = parser.parse_args()
    with up("memory", channels=CHANNELS, CLOSELOOP_HASTE=HASTE) as product:
        product.limits(**NO_LIMITS)
        met = idle(product, product.supervisor)
        if asked.minutes:
            met &= soak(product, product.supervisor, minutes=asked.minutes, rate=asked.rate)
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
