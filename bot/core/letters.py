"""What is said of many alerts at somebody's own time: a morning's list, what is stuck in a line, what waits to be
settled, what a mute held back, a gap in a schedule. Each is one message, with nothing to press but its links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.core.card import Message
from bot.core.many import counted, entry, rest
from bot.core.mutes import Mute
from bot.core.pages import lateness, overdue
from bot.core.state import Alert, Status
from bot.core.text import COMMAND, Quote, Text, Typed, When, Who, one_line, sentence

NAMED = 12
"""alerts that are named: more do not fit on a phone"""


def morning(person: str, alerts: Iterable[Alert], *, now: datetime) -> Message | None:
    """An owner's open alerts as their day begins, overdue ones first; None where nothing is open."""
    mine = _sorted(alerts, now)
    if not mine:
        return None
    late = sum(1 for alert in mine if overdue(alert, now))
    lead = sentence(
        "Good morning, ", Who(person), f". {counted(len(mine))} open", f", {late} overdue" if late else "", "."
    )
    foot = sentence("Act on them: ", Typed("mine", home=f"Closeloop's Home, or {COMMAND} mine"))
    return _message(f"☀️ {counted(len(mine))} open", lead, mine, now=now, foot=foot, whose=False)


def line(person: str, alerts: Iterable[Alert], *, now: datetime) -> Message | None:
    """What is stuck among those who report to a manager; None where nothing is."""
    stuck = [alert for alert in _sorted(alerts, now) if overdue(alert, now)]
    if not stuck:
        return None
    lead = sentence(Who(person), f", {counted(len(stuck))} stuck in your line: somebody was asked in vain.")
    foot = sentence("All of them: the tab My team's in ", Typed("mine", home="Closeloop's Home"))
    return _message(f"🧭 {counted(len(stuck))} stuck in your line", lead, stuck, now=now, foot=foot)


def exceptions(alerts: Iterable[Alert], *, now: datetime) -> Message | None:
    """For the channel of exceptions: what nobody below has settled; None where nothing waits."""
    waiting = _sorted(alerts, now)
    if not waiting:
        return None
    lead = sentence(f"{counted(len(waiting))} that only a human can settle. Who takes one?")
    foot = sentence("All of them: ", Typed("exceptions"))
    return _message(f"🚨 {counted(len(waiting))} to be settled", lead, waiting, now=now, foot=foot)


def held_back(mute: Mute, alerts: Sequence[Alert], *, more: bool, now: datetime) -> Message:
    """To whoever muted: what came of what it held back."""
    what = f"rule {mute.rule}" if mute.rule else mute.source or "everything"
    still = sum(1 for alert in alerts if not alert.finished)
    count = f"{len(alerts):,} or more alerts" if more else counted(len(alerts))
    told = f"It held back {count}; still open: {still:,}." if alerts else "It held back nothing."
    lead = sentence(Who(mute.owner), ", the mute of ", Quote(one_line(what, 80), bold=True), " is over. ", told)
    return _message("🔈 A mute is over", lead, alerts, now=now, foot=sentence("Muted since ", When(mute.start)))


def gap(schedule: str, start: datetime, until: datetime | None, *, now: datetime, regular: bool = False) -> Message:
    """Before it happens: nobody will be on call, and whoever comes next in the rules will be asked instead.

    `until`: None where nobody sees its end; `regular`: the schedule keeps hours, so it comes again and again.
    """
    name = one_line(schedule, 80)
    end = (" until ", When(until), ".") if until else (", without an end.",)
    lead = sentence("Nobody is on call for ", Quote(name, bold=True), " from ", When(start), *end)
    then = sentence(
        "Alerts then go to the next in their routing rule. Fill it: ",
        Typed(f"oncall swap {name} @somebody until …"),
    )
    once = (sentence("It keeps hours, so this comes again and again; it is told once."),) if regular else ()
    title = f"📅 A gap in the schedule {name}"
    return Message(
        kind="letter",
        alert_id="",
        generation=0,
        title=title,
        summary=lead,
        lines=(lead, then, *once),
        foot=sentence("As of ", When(now)),
    )


def _message(  # noqa: PLR0913 - all of them by name but the first three
    title: str, lead: Text, alerts: Sequence[Alert], *, now: datetime, foot: Text, whose: bool = True
) -> Message:
    """`whose`: it names the owners, who are not all the reader."""
    lines = (lead, *(_entry(alert, now, whose=whose) for alert in alerts[:NAMED]), *rest(len(alerts) - NAMED))
    as_of = sentence("As of ", When(now), " · ")
    return Message(
        kind="letter", alert_id="", generation=0, title=title, summary=lead, lines=lines, foot=(*as_of, *foot)
    )


def _sorted(alerts: Iterable[Alert], now: datetime) -> list[Alert]:
    return sorted(alerts, key=lambda alert: (not overdue(alert, now), alert.severity.rank, alert.raised_at, alert.id))


def _entry(alert: Alert, now: datetime, *, whose: bool) -> Text:
    how = "acknowledged" if alert.status == Status.ACKNOWLEDGED else alert.status.value
    return entry(alert, whose=whose, how=how, late=lateness(alert, now))
