"""How near to what the platform's limits allow: N alerts over C channels, until every card is shown.

    python bench/lanes.py                         # (500, 10), (1000, 50), (200, 1): about seven minutes
    python bench/lanes.py --cases 200x1
    python bench/lanes.py --platform teams        # the same in Teams: about five minutes

`closeloop up --sandbox`, one case after the other, each on a product of its own. The stand-in keeps all limits as it
has them. Slack: 1 message a second a channel, 600 a minute a workspace with 60 at once, method tiers. Teams: 7 in 1, 8
in 2, 60 in 30 and 1800 in 3600 seconds a conversation, 30 requests a second a tenant. The reference is the least time
in which anybody could post N cards under exactly those limits. In Slack a channel with n cards takes (n - burst)
seconds, the workspace (N - burst) x 60 / 600; in Teams each card goes at the first instant at which no window is full.
The longer of them counts. Time runs from the first 202 until the last card. A 429 means that a limit was overrun: none
may be.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from typing import Any

from product import PLATFORMS, Product, Watch, alert, call, figure, note, percentile, up, wait_until

from sandbox.teams.rooms import LIMITS, TENANT

CASES = ("500x10", "1000x50", "200x1")
GOAL = 1.10
SEVERITIES = ("critical", "error", "error", "warning", "info")


def least(product: Product, alerts: int, channels: int) -> float:
    """Seconds that the stand-in's limits ask for."""
    most = math.ceil(alerts / channels)
    if product.platform == "teams":
        return max(windowed(most, LIMITS), windowed(alerts, TENANT))
    limits: Any = call(f"{product.box}/state?as=U0ANA")["limits"]
    of_channel = (most - limits["post_burst"]) / limits["posts_per_second"]
    of_workspace = (alerts - limits["workspace_burst"]) * 60 / limits["workspace_per_minute"]
    return float(max(of_channel, of_workspace))


def windowed(count: int, windows: Sequence[tuple[float, int]]) -> float:
    """Seconds until the last of so many goes, each at the first instant at which no window is full."""
    times: list[float] = []
    for _ in range(count):
        free = [times[-most] + seconds for seconds, most in windows if len(times) >= most]
        times.append(max([*free, times[-1] if times else 0.0]))
    return times[-1]


def measure(product: Product, alerts: int, names: list[str]) -> bool:
    reference = least(product, alerts, len(names))
    bodies = [alert(n, names[n % len(names)], severity=SEVERITIES[n % len(SEVERITIES)]) for n in range(alerts)]
    watch = Watch(product=product).look()
    accepted = product.send(bodies)
    begun = min(accepted.values())
    wait_until(
        lambda: accepted.keys() <= watch.look().cards.keys(), reference * 3 + 60, what="the last card", every=0.5
    )
    took = max(watch.cards[name].at for name in accepted) - begun
    name = f"{alerts} alerts, {len(names)} channels"
    note(f"{name}: the last was accepted after", f"{max(accepted.values()) - begun:.1f} s")
    note(f"{name}: accepted to shown, median", f"{percentile(_waits(watch, accepted), 0.5):.1f} s")
    note(f"{name}: messages that are no card", f"{len(watch.posts) - alerts}")
    met = figure(
        f"{name}: to all cards shown",
        f"{took:.1f} s",
        reference=f"{reference:.1f} s, the least",
        ratio=took / reference,
        goal=f"<= {GOAL:.2f}x",
        met=took <= GOAL * reference,
    )
    return met & figure(f"{name}: 429 provoked", f"{watch.limited}", goal="0", met=watch.limited == 0)


def _waits(watch: Watch, accepted: dict[str, float]) -> list[float]:
    return [watch.cards[name].at - at for name, at in accepted.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", default=list(CASES), metavar="NxC", help="alerts x channels")
    parser.add_argument("--platform", choices=PLATFORMS, default="slack")
    asked, met = parser.parse_args(), True
    print(f"in {asked.platform}", flush=True)
    for case in asked.cases:
        alerts, channels = (int(number) for number in case.split("x"))
        names = [f"lane-{number}" for number in range(channels)]
        with up("lanes", channels=names, platform=asked.platform) as product:
            met &= measure(product, alerts, names)
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
