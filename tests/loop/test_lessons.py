"""What an answer of one place says of the whole workspace: an outage is everybody's affair, one place's is its own."""

from __future__ import annotations

import pytest

from bot.lines import lesson
from bot.ports import Later, Receipt, Refusal, Unknown


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Receipt(channel="C", ts="1"), "ok"),
        (Later("ratelimited", 1.0), "limited"),
        (Later("unreachable", 5.0), "away"),
        (Later("app_installed", 5.0), "ok"),
        (Unknown("http_502"), "away"),
        (Unknown("too_much_to_read"), "ok"),
        (Refusal("BotNotInConversationRoster", "place"), "ok"),
        (Refusal("account_inactive", "workspace"), "gone"),
    ],
)
def test_an_answer_teaches_no_more_than_it_says(answer: object, said: str) -> None:
    assert lesson(answer) == said
