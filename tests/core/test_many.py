"""What is said of many alerts at once, and of one that cannot be shown as it should: short, whole, harmless."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cast import ANA, BEN, CLEO, FULL, STATES, T0, minutes, opened, plain, quoted, raising, signal
from hypothesis import given as examples
from hypothesis import strategies as st

from bot.core.card import Message
from bot.core.many import SHOWN, digest, fold_card, plain_card
from bot.core.signal import Severity
from bot.core.state import Alert
from bot.core.text import Text, Who, Words

NOW = T0 + minutes(30)


def one(n: int, severity: Severity = Severity.ERROR, **fields: Any) -> Alert:
    alert = raising(signal(title=f"Invoice {n} is paid twice", severity=severity), alert_id=f"{n:026}").alert
    return replace(alert, raised_at=T0 + minutes(n), **fields)


WORST = (one(1, Severity.CRITICAL), one(2, owner=BEN.id), one(3, Severity.WARNING, owner=CLEO.id))
COUNTED: dict[str, Any] = {
    "count": 1204,
    "severities": {"warning": 1200, "error": 3, "critical": 1, "info": 0},
    "first": WORST,
    "now": NOW,
}
NAMED = [
    "🔴 CRITICAL #000001 Invoice 1 is paid twice · Ana · since 09:01",
    "🟠 ERROR #000002 Invoice 2 is paid twice · Ben · since 09:02",
    "🟡 WARNING #000003 Invoice 3 is paid twice · Cleo · since 09:03",
]


def said(message: Message) -> list[str]:
    return [plain(line) for line in message.lines]


def test_the_shared_card_of_a_channel() -> None:
    message = fold_card("#ai-alerts", over=False, **COUNTED)
    assert message.title == "📚 1,204 alerts wait for a card in #ai-alerts"
    assert said(message) == [
        "1,204 alerts wait for a card in #ai-alerts: 1 critical, 3 error, 1,200 warning. The most severe come first.",
        *NAMED,
        "1,201 more are not named here.",
    ]
    assert plain(message.foot) == "As of 09:30 · All of them: /loop open #ai-alerts · yours: /loop mine or Home"


def test_the_shared_card_says_when_it_is_over() -> None:
    message = fold_card("#ai-alerts", over=True, count=0, severities={}, first=(), now=NOW)
    assert message.title == "✅ Caught up: #ai-alerts"
    assert said(message) == ["#ai-alerts has caught up 09:30: every alert has its own card."]


def test_the_shared_card_of_direct_messages_names_nobodys_address() -> None:
    for over in (False, True):
        message = fold_card(f"@{ANA.id}", over=over, **COUNTED)
        assert ANA.id not in message.title + plain(message.lines[0]) + plain(message.foot)
        assert "these direct messages" in message.title.lower()


def test_the_digest_of_one_person() -> None:
    message = digest(ANA.id, **COUNTED)
    assert message.title == "📬 1,204 alerts wait for you"
    assert said(message) == [
        "Ana, 1,204 alerts wait for you: 1 critical, 3 error, 1,200 warning. "
        "Please acknowledge each, or give it to somebody who can.",
        *(one.replace(" · Ana", "") for one in NAMED),
        "1,201 more are not named here.",
    ]
    assert plain(message.foot) == "As of 09:30 · Yours: /loop mine or Closeloop's Home · all: /loop open"


def test_one_alert_is_not_said_to_be_many() -> None:
    single = {"count": 1, "severities": {"critical": 1}, "first": WORST[:1], "now": NOW}
    assert said(digest(ANA.id, **single)) == [
        "Ana, 1 alert waits for you: 1 critical. Please acknowledge each, or give it to somebody who can.",
        NAMED[0].replace(" · Ana", ""),
    ]
    two = single | {"count": 2, "severities": {}}
    assert said(fold_card("#a", over=False, **two))[0] == (
        "2 alerts wait for a card in #a. The most severe come first."
    )
    assert said(fold_card("#a", over=False, **two))[-1] == "1 more is not named here."


def test_a_digest_whose_alerts_are_all_over_says_so() -> None:
    message = digest(ANA.id, count=0, severities={}, first=(), now=NOW)
    assert said(message) == ["Ana, nothing waits for you any more."]


@pytest.mark.parametrize("kind", ["fold", "digest"])
def test_a_message_about_many_alerts_belongs_to_none_and_mentions_nobody(kind: str) -> None:
    message = fold_card("#a", over=False, **COUNTED) if kind == "fold" else digest(ANA.id, **COUNTED)
    assert (message.kind, message.alert_id, message.buttons) == (kind, "", ())
    assert not any(isinstance(part, Who) and part.mention for text in texts(message) for part in text)


def test_ten_alerts_are_named_at_most() -> None:
    many = tuple(one(n) for n in range(25))
    message = digest(ANA.id, count=25, severities={"error": 25}, first=many, now=NOW)
    assert len(message.lines) == 1 + SHOWN + 1
    assert said(message)[-1] == "15 more are not named here."


# ── one that cannot be shown as it should ────────────────────────────────────────────────────────────────────────────


def test_a_plain_card_has_the_title_the_state_and_the_buttons() -> None:
    message = plain_card(raising(FULL).alert)
    assert message.title == "🟠 ERROR · Invoice 7731 is paid twice"
    assert said(message) == [
        "Open · owner @Ana · not acknowledged yet",
        "The rest of it could not be shown here. Type /loop status ALERT1.",
    ]
    assert [button.act for button in message.buttons][:2] == ["acknowledge", "resolve"]
    assert (message.kind, message.alert_id, message.facts) == ("card", opened().id, ())
    assert plain(message.foot) == "Raised 09:00 · #ALERT1"


@pytest.mark.parametrize("state", STATES)
def test_a_plain_card_of_every_state_mentions_nobody_in_its_summary(state: str) -> None:
    message = plain_card(STATES[state]())
    assert not any(isinstance(part, Who) and part.mention for part in message.summary)
    assert message.buttons


# ── what sources wrote ───────────────────────────────────────────────────────────────────────────────────────────────

HOSTILE = [
    "<!channel> *x* <https://evil.example|here>",
    "\u202egnp.exe\u200b",
    "two\nlines\r\nof text",
    "x" * 100_000,
    "",
]


def texts(message: Message) -> list[Text]:
    return [message.summary, message.foot, *message.lines]


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_is_one_short_line_of_somebody_elses_words(title: str) -> None:
    alerts = tuple(replace(one(n), signal=signal(title=title, source=title)) for n in range(12))
    counted: dict[str, Any] = {"count": 12, "severities": {"error": 12}, "first": alerts, "now": NOW}
    for message in (digest(ANA.id, **counted), fold_card("#a", over=False, **counted), plain_card(alerts[0])):
        ours = "".join(part.text for text in texts(message) for part in text if isinstance(part, Words))
        assert "<!" not in ours
        assert "evil" not in ours
        shown = quoted(texts(message))
        assert all("\n" not in part and "\u202e" not in part and len(part) <= 150 for part in shown)
        assert sum(len(plain(line)) for line in message.lines) < 3000, "it has to be readable on a phone"
        assert len(message.title) <= 150
        assert plain(message.summary).strip()


@examples(title=st.text(st.characters(), max_size=300), count=st.integers(0, 10**7), place=st.text(max_size=90))
def test_nothing_breaks_it(title: str, count: int, place: str) -> None:
    alert = replace(one(1), signal=signal(title=title))
    for message in (
        digest(ANA.id, count=count, severities={"critical": count}, first=(alert,), now=NOW),
        fold_card(f"#{place}", over=False, count=count, severities={}, first=(alert,), now=NOW),
        plain_card(alert),
    ):
        assert all("\n" not in part for part in quoted(texts(message)))
        assert "\n" not in message.title
        plain(message.summary).encode("utf-8")
