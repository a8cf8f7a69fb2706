"""What people read: every event as a sentence, the card, and everything that is said once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cast import (
    ANA,
    BEN,
    CLEO,
    ELSA,
    FULL,
    POLICY,
    STATES,
    T0,
    Team,
    acknowledged,
    closed,
    done,
    given,
    minutes,
    opened,
    plain,
    quoted,
    raising,
    signal,
    who,
)

from bot.core import alert as life
from bot.core import fate, pages, state, words
from bot.core.card import Message, buttons, card
from bot.core.dismissal import dismiss
from bot.core.events import QUIET, Actor, Event, Kind
from bot.core.fate import Undelivered
from bot.core.forms import FORMS
from bot.core.helping import add_responder, ask_for_help
from bot.core.many import plain_card
from bot.core.notices import notice
from bot.core.people import Away
from bot.core.raising import came_back, cleared, raised_again
from bot.core.signal import Discrepancy, Entity, Evidence, Model, Severity
from bot.core.state import Alert, Cause, Change
from bot.core.task import completed
from bot.core.text import Link, Text, Who, Words
from bot.core.wake import wake

HOUR = timedelta(hours=1)
LATER = given(30)


LOST = Undelivered(key="nudge:x:1:2:thread", kind="nudge", place="slack:#ai-alerts", thread=True, error="is_archived")


ON_LEAVE = Away(start=T0, until=T0 + 3 * HOUR, delegate=BEN.id)
OFFICE = replace(POLICY, hours={"default": "working"}, answer_within=dict.fromkeys(Severity, 24 * HOUR))
TWO = replace(POLICY, second_person=frozenset(Severity))


def _happened() -> dict[Kind, Event]:
    """One real event of every kind."""
    ack = acknowledged()
    asleep = done(life.snooze(opened(), LATER, by=who(ANA), until=T0 + 5 * HOUR))
    up = replace(opened(), asked=2)
    top = replace(opened(), step=2, asked=2)
    late = Team().but(ANA.id, working="Mon-Fri 12:00-17:00")
    night = raising(policy=OFFICE, roster=late)
    changes: list[Change | None] = [
        raising(),
        completed(opened(), LATER, by=Actor(kind="tool", id="todo", name="To Do"), tool="todo"),
        raised_again(opened(), LATER, signal=signal(severity=Severity.CRITICAL)),
        came_back(closed(), LATER, signal=signal(), owner=ANA.id),
        done(life.acknowledge(opened(), LATER, by=who(BEN))),
        done(life.acknowledge(replace(ack, asked=1), LATER, by=who(ANA))),
        wake(ack, given(3 * HOUR)),
        wake(replace(ack, asked=2), given(3 * HOUR)),
        wake(opened(), LATER),
        wake(up, LATER),
        wake(top, LATER),
        done(life.reassign(opened(), LATER, by=who(CLEO), to=BEN.id, reason="She is on holiday.")),
        done(life.not_mine(opened(), LATER, by=who(ANA), to=CLEO.id)),
        asleep,
        wake(asleep.alert, given(6 * HOUR)),
        done(life.note(opened(), LATER, by=who(BEN), text="I called the bank.")),
        done(life.resolve(opened(), LATER, by=who(ANA), what="Refunded.", link="https://erp.acme.example/1")),
        done(cleared(opened(), LATER)),
        life.close(STATES["resolved"](), LATER, by=who(ANA)),
        done(dismiss(opened(), LATER, by=who(ANA), reason="A test invoice.")),
        done(life.reopen(closed(), LATER, by=who(CLEO), reason="Paid a third time.", owner=ANA.id)),
        fate.superseded(opened(), LATER, what=LOST, why="the alert moved on to generation 2"),
        fate.rerouted(opened(), LATER, what=LOST),
        fate.twins(opened(), LATER, key=LOST.key, kept="1.0", removed=("2.0",)),
        fate.realigned(replace(opened(), due_at=T0 + 9 * HOUR), LATER),
        wake(opened(), given(30, roster=Team().but(ANA.id, away=(ON_LEAVE,)))),
        wake(replace(night.alert, due_at=T0 + minutes(10)), given(10, policy=OFFICE, roster=late)),
        done(ask_for_help(ack, LATER, by=who(ANA))),
        done(add_responder(opened(), LATER, by=who(ANA), person=BEN.id)),
        done(dismiss(opened(), given(30, policy=TWO), by=who(ANA), reason="A test invoice.")),
        state.change(opened(), Cause(Kind.REPOLICED, by=who(CLEO), at=LATER.now), to={"policy_version": 2}),
    ]
    return {event.kind: event for change in changes for event in done(change).events}


HAPPENED = _happened()

TOLD = {
    Kind.RAISED: "Raised by ap-auditor · owner: the source's own",
    Kind.RAISED_AGAIN: "Raised again by ap-auditor: more severe: critical",
    Kind.CAME_BACK: "Came back after the fix, raised by ap-auditor",
    Kind.ACKNOWLEDGED: "Ben acknowledged",
    Kind.STILL_ON_IT: "Ana is still on it",
    Kind.CHECK_IN: "The owner was asked whether they are still on it",
    Kind.EXPIRED: "The acknowledgement expired: 2 check-ins went unanswered",
    Kind.NUDGED: "Asked again: Ana",
    Kind.ESCALATED: "Nobody reacted; asked Cleo",
    Kind.EXCEPTION: "Nobody reacted; asked #ai-exceptions",
    Kind.REASSIGNED: "Cleo gave this to Ben: She is on holiday.",
    Kind.DECLINED: "Ana said it is not theirs; now asked: Cleo",
    Kind.SNOOZED: "Ana snoozed this until 14:00",
    Kind.SNOOZE_ENDED: "The snooze ended",
    Kind.NOTED: "Ben noted: I called the bank.",
    Kind.RESOLVED: "Ana resolved this: Refunded. what was done <https://erp.acme.example/1>",
    Kind.CLEARED: "ap-auditor reports that it is over",
    Kind.TASK_DONE: "Its task in To Do was marked complete",
    Kind.CLOSED: "Closed, accepted as resolved by Ana",
    Kind.DISMISSED: "Ana dismissed this: A test invoice.",
    Kind.REOPENED: "Cleo reopened this: Paid a third time.",
    Kind.SUPERSEDED: "Not said any more: the nudge in #ai-alerts: the alert moved on to generation 2",
    Kind.REROUTED: "Its place #ai-alerts cannot be used (is_archived): the card is in #ai-exceptions now",
    Kind.TWIN_REMOVED: "Its nudge was shown once more than it should be; only the first of them stays",
    Kind.CLOCK_MOVED: "The clock had jumped; the next look is 09:40",
    Kind.DELEGATED: "Ana is away until 2026-03-02 12:00 UTC; Ben stands in",
    Kind.HELD: "Nobody works at this hour: Ana is asked 12:00",
    Kind.HELP_ASKED: "Ana needs help with this; asked Cleo",
    Kind.RESPONDER_ADDED: "Ana asked Ben to help",
    Kind.DISMISSAL_ASKED: "Ana asks to dismiss this, which takes a second person: A test invoice.",
    Kind.REPOLICED: "Cleo put this under version 2 of its policy",
}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_event_is_told_in_one_sentence(kind: Kind) -> None:
    assert plain(words.told(HAPPENED[kind])) == TOLD[kind]


def test_a_source_that_only_asks_to_confirm_is_told_apart() -> None:
    change = done(cleared(opened(), given(30, policy=replace(POLICY, cleared="ask"))))
    assert plain(words.told(change.events[0])) == "ap-auditor reports that it is over and the owner is asked to confirm"


@pytest.mark.parametrize("kind", Kind)
def test_what_somebody_wrote_is_never_our_own_words(kind: Kind) -> None:
    nasty = "<!channel> \u202eevil"
    real = HAPPENED[kind]
    wild = {"skipped": [nasty], "error": nasty}
    event = replace(real, reason=nasty, actor=replace(real.actor, name=nasty), data=real.data | wild)
    ours = [part.text for part in words.told(event) if isinstance(part, Words)]
    assert not any("<!channel>" in text or "\u202e" in text for text in ours)


LASTING = [
    (0, "0 seconds"),
    (1, "1 second"),
    (45, "45 seconds"),
    (60, "1 minute"),
    (30 * 60, "30 minutes"),
    (3600, "1 hour"),
    (7200, "2 hours"),
    (86400, "1 day"),
    (3 * 86400, "3 days"),
    (-5, "0 seconds"),
]


@pytest.mark.parametrize(("seconds", "shown"), LASTING)
def test_a_span_in_the_largest_unit_that_fits(seconds: int, shown: str) -> None:
    assert words.lasting(timedelta(seconds=seconds)) == shown


AMOUNTS = [
    (14200, "EUR", "14,200 EUR"),
    (14200.0, "EUR", "14,200.00 EUR"),
    (0.031, None, "0.031"),
    (0.1234567, None, "0.1234567"),
    (100.001, None, "100.001"),
    (-2.5, "%", "-2.5 %"),
    (1e300, None, "1e+300"),
    (float("inf"), None, "inf"),
    (float("nan"), None, "nan"),
    (True, None, "yes"),
    (False, None, "no"),
    (None, None, "nothing"),
    ("APPROVED\nby \u202enobody", None, "APPROVED by nobody"),
]


@pytest.mark.parametrize(("value", "unit", "shown"), AMOUNTS)
def test_an_amount_as_people_write_it(value: Any, unit: str | None, shown: str) -> None:
    assert words.amount(value, unit) == shown


@pytest.mark.parametrize(("one", "other"), [(0.1234567, 0.1234568), (100.001, 100.002), (99.99999999, 100.0)])
def test_what_differs_does_not_look_alike(one: float, other: float) -> None:
    assert words.amount(one, None) != words.amount(other, None)


@pytest.mark.parametrize("value", [10**4000, -(10**4000), 1.7e308, "9" * 100_000])
def test_no_number_floods_a_card(value: Any) -> None:
    assert len(words.amount(value, "EUR" * 100)) < 350


# ── the card ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def shown(alert: Alert, last: Event | None = None) -> Message:
    event = last or raising().events[0]
    return card(alert, event, given=given(event.at - T0))


def read(message: Message) -> str:
    facts = [f"{name}: {plain(text)}" for name, text in message.facts]
    return "\n".join([message.title, *map(plain, message.lines), *facts, plain(message.foot)])


def test_the_card_says_who_what_since_when_and_what_to_press() -> None:
    message = shown(raising(FULL).alert)
    assert message.title == "🟠 ERROR · Invoice 7731 is paid twice"
    assert read(message).splitlines()[1:] == [
        "Open · owner @Ana · not acknowledged yet",
        "The same invoice was paid on Monday and on Tuesday.",
        "Next: Ana is asked again 09:10, later Cleo.",
        "Entity: invoice 7731 <https://erp.acme.example/invoices/7731>",
        "Expected: 7,100 EUR",
        "Observed: 14,200 EUR",
        "At stake: 7,100.00 EUR",
        "Evidence: Both payments <https://bank.acme.example/p/1>",
        "Model: ap-auditor 4.2 · 93% confident",
        "Raised by ap-auditor · owner: the source's own · 09:00 · #ALERT1",
    ]
    assert [b.label for b in message.buttons] == [
        *("Acknowledge", "Resolve", "Not mine", "Reassign", "Snooze", "Dismiss", "Note", "History")
    ]


def test_the_summary_says_it_all_and_mentions_nobody() -> None:
    summary = shown(raising(FULL).alert).summary
    assert plain(summary) == (
        "ERROR: Invoice 7731 is paid twice — Open · owner Ana · not acknowledged yet. "
        "Next: Ana is asked again 09:10, later Cleo."
    )


BUTTONS = [
    (opened(), "acknowledge"),
    (acknowledged(), "resolve"),
    (replace(acknowledged(), asked=1), "acknowledge"),
    (closed(), "reopen"),
    (STATES["dismissed"](), "reopen"),
]


@pytest.mark.parametrize(("alert", "first"), BUTTONS)
def test_the_first_button_is_what_is_wanted_now(alert: Alert, first: str) -> None:
    assert buttons(alert)[0].act == first


@pytest.mark.parametrize("state", STATES)
def test_every_button_is_an_act_of_the_loop_or_asks_for_a_form(state: str) -> None:
    acts = {button.act for button in buttons(STATES[state]())}
    assert acts <= {"acknowledge", "not_mine", "history", *FORMS}
    assert len(acts) == len(buttons(STATES[state]())), "two buttons for the same act"


AHEAD = [
    ("at first", opened(), "Next: Ana is asked again 09:10, later Cleo."),
    ("after the last nudge", replace(opened(), asked=2), "Next: Cleo is asked 09:10."),
    ("at the manager", replace(opened(), step=1), "Next: Cleo is asked again 09:10, later Elsa."),
    (
        "at the top",
        replace(opened(), step=3),
        "Next: #ai-exceptions is asked again 09:10, and on until somebody takes it.",
    ),
    ("acknowledged", acknowledged(), "Next: Ana is asked 11:01 whether this is done."),
    ("closed", closed(), ""),
]


@pytest.mark.parametrize(("what", "alert", "expected"), AHEAD)
def test_the_card_says_who_is_asked_next_and_when(what: str, alert: Alert, expected: str) -> None:
    ahead = [plain(line) for line in shown(alert).lines if plain(line).startswith("Next:")]
    assert ahead == ([expected] if expected else [])


def test_a_closed_card_says_what_was_done_and_asks_for_nothing() -> None:
    alert = replace(closed(), resolution_link="https://erp.acme.example/1")
    text = read(shown(alert, HAPPENED[Kind.CLOSED]))
    assert text.startswith("✅ CLOSED · Invoice 7731 is paid twice\nClosed 09:05 · owner @Ana")
    assert "Resolution: Refunded. what was done <https://erp.acme.example/1>" in text


def test_a_resolution_link_that_leads_nowhere_is_no_link() -> None:
    message = shown(replace(closed(), resolution_link="javascript:alert(1)"))
    assert not any(isinstance(part, Link) for line in message.lines for part in line)


def test_the_foot_counts() -> None:
    foot = plain(shown(replace(opened(), count=3, returned=1)).foot)
    assert "raised 3 times" in foot
    assert "came back 1 time" in foot


NASTY = "*x* <!channel> <@U0DOV> \u202e\u200b" + "long " * 20_000
HOSTILE = signal(
    source="<!here>",
    title=NASTY,
    summary=NASTY,
    discrepancy=Discrepancy(
        entity=Entity(type=NASTY, id=NASTY, url="javascript:alert(1)"), expected=NASTY, observed=NASTY, unit=NASTY
    ),
    model=Model(name=NASTY, version=NASTY),
    confidence=0.5,
    evidence=tuple(
        Evidence(label=NASTY, url=url) for url in ("data:x", "https://a@evil.example", "https://ok.example")
    ),
)


def _texts(message: Message) -> list[Text]:
    return [message.summary, *message.lines, *(text for _, text in message.facts), message.foot]


@pytest.mark.parametrize(
    "kind", ["card", "nudge", "check_in", "assigned", "moved", "escalation", "exception", "note", "plain"]
)
def test_a_hostile_text_is_data_in_every_message(kind: str) -> None:
    change = raising(HOSTILE)
    event = replace(HAPPENED[Kind.NOTED], reason=NASTY) if kind == "note" else change.events[0]
    if kind in ("card", "plain"):
        message = shown(change.alert, event) if kind == "card" else plain_card(change.alert)
    else:
        message = notice(kind, change.alert, event, to=ANA.id, now=T0 + minutes(9))
    texts = _texts(message)
    ours = "".join(part.text for text in texts for part in text if isinstance(part, Words))
    assert "<!" not in ours
    assert "*x*" not in ours
    assert {part.person for text in texts for part in text if isinstance(part, Who)} <= {ANA.id, BEN.id, CLEO.id}
    assert [part.url for text in texts for part in text if isinstance(part, Link)] in ([], ["https://ok.example"])
    assert all("\u202e" not in part and "\u200b" not in part and len(part) <= 600 for part in quoted(texts))
    assert sum(len(part) for part in quoted(texts)) < 5000
    assert len(message.title) < 150


# ── what is said once ────────────────────────────────────────────────────────────────────────────────────────────────

NUDGE, WORSE = HAPPENED[Kind.NUDGED], HAPPENED[Kind.RAISED_AGAIN]
NOTICES = [
    # kind, event, to, its first sentence, does it stand alone
    (
        "nudge",
        NUDGE,
        None,
        "@Ana, this has been open for 2 hours. Please acknowledge it, or say that it is not yours.",
        False,
    ),
    (
        "nudge",
        NUDGE,
        ANA.id,
        "Ana, this has been open for 2 hours. Please acknowledge it, or say that it is not yours.",
        True,
    ),
    ("nudge", WORSE, None, "@Ana, this got worse: Raised again by ap-auditor: more severe: critical.", False),
    (
        "nudge",
        HAPPENED[Kind.CLEARED],
        None,
        "@Ana, the source reports that this is over. Please check and resolve it.",
        False,
    ),
    ("nudge", HAPPENED[Kind.SNOOZE_ENDED], None, "@Ana, the snooze is over and this is still open.", False),
    (
        "nudge",
        NUDGE,
        CLEO.id,
        "Still no reaction: Ana has not dealt with this for 2 hours. "
        "Please acknowledge it or give it to somebody who can.",
        True,
    ),
    (
        "escalation",
        HAPPENED[Kind.ESCALATED],
        CLEO.id,
        "Ana has not dealt with this for 2 hours. Please acknowledge it or give it to somebody who can.",
        True,
    ),
    (
        "escalation",
        HAPPENED[Kind.ESCALATED],
        None,
        "Ana has not dealt with this for 2 hours. Please acknowledge it or give it to somebody who can.",
        True,
    ),
    (
        "exception",
        HAPPENED[Kind.EXCEPTION],
        None,
        "Nobody has reacted for 2 hours. Owner: @Ana. Who takes this?",
        True,
    ),
    (
        "assigned",
        HAPPENED[Kind.REASSIGNED],
        None,
        "@Ana, this is yours now. Cleo gave this to Ben: She is on holiday.",
        False,
    ),
    (
        "moved",
        HAPPENED[Kind.REROUTED],
        ANA.id,
        "Its place #ai-alerts cannot be used (is_archived): the card is in #ai-exceptions now.",
        True,
    ),
    (
        "moved",
        HAPPENED[Kind.REROUTED],
        None,
        "@Ana: Its place #ai-alerts cannot be used (is_archived): the card is in #ai-exceptions now.",
        False,
    ),
    (
        "assigned",
        HAPPENED[Kind.REASSIGNED],
        ANA.id,
        "This is yours now. Cleo gave this to Ben: She is on holiday.",
        True,
    ),
    ("note", HAPPENED[Kind.NOTED], None, "Ben noted: I called the bank.", False),
]


@pytest.mark.parametrize(("kind", "event", "to", "lead", "alone"), NOTICES)
def test_what_is_said_once_says_who_what_and_since_when(
    kind: str, event: Event, to: str | None, lead: str, alone: bool
) -> None:
    message = notice(kind, raising(FULL).alert, event, to=to, now=T0 + 2 * HOUR)
    assert plain(message.lines[0]) == lead
    assert not any(isinstance(part, Who) and part.mention for part in message.summary)
    if alone:
        # Away from the card it has to say which alert it is, and to offer what the card offers.
        assert "Invoice 7731 is paid twice" in plain(message.summary)
        assert [plain(line) for line in message.lines[1:]] == [
            "🟠 ERROR Invoice 7731 is paid twice",
            "Expected 7,100 EUR, observed 14,200 EUR",
        ]
        assert plain(message.foot) == "Card in #ai-alerts · raised 09:00 by ap-auditor · #ALERT1"
        assert [button.act for button in message.buttons][:2] == ["acknowledge", "resolve"]
    else:
        assert (len(message.lines), message.foot, message.buttons) == (1, (), ())


def test_a_check_in_can_be_answered_where_it_is_asked() -> None:
    change = done(wake(acknowledged(), given(121)))
    message = notice("check_in", change.alert, change.events[0], to=None, now=T0 + minutes(121))
    assert plain(message.lines[0]) == "@Ana, you acknowledged this 2 hours ago. Still on it?"
    assert [button.label for button in message.buttons] == ["Yes", "Done", "Help"]
    assert [button.act for button in message.buttons] == ["acknowledge", "resolve", "help"]


@pytest.mark.parametrize("after", [[], *([HAPPENED[kind]] for kind in sorted(QUIET))])
def test_a_stale_card_is_told_what_happened_since_and_not_what_became_of_a_message(after: list[Event]) -> None:
    told = plain(words.since(acknowledged(), [HAPPENED[Kind.ACKNOWLEDGED], *after]))
    assert told == "This changed meanwhile: Ben acknowledged 09:30. Nothing was done."
    assert plain(words.since(acknowledged(), after)) == "This changed meanwhile; it is acknowledged now."


def test_a_card_in_direct_messages_is_said_to_be_there() -> None:
    alert = replace(opened(), place=f"slack:@{ELSA.id}")
    message = notice("nudge", alert, HAPPENED[Kind.NUDGED], to=ANA.id, now=T0 + HOUR)
    assert plain(message.foot) == "Card in the direct messages of Elsa · raised 09:00 by ap-auditor · #ALERT1"


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_answer_about_one_alert_has_all_its_buttons() -> None:
    alert = replace(opened(), dismissal_by=ANA.id)
    row = pages.status(alert, [], now=T0).rows[0]
    assert [button.label for button in row.buttons] == [button.label for button in buttons(alert)]
    assert "Agree to dismiss" in [button.label for button in row.buttons]


def test_my_open_alerts_lead_with_the_overdue_ones() -> None:
    calm = replace(opened(), id="0" * 20 + "CALM00", due_at=T0 + minutes(1))
    nudged = replace(opened(), id="0" * 20 + "NUDGED", asked=1, due_at=T0 + minutes(9))
    asleep = replace(opened(), id="0" * 20 + "ASLEEP", asked=2, snoozed_until=T0 + HOUR, due_at=T0 + HOUR)
    sheet = pages.home([asleep, calm, nudged], now=T0, state={}, total={"mine": 3})
    assert [row.alert_id[-6:] for row in sheet.rows] == ["NUDGED", "CALM00", "ASLEEP"]
    assert plain(sheet.intro) == "3 open, 1 overdue."
    assert plain(sheet.rows[0].lines[1]).endswith("overdue · asked again 09:09")


OVERDUE = [
    ("just raised", opened(), False),
    ("nudged", replace(opened(), asked=1), True),
    ("escalated", replace(opened(), step=1), True),
    ("acknowledged after an escalation", replace(acknowledged(), step=1), False),
    ("a check-in unanswered", replace(acknowledged(), asked=1), True),
    ("the clock itself is late", replace(opened(), due_at=T0), True),
    ("snoozed", replace(opened(), asked=2, snoozed_until=T0 + HOUR, due_at=T0 + HOUR), False),
    ("closed", closed(), False),
]


@pytest.mark.parametrize(("what", "alert", "expected"), OVERDUE)
def test_overdue_means_asked_in_vain(what: str, alert: Alert, expected: bool) -> None:
    assert pages.overdue(alert, T0 + minutes(5)) is expected


def test_a_long_list_says_how_many_are_not_shown() -> None:
    many = [replace(opened(), id=f"{n:026}") for n in range(25)]
    sheet = pages.listing("Open", many, now=T0)
    assert len(sheet.rows) == pages.ROWS
    assert plain(sheet.foot) == "5 more are not shown."


def test_a_history_tells_everything_and_says_what_it_leaves_out() -> None:
    events = [HAPPENED[kind] for kind in Kind]
    sheet = pages.history(opened(), events)
    assert len(sheet.rows) == len(Kind)
    short = pages.history(opened(), events, at_most=5)
    assert (len(short.rows), plain(short.intro)[:23]) == (5, f"The first {len(Kind) - 5} events are")
