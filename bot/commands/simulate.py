"""`closeloop policy simulate`: a policy tried on one's own past."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.say import AsJson, Failed, as_json, clean, out, table, tell

if TYPE_CHECKING:
    from bot.core.people import Away, Person
    from bot.core.policy import Policy
    from bot.ports import Store
    from bot.replay.compare import Compared
    from bot.replay.history import Past
    from bot.replay.proposal import Change
    from bot.replay.roster import Town
    from bot.settings import Config

TOLD = 20
"""mistakes of a table that are told one by one"""
BIG = 256 * 1024 * 1024
"""bytes of a table that is read"""


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: closeloop policy simulate --policy new.yaml --since 30d")(simulate)


def simulate(  # noqa: PLR0913  a command's options are its parameters
    *,
    policy: Annotated[
        str, typer.Option(help="The proposed closeloop.yaml, whole or only its policies or people.")
    ] = "",
    since: Annotated[str, typer.Option(help="How far back: 30d, 12h, or a day, 2026-11-01.")] = "30d",
    until: Annotated[str, typer.Option(help="Where the history ends: a day, or how long ago; now.")] = "",
    history: Annotated[str, typer.Option(help="CSV of another tool instead of the database: docs/simulate.md.")] = "",
    what_if: Annotated[
        list[str], typer.Option(help='"ana away 2w", "ana away 2026-12-24..2027-01-02 delegate ben".')
    ] = [],  # noqa: B006  typer copies it
    html: Annotated[str, typer.Option(help="Write a page with charts to this file.")] = "",
    config: Annotated[str, typer.Option(help="Another file than CLOSELOOP_CONFIG as today's.")] = "",
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Use the database of a closeloop up --sandbox.")] = False,
    json: AsJson = False,
) -> None:
    """Run recorded alerts and people's recorded reactions through a policy, beside today's. Nothing is sent."""
    if not policy and not what_if:
        raise Failed("name a proposed file (--policy new.yaml) or ask what would be (--what-if 'ana away 2w')")
    now = datetime.now(UTC)
    today, proposed = _configurations(config, policy, needed=not history)
    source = _table(history) if history else _database(_span(since, until, now), sandbox=sandbox)
    compared = _compare(_change(today, proposed, what_if, source), source)
    if html:
        _write(html, compared, policy or "; ".join(what_if))
    if json:
        from bot.replay.compare import as_data

        as_json(as_data(compared))
    else:
        _print(compared)


# ── what goes in ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Source:
    """A history, the people in it, and the policies that it was raised under."""

    pasts: Iterable[Past]
    town: Callable[[Config], Town]
    since: datetime | None
    until: datetime | None
    names: Callable[[], set[str]]
    """people whom a what-if may mean, beside those of the configuration"""
    policy: Callable[[str, int | None], Policy] | None = None


def _configurations(config: str, policy: str, *, needed: bool) -> tuple[Config, Config]:
    """Today's and the proposed one. Where nothing is installed and need not be, today's has the built-in policy."""
    from bot.environment import environment
    from bot.replay.proposal import BUILT_IN, completed, with_built_in_policies
    from bot.settings import load, loads

    path = Path(config) if config else environment().config
    is_there = needed or bool(config) or path.exists()
    today = load(path) if is_there else loads(BUILT_IN, Path("built-in"))
    if not policy:
        return today, today
    proposed = completed(_text(policy), today, Path(policy))
    for warning in proposed.warnings:
        tell(f"warning: {warning}")
    return today if is_there else with_built_in_policies(proposed), proposed


def _change(today: Config, proposed: Config, what_if: Sequence[str], source: Source) -> Change:
    from bot.replay.proposal import Change

    listed = {one.id for one in (*today.people(), *proposed.people())}
    names = source.names() | listed if what_if else set[str]()
    return Change(today=today, proposed=proposed, away=_away(what_if, names, source.since))


def _away(what_if: Sequence[str], names: Iterable[str], since: datetime | None) -> dict[str, tuple[Away, ...]]:
    from bot.replay.whatif import read

    found: dict[str, tuple[Away, ...]] = {}
    for text in what_if:
        try:
            person, away = read(text).away(since or datetime.now(UTC), names)
        except ValueError as error:
            raise Failed(clean(error, 500)) from None
        found[person] = (*found.get(person, ()), away)
    return found


def _table(file: str) -> Source:
    from bot.replay.roster import Town
    from bot.replay.table import Unreadable, read

    try:
        found = read(_text(file), file)
    except Unreadable as error:
        raise Failed(clean(error, 500)) from None
    for mistake in found.mistakes[:TOLD]:
        tell(f"left out: {clean(mistake, 300)}")
    if len(found.mistakes) > TOLD:
        tell(f"left out: {len(found.mistakes) - TOLD:,} more lines")
    if not found.pasts:
        raise Failed(f"{file} has no alert that can be used")

    def town(config: Config) -> Town:
        return Town(find={person.id: person for person in config.people()}.get, mutes=config.mutes())

    def names() -> set[str]:
        return {who for past in found.pasts for who in (past.owner, *(one.by.id for one in past.reactions))}

    since = found.pasts[0].raised_at
    return Source(pasts=found.pasts, town=town, since=since, until=None, names=names)


def _database(span: tuple[datetime, datetime], *, sandbox: bool) -> Source:
    from bot.commands.database import opened
    from bot.replay.trail import pasts

    store, (start, end) = opened(sandbox=sandbox), span
    return Source(
        pasts=pasts(store.trails(start, end)),
        town=lambda config: _town(store, config, start, end),
        since=start,
        until=end,
        names=lambda: {who for past in pasts(store.trails(start, end)) for who, _ in past.seen},
        policy=store.policy,
    )


def _town(store: Store, config: Config, start: datetime, end: datetime) -> Town:
    """The people as the database knows them, with the absences of that time."""
    from bot.replay.roster import Town, declared

    def find(ref: str) -> Person | None:
        found = store.people([ref]).get(ref)
        if found is None and ":" in ref:
            found = store.person_by_chat(*ref.split(":", 1))
        return found[0] if found else None

    def members(handle: str) -> tuple[str, ...]:
        return store.groups([handle]).get(handle, ((), end))[0]

    return Town(
        find=find,
        absences=declared(store.absences(since=start), {person.id: person.away for person in config.people()}),
        shifts={name: store.shifts_between(name, start, end) for name in config.plan().schedules},
        members=members,
        mutes=(*config.mutes(), *store.all_mutes(since=start)),
    )


def _compare(change: Change, source: Source) -> Compared:
    from bot.replay.compare import compare
    from bot.replay.proposal import newest

    today, proposed = change.sides(source.town(change.today), source.policy or newest(change.today))
    return compare(source.pasts, today, proposed, since=source.since, until=source.until)


def _text(file: str) -> str:
    path = Path(file)
    try:
        if path.stat().st_size > BIG:
            raise Failed(f"{file} is larger than {BIG // 1024 // 1024} MB; split it")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Failed(f"{file} is not UTF-8 text (byte {error.start})") from None


def _span(since: str, until: str, now: datetime) -> tuple[datetime, datetime]:
    end = min(_instant(until, now), now) if until else now
    start = _instant(since, now)
    if start >= end:
        raise Failed("the history ends before it begins: look at --since and --until")
    return start, end


def _instant(text: str, now: datetime) -> datetime:
    """`30d` ago, or a day or an instant by ISO 8601, in UTC where it says no other zone."""
    from bot.replay.whatif import length

    try:
        return now - length(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Failed(f"{text}: write how long ago, 30d, or a day, 2026-11-01") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


# ── what comes out ───────────────────────────────────────────────────────────────────────────────────────────────────


def _print(compared: Compared) -> None:
    from bot.replay import shown

    for sentence in shown.sentences(compared):
        out(sentence)
    out("")
    table(("", "today", "proposed", "difference"), shown.summary(compared))
    for columns, rows in (
        (shown.STEP_COLUMNS, shown.by_step(compared)),
        (shown.PERSON_COLUMNS, shown.by_person(compared)),
    ):
        if rows:
            out("")
            table(columns, rows)


def _write(file: str, compared: Compared, about: str) -> None:
    from bot.replay.shown import page

    try:
        Path(file).write_text(page(compared, title=f"What would change: {clean(about)}"), encoding="utf-8")
    except OSError as error:
        raise Failed(f"{file} cannot be written: {error.strerror}") from None
    tell(f"Wrote {file}")
