"""The people whom closeloop.yaml names."""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.people import Person


class FileDirectory:
    """A Directory of people that are known from the start."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._by_ref: dict[str, Person] = {}
        for person in people:
            self._by_ref[person.id] = person
            self._by_ref |= {f"{platform}:{chat_id}": person for platform, chat_id in person.chat.items()}

    def find(self, ref: str, /) -> Person | None:
        """By e-mail, in any case, or by `<platform>:<chat id>`; None where the file does not name them."""
        return self._by_ref.get(ref) or self._by_ref.get(ref.lower())
