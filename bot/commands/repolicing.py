"""What a new version of a policy changes for open alerts, person by person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.commands.say import clean

if TYPE_CHECKING:
    from bot.repolicing import Effect, Standing

MOST = 50
"""alerts that are shown one by one"""


def preview(found: Sequence[Effect]) -> Iterator[str]:
    """What changes for whom, alert by alert."""
    from bot.repolicing import by_owner

    if not found:
        yield "No open alert is under an older version."
        return
    shown = 0
    for owner, theirs in by_owner(found):
        if shown < MOST:
            yield f"{owner}: {len(theirs)} alert{'' if len(theirs) == 1 else 's'}"
        for effect in theirs[: max(MOST - shown, 0)]:
            shown += 1
            yield f"  {_line(effect)}"
    if shown < len(found):
        yield f"… and {len(found) - shown} more"


def _line(effect: Effect) -> str:
    before, after = effect.before, effect.after
    local = {id(one): _local(one.due_at, effect.time_zone) for one in (before, after)}
    parts = (
        f"#{effect.alert.short} {clean(effect.alert.signal.title, 40)}",
        _changed(f"{effect.alert.policy} {before.version}", str(after.version)),
        _changed(f"step {before.step}", str(after.step)),
        _changed(f"due {local[id(before)]}", local[id(after)]),
        _changed(f"then asks {_asks(before)}", _asks(after)),
    )
    return " · ".join(parts)


def _changed(before: str, after: str) -> str:
    return before if before.endswith(after) and before[: -len(after)].endswith(" ") else f"{before} ▸ {after}"


def _asks(one: Standing) -> str:
    return ", ".join(one.asks) or "nobody"


def _local(at: datetime | None, time_zone: str) -> str:
    from bot.core.hours import zone

    return f"{at.astimezone(zone(time_zone)):%a %d %b %H:%M}" if at else "never"


def effect_facts(effect: Effect) -> dict[str, Any]:
    """The same as JSON-able data."""
    alert = effect.alert
    found = {"id": alert.id, "owner": alert.owner, "policy": alert.policy}
    return found | {name: _facts(one) for name, one in (("before", effect.before), ("after", effect.after))}


def _facts(one: Standing) -> dict[str, Any]:
    due = one.due_at.isoformat() if one.due_at else None
    return {"version": one.version, "step": one.step, "due_at": due, "asks": list(one.asks)}
