"""Group commit: what many requests bring is stored together, and no one harms another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from bot.acts import Arrival, Received
from bot.core.signal import Severity, Signal
from bot.ports import Away, Conflict
from handlers.problems import Problem
from handlers.writer import Writer


def arrival(title: str) -> Arrival:
    return Arrival(signal=Signal(source="auditor", title=title, severity=Severity.ERROR))


class Stored:
    """Stands for `Loop.receive`: all of a group or nothing. Titles say what goes wrong; it waits while it is held."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.failed: list[str] = []
        self.may_go = threading.Event()
        self.may_go.set()
        self.began = threading.Event()

    def receive(self, arrivals: Sequence[Arrival]) -> list[Any]:
        titles = [arrival.signal.title for arrival in arrivals]
        self.began.set()
        assert self.may_go.wait(20)
        for title in titles:
            self._fail(title)
        self.groups.append(titles)
        return [Received(alert_id=title, status="open", duplicate=False) for title in titles]

    def _fail(self, title: str) -> None:
        if title == "away":
            raise Away("gone")
        if title == "broken":
            raise RuntimeError("broken")
        if title.startswith("conflict") and self.failed.count(title) < int(title.removeprefix("conflict")):
            self.failed.append(title)
            raise Conflict("somebody was first")

    @property
    def titles(self) -> list[str]:
        return [title for group in self.groups for title in group]


async def held(stored: Stored, writer: Writer, titles: Sequence[str]) -> list[asyncio.Task[Any]]:
    """One commit is under way (of `first`); the rest waits behind it, in this order."""
    stored.may_go.clear()
    tasks = [asyncio.create_task(writer.submit(arrival("first")))]
    await asyncio.to_thread(stored.began.wait, 10)
    tasks += [asyncio.create_task(writer.submit(arrival(title))) for title in titles]
    await asyncio.sleep(0)
    return tasks


def outcome(task: asyncio.Task[Any]) -> str:
    error = task.exception()
    return type(error).__name__ if error else task.result().alert_id


def run(test: Any, **options: Any) -> None:
    async def body() -> None:
        stored = Stored()
        writer = Writer(stored.receive, **options)
        writer.start()
        try:
            async with asyncio.timeout(30):
                await test(stored, writer)
        finally:
            stored.may_go.set()
            await writer.stop()

    asyncio.run(body())


def test_what_gathers_during_a_commit_is_stored_in_the_next_one() -> None:
    async def test(stored: Stored, writer: Writer) -> None:
        tasks = await held(stored, writer, [str(n) for n in range(50)])
        stored.may_go.set()
        answers = await asyncio.gather(*tasks)
        assert [len(group) for group in stored.groups] == [1, 50]
        assert [answer.alert_id for answer in answers] == ["first", *(str(n) for n in range(50))]

    run(test)


def test_a_group_has_a_hundred_raises_at_most() -> None:
    async def test(stored: Stored, writer: Writer) -> None:
        tasks = await held(stored, writer, [str(n) for n in range(250)])
        stored.may_go.set()
        await asyncio.gather(*tasks)
        assert [len(group) for group in stored.groups] == [1, 100, 100, 50]

    run(test)


@pytest.mark.parametrize("bad", ["broken", "conflict99"])
def test_one_bad_raise_never_harms_the_others(bad: str) -> None:
    async def test(stored: Stored, writer: Writer) -> None:
        tasks = await held(stored, writer, ["a", bad, "b"])
        stored.may_go.set()
        await asyncio.wait(tasks)
        expected = "RuntimeError" if bad == "broken" else "Conflict"
        assert [outcome(task) for task in tasks] == ["first", "a", expected, "b"]
        assert stored.titles == ["first", "a", "b"]

    run(test)


def test_a_raise_that_lost_a_race_is_decided_again() -> None:
    async def test(stored: Stored, writer: Writer) -> None:
        tasks = await held(stored, writer, ["a", "conflict2", "b"])
        stored.may_go.set()
        await asyncio.wait(tasks)
        assert [outcome(task) for task in tasks] == ["first", "a", "conflict2", "b"]

    run(test)


def test_when_the_database_is_away_all_who_wait_are_told_at_once() -> None:
    async def test(stored: Stored, writer: Writer) -> None:
        tasks = await held(stored, writer, ["away", *(str(n) for n in range(300))])
        stored.may_go.set()
        await asyncio.wait(tasks)
        assert {outcome(task) for task in tasks[1:]} == {"Away"}
        assert (await writer.submit(arrival("later"))).alert_id == "later"  # type: ignore[union-attr]

    run(test)


def test_a_full_queue_asks_to_come_back() -> None:
    async def test(stored: Stored, writer: Writer) -> None:
        tasks = await held(stored, writer, ["a", "b", "c"])
        with pytest.raises(Problem) as refused:
            await writer.submit(arrival("d"))
        assert (refused.value.code, refused.value.headers["Retry-After"]) == ("unavailable", "1")
        stored.may_go.set()
        await asyncio.gather(*tasks)
        assert stored.titles == ["first", "a", "b", "c"]

    run(test, room=3)


def test_stopping_stores_and_answers_what_was_accepted_and_takes_nothing_more() -> None:
    async def test(stored: Stored, writer: Writer) -> None:
        tasks = await held(stored, writer, [str(n) for n in range(250)])
        stopping = asyncio.create_task(writer.stop())
        await asyncio.sleep(0)
        with pytest.raises(Problem):
            await writer.submit(arrival("late"))
        assert not writer.accepting
        stored.may_go.set()
        await stopping
        await asyncio.wait(tasks)
        assert [outcome(task) for task in tasks] == ["first", *(str(n) for n in range(250))]
        assert "late" not in stored.titles

    run(test)


def test_a_sender_that_hangs_up_changes_nothing_for_the_others() -> None:
    async def test(stored: Stored, writer: Writer) -> None:
        tasks = await held(stored, writer, ["a", "b", "c"])
        tasks[2].cancel()
        await asyncio.sleep(0)
        stored.may_go.set()
        assert [answer.alert_id for answer in await asyncio.gather(*tasks[:2], tasks[3])] == ["first", "a", "c"]

    run(test)
