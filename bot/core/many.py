"""Messages where the full card is too much: a lane's shared card, all that one person is asked about, a plain card.

A message about many alerts belongs to none of them: its `alert_id` is empty and nothing can be pressed on it. It says
how many there are, shows the most severe, and where the whole list is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.core import words
from bot.core.card import Message, buttons
from bot.core.signal import Severity
from bot.core.state import Alert
from bot.core.text import COMMAND, Quote, Ref, Text, Typed, When, Who, Words, one_line, sentence

SHOWN = 10
"""alerts that are named: more do not fit on a phone"""


def fold_card(  # noqa: PLR0913 - what the store gathers for a message arrives by name
    place: str, *, count: int, severities: Mapping[str, int], first: Sequence[Alert], over: bool, now: datetime
) -> Message:
    """The shared card of a lane that is far behind. `place` is `#channel` or `@person`; `over`: it has caught up."""
    here = "these direct messages" if place.startswith("@") else one_line(place, 90)
    if over:
        said = "has" if place.startswith("#") else "have"
        line = sentence(f"{here[:1].upper()}{here[1:]} {said} caught up ", When(now), ": every alert has its own card.")
        return _of_many("fold", f"✅ Caught up: {here}", (line,), foot=_list_of(place))
    alerts = counted(count, one="alert waits", many="alerts wait")
    lead = sentence(f"{alerts} for a card in {here}{_by_severity(severities)}. The most severe come first.")
    lines = (lead, *map(entry, first[:SHOWN]), *_unnamed(count, first))
    return _of_many("fold", f"📚 {alerts} for a card in {here}", lines, foot=_list_of(place), at=now)


def digest(
    person_id: str, *, count: int, severities: Mapping[str, int], first: Sequence[Alert], now: datetime
) -> Message:
    """All that one person is asked about, said once instead of once for each alert."""
    if not count:
        line = sentence(Who(person_id), ", nothing waits for you any more.")
        return _of_many("digest", "✅ Nothing waits for you", (line,), foot=_LISTS)
    alerts = counted(count, one="alert waits", many="alerts wait")
    asks = "Please acknowledge each, or give it to somebody who can."
    lead = sentence(Who(person_id), f", {alerts} for you{_by_severity(severities)}. {asks}")
    lines = (lead, *(entry(alert, whose=alert.owner != person_id) for alert in first[:SHOWN]), *_unnamed(count, first))
    return _of_many("digest", f"📬 {alerts} for you", lines, foot=_LISTS, at=now)


def plain_card(alert: Alert) -> Message:
    """The card where the full one is refused or cannot be made: of the source's words only one line."""
    title, where = words.heading(alert), words.standing(alert)
    about = sentence("The rest of it could not be shown here. Type ", Typed(f"status {alert.short}"), ".")
    return Message(
        kind="card",
        alert_id=alert.id,
        generation=alert.generation,
        title=title,
        summary=(Quote(title), Words(" — "), *(Words(p.text) if isinstance(p, Words) else p for p in where)),
        lines=(tuple(Who(p.person, mention=True) if isinstance(p, Who) else p for p in where), about),
        buttons=buttons(alert),
        foot=sentence("Raised ", When(alert.raised_at), f" · #{alert.short}"),
    )


def _of_many(kind: str, title: str, lines: tuple[Text, ...], *, foot: Text, at: datetime | None = None) -> Message:
    as_of = (Words("As of "), When(at), Words(" · ")) if at else ()
    return Message(
        kind=kind, alert_id="", generation=0, title=title, summary=lines[0], lines=lines, foot=(*as_of, *foot)
    )


def entry(alert: Alert, *, whose: bool = True, how: str = "", late: str = "") -> Text:
    """One alert in one line: how severe, which, what, whose where that is not the reader, how it stands, since when."""
    sign = words.STATUS_SIGN.get(alert.status, words.SEVERITY_SIGN[alert.severity])
    title = Quote(one_line(alert.signal.title, 80), bold=True)
    owner = (" · ", Who(alert.owner)) if whose else ()
    since = (f" · {how} · since " if how else " · since ", When(alert.raised_at), *((late,) if late else ()))
    return sentence(f"{sign} {alert.severity.upper()} ", Ref(alert.id), " ", title, *owner, *since)


def _by_severity(severities: Mapping[str, int]) -> str:
    """`: 3 critical, 9 error`, worst first; nothing where nobody counted."""
    counted = [f"{severities[severity]:,} {severity}" for severity in Severity if severities.get(severity)]
    return f": {', '.join(counted)}" if counted else ""


def _unnamed(count: int, first: Sequence[Alert]) -> tuple[Text, ...]:
    return rest(count - min(len(first), SHOWN))


def rest(left: int) -> tuple[Text, ...]:
    """What is said of those that are not named."""
    return (sentence(f"{left:,} more {'is' if left == 1 else 'are'} not named here."),) if left > 0 else ()


def counted(count: int, *, one: str = "alert", many: str = "alerts") -> str:
    return f"{count:,} {one if count == 1 else many}"


def _list_of(place: str) -> Text:
    """Where the whole list of a lane is."""
    if place.startswith("@"):
        return _LISTS
    return sentence(
        "All of them: ",
        Typed(f"open {one_line(place, 90)}"),
        " · yours: ",
        Typed("mine", home=f"{COMMAND} mine or Home"),
    )


_LISTS = sentence("Yours: ", Typed("mine", home=f"{COMMAND} mine or Closeloop's Home"), " · all: ", Typed("open"))
