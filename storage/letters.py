"""Letters: said once as any other delivery, with what they say stored beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from bot.core.card import Message
from bot.core.packing import packed, unpacked
from bot.core.state import Owed
from bot.ports.rota import Letter
from storage import rows
from storage.models import LETTER, LETTERS, deliveries
from storage.owing import insert_into


def owed(letter: Letter) -> Owed:
    return Owed(key=letter.key, kind=LETTER, alert_id="", seq=1, generation=1, place=letter.place, rank=letter.rank)


def post(connection: Connection, letters: Sequence[Letter], at: datetime) -> list[int]:
    """Returns the ids of new deliveries: one whose key is there already stays as it is."""
    new = insert_into(connection.dialect.name)(deliveries).on_conflict_do_nothing(index_elements=["key"])
    new = new.returning(deliveries.c.id)
    # In the order of their keys: two who owe the same letters never wait for each other in a circle.
    found = (
        connection.execute(new, _row(letter, at)).scalar_one_or_none()
        for letter in sorted(letters, key=lambda letter: letter.key)
    )
    return [number for number in found if number is not None]


def _row(letter: Letter, at: datetime) -> dict[str, object]:
    said = {"alert_id": None, "payload": packed(letter.message), "version": LETTERS}
    return {**rows.delivery_row(owed(letter), at), **said}


def said(connection: Connection, delivery_id: int) -> Message:
    payload = connection.execute(select(deliveries.c.payload).where(deliveries.c.id == delivery_id)).scalar_one()
    return unpacked(payload)
