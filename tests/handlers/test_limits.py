"""How much one source may ask for: a window of its own, that ends."""

from __future__ import annotations

import pytest

from bot.ports import Source
from handlers.limits import Limits
from handlers.problems import Problem

ANA, FRAUD = Source(id="src_1", name="ap-auditor"), Source(id="src_2", name="fraud-ring-detector")


def test_a_window_is_a_sources_own_and_opens_again_when_it_ends() -> None:
    now = 100.0
    limits = Limits("2/minute", clock=lambda: now)
    limits.take(ANA)
    now = 130.0
    limits.take(ANA)
    limits.take(FRAUD)
    with pytest.raises(Problem) as refused:
        limits.take(ANA)
    assert refused.value.headers == {"Retry-After": "30"}
    now = 160.0
    limits.take(ANA)
