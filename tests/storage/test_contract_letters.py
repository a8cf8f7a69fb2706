"""Letters: said once, with what they say stored beside them; nothing overtakes, folds or gathers them."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from bot.core.card import Message
from bot.core.mutes import Mute
from bot.core.people import Person
from bot.core.text import Quote, When, Who, sentence
from bot.ports import Settled
from bot.ports.rota import Letter
from storage import models

ANA = "slack:@ana@acme.example"
HOSTILE = 'a "quoted" <!channel> \0 \ud800 \u202e 𝕏 日本語'


def letter(key: str = "morning:ana:1", place: str = ANA, **more: Any) -> Letter:
    said = Message(
        kind="letter",
        alert_id="",
        generation=0,
        summary=sentence("Three alerts wait"),
        title="Good morning",
        lines=(sentence(Who("ana@acme.example", mention=True), ", three alerts wait: ", Quote(HOSTILE)),),
        people={"ana@acme.example": Person(id="ana@acme.example", name="Ana")},
        **more.pop("message", {}),
    )
    return Letter(**{"key": key, "place": place, "message": said, **more})


def post(world: Any, *letters: Letter) -> list[int]:
    found: list[int] = world.store.post_letters(letters, at=world.clock.at)
    return found


def test_a_letter_is_served_with_what_it_says(world: Any) -> None:
    said = letter(message={"foot": (When(world.clock.at),)})
    (number,) = post(world, said)
    claimed = world.claim(ANA)
    row = claimed.delivery
    assert (row.id, row.key, row.kind, row.alert_id, row.rank) == (number, "morning:ana:1", "letter", "", 3)
    assert (row.place, row.created_at, row.thread, row.state) == (ANA, world.clock.at, False, "sending")
    assert (claimed.alert, claimed.gathered, claimed.events, claimed.root) == (None, None, (), None)
    assert claimed.letter is not None
    assert (claimed.letter.lines, claimed.letter.foot) == (said.message.lines, said.message.foot)
    assert claimed.letter.people == {}, "they are looked up when it is said"
    assert not claimed.overtaken
    assert world.show(claimed) is None
    assert world.store.due(number).state == "shown"
    assert world.claim(ANA) is None


def test_a_letter_is_owed_once_for_ever(world: Any) -> None:
    first = post(world, letter("b"), letter("a"), letter("b", place="slack:#elsewhere"))
    assert len(first) == 2
    world.show(world.claim(ANA))
    (third,) = post(world, letter("a"), letter("b"), letter("c"))
    assert world.store.due(third).key == "c"
    assert post(world) == []


def test_letters_take_their_turn_by_their_rank(world: Any) -> None:
    plain, urgent = post(world, letter("a"), letter("b", rank=0))
    assert [one.delivery for one in world.store.waiting(world.machine)] == [min(plain, urgent)]
    assert world.claim(ANA).delivery.key == "b"


def test_a_letter_that_nobody_could_say_is_tried_again_looked_for_or_given_up(world: Any) -> None:
    (number,) = post(world, letter())
    world.store.settle(world.claim(ANA), Settled(state="pending", error="timeout"))
    world.store.settle(world.claim(ANA), Settled(state="unknown", posted=True, sweep_at=1.0))
    assert world.store.sweepable(number)[0].letter is not None
    again = world.claim(ANA)
    assert (again.was_unknown, again.letter is not None, again.delivery.attempts) == (True, True, 3)
    world.store.settle(again, Settled(state="dead", error="is_archived"))
    assert (world.store.due(number).state, world.claim(ANA)) == ("dead", None)


def test_letters_are_neither_folded_nor_gathered_nor_overtaken(world: Any) -> None:
    numbers = post(world, *(letter(f"k{n:02}") for n in range(40)))
    assert world.store.behind(limit=10) == []
    with world.store.transaction() as tx:
        assert tx.fold(ANA, world.machine, now=world.clock.at).gathered == ()
    for number in numbers:
        claimed = world.claim(ANA)
        assert (claimed.delivery.id, claimed.overtaken) == (number, False)
        world.show(claimed)


def test_a_letter_counts_as_waiting_since_it_was_posted(world: Any) -> None:
    post(world, letter())
    world.clock.pass_(7)
    assert world.store.oldest(world.machine) == {ANA: 7.0}
    assert world.store.counts() == {"delivery.pending": 1}


def test_an_older_version_of_the_code_leaves_letters_alone(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    post(world, letter())
    monkeypatch.setattr(models, "VERSION", 1)
    assert world.claim(ANA) is None
    assert world.store.waiting(world.machine) == []


def mute(world: Any, number: str = "m1") -> None:
    at = world.clock.at
    world.store.mute(Mute(id=number, start=at, until=at, owner="ana@acme.example"), at=at)


def test_the_list_of_a_mute_and_its_letters_are_stored_together_and_once(world: Any) -> None:
    mute(world)
    at = world.clock.at
    assert world.store.listed("m1", [letter("mute:m1")], at=at) is True
    assert world.store.listed("m1", [letter("mute:m1:again")], at=at) is False
    assert world.store.listed("nobody", [letter("mute:nobody")], at=at) is False
    world.show(world.claim(ANA))
    assert world.claim(ANA) is None
    assert world.store.unlisted_mutes(at) == []


KILLED = """
    import os, sys
    from datetime import datetime, UTC
    from sqlalchemy import event
    from bot.core.card import Message
    from bot.ports.rota import Letter
    from storage.store import SqlStore

    url, place, statement = sys.argv[1:]
    store = SqlStore(url)

    @event.listens_for(store.database.engine, "after_cursor_execute")
    def die(connection, cursor, sql, parameters, context, many):
        if sql.startswith(statement):
            os._exit(9)

    said = Message(kind="letter", alert_id="", generation=0, summary=())
    store.listed("m1", [Letter(key="mute:m1", place=place, message=said)], at=datetime.now(UTC))
"""


@pytest.mark.parametrize("statement", ["UPDATE mutes", "INSERT INTO deliveries"])
def test_whoever_is_killed_between_the_list_and_its_letters_leaves_neither(
    sql_world: Any, database_url: str, statement: str
) -> None:
    mute(sql_world)
    script = [sys.executable, "-c", textwrap.dedent(KILLED), database_url, ANA, statement]
    root = Path(__file__).parents[2]
    ended = subprocess.run(script, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, timeout=60, check=False)
    assert ended.returncode == 9
    assert [one.id for one in sql_world.store.unlisted_mutes(sql_world.clock.at)] == ["m1"]
    assert sql_world.claim(ANA) is None
    assert sql_world.store.listed("m1", [letter("mute:m1")], at=sql_world.clock.at) is True
    assert sql_world.claim(ANA).letter is not None
