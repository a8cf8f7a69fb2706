"""Who people are, asked of the directories before a decision and remembered, so that no decision waits for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import islice

from bot.core.people import Away, Person
from bot.ports import Clock, Store, Unknown
from bot.ports.directories import Directory, Roll

FRESH = timedelta(minutes=10)
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""as old as can be: the directories are asked before the first decision is"""


@dataclass(frozen=True, kw_only=True)
class People:
    """The directories in the order they are asked, in front of what the database remembers."""

    store: Store
    directories: Sequence[Directory]
    clock: Clock
    platforms: Sequence[str] = ()
    """the chats in which people are asked; empty: any that a directory names"""

    def known(self, refs: Iterable[str]) -> dict[str, Person]:
        """These people, asked anew where what we know is older than ten minutes. Unknown ones are left out."""
        wanted = set(refs)
        remembered = self.store.people(wanted)
        now = self.clock.now()
        stale = [ref for ref in wanted if ref not in remembered or _old(remembered[ref][1], now)]
        found = {ref: person for ref, (person, _) in remembered.items()}
        found |= self._ask(stale, found, now)
        return found

    def with_managers(self, ref: str) -> dict[str, Person]:
        """A person and everybody above them, nearest first."""
        chain: dict[str, Person] = {}
        following: str | None = ref
        while following and following not in chain and len(chain) <= 10:
            person = self.known([following]).get(following)
            if person is None:
                break
            chain[following] = person
            following = person.manager
        return chain

    def by_chat(self, platform: str, chat_id: str) -> Person | None:
        """Whoever has this id in the chat, or None where no directory knows them."""
        ref = f"{platform}:{chat_id}"
        remembered = self.store.person_by_chat(platform, chat_id)
        now = self.clock.now()
        if remembered and not _old(remembered[1], now):
            return remembered[0]
        before = {ref: remembered[0]} if remembered else {}
        return self._ask([ref], before, now).get(ref) or before.get(ref)

    @property
    def lists_say_away(self) -> bool:
        """Whether `refresh` learns of every absence that a directory knows."""
        return all(one.says_away is not None for one in self.directories if isinstance(one, Roll))

    def refresh(self) -> None:
        """Whoever the directories that can tell of everybody at once know: who is away, and who has left, in time.

        Raises Unknown where one of them cannot be asked now; the others have been.
        """
        failed: Unknown | None = None
        for directory in self.directories:
            try:
                if isinstance(directory, Roll):
                    self._read(directory)
            except Unknown as error:
                failed = error
        if failed:
            raise failed

    def _read(self, directory: Roll) -> None:
        everybody, now = iter(directory.everybody()), self.clock.now()
        while some := list(islice(everybody, 500)):
            self._remember(some, now, directory.says_away)

    def _remember(self, some: Sequence[Person], now: datetime, by: str | None) -> None:
        """Only who is remembered already; whoever such a list knows otherwise is asked for in every directory."""
        remembered = self.store.people([person.id for person in some])
        known = [(remembered[person.id][0], person) for person in some if person.id in remembered]
        said = {one.away for one in self.store.absences(since=now)} if known else set()
        for before, listed in known:
            if before.active != listed.active or _away_now(before, now, by, but=said) != _away_now(listed, now, by):
                self._ask([before.id], {before.id: before}, now)

    def learn(self, people: Iterable[Person]) -> None:
        """People named in the configuration, kept together with what is remembered of them already."""
        listed = {person.id: person for person in people}
        remembered = self.store.people(listed)
        merged = [merge(p, remembered[p.id][0]) if p.id in remembered else p for p in listed.values()]
        self.store.save_people(merged, at=NEVER)

    def _ask(self, refs: Sequence[str], before: dict[str, Person], now: datetime) -> dict[str, Person]:
        answers = {ref: person for ref in refs if (person := self._find(ref, before.get(ref)))}
        if not answers:
            return {}
        found = {person.id: person for person in answers.values()}.values()
        for at, is_sure in ((now, True), (NEVER, False)):
            if some := [person for person in found if self._is_sure(person) == is_sure]:
                self.store.save_people(some, at=at)
        # With what they say of themselves: a directory knows neither their wishes nor whom they left in their place.
        stored = self.store.people({person.id for person in found})
        return {ref: stored[person.id][0] for ref, person in answers.items() if person.id in stored}

    def _is_sure(self, person: Person) -> bool:
        """Whether a chat has had its say: while it is away only the file knows them, and nobody could write to them."""
        return self._reachable(person) or person.kind == "unknown" or len(self.directories) == 1

    def _find(self, ref: str, before: Person | None) -> Person | None:
        """The directories' answers as one person.

        What is remembered stands where a directory cannot answer now. Whom every directory denies is remembered as
        unknown, so that an owner who does not exist is replaced instead of waited for.
        """
        chat_ids = [f"{platform}:{chat_id}" for platform, chat_id in before.chat.items()] if before else []
        found, sure = self._answers(ref, *chat_ids)
        if found and found[-1].id != ref and "@" not in ref:
            # Known by a chat id: the directories that go by e-mail have a say too, and theirs comes first.
            again, _ = self._answers(found[-1].id)
            found = again or found
        if not sure and before:
            found.append(before)
        if found:
            person = reduce(merge, found)
            if sure and not self._reachable(person) and len(found) < len(self.directories):
                # Listed in the file, and the workspace has nobody of that name (any more): nobody could ask them.
                person = replace(person, kind="unknown")
            return replace(person, id=ref) if "@" in ref else person
        return Person(id=ref, name=ref, kind="unknown") if sure else None

    def _reachable(self, person: Person) -> bool:
        return bool(person.chat.keys() & self.platforms) if self.platforms else bool(person.chat)

    def _answers(self, *refs: str) -> tuple[list[Person], bool]:
        """Each directory's answer to the first of the refs it knows: some deny the e-mail of whoever has left."""
        found: list[Person] = []
        sure = True
        for directory in self.directories:
            try:
                answer = next((person for ref in refs if (person := directory.find(ref))), None)
            except Unknown:
                sure = False
                continue
            if answer is not None:
                found.append(answer)
        return found, sure


def merge(first: Person, second: Person) -> Person:
    """One person from two answers: what the first says counts, except that whoever is gone anywhere is gone."""
    return replace(
        first,
        name=first.name if first.name != first.id else second.name,
        manager=first.manager or second.manager,
        time_zone=first.time_zone if first.time_zone != "UTC" else second.time_zone,
        working=first.working or second.working,
        quiet=first.quiet or second.quiet,
        country=first.country or second.country,
        prefers=first.prefers if first.prefers != "instant" else second.prefers,
        uses=first.uses or second.uses,
        away=tuple(dict.fromkeys((*first.away, *second.away))),
        active=first.active and second.active,
        kind=second.kind if first.kind == "human" and second.kind != "unknown" else first.kind,
        chat={**second.chat, **first.chat},
    )


def _away_now(person: Person, now: datetime, by: str | None, *, but: Collection[Away] = ()) -> set[datetime]:
    """Until when they are away, as a directory tells of it (`Away.by`): `but` is what people said themselves."""
    return {one.until for one in person.away if one.covers(now) and one.by == by and one not in but}


def _old(asked_at: datetime, now: datetime) -> bool:
    return not timedelta(0) <= now - asked_at < FRESH
