"""Operators are told what only they can mend: once when it begins, once when it ends, whatever is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot import crash, operators
from bot.operators import Operators
from bot.ports import Away, Incident, Later, Refusal, Unknown

NINE = datetime.fromisoformat("2026-11-20T09:00:00+00:00").timestamp()
MINUTE = 60.0


@dataclass
class Hands:
    """A clock that is moved by hand."""

    seconds: float = NINE

    def machine(self) -> float:
        return self.seconds


@dataclass
class Book:
    """Incidents as the store keeps them: what ended after the instant it was told at is news again."""

    found: dict[int, Incident] = field(default_factory=dict)
    told_open: set[int] = field(default_factory=set)
    told_ended: set[int] = field(default_factory=set)
    away: bool = False
    mine: bool = True
    """no other process tells just now"""

    @contextmanager
    def alone(self, task: str, /) -> Iterator[bool]:
        yield self.mine

    def incidents(self, *, untold: bool = False) -> list[Incident]:
        assert untold
        if self.away:
            raise Away("the database is not there")
        return [one for one in self.found.values() if self._is_news(one)]

    def _is_news(self, one: Incident) -> bool:
        return one.id not in self.told_ended and (one.id not in self.told_open or one.ended_at is not None)

    def told(self, incident_id: int, /, *, at: float) -> None:
        self.told_open.add(incident_id)
        ended = self.found[incident_id].ended_at
        if ended is not None and ended <= at:
            self.told_ended.add(incident_id)

    def open(self, kind: str, subject: str, detail: str = "") -> int:
        number = len(self.found) + 1
        self.found[number] = Incident(
            id=number, kind=kind, subject=subject, detail=detail, since=NINE, last_at=NINE, count=1
        )
        return number

    def end(self, number: int, at: float) -> None:
        self.found[number] = replace(self.found[number], ended_at=at)


@dataclass
class Way:
    """A way that takes what it is told, or does what `fails` says."""

    fails: Exception | None = None
    while_telling: Callable[[], object] = lambda: None
    heard: list[tuple[str, str, str, str]] = field(default_factory=list)
    asked: int = 0

    def tell(self, subject: str, text: str, /, *, kind: str = "", since: str = "") -> None:
        self.asked += 1
        self.while_telling()
        if self.fails:
            raise self.fails
        self.heard.append((subject, text, kind, since))


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def hands() -> Hands:
    return Hands()


def telling(book: Book, hands: Hands, **ways: Way) -> Operators:
    given: Any = {"store": book, "clock": hands}
    return Operators(tellers=ways, **given)


def test_what_begins_is_told_once_by_every_way_and_its_end_once(book: Book, hands: Hands) -> None:
    webhook, mail = Way(), Way()
    told = telling(book, hands, webhook=webhook, email=mail)
    number = book.open("workspace", "slack", "token_revoked")

    assert [told.tell(), told.tell()] == [1, 0]
    book.end(number, hands.seconds + 30 * MINUTE)
    hands.seconds += 31 * MINUTE
    assert [told.tell(), told.tell()] == [1, 0]

    subjects = ["Closeloop cannot speak to slack", "Closeloop: slack works again"]
    assert [[subject for subject, *_ in way.heard] for way in (webhook, mail)] == [subjects, subjects]
    assert webhook.heard[0][2:] == ("workspace", "2026-11-20T09:00:00+00:00")


def test_what_ends_while_it_is_told_is_told_as_ended_next(book: Book, hands: Hands) -> None:
    number = book.open("workspace", "slack", "invalid_auth")
    way = Way(while_telling=lambda: book.end(number, NINE + 1))
    told = telling(book, hands, webhook=way)
    told.tell()
    hands.seconds += 2
    told.tell()
    assert [subject for subject, *_ in way.heard] == [
        "Closeloop cannot speak to slack",
        "Closeloop: slack works again",
    ]


def test_one_way_that_takes_it_is_enough(book: Book, hands: Hands) -> None:
    broken, mail = Way(fails=Refusal("http_404")), Way()
    told = telling(book, hands, webhook=broken, email=mail)
    book.open("workspace", "slack")
    assert [told.tell(), told.tell()] == [1, 0]
    assert (broken.asked, len(mail.heard)) == (1, 1)


@pytest.mark.parametrize("failure", [Refusal("http_404"), Later("unreachable", 30.0), Unknown("ReadTimeout")])
def test_a_way_that_does_not_answer_is_left_alone_longer_and_longer_and_then_told_all(
    book: Book, hands: Hands, failure: Exception
) -> None:
    way = Way(fails=failure)
    told = telling(book, hands, webhook=way)
    book.open("workspace", "slack")
    for _ in range(3600):  # an hour, asked every second
        told.tell()
        hands.seconds += 1
    assert 8 <= way.asked <= 16
    way.fails = None
    hands.seconds += operators.LONGEST
    assert (told.tell(), len(way.heard)) == (1, 1)


def test_a_clock_that_was_set_back_does_not_silence_a_way(book: Book, hands: Hands) -> None:
    way = Way(fails=Unknown("ReadTimeout"))
    told = telling(book, hands, webhook=way)
    book.open("clock", "clock", "it jumped by -7200 seconds")
    told.tell()
    way.fails = None
    hands.seconds -= 7200
    assert told.tell() == 1


def test_without_a_way_nobody_is_told_and_nothing_is_forgotten(book: Book, hands: Hands) -> None:
    book.open("workspace", "slack")
    assert telling(book, hands).tell() == 0
    assert telling(book, hands, webhook=Way()).tell() == 1


def test_a_database_that_is_away_is_no_reason_to_end(book: Book, hands: Hands) -> None:
    way = Way()
    book.open("workspace", "slack")
    book.away = True
    assert (telling(book, hands, webhook=way).tell(), way.heard) == (0, [])


def test_whoever_dies_between_telling_and_remembering_tells_again(
    book: Book, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def die() -> None:
        raise Died

    monkeypatch.setattr(crash, "_wanted", "")
    monkeypatch.setattr(crash, "_act", crash._act)
    way = Way()
    told = telling(book, hands, webhook=way)
    book.open("workspace", "slack")
    crash.arm("operator.told", die)
    with pytest.raises(Died):
        told.tell()
    assert (len(way.heard), book.told_open) == (1, set())
    monkeypatch.setattr(crash, "_wanted", "")
    assert [told.tell(), told.tell(), len(way.heard)] == [1, 0, 2]


def test_many_of_a_kind_are_one_message_that_names_the_first(book: Book, hands: Hands) -> None:
    way = Way()
    for number in range(25):
        book.open("place", f"slack:#c{number}", "is_archived")
    book.open("workspace", "slack", "token_revoked")
    assert telling(book, hands, webhook=way).tell() == 26
    (many, lines, *_), (one, *_) = way.heard
    assert (many, one) == ("Closeloop: 25 places cannot be written to", "Closeloop cannot speak to slack")
    assert lines.count("\n") == 10 and "#c0 " in lines and lines.endswith("And 15 more: closeloop status names them.")


def test_while_another_process_tells_this_one_does_not(book: Book, hands: Hands) -> None:
    way = Way()
    book.open("workspace", "slack", "token_revoked")
    book.mine = False
    told = telling(book, hands, webhook=way)
    assert (told.tell(), way.heard) == (0, [])
    book.mine = True
    assert told.tell() == 1


def test_what_ended_long_ago_is_history(book: Book, hands: Hands) -> None:
    way = Way()
    book.end(book.open("workspace", "slack"), NINE)
    hands.seconds += timedelta(days=2).total_seconds()
    told = telling(book, hands, webhook=way)
    assert (told.tell(), way.heard, book.incidents(untold=True)) == (0, [], [])


@pytest.mark.parametrize(
    ("kind", "subject", "detail", "said"),
    [
        (
            "workspace",
            "slack",
            "token_revoked",
            "Closeloop cannot speak to slack (token_revoked) since 2026-11-20 09:00 UTC. Install the app again "
            "(api.slack.com ▸ your app ▸ Install App), set SLACK_BOT_TOKEN anew, and restart.",
        ),
        (
            "place",
            "planner:xqQg5FS2LkCp935s-FIFm2QAFkHM",
            "plan_missing",
            "Closeloop cannot say anything in Planner (plan_missing) since 2026-11-20 09:00 UTC. Run closeloop check; "
            "docs/microsoft.md tells what tasks and mail need. Alerts go on without them.",
        ),
        (
            "place",
            "todo:@ana@acme.example",
            "no_mailbox",
            "Closeloop cannot say anything in To Do of ana@acme.example (no_mailbox) since 2026-11-20 09:00 UTC. Give "
            "them an account with a licence and a mailbox, or leave it so: their alerts go on without tasks.",
        ),
        (
            "place",
            "mail:@cleo@acme.example",
            "mailbox_missing",
            "Closeloop cannot say anything in mail to cleo@acme.example (mailbox_missing) since 2026-11-20 09:00 UTC. "
            "Run closeloop check; docs/microsoft.md tells what tasks and mail need. Alerts go on without them.",
        ),
        (
            "place",
            "slack:#payments",
            "not_in_channel",
            "Closeloop cannot say anything in #payments (not_in_channel) since 2026-11-20 09:00 UTC. "
            "Type in #payments: /invite @Closeloop.",
        ),
        (
            "place",
            "slack:#payments",
            "is_archived",
            "Closeloop cannot say anything in #payments (is_archived) since 2026-11-20 09:00 UTC. "
            "Unarchive #payments, or name another channel in closeloop.yaml and restart.",
        ),
        (
            "place",
            "slack:@ana@acme.example",
            "user_not_found",
            "Closeloop cannot say anything in the direct messages of ana@acme.example (user_not_found) since "
            "2026-11-20 09:00 UTC. Give their Slack member ID in closeloop.yaml (people.<e-mail>.slack), "
            "or name somebody else there.",
        ),
        (
            "clock",
            "clock",
            "it jumped by +3600 seconds",
            "Closeloop met a jump of the clock (it jumped by +3600 seconds) at 2026-11-20 09:00 UTC. "
            "Look at NTP on the database's machine; overdue steps are taken one at a time, nothing is lost.",
        ),
        (
            "novel",
            "something",
            "{odd} braces",
            "Closeloop needs an operator for something ({odd} braces) since 2026-11-20 09:00 UTC. "
            "Look at the log of the workers.",
        ),
    ],
)
def test_one_sentence_says_what_since_when_and_what_to_do(
    book: Book, hands: Hands, kind: str, subject: str, detail: str, said: str
) -> None:
    way = Way()
    book.open(kind, subject, detail)
    telling(book, hands, webhook=way).tell()
    assert way.heard[0][1] == said


def test_a_jump_of_the_clock_is_over_at_once_and_still_says_what_to_do(book: Book, hands: Hands) -> None:
    way = Way()
    book.end(book.open("clock", "clock", "it jumped by -90 seconds"), NINE)
    telling(book, hands, webhook=way).tell()
    assert way.heard[0][:2] == (
        "Closeloop: the clock jumped and is steady again",
        "The clock jumped and is steady again (it jumped by -90 seconds), at 2026-11-20 09:00 UTC. "
        "Look at NTP on the database's machine; overdue steps are taken one at a time, nothing is lost.",
    )


def test_every_kind_and_every_code_has_its_own_advice_and_leaves_no_braces() -> None:
    for kind in operators._WHAT:
        for code in (*operators._BY_CODE, "never heard of"):
            told = Incident(id=1, kind=kind, subject="slack:#x", detail=code, since=NINE, last_at=NINE, count=1)
            for one in (told, replace(told, ended_at=NINE + 60)):
                said = operators.subject([one]) + operators.text([one]) + operators.to_do(one)
                assert "{" not in said and said.count("Closeloop") >= 1
