"""What is owed to the chat: said once, edited in place, looked up before it is repeated, dropped when worthless."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cast import ANA, BEN, CLEO, ELSA, POLICY, T0, Team, given, minutes, opened, plain, raising, signal

from bot.core.card import Message
from bot.core.limits import SLACK
from bot.core.signal import Severity
from bot.core.state import Status
from bot.lines import SHUT, lesson
from bot.ports import Claimed, Delivery, Gathered, Later, Mark, Receipt, Refusal, Settled, Target, Unknown
from bot.verdict import CALL, LEASE, LOOKS, PLAIN, SETTLE, after, after_look, backoff, hindrance, patience

HOUR = timedelta(hours=1)
PACE = 1.005
"""seconds from one post in a place of Slack to the next"""
ROW = Delivery(
    id=1,
    key="nudge:1",
    kind="nudge",
    alert_id=opened().id,
    seq=1,
    generation=1,
    place="slack:#ai-alerts",
    rank=1,
    thread=True,
    state="sending",
    attempts=1,
    created_at=T0,
)
EDIT = replace(ROW, receipt=Receipt(channel="C1", ts="1.0"))


def states(world: Any, alert: Any) -> dict[str, str]:
    return {row.kind: row.state for row in world.owed(alert)}


def test_a_card_is_shown_once_and_edited_from_then_on(world: Any) -> None:
    alert = world.raised()
    world.deliver()
    posted = world.card(alert)
    world.acknowledge(alert, BEN)
    world.deliver()
    card = world.card(alert)
    assert (card.receipt, card.edits) == (posted.receipt, 1)
    assert plain(card.message.lines[0]).startswith("Acknowledged · owner @Ben")
    assert states(world, alert) == {"card": "shown"}
    assert {ANA.id, BEN.id, CLEO.id, ELSA.id} >= set(card.message.people) >= {BEN.id}


def test_many_changes_before_it_is_shown_are_one_post(world: Any) -> None:
    alert = world.raised()
    world.receive(*[signal(summary=f"seen {n} times") for n in range(20)])
    world.deliver()
    assert (len(world.chat.shown), world.card(alert).edits) == (1, 0)
    assert "raised 21 times" in plain(world.card(alert).message.foot)


def test_what_changes_while_the_card_is_on_its_way_is_shown_next(world: Any) -> None:
    alert, show = world.raised(), world.chat.show

    def show_slowly(message: Message, target: Target, /, *, mark: Mark) -> Receipt:
        world.chat.show = show
        world.acknowledge(alert, BEN)
        return show(message, target, mark=mark)

    world.chat.show = show_slowly
    world.deliver()
    assert (world.card(alert).mark.revision, world.card(alert).edits) == (2, 1)


def test_a_nudge_is_a_reply_under_the_card_from_the_second_on_also_a_direct_message(world: Any) -> None:
    alert = world.raised()
    for _ in range(3):
        world.deliver()
        world.sleep(10)
    nudges = [shown for shown in world.chat.shown if shown.mark.kind == "nudge"]
    replies = [shown for shown in nudges if shown.root]
    assert {(shown.place, shown.root) for shown in replies} == {("slack:#ai-alerts", world.card(alert).receipt)}
    assert [shown.place for shown in nudges if not shown.root] == [f"slack:@{ANA.id}"]
    assert replies[-1].says.startswith("@Ana, this has been open for 20 minutes.")
    assert len({shown.mark.delivery for shown in nudges}) == 3


def test_an_escalation_reaches_the_manager_with_what_the_card_offers(world: Any) -> None:
    world.raised()
    world.deliver()
    world.sleep(30)
    world.deliver()
    told = world.chat.to(f"slack:@{CLEO.id}")
    assert [shown.mark.kind for shown in told] == ["escalation"]
    assert told[0].says.startswith("Ana has not dealt with this for 30 minutes.")
    assert [button.act for button in told[0].message.buttons][:2] == ["acknowledge", "resolve"]


def test_every_repeat_in_the_exceptions_channel_says_which_alert_it_is(world: Any) -> None:
    world.raised()
    world.sleep(165)
    world.deliver()
    world.sleep(240)
    world.deliver()
    repeats = world.chat.to("slack:#ai-exceptions")
    assert [shown.mark.kind for shown in repeats] == ["exception", "exception"]
    for shown in repeats:
        assert shown.root is None
        assert "Invoice 7731 is paid twice" in shown.says
        assert shown.message.buttons
    assert repeats[1].says.startswith("Nobody has reacted for 7 hours. Owner: @Ana. Who takes this?")


def test_what_is_said_once_is_said_once(world: Any) -> None:
    alert = world.raised()
    world.sleep(45)
    world.deliver()
    before = len(world.chat.shown)
    for row in world.owed(alert):
        world.courier.deliver(row.id)
    assert world.deliver() == []
    assert len(world.chat.shown) == before


def test_a_nudge_for_what_was_acknowledged_meanwhile_is_superseded(world: Any) -> None:
    alert = world.raised()
    world.deliver()
    world.sleep(30)
    world.acknowledge(alert, ANA)
    world.deliver()
    assert states(world, alert) == {"card": "shown", "nudge": "superseded", "escalation": "superseded"}
    assert [shown.mark.kind for shown in world.chat.shown] == ["card"]


def test_a_note_is_said_even_when_the_alert_moved_on(world: Any) -> None:
    alert = world.raised()
    world.loop.note(world.act(alert, BEN), text="I called the bank.")
    world.loop.resolve(world.act(alert, ANA), what="Refunded.")
    world.deliver()
    notes = [shown.says for shown in world.chat.shown if shown.mark.kind == "note"]
    assert notes == ["Ben noted: I called the bank."]


def claimed(row: Delivery = ROW, alert: Any = None, **more: Any) -> Claimed:
    return Claimed(**{"delivery": row, "alert": alert or opened()} | more)


NEVER_SHOWN = "the alert was closed before its card was shown"
CLOSED = replace(opened(), status=Status.CLOSED)
HINDRANCES: list[tuple[str, dict[str, Any], Any, dict[str, Any], float, str | None]] = [
    # what, fields of the row, the alert, of the claim, seconds later, why not
    ("a card", {"kind": "card"}, opened(), {}, 0, None),
    ("a card of an alert that was just closed", {"kind": "card"}, CLOSED, {}, 29, None),
    ("one that was never shown", {"kind": "card"}, CLOSED, {}, 31, NEVER_SHOWN),
    ("one that may have been shown", {"kind": "card"}, CLOSED, {"was_unknown": True}, 31, None),
    ("one that was shown", {"kind": "card", "receipt": Receipt(channel="C1", ts="1.0")}, CLOSED, {}, 31, None),
    (
        "a card that went elsewhere",
        {"kind": "card", "place": "slack:#old"},
        opened(),
        {},
        0,
        "the card is in #ai-alerts now",
    ),
    ("a note", {"kind": "note"}, CLOSED, {}, 9000, None),
    ("a note of an earlier generation", {"kind": "note"}, replace(opened(), generation=2), {}, 0, None),
    *(
        (f"{kind}: {why}", {"kind": kind}, alert, more, 0, why)
        for kind in ("nudge", "check_in", "assigned", "escalation", "exception", "moved")
        for alert, more, why in (
            (opened(), {}, None),
            (replace(opened(), revision=9), {}, None),
            (opened(), {"overtaken": True}, "a newer one followed"),
            (replace(opened(), generation=2), {}, "the alert moved on to generation 2"),
            (CLOSED, {}, "the alert is closed"),
            (replace(opened(), status=Status.DISMISSED), {}, "the alert is dismissed"),
            # A reply goes where its card went.
            (replace(opened(), place="slack:#ai-exceptions"), {}, None),
        )
    ),
]


@pytest.mark.parametrize(("what", "row", "alert", "more", "later", "why"), HINDRANCES)
def test_what_is_not_worth_saying_any_more(
    what: str, row: dict[str, Any], alert: Any, more: dict[str, Any], later: float, why: str | None
) -> None:
    assert hindrance(claimed(replace(ROW, **row), alert, **more), T0 + timedelta(seconds=later)) == why


def test_what_speaks_of_many_alerts_is_always_worth_saying() -> None:
    many = Gathered(count=3, severities={"error": 3}, first=())
    row = replace(ROW, kind="digest", alert_id="")
    assert hindrance(Claimed(delivery=row, alert=None, gathered=many), T0 + HOUR) is None
    none = Gathered(count=0, severities={}, first=())
    assert hindrance(Claimed(delivery=row, alert=None, gathered=none), T0) == "nothing of it waits for them any more"


# ── what an answer means ─────────────────────────────────────────────────────────────────────────────────────────────

CARD = replace(ROW, kind="card", thread=False)
SHOWN_CARD = replace(CARD, receipt=Receipt(channel="C1", ts="1.0"))
AGAIN = replace(ROW, posts=2)
PLAINLY = replace(ROW, error=f"{PLAIN}invalid_blocks")
ANSWERS = [
    # what, answer, row, state, not before, lane free
    ("shown", Receipt(channel="C1", ts="1.0"), ROW, "shown", None, PACE),
    ("edited", Receipt(channel="C1", ts="1.0"), EDIT, "shown", None, None),
    ("rate limited", Later("ratelimited", 30), ROW, "pending", 30, 30),
    ("rate limited for no time", Later("ratelimited", 0), ROW, "pending", 1, 1),
    ("an edit is rate limited", Later("ratelimited", 30), EDIT, "pending", 30, None),
    ("out of reach: the workspace's breaker counts that", Later("unreachable", 5), ROW, "pending", 5, None),
    ("its content is refused: said plainly next", Refusal("invalid_blocks", "content"), ROW, "pending", 1, None),
    ("even plainly", Refusal("invalid_blocks", "content"), PLAINLY, "dead", None, None),
    ("the place is gone", Refusal("is_archived", "place"), ROW, "dead", None, None),
    ("the place of an edit is gone", Refusal("is_archived", "place"), EDIT, "dead", None, None),
    ("the workspace is gone", Refusal("token_revoked", "workspace"), ROW, "pending", SHUT, None),
    ("something nobody expected", Refusal("new_word"), ROW, "dead", None, None),
    ("a card was deleted", Refusal("message_not_found", "missing"), SHOWN_CARD, "pending", None, None),
    ("a card may not be edited any more", Refusal("edit_window_closed", "fixed"), SHOWN_CARD, "shown", None, None),
    ("a mistaken number", Later("ratelimited", 1e9), EDIT, "pending", 3600, None),
    ("unknown post", Unknown("timeout"), ROW, "unknown", SETTLE, PACE),
    ("unknown edit", Unknown("timeout"), EDIT, "pending", 2, None),
]


def free_at(settled: Settled) -> float:
    """The machine second from which its place in Slack takes another post."""
    paced = SLACK.pace.after((), settled.asked_at)[1] if settled.asked_at else 0.0
    return max(settled.lane_free_at, paced)


@pytest.mark.parametrize(("what", "answer", "row", "state", "wait", "lane"), ANSWERS)
def test_what_an_answer_means_for_the_row(
    what: str, answer: Any, row: Delivery, state: str, wait: float | None, lane: float | None
) -> None:
    settled = after(claimed(row), answer, 1000.0)
    assert settled.state == state
    assert settled.not_before == (1000.0 + wait if wait is not None else 0.0)
    assert free_at(settled) == (1000.0 + lane if lane is not None else 0.0)
    assert settled.error.removeprefix(PLAIN) == getattr(answer, "code", "")
    assert settled.posted == (row.receipt is None and state in ("shown", "unknown"))


@pytest.mark.parametrize(
    "answer", [Later("ratelimited", 30), Refusal("token_revoked", "workspace"), Refusal("invalid_blocks", "content")]
)
def test_what_may_have_arrived_stays_to_be_looked_for(answer: Any) -> None:
    assert after(claimed(was_unknown=True), answer, 1000.0).state == "unknown"


def test_what_was_posted_twice_is_looked_for_later() -> None:
    receipt = Receipt(channel="C1", ts="2.0")
    assert after(claimed(AGAIN), receipt, 1000.0).sweep_at == 1000.0 + LOOKS[0]
    assert after(claimed(ROW), receipt, 1000.0).sweep_at is None


ONE, TWO = Receipt(channel="C1", ts="1.0"), Receipt(channel="C1", ts="2.0")
LOOKED: list[tuple[str, Any, Delivery, str | None, float | None]] = [
    ("not there", [], ROW, None, None),
    ("a nudge is there", [ONE], ROW, "shown", None),
    ("a card is there, maybe in an older revision", [ONE], CARD, "pending", None),
    ("two are there", [ONE, TWO], ROW, "shown", None),
    ("limited", Later("ratelimited", 10), ROW, "unknown", 10),
    ("nobody answers", Unknown("timeout"), ROW, "unknown", 2),
    ("the workspace is gone", Refusal("token_revoked", "workspace"), ROW, "unknown", 2),
    ("the place is gone", Refusal("not_in_channel", "place"), ROW, "dead", None),
    ("an unknown refusal", Refusal("new_word"), ROW, "unknown", 2),
    ("again and again", Refusal("new_word"), replace(ROW, attempts=9), "dead", None),
    ("too much to read", Later("reading_took_too_long", 30), ROW, "unknown", 30),
    ("again and again too much", Unknown("too_much_to_read"), replace(ROW, attempts=9), "dead", None),
]


@pytest.mark.parametrize(("what", "answer", "row", "state", "wait"), LOOKED)
def test_what_looking_means_for_a_row_of_unknown_outcome(
    what: str, answer: Any, row: Delivery, state: str | None, wait: float | None
) -> None:
    settled = after_look(claimed(row, was_unknown=True), answer, 1000.0)
    if state is None:
        assert settled is None
        return
    assert settled is not None
    assert (settled.state, settled.posted) == (state, False)
    assert settled.not_before == (1000.0 + wait if wait is not None else 0.0)
    assert settled.receipt == (ONE if isinstance(answer, list) else None)
    assert settled.sweep_at == (1000.0 if answer == [ONE, TWO] else None)


def test_the_wait_between_attempts_grows_to_a_minute() -> None:
    assert [backoff(n) for n in (1, 2, 3, 4, 5, 6, 7, 1000)] == [2, 4, 8, 16, 32, 60, 60, 60]


# ── what Teams answers ───────────────────────────────────────────────────────────────────────────────────────────────

IN_TEAMS = replace(ROW, place="teams:#ai-alerts")
EDIT_IN_TEAMS = replace(IN_TEAMS, receipt=Receipt(channel="19:a", ts="1"))
NAMED, UNNAMED = Later("ratelimited", 17), Later("ratelimited", 10, grows=True)
TEAMS_ANSWERS = [
    # what, answer, row, state, waits at least, and at most, holds the lane, counts
    ("429 with Retry-After", NAMED, IN_TEAMS, "pending", 17, 17, True, False),
    ("429 without", UNNAMED, IN_TEAMS, "pending", 10, 10, True, False),
    ("429 without, the fifth time", UNNAMED, replace(IN_TEAMS, attempts=5), "pending", 32, 48, True, False),
    ("an edit's 429 is the place's: edits count as posts do", NAMED, EDIT_IN_TEAMS, "pending", 17, 17, True, False),
    ("412 with Retry-After", Later("precondition_failed", 9), IN_TEAMS, "pending", 9, 9, False, False),
    ("412", Later("precondition_failed", 2, grows=True), IN_TEAMS, "pending", 2, 3, False, False),
    (
        "412, the third time",
        Later("precondition_failed", 2, grows=True),
        replace(IN_TEAMS, attempts=3),
        "pending",
        8,
        12,
        False,
        False,
    ),
    ("502 for a post: looked for first", Unknown("http_502"), IN_TEAMS, "unknown", SETTLE, SETTLE, False, True),
    ("504 with Retry-After", Unknown("http_504", 90), IN_TEAMS, "unknown", 90, 90, False, True),
    ("502 for an edit", Unknown("http_502"), EDIT_IN_TEAMS, "pending", 2, 3, False, True),
    (
        "504 for an edit, the sixth time",
        Unknown("http_504"),
        replace(EDIT_IN_TEAMS, attempts=6),
        "pending",
        60,
        90,
        False,
        True,
    ),
    ("504 for an edit, with Retry-After", Unknown("http_504", 77), EDIT_IN_TEAMS, "pending", 77, 77, False, True),
    ("shown", Receipt(channel="19:a", ts="1"), IN_TEAMS, "shown", None, None, False, True),
    ("edited", Receipt(channel="19:a", ts="1"), EDIT_IN_TEAMS, "shown", None, None, False, True),
    ("refused", Refusal("Forbidden", "place"), IN_TEAMS, "dead", None, None, False, True),
]


@pytest.mark.parametrize(("what", "answer", "row", "state", "least", "most", "holds", "counts"), TEAMS_ANSWERS)
def test_what_an_answer_of_teams_means(
    what: str, answer: Any, row: Delivery, state: str, least: Any, most: Any, holds: bool, counts: bool
) -> None:
    settled = after(claimed(row), answer, 1000.0)
    assert settled.state == state
    if least is None:
        assert settled.not_before == 0.0
    else:
        assert 1000.0 + least <= settled.not_before <= 1000.0 + most
    assert settled.lane_free_at == (settled.not_before if holds else 0.0)
    assert settled.asked_at == (1000.0 if counts else 0.0)


def test_rows_that_teams_wants_repeated_are_not_all_repeated_at_once() -> None:
    waits = {patience(replace(IN_TEAMS, id=number, attempts=4)) for number in range(20)}
    assert len(waits) == 20
    assert min(waits) >= 16 and max(waits) <= 24
    assert {patience(replace(ROW, id=number, attempts=4)) for number in range(20)} == {16}


def test_a_412_says_nothing_against_the_workspace() -> None:
    assert lesson(Later("precondition_failed", 2)) == "ok"
    assert lesson(Later("cannot_be_read_back", 525)) == "ok", "nothing was asked: three of them are no outage"
    assert lesson(Later("ratelimited", 2)) == "limited"
    assert lesson(Unknown("http_504")) == "away"


def test_posts_in_one_place_are_paced_and_edits_are_not(world: Any) -> None:
    first, second = world.receive(signal(), signal(dedup_key="two"))
    number = world.owed(world.alert(first.alert_id))[0].id
    assert free_at(world.courier.deliver(number).settled) == world.clock.machine() + PACE
    assert world.courier.deliver(number) is None, "the second card has to wait a second"
    world.acknowledge(world.alert(first.alert_id), BEN)
    assert free_at(world.courier.deliver(number).settled) == 0.0
    world.deliver()
    assert world.card(world.alert(second.alert_id)).edits == 0


def test_the_gravest_is_served_first(world: Any) -> None:
    world.receive(
        signal(dedup_key="a", severity=Severity.INFO),
        signal(dedup_key="b", severity=Severity.CRITICAL),
        signal(dedup_key="c", severity=Severity.WARNING),
    )
    world.deliver()
    assert [shown.message.title.split()[1] for shown in world.chat.shown] == ["CRITICAL", "WARNING", "INFO"]


def test_what_a_platform_puts_off_is_said_later_and_once(world: Any) -> None:
    alert = world.raised()
    world.chat.failing = [Later("ratelimited", 20), Later("ratelimited", 20)]
    world.deliver()
    assert world.card(alert).edits == 0
    assert world.clock.ahead >= 40


def test_a_place_of_a_chat_that_is_not_configured_is_refused_and_not_forgotten(world: Any) -> None:
    alert, chats = world.raised(), dict(world.courier.lines.chats)
    world.courier.lines.chats.clear()
    outcome = world.courier.deliver(world.owed(alert)[0].id)
    assert (outcome.settled.state, outcome.settled.error) == ("pending", "not_configured")
    assert [one.kind for one in world.store.incidents()] == ["workspace"]
    world.courier.lines.chats.update(chats)
    world.clock.ahead += 2 * SHUT
    world.deliver()
    assert world.store.incidents() == []
    assert world.card(alert)


# ── when nobody knows whether it was shown ───────────────────────────────────────────────────────────────────────────


def test_a_post_that_was_shown_after_all_is_found_and_not_repeated(world: Any) -> None:
    alert = world.raised()
    world.chat.swallows, world.chat.failing = True, [Unknown("timeout")]
    number = world.owed(alert)[0].id
    assert world.courier.deliver(number).settled.state == "unknown"
    assert world.courier.deliver(number) is None, "it is not even looked for before it can have arrived"
    world.deliver()
    assert (world.chat.looks, states(world, alert)) == (1, {"card": "shown"})
    assert world.card(alert).edits == 1, "adopted, and brought up to date"


def test_a_nudge_that_was_shown_after_all_is_adopted_as_it_is(world: Any) -> None:
    alert = world.raised()
    world.deliver()
    world.sleep(10)
    card = world.card(alert)
    world.chat.swallows = True
    world.clock.ahead += 5
    world.chat.failing = [Unknown("timeout")]
    for row in sorted(world.owed(alert), key=lambda row: row.kind):
        world.courier.deliver(row.id)
    world.chat.failing.clear()
    world.deliver()
    assert [(shown.mark.kind, shown.edits) for shown in world.chat.shown if shown is not card] == [("nudge", 0)]
    assert states(world, alert)["nudge"] == "shown"


def test_a_post_that_never_arrived_is_said_again_after_looking(world: Any) -> None:
    alert = world.raised()
    world.chat.failing = [Unknown("connection reset")]
    world.deliver()
    assert world.card(alert).edits == 0
    assert world.chat.looks == 1


@pytest.mark.parametrize(
    "trouble", [Later("ratelimited", 10), Unknown("timeout"), Refusal("missing_scope", "workspace"), Refusal("odd")]
)
def test_what_could_not_be_looked_up_is_not_said_again(world: Any, trouble: Any) -> None:
    alert = world.raised()
    world.chat.swallows, world.chat.failing = True, [Unknown("timeout")]
    world.chat.blind = [trouble, trouble]
    for _ in range(4):
        world.deliver()
        world.clock.ahead += 60
    assert world.chat.looks == 3
    assert len(world.chat.to("slack:#ai-alerts")) == 1
    assert states(world, alert) == {"card": "shown"}


def test_a_worker_that_vanished_leaves_an_unknown_outcome(world: Any) -> None:
    alert = world.raised()
    lane = world.owed(alert)[0].place
    world.store.claim(lane, world.clock.machine(), lease=LEASE)
    assert world.courier.deliver(world.owed(alert)[0].id) is None
    world.clock.ahead += LEASE + 1
    world.deliver()
    assert world.chat.looks == 1
    assert world.card(alert)


def test_whoever_was_overtaken_settles_nothing(world: Any) -> None:
    alert = world.raised()
    row = world.owed(alert)[0]
    late = world.store.claim(row.place, world.clock.machine(), lease=LEASE)
    world.clock.ahead += LEASE + 1
    world.deliver()
    shown = world.owed(alert)
    world.courier.settle(late, after(late, Refusal("is_archived", "place"), world.clock.machine()))
    assert world.owed(alert) == shown


def test_with_little_left_of_the_lease_nothing_is_said(world: Any) -> None:
    """Slow directories must not lead to a twin: by then another worker may have claimed the row."""
    alert = world.raised()
    world.clock.forward(11)  # what is remembered of people is old by now
    find = world.directory.find

    def find_slowly(ref: str, /) -> Any:
        world.clock.ahead += LEASE - CALL + 1
        return find(ref)

    world.directory.find = find_slowly
    outcome = world.courier.deliver(world.owed(alert)[0].id)
    assert (outcome.settled.state, world.chat.shown) == ("pending", [])
    world.directory.find = find
    world.deliver()
    assert world.card(alert)


# ── an owner who turns out to be gone ────────────────────────────────────────────────────────────────────────────────


def test_an_owner_who_is_gone_is_replaced_before_the_card_is_shown(world: Any) -> None:
    alert = world.raised()
    world.leaves(ANA)
    world.clock.forward(11)
    world.deliver()
    assert world.alert(alert.id).owner == CLEO.id
    assert plain(world.card(alert).message.lines[0]).startswith("Open · owner @Cleo")
    assert [shown.mark.kind for shown in world.chat.to(f"slack:@{CLEO.id}")] == ["assigned"]
    assert world.kinds(alert) == ["raised", "reassigned"]


def test_nobody_who_is_gone_is_nudged(world: Any) -> None:
    alert = world.raised()
    world.deliver()
    world.sleep(20)
    world.leaves(ANA)
    world.deliver()
    assert world.chat.to(f"slack:@{ANA.id}") == []
    assert world.alert(alert.id).owner == CLEO.id
    assert [row.state for row in world.owed(alert) if row.kind == "nudge"] == ["superseded"] * 3


def test_when_the_owner_of_last_resort_is_gone_too_the_card_is_shown_all_the_same(world: Any) -> None:
    for one in (ANA, CLEO, ELSA):
        world.leaves(one)
        world.store.save_people([replace(one, active=False)], at=T0)
    alert = world.raised()
    assert alert.owner == ELSA.id
    world.deliver()
    assert world.card(alert)


def test_what_is_over_before_it_could_be_shown_is_not_shown(a_world: Callable[..., Any]) -> None:
    world = a_world(policy=replace(POLICY, steps=POLICY.steps[:1]))
    alert = world.raised()
    world.sleep(2 * HOUR)
    world.loop.resolve(world.act(alert, ANA), what="Refunded.")
    world.deliver()
    assert [shown.mark.kind for shown in world.chat.shown] == []
    assert states(world, alert) == {"card": "superseded", "nudge": "superseded"}
    assert world.kinds(alert)[-1] == "superseded"


def test_the_builders_agree_with_the_loop(world: Any) -> None:
    """The pure builders of the other tests make the alert that the loop makes."""
    made = raising(alert_id=world.raised().id, roster=Team()).alert
    assert made == world.alert(made.id)
    assert given(1).now == T0 + minutes(1)


def test_a_card_that_somebody_deleted_is_posted_anew(world: Any) -> None:
    alert = world.raised()
    world.deliver()
    world.chat.shown.clear()
    world.acknowledge(alert, ANA)
    world.deliver()
    world.clock.forward(timedelta(seconds=2))
    world.deliver()
    assert "Acknowledged" in world.card(alert).says
