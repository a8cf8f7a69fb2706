"""A server that stays away is asked more and more seldom, and as often as ever once it answers."""

from __future__ import annotations

from storage.rest import LONGEST, Rest


def test_it_is_left_alone_for_longer_each_time_and_never_for_very_long() -> None:
    now = 0.0
    rest = Rest(2.0, monotonic=lambda: now)
    assert rest.over
    for wait in (2.0, 4.0, 8.0, LONGEST, LONGEST):
        rest.failed()
        now += wait - 0.01
        assert not rest.over
        now += 0.02
        assert rest.over
    rest.answered()
    rest.failed()
    now += 2.01
    assert rest.over
