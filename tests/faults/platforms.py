"""Which fault is tried where: all of them on every platform, but for one table of what a platform does not have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

GROUNDS: dict[str, tuple[str, str]] = {
    "sqlite": ("slack", "sqlite"),
    "postgres": ("slack", "postgres"),
    "teams": ("teams", "sqlite"),
}
"""ground ▶ (platform, database)"""
PLATFORMS = ("slack", "teams")

DIFFERENCES: dict[str, tuple[str, str]] = {
    "test_any_interleaving": ("teams", "the store's own rules, without any chat"),
    "test_found_by_chance": ("teams", "examples of the interleavings, without any chat"),
    "test_chat_breaks::test_a_call_that_broke_leaves_one_message::internal_error, and it was done": (
        "teams",
        "an answer of Slack's alone: 200 with an error inside. The Connector's word for it is a 500.",
    ),
    "test_chat_breaks::test_what_nobody_looks_at_may_stand_twice_and_is_not_repeated_often": (
        "slack",
        "Slack can be read back. A bot in Teams knows of a message in doubt only by somebody who was shown it, so in "
        "all other tests people have the channel open, and their clients ask for the view of each card.",
    ),
}
"""a file of tests, `file::test` or `file::test::case` ▶ (the platform on which it is not tried, why)"""


def excluded(names: tuple[str, ...], platform: str) -> str:
    """Why this is not tried on this platform; empty where it is. `names`: file, test, cases."""
    for key in ("::".join(names[:count]) for count in range(1, len(names) + 1)):
        where, why = DIFFERENCES.get(key, ("", ""))
        if where == platform:
            return why
    return ""


def not_tried(request: Any) -> str:
    """The same of a test that is about to run; of those that name no ground: empty."""
    params = dict(getattr(getattr(request.node, "callspec", None), "params", {}))
    ground = params.pop("line", None) or params.pop("ground", None)
    platform = params.pop("everywhere", None) or (GROUNDS[ground][0] if ground else "")
    if not platform:
        return ""
    cases = tuple(str(one) for one in params.values())
    return excluded((Path(request.node.path).stem, request.node.originalname, *cases), platform)
