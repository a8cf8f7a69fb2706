"""The report somebody asked for: counted from the trails, drawn, and sent to them as a letter with pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.core.card import Message, Picture
from bot.core.events import Kind
from bot.core.report import Life, Report, report
from bot.core.report_words import lines
from bot.core.state import Alert
from bot.core.text import When, sentence
from bot.ports import AlertFilter, Chat, Clock, Later, Pictures, Queue, Refusal, Store, Unknown
from bot.ports.rota import Letter, Recorded

log = structlog.get_logger()

SPAN = timedelta(weeks=4)
OLDEST = 5000
"""alerts older than the report's time that are still open, at most"""
UNFINISHED = ("open", "acknowledged", "resolved")


@dataclass(frozen=True, kw_only=True)
class Reporter:
    store: Store
    clock: Clock
    chats: Mapping[str, Chat]
    queue: Queue

    def send(self, errand: str) -> None:
        """`<platform>:<person>:<what asked for it>`: once for each, however often it is run."""
        platform, _, asked = errand.partition(":")
        person, _, _ = asked.rpartition(":")  # who is known by their id in a chat alone has a colon in their own
        made = self.report()
        pictures = self._pictures(made, self.chats[platform])
        now = self.clock.now()
        title = "📊 Four weeks against the four before"
        said = lines(made)
        message = Message(
            kind="letter",
            alert_id="",
            generation=0,
            title=title,
            summary=said[0] if said else sentence("Nothing was raised."),
            lines=said,
            pictures=pictures,
            foot=sentence("As of ", When(now), " · medians; nothing here is counted by person"),
        )
        letter = Letter(key=f"report:{errand}", place=f"{platform}:@{person}", message=message)
        self.queue.hint("deliver", self.store.post_letters([letter], at=now))

    def report(self) -> Report:
        """The last four weeks against the four before, of everything that is stored."""
        now = self.clock.now()
        return report(self._lives(), now=now, span=SPAN)

    def _lives(self) -> Iterator[Life]:
        now = self.clock.now()
        begun = now - 2 * SPAN
        for recorded in self.store.trails(begun, now + timedelta(seconds=1)):
            yield life(recorded)
        for alert in self._older(before=begun):
            yield life(Recorded(alert=alert, events=self.store.events(alert.id)))

    def _older(self, *, before: object) -> Iterator[Alert]:
        which, read = AlertFilter(status=UNFINISHED, order="due", limit=200), 0
        while read < OLDEST:
            page = self.store.alerts(which)
            yield from (alert for alert in page.items if alert.raised_at < before)
            read += len(page.items)
            if page.next is None:
                return
            which = AlertFilter(status=UNFINISHED, order="due", limit=200, cursor=page.next)

    def _pictures(self, made: Report, chat: Chat) -> tuple[Picture, ...]:
        """What the chat takes of them: the words say the same, and come in any case."""
        if not isinstance(chat, Pictures):
            return ()
        from bot.drawing import charts

        shown: list[Picture] = []
        try:
            for one in charts(made):
                # Its title is drawn in it: said twice, it would push the next one off a phone.
                shown.append(Picture(ref=chat.picture(one.png, one.title, one.alt), title="", alt=one.alt))
        except (Refusal, Later, Unknown) as error:
            log.warning("the report's pictures were not taken", action="no_pictures", reason=error.code)
        return tuple(shown)


def life(recorded: Recorded) -> Life:
    """What the report counts of one alert."""
    alert = recorded.alert
    kinds = Counter(event.kind for event in recorded.events)
    first = next((event.at for event in recorded.events if event.kind == Kind.ACKNOWLEDGED), None)
    return Life(
        source=alert.source,
        team=alert.signal.labels.get("team", ""),
        severity=alert.severity,
        raised_at=alert.raised_at,
        acknowledged_at=first,
        finished_at=alert.finished_at,
        status=alert.status,
        expired=kinds[Kind.EXPIRED],
        escalations=tuple(_steps(recorded)),
        exceptions=kinds[Kind.EXCEPTION],
        due_at=alert.due_at,
        nudges=kinds[Kind.NUDGED] + kinds[Kind.CHECK_IN],
    )


def _steps(recorded: Recorded) -> Iterable[int]:
    """The step that each escalation went to."""
    for event in recorded.events:
        if event.kind in (Kind.ESCALATED, Kind.EXCEPTION) and isinstance(step := event.data["set"].get("step"), int):
            yield step
