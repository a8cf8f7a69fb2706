"""What each platform allows, in one literal table: how often one place may be asked, and how often all of it.

A place is a channel or somebody's own chat. A new platform is one line here, or none: what is not named gets `OTHERS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MARGIN = 0.005
"""seconds by which each window of a place is longer than the platform's: two clocks differ a little"""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often one place may be asked: in any window of so many seconds, so many times."""

    windows: tuple[tuple[float, int], ...]
    """(seconds, how many of them)"""
    edits: bool = False
    """whether everything that is asked counts: edits, and what was refused. Else only what was or may be posted."""

    def after(self, asked: Sequence[float], now: float) -> tuple[tuple[float, ...], float]:
        """Asked once more: the machine seconds that still count, and the one from which the next may go.

        `now`: when it was answered, so that the next arrives later than that. What lies ahead was written before a
        clock went back, and counts as now.
        """
        times = [*sorted(min(at, now) for at in asked), now]
        free_at = max((times[-most] + seconds for seconds, most in self.windows if len(times) >= most), default=0.0)
        longest = max(seconds for seconds, _ in self.windows)
        return tuple(at for at in times if at + longest > max(free_at, now)), free_at


ONE_A_SECOND = Pace(windows=((1.0 + MARGIN, 1),))


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a platform allows. As they stand here they are Slack's. `scale`: that many times as much of all but `pace`.

    One message a second in a channel (docs.slack.dev, "Rate limits", `chat.postMessage`); several hundred messages a
    minute in a workspace, of which we take 600; tier 3 for edits, reads and deletes: 50 a minute each.
    """

    pace: Pace = ONE_A_SECOND
    """of one place"""
    ceiling: float = 600.0
    """posts in `window` seconds"""
    burst: float = 50.0
    floor: float = 30.0
    methods: Mapping[str, int] = field(default_factory=lambda: {"edit": 48, "read": 48, "delete": 48})
    """two fewer than the platform's: what it counts and what we count begin at different moments"""
    window: float = 60.0
    """machine seconds in which the platform counts"""
    scale: float = 1.0
    together: bool = False
    """whether calls of all kinds are counted as posts are; `methods` means nothing then"""
    jitter: float = 0.0
    """share by which a wait that grows from attempt to attempt is made longer, for each row another one"""

    @property
    def most(self) -> float:
        return max(self.burst * self.scale, 1.0)

    @property
    def widest(self) -> float:
        """Posts a second without any 429."""
        return self.ceiling * self.scale / self.window

    @property
    def narrowest(self) -> float:
        return min(self.floor * self.scale / self.window, self.widest)

    def calls(self, call: str) -> int:
        return max(int(self.methods[call] * self.scale), 1)


SLACK = Limits()

TEAMS = Limits(
    pace=Pace(windows=((1.0 + MARGIN, 7), (2.0 + MARGIN, 8), (30.0 + MARGIN, 58), (600.0 + MARGIN, 290)), edits=True),
    ceiling=24 * 60.0,
    burst=2.0,
    floor=60.0,
    together=True,
    jitter=0.5,
)
"""One bot in one conversation: 7 in 1 s, 8 in 2 s, 60 in 30 s, 1800 in 3600 s (learn.microsoft.com, "Optimize your bot
with rate limiting in Teams"). The page speaks of sending and creating; edits are counted with them, for no page says
that they are free. Of the last window we keep a sixth, 300 in 600 s, so that a place remembers few instants; of the two
long ones a little is left for what is said outside of lanes: answers to what somebody typed, and what somebody was
about to note when their process died.

One app in one tenant: 30 requests a second (the same page; 50 by an answer in Microsoft's own forum, Q&A 1059876). We
take 2 at once and 24 a second, and one more where a message takes two (`ports.Costs`): what is counted evenly arrives
less evenly, and an eighth of a second of that must provoke no 429, which would halve the rate for a minute.

429, 412, 502 and 504 are to be repeated, each time later, and not by everybody at once (the same page: "exponential
backoff with jitter"); the connector tells us `Retry-After` where there is one.
"""

OTHERS = Limits()
"""A platform that is not named is asked no faster than Slack: a post a second in one place, 600 a minute in all."""

LIMITS: Mapping[str, Limits] = {"slack": SLACK, "teams": TEAMS}


def limits_of(where: str) -> Limits:
    """Of a platform, or of the platform of a place or workspace: `teams`, `teams:#ai-alerts`."""
    return LIMITS.get(where.partition(":")[0], OTHERS)
