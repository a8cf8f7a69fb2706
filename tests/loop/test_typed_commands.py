"""What people type after /loop: every command, what is wrong with it, and who may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from cast import ANA, BEN, CLEO, DOV, ELSA, GUS, PLAN, T0, minutes, plain, signal

from bot.core.help import USAGES
from bot.core.oncall import Rotation, Schedule, Shift
from bot.core.routing import Owner, Rule
from bot.core.signal import Discrepancy, Entity
from bot.ports import Answer, Source
from handlers.commands import COMMANDS

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAYMENTS = Schedule(
    name="payments",
    rotations=(
        Rotation(people=(ANA.id, BEN.id), every="week", handover=(0, 540), since=date(2026, 3, 2), time_zone="UTC"),
    ),
)
BUSY = replace(
    PLAN,
    admins=frozenset({CLEO.id}),
    schedules={"payments": PAYMENTS},
    stewards={"drift-watch": frozenset({BEN.id})},
    rules=(Rule(name="big-sums", when={"source": ("big",)}, owners=(Owner(BEN.id),), channel="#ai-alerts"),),
)


@pytest.fixture
def town(a_world: Callable[..., Any]) -> Any:
    """Cleo is an admin, Ben answers for drift-watch and owns what the rule big-sums matches, Ana is on call."""
    world = a_world(plan=BUSY)
    world.store.save_source(Source(id="drift-watch", name="drift-watch"))
    world.people.known({one.id for one in world.directory.people.values()})
    return world


def reads(answer: Answer) -> str:
    """Everything they are shown."""
    if answer.sheet is None:
        return plain(answer.said)
    sheet = answer.sheet
    lines = [line for row in sheet.rows for line in row.lines]
    return "\n".join([sheet.title, *map(plain, (sheet.intro, *lines, sheet.foot))])


def shown(answer: Answer) -> list[str]:
    assert answer.sheet is not None, plain(answer.said)
    return [row.alert_id for row in answer.sheet.rows if row.alert_id]


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_command_has_a_usage_and_every_usage_is_a_command() -> None:
    assert {typed.split()[0] for typed, _ in USAGES} == set(COMMANDS)


@pytest.mark.parametrize("typed", [typed for typed, _ in USAGES])
def test_every_usage_can_be_typed_by_somebody_who_may(town: Any, typed: str) -> None:
    """As it stands in the help, with the people of the cast."""
    alert = town.raised(title="invoice 7731")
    if typed == "unmute drift-watch":
        town.types(BEN, "mute drift-watch until 17:00")
    if typed == "back":
        town.types(BEN, "away until friday")
    who = CLEO if typed.startswith("away until") else BEN
    text = typed.replace("8F3K2Q", alert.short).replace("@ben", "@U0BEN")
    answer = town.types(who, text)
    assert answer.ok, plain(answer.said)


def test_nothing_typed_is_what_is_mine(town: Any) -> None:
    mine, _ = town.raised(), town.raised(dedup_key="b", owner=BEN.id)
    assert shown(town.types(ANA, "")) == shown(town.types(ANA, "mine")) == [mine.id]


@pytest.mark.parametrize(
    ("typed", "meant"), [("mien", "mine"), ("onc", "oncall"), ("aways", "away"), ("HELPP", "help")]
)
def test_a_slip_of_the_pen_is_answered_with_what_was_meant(town: Any, typed: str, meant: str) -> None:
    answer = town.types(ANA, typed)
    assert not answer.ok
    assert f"Did you mean {meant}?" in plain(answer.said)


def test_what_is_like_nothing_leads_to_help(town: Any) -> None:
    assert "Type help" in plain(town.types(ANA, "xyzzy 12").said)


@pytest.mark.parametrize(("typed", "like"), [("search invoice", "find invoice"), ("on-call", "oncall"), ("?", "help")])
def test_other_words_that_people_try_do_the_same(town: Any, typed: str, like: str) -> None:
    town.raised()
    assert reads(town.types(ANA, typed)) == reads(town.types(ANA, like))


def test_help_for_one_command_shows_that_one(town: Any) -> None:
    said = reads(town.types(ANA, "help away"))
    assert "away until monday" in said
    assert "mute" not in said


def test_a_stranger_is_told_nothing(town: Any) -> None:
    unknown = replace(DOV, id="nobody@acme.example", chat={"slack": "U0NOBODY"})
    answer = town.types(unknown, "open")
    assert (answer.ok, plain(answer.said)) == (False, "Closeloop does not know you, so nothing was done.")


# ── finding ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("typed", ["open", "open #ai-alerts", "exceptions", "mine", "find invoice"])
def test_dov_sees_nothing_whatever_he_types(town: Any, typed: str) -> None:
    town.raised()
    town.sleep(6 * HOUR)
    answer = town.types(DOV, typed)
    assert answer.sheet is None or shown(answer) == []
    assert "7731" not in reads(answer)


def test_dov_cannot_look_an_alert_up_by_its_number(town: Any) -> None:
    alert = town.raised()
    assert plain(town.types(DOV, f"status {alert.short}").said) == "No alert that you can see has this number."
    assert shown(town.types(BEN, f"status #{alert.short.lower()}"))[0] == alert.id


@pytest.mark.parametrize("typed", ["status", "status 12", "status ??????", "status a b c d"])
def test_a_number_that_is_none_is_asked_for(town: Any, typed: str) -> None:
    assert "Type the number on the card" in plain(town.types(ANA, typed).said)


def test_one_channel_is_looked_at_alone(town: Any) -> None:
    here = town.raised()
    town.raised(dedup_key="elsewhere", source="elsewhere", owner=ANA.id)
    assert shown(town.types(ANA, "open #ai-alerts")) == [here.id]
    assert len(shown(town.types(ANA, "open"))) == 2


def test_alerts_are_found_by_words_by_entity_and_by_number(town: Any) -> None:
    entity = Discrepancy(entity=Entity(type="contract", id="C-88"), expected=1, observed=2)
    one = town.raised(title="A contract is odd", discrepancy=entity)
    town.raised(dedup_key="other", title="Something else")
    for typed in ("find ODD contract", "find c-88", f"find {one.short}", f"find #{one.short}"):
        assert shown(town.types(BEN, typed)) == [one.id], typed
    assert "three letters or more" in plain(town.types(BEN, "find ab").said)
    assert "Nothing that you can see" in plain(town.types(BEN, "find zebra").said)


def test_the_report_is_drawn_for_full_members_and_asked_for_once(town: Any) -> None:
    assert town.types(BEN, "report").ok
    [(job, errand)] = [hint for hint in town.queue.hints if hint[0] == "report"]
    assert (job, errand.rpartition(":")[0]) == ("report", f"slack:{BEN.id}")
    assert not town.types(GUS, "report").ok
    town.queue.hint = lambda job, ids: False
    assert "cannot be drawn just now" in plain(town.types(BEN, "report").said)


# ── away ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def absence(world: Any, one: Any) -> Any:
    return world.people.known([one.id])[one.id].absence(world.clock.at)


def test_somebody_is_away_until_the_day_they_name_with_whoever_stands_in(town: Any) -> None:
    answer = town.types(ANA, "away until friday delegate @U0BEN because my sister marries until late")
    assert answer.ok, plain(answer.said)
    assert "Ben stands in" in plain(answer.said)
    away = absence(town, ANA)
    assert (away.until, away.delegate, away.why) == (
        T0.replace(hour=0) + 4 * DAY,
        BEN.id,
        "my sister marries until late",
    )
    assert town.raised().owner == BEN.id


def test_without_a_delegate_they_are_told_who_is_asked(town: Any) -> None:
    assert "Nobody stands in" in plain(town.types(ANA, "away for 2w").said)
    assert absence(town, ANA).until == T0 + 14 * DAY


def test_what_somebody_said_of_themselves_is_known_however_often_the_directory_is_asked(town: Any) -> None:
    town.types(ANA, "away until friday")
    town.types(ANA, "quiet 22:00-07:00")
    town.types(ANA, "prefer digest")
    town.clock.forward(HOUR)
    asked = town.people.known([ANA.id])[ANA.id]
    assert (absence(town, ANA) is not None, asked.quiet, asked.prefers) == (True, "22:00-07:00", "digest")
    town.clock.forward(HOUR)
    assert town.people.by_chat("slack", "U0ANA") == asked
    assert reads(town.types(ANA, "quiet")) == "Your quiet hours: 22:00-07:00."


def test_a_later_word_takes_the_place_of_an_earlier_one(town: Any) -> None:
    town.types(ANA, "away until friday")
    town.types(ANA, "away until tomorrow")
    assert absence(town, ANA).until == T0.replace(hour=0) + DAY


WRONG_ABSENCES = [
    ("away tomorrow", "is nobody I know"),
    ("away until", "Say until when"),
    ("away until yesterday", "Say until when"),
    ("away until 2029-01-01", "Say until when"),
    ("away until friday delegate", "nobody I know"),
    ("away until friday delegate @U0NOBODY", "nobody I know"),
    ("away until friday delegate @U0ANA", "somebody else"),
    ("away until friday delegate @U0GUS", "cannot stand in"),
    ("away until friday delegate @U0BOT", "cannot stand in"),
    ("away nobody@acme.example until friday", "is nobody I know"),
    ("away @U0CLEO until friday", "can say this"),
    ("back @U0CLEO", "can say this"),
    ("back", "is not marked as away here"),
    ("back @U0NOBODY", "Type back alone"),
]


@pytest.mark.parametrize(("typed", "why"), WRONG_ABSENCES)
def test_what_is_wrong_with_an_absence_is_said_and_nothing_is_done(town: Any, typed: str, why: str) -> None:
    answer = town.types(ANA, typed)
    assert not answer.ok
    assert why in plain(answer.said)
    assert town.store.absences(since=T0 - DAY) == []


def test_nothing_is_delegated_to_somebody_who_is_away(town: Any) -> None:
    town.types(BEN, "away until friday")
    answer = town.types(ANA, "away until friday delegate ben@acme.example")
    assert not answer.ok
    assert "is away too" in plain(answer.said)


@pytest.mark.parametrize(
    ("by", "ok"), [(ANA, True), (CLEO, True), (ELSA, True), (BEN, False), (DOV, False), (GUS, False)]
)
def test_for_others_their_managers_and_admins_may_speak(town: Any, by: Any, ok: bool) -> None:
    assert town.types(by, "away @U0ANA until friday").ok is ok
    assert (absence(town, ANA) is not None) is ok
    town.types(ANA, "away until friday")
    assert town.types(by, "back @U0ANA").ok is ok
    assert (absence(town, ANA) is None) is ok


def test_an_admin_who_is_no_manager_may_speak_for_anybody(town: Any) -> None:
    assert town.types(CLEO, "away @U0DOV until friday").ok


def test_who_is_away_is_told_as_far_as_it_concerns_them(town: Any) -> None:
    town.raised()
    town.types(ANA, "away until friday because surgery")
    assert "Ana until 00:00: surgery" in reads(town.types(BEN, "away"))
    assert "surgery" not in reads(town.types(DOV, "away"))
    assert "Nobody who concerns you is away." in reads(town.types(DOV, "away"))


# ── quiet, prefer ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_quiet_hours_are_theirs_until_they_are_off(town: Any) -> None:
    assert reads(town.types(ANA, "quiet")) == "You have no quiet hours."
    assert "Quiet hours: 22:00-07:00 (UTC)" in plain(town.types(ANA, "quiet 22:00-07:00").said)
    assert town.people.known([ANA.id])[ANA.id].quiet == "22:00-07:00"
    assert town.types(ANA, "quiet OFF").ok
    assert reads(town.types(ANA, "quiet")) == "You have no quiet hours."


@pytest.mark.parametrize("typed", ["quiet late", "quiet 22-7", "quiet Foo 22:00-07:00", "quiet 09:00-09:00"])
def test_what_is_no_hours_is_refused_with_how_to_write_them(town: Any, typed: str) -> None:
    answer = town.types(ANA, typed)
    assert (answer.ok, town.people.known([ANA.id])[ANA.id].quiet) == (False, "")
    assert "quiet off" in plain(answer.said)


def test_how_they_are_told_is_theirs_to_choose(town: Any) -> None:
    assert town.types(ANA, "prefer Digest").ok
    assert town.people.known([ANA.id])[ANA.id].prefers == "digest"
    assert town.types(ANA, "prefer instant").ok
    assert town.people.known([ANA.id])[ANA.id].prefers == "instant"
    assert "prefer instant, or prefer digest" in plain(town.types(ANA, "prefer pigeons").said)


# ── on call ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_is_on_call_now_and_next(town: Any) -> None:
    said = reads(town.types(BEN, "oncall"))
    assert "payments\nNow: Ana until 09:00\nFrom 09:00: Ben until 09:00" in said
    assert reads(town.types(BEN, "oncall payments")) == said
    assert "There is no schedule nights. There are: payments." in reads(town.types(BEN, "oncall nights"))


def test_a_shift_is_never_told_to_end_where_nobody_looked_further(town: Any) -> None:
    town.clock.forward(3 * HOUR)
    said = reads(town.types(BEN, "oncall payments"))
    ends = [line.rpartition(" until ")[2] for line in said.splitlines() if " until " in line]
    assert len(ends) >= 2 and set(ends) == {"09:00"}


def test_somebody_else_is_on_call_for_a_while_and_everybody_sees_who_asked(town: Any) -> None:
    answer = town.types(ANA, "oncall swap payments @U0DOV until tomorrow 9:00")
    assert plain(answer.said) == "Dov is on call for payments in place of Ana until 09:00."
    assert "Now: Dov until 09:00 (swapped by Ana)" in reads(town.types(BEN, "oncall"))


def test_whoever_is_on_call_now_can_take_over_what_somebody_else_has_later(town: Any) -> None:
    """On Monday Ana is on call, from Wednesday on Ben is: she takes the whole week."""
    later = Shift(start=T0 + 2 * DAY, until=T0 + 4 * DAY, person=BEN.id, override=True, by=CLEO.id)
    town.store.override("payments", later, at=T0 - HOUR)
    assert town.types(ANA, "oncall swap payments until saturday").ok
    town.clock.forward(2 * DAY)
    assert "Now: Ana" in reads(town.types(BEN, "oncall"))


@pytest.mark.parametrize(
    ("by", "ok"), [(ANA, True), (BEN, True), (CLEO, True), (ELSA, True), (DOV, False), (GUS, False)]
)
def test_who_is_in_a_schedule_their_managers_and_admins_may_swap(town: Any, by: Any, ok: bool) -> None:
    assert town.types(by, "oncall swap payments @U0BEN until friday").ok is ok


WRONG_SWAPS = [
    ("oncall swap", "Say it like this"),
    ("oncall swap payments", "Say it like this"),
    ("oncall swap payments @U0NOBODY until friday", "Say it like this"),
    ("oncall swap payments @U0BEN until yesterday", "Say it like this"),
    ("oncall swap nights @U0BEN until friday", "There are: payments."),
    ("oncall swap payments @U0GUS until friday", "cannot be on call: guest"),
    ("oncall swap payments @U0BEN until 2026-06-01", "longer than 30 days"),
    ("oncall swap payments @U0ANA until friday", "is on call then already"),
]


@pytest.mark.parametrize(("typed", "why"), WRONG_SWAPS)
def test_what_is_wrong_with_a_swap_is_said_and_nothing_is_done(town: Any, typed: str, why: str) -> None:
    answer = town.types(ANA, typed)
    assert not answer.ok
    assert why in plain(answer.said)
    assert town.store.shifts_between("payments", T0, T0 + 60 * DAY) == []


# ── mutes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_source_is_muted_until_an_end_by_whoever_answers_for_it(town: Any) -> None:
    answer = town.types(BEN, "mute drift-watch until 17:00 because migration until midnight")
    assert answer.ok, plain(answer.said)
    assert "1 muted.\ndrift-watch until 17:00 · Ben: migration until midnight" in reads(town.types(ANA, "mute"))
    held = town.raised(source="drift-watch", owner=BEN.id)
    assert held.held_by
    town.deliver()
    assert town.chat.shown == []


def test_what_was_held_back_is_shown_as_soon_as_the_mute_is_ended(town: Any) -> None:
    town.types(BEN, "mute drift-watch until 17:00")
    held = town.raised(source="drift-watch", owner=BEN.id)
    answer = town.types(BEN, "unmute Drift-Watch")
    assert "1 alert that it held back is shown now." in plain(answer.said)
    town.deliver()
    assert town.card(town.alert(held.id))
    assert "Nothing is muted." in reads(town.types(BEN, "mute"))


def test_a_rule_is_muted_by_its_name(town: Any) -> None:
    assert town.types(BEN, "mute rule big-sums for 2h").ok
    assert town.raised(source="big", owner=BEN.id).held_by
    assert "rule big-sums until 11:00" in reads(town.types(BEN, "mute"))
    assert town.types(BEN, "unmute rule big-sums").ok


def test_everything_is_muted_by_admins_alone(town: Any) -> None:
    assert not town.types(BEN, "mute everything for 1h").ok
    assert town.types(CLEO, "mute everything for 1h").ok
    assert town.raised().held_by
    assert town.types(CLEO, "unmute everything").ok


MAY_MUTE = [
    *((one, "drift-watch", one in (BEN, CLEO, ELSA)) for one in (ANA, BEN, CLEO, DOV, ELSA, GUS)),
    *((one, "ap-auditor", one in (ANA, CLEO, ELSA)) for one in (ANA, BEN, CLEO, DOV, ELSA, GUS)),
    *((one, "rule big-sums", one in (BEN, CLEO, ELSA)) for one in (ANA, BEN, CLEO, DOV, ELSA, GUS)),
]


@pytest.mark.parametrize(("by", "what", "ok"), MAY_MUTE)
def test_whoever_answers_for_it_owns_it_or_is_an_admin_may_mute(town: Any, by: Any, what: str, ok: bool) -> None:
    assert town.types(by, f"mute {what} for 2h").ok is ok
    town.types(ELSA, f"mute {what} for 3h")
    assert town.types(by, f"unmute {what}").ok is ok


def test_a_guest_mutes_nothing_even_where_they_answer_for_it(a_world: Callable[..., Any]) -> None:
    world = a_world(plan=replace(BUSY, stewards={"ap-auditor": frozenset({GUS.id})}))
    assert not world.types(GUS, "mute ap-auditor for 2h").ok
    assert "Only full members" in reads(world.types(GUS, "mute"))
    assert "Only full members" in reads(world.types(GUS, "oncall"))


def test_a_mute_with_a_slip_of_the_pen_in_it_is_refused(town: Any) -> None:
    for typed in ("mute drift-wacth for 2h", "mute rule big-suns for 2h", "mute big-sums for 2h"):
        answer = town.types(CLEO, typed)
        assert not answer.ok
        assert "There is no source and no rule" in plain(answer.said)
    assert town.attendance.muted() == []


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("mute drift-watch", "A mute always ends"),
        ("mute drift-watch until whenever", "A mute always ends"),
        ("mute drift-watch for 31d", "within 30 days"),
        ("unmute", "Say what"),
        ("unmute drift-watch", "Nothing of this name is muted"),
    ],
)
def test_what_is_wrong_with_a_mute_is_said(town: Any, typed: str, why: str) -> None:
    answer = town.types(CLEO, typed)
    assert not answer.ok
    assert why in plain(answer.said)
    assert town.attendance.muted() == []


def test_a_source_whose_name_has_a_keyword_in_it_can_be_muted(town: Any) -> None:
    town.store.save_source(Source(id="waiting-for-ana", name="waiting-for-ana"))
    assert town.types(CLEO, "mute waiting-for-ana until 17:00").ok
    assert [one.source for one in town.attendance.muted()] == ["waiting-for-ana"]


def test_somebody_who_is_told_of_by_name_in_an_answer_is_known_to_whoever_shows_it(town: Any) -> None:
    answer = town.types(ANA, "away until friday delegate @U0BEN")
    assert {ANA.id, BEN.id} <= set(answer.people)


def test_an_alert_that_comes_back_while_muted_is_in_no_list_of_anybody_elses(town: Any) -> None:
    town.receive(signal())
    town.clock.forward(minutes(1))
    assert len(shown(town.types(BEN, "open"))) == 1


# ── once ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_changes_something_is_done_once_however_often_it_arrives(town: Any) -> None:
    """A chat sends again what it thinks was not heard, also when the person has said something else since."""
    sent = town.typed(ANA, "away for 3 days", id="the same")
    assert sent().ok
    town.types(ANA, "back")
    assert "answered already" in plain(sent().said)
    assert town.store.absences(ANA.id, since=town.clock.at) == []

    muted = town.typed(BEN, "mute drift-watch until 17:00", id="another")
    muted()
    town.types(BEN, "unmute drift-watch")
    muted()
    assert "Nothing is muted" in reads(town.types(BEN, "mute"))


def test_what_only_reads_may_be_asked_again(town: Any) -> None:
    mine = town.raised(owner=ANA.id)
    asked = town.typed(ANA, "mine", id="the same")
    assert shown(asked()) == shown(asked()) == [mine.id]
