"""`closeloop policy diff`: the file's policies against those that are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bot.commands.database import InSandbox, opened
from bot.commands.policy_check import OtherFile, loaded
from bot.commands.say import AsJson, as_json, out

if TYPE_CHECKING:
    from collections import Counter

    from bot.core.policy_diff import Compared


def diff(*, config: OtherFile = "", sandbox: InSandbox = False, json: AsJson = False) -> None:
    """Say which policies of closeloop.yaml differ from what the database has, and which versions open alerts keep.

    Nothing is changed. closeloop policy apply stores them; so does every web, worker and clock when it starts.
    """
    from bot.core.policy_diff import compared
    from bot.repolicing import open_alerts, pinned

    found, store = loaded(config), opened(sandbox=sandbox)
    differences = compared(store.newest_policies(), found.policies())
    held = pinned(open_alerts(store))
    if json:
        as_json([facts(one, held) for one in differences])
    else:
        out("\n\n".join("\n".join(described(one, held)) for one in differences))


def described(one: Compared, held: Mapping[str, Counter[int]]) -> Iterator[str]:
    """A policy, what is different about it, and the versions that its open alerts are pinned to."""
    from bot.core.policy_diff import versioned

    yield f"{one.name}: {one.state}, {versioned(one)}"
    yield from (f"  {difference}" for difference in one.differences)
    if versions := held.get(one.name):
        yield f"  open alerts: {', '.join(_counted(versions.items()))}"


def _counted(versions: Iterable[tuple[int, int]]) -> Iterator[str]:
    yield from (f"{count} under version {version}" for version, count in sorted(versions, reverse=True))


def facts(one: Compared, held: Mapping[str, Counter[int]]) -> dict[str, Any]:
    """The same as JSON-able data."""
    different = [{"what": d.what, "before": d.before, "after": d.after} for d in one.differences]
    counts = {str(version): count for version, count in sorted(held.get(one.name, {}).items())}
    return {
        "name": one.name,
        "state": one.state,
        "version": one.version,
        "differences": different,
        "open_alerts": counts,
    }
