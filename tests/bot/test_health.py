"""Is it well? Each thing that may be wrong is found, and told in a sentence that says where and for how long."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot import health
from bot.core.throttle import Room
from bot.health import Senses, Sight, checks, document, look
from bot.ports import Away, Incident

NINE = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
NOW = NINE.timestamp()
WELL = Sight(at=NINE, machine=NOW, workspaces=("slack",), beats={"web": NOW, "worker": NOW - 4, "clock": NOW - 2})


def incident(kind: str, subject: str = "slack", detail: str = "", **more: Any) -> Incident:
    given = {"id": 1, "since": NOW - 600, "last_at": NOW - 600, "count": 3} | more
    return Incident(kind=kind, subject=subject, detail=detail, **given)


def wrong(seen: Sight) -> dict[str, str]:
    return {name: why for name, well, why in checks(seen) if not well}


def test_where_all_is_well_nothing_is_said() -> None:
    assert [(well, why) for _, well, why in checks(WELL)] == [(True, "")] * len(health.NAMES)
    assert tuple(name for name, _, _ in checks(WELL)) == health.NAMES
    assert document(WELL)["status"] == "ready"


PLACE = incident("place", "slack:#payments", "is_archived")


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({"queue": False}, {"queue": "Redis does not answer: the clock does the work, slower."}),
        ({"beats": {"clock": NOW}}, {"worker": "No worker has beaten for 30 seconds."}),
        ({"beats": {"clock": NOW - 31, "worker": NOW}}, {"clock": "No clock has beaten for 30 seconds."}),
        ({"workspaces": ()}, {"slack": "SLACK_BOT_TOKEN is not set."}),
        (
            {"incidents": (incident("workspace", detail="token_revoked"),), "shut": {"slack": "gone"}},
            {"workspace": "Slack refuses us (token_revoked)."},
        ),
        ({"shut": {"slack": "away"}}, {"workspace": "Slack is left alone for now (away)."}),
        ({"incidents": (PLACE,)}, {"places": "Waiting to be mended: #payments: is_archived."}),
        (
            {"incidents": (incident("place", "slack:@ana@acme.example", "user_not_found"),)},
            {"places": "Waiting to be mended: @people: user_not_found."},
        ),
        (
            {"incidents": (incident("row", "card:01J:slack:@ana@acme.example", "too_long"),)},
            {"places": "Waiting to be mended: row card:01J:slack: too_long."},
        ),
        ({"incidents": (incident("row", "card:01J", last_at=NOW - 25 * 3600),)}, {}),
        (
            {"stuck": (("slack:#payments", "x"), ("slack:#b", "no"), ("slack:@ben@acme.example", "y"))},
            {"places": "Waiting to be mended: #payments: x, #b: no, @people: y."},
        ),
        ({"oldest": {"#payments": 60.0}, "overdue": 60.0}, {}),
        (
            {"oldest": {"#payments": 61.0, "#b": 10.0, "@people": 300.4}},
            {"lateness": "@people waits for 300 seconds, #payments waits for 61 seconds."},
        ),
        ({"overdue": 90.0}, {"lateness": "An alert is overdue by 90 seconds."}),
        ({"counts": {"delivery.unknown": 2}, "unknown_for": 299.0}, {}),
        (
            {"counts": {"delivery.unknown": 2}, "unknown_for": 301.0},
            {"unknown": "Of 2 messages nobody knows whether they were shown, for up to 301 seconds."},
        ),
        (
            {"incidents": (incident("clock", "clock", "it jumped by +3600 seconds"),)},
            {"clock_jump": "The clock jumped at 08:50 UTC (it jumped by +3600 seconds)."},
        ),
        ({"incidents": (incident("clock", "clock", "long ago", last_at=NOW - 3601),)}, {}),
    ],
)
def test_each_thing_that_may_be_wrong_is_told_in_a_sentence(seen: dict[str, Any], said: dict[str, str]) -> None:
    found = replace(WELL, **seen)
    assert wrong(found) == said
    assert document(found)["status"] == ("degraded" if said else "ready")


def test_a_sentence_names_a_few_and_counts_the_rest() -> None:
    late = {f"#c{number}": 100.0 + number for number in range(12)}
    assert wrong(replace(WELL, oldest=late))["lateness"].endswith(" and 7 more.")


def test_of_a_database_that_is_away_nothing_else_is_claimed() -> None:
    seen = Sight(at=NINE, machine=NOW, database="it refused the connection", workspaces=("slack",))
    assert checks(seen) == [("database", False, "it refused the connection"), ("queue", True, "")]
    assert document(seen)["status"] == "unready"


def test_the_document_says_what_waits_and_what_to_do() -> None:
    seen = replace(
        WELL,
        counts={"open": 3, "acknowledged": 1, "delivery.pending": 2, "delivery.unknown": 1},
        oldest={"#payments": 12.34},
        overdue=1.23,
        incidents=(PLACE,),
    )
    told = document(seen)
    assert (told["alerts"], told["deliveries"]) == ({"open": 3, "acknowledged": 1}, {"pending": 2, "unknown": 1})
    assert (told["oldest_waiting_seconds"], told["overdue_seconds"], told["unknown_outcomes"]) == (
        {"#payments": 12.3},
        1.2,
        1,
    )
    assert told["heartbeat_age_seconds"] == {"web": 0.0, "worker": 4.0, "clock": 2.0}
    (shown,) = told["incidents"]
    assert (shown["since"], shown["to_do"]) == (
        "2026-11-20T08:50:00+00:00",
        "Unarchive #payments, or name another channel in closeloop.yaml and restart",
    )


def test_it_can_be_judged_by_a_few_checks_alone() -> None:
    seen = replace(WELL, incidents=(PLACE,))
    told = document(seen, only=["worker", "queue"])
    assert (told["status"], [one["name"] for one in told["checks"]]) == ("ready", ["queue", "worker"])
    assert document(seen, only=["places"])["status"] == "degraded"


# ── looked at ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Stored:
    """A store that knows what a test says."""

    lanes: dict[str, float] = field(default_factory=dict)
    due: tuple[datetime, ...] = ()
    away: bool = False

    def ping(self) -> None:
        if self.away:
            raise Away("it refused the connection")

    def beats(self) -> dict[str, float]:
        return {"worker": NOW, "clock": NOW}

    def counts(self) -> dict[str, int]:
        return {"open": 1, "delivery.unknown": 1}

    def unknown_for(self, machine: float, /) -> float:
        return 5.0

    def oldest(self, machine: float, /) -> dict[str, float]:
        return self.lanes

    def due_alerts(self, now: datetime, /, *, limit: int) -> list[tuple[str, datetime]]:
        return [("01J", at) for at in self.due if at <= now][:limit]

    def stuck(self, *, limit: int) -> list[tuple[str, str]]:
        return []

    def incidents(self) -> list[Incident]:
        return [PLACE]


class Hands:
    """Business time runs ten times as fast as the machine's."""

    def now(self) -> datetime:
        return NINE

    def machine(self) -> float:
        return NOW

    def seconds_until(self, at: datetime, /) -> float:
        return (at - NINE).total_seconds() / 10


class Shut:
    def room(self, workspace: str, machine: float, /) -> Room:
        return Room(shut="three calls in a row were not answered" if workspace == "slack" else "")


class Redis:
    def ping(self) -> bool:
        return False


def senses(store: Stored, **more: Any) -> Senses:
    given: Any = {"store": store, "clock": Hands(), "queue": Redis(), "throttle": Shut(), "workspaces": ["slack"]}
    return Senses(**given | more)


def test_all_people_are_one_lane_and_the_longest_wait_counts() -> None:
    lanes = {"slack:#payments": 3.0, "slack:@ana@acme.example": 5.0, "slack:@ben@acme.example": 4.0}
    seen = look(senses(Stored(lanes=lanes)))
    assert dict(seen.oldest) == {"#payments": 3.0, "@people": 5.0}
    assert seen.unknown_for == 5.0
    assert "acme.example" not in str(document(seen)["oldest_waiting_seconds"])


def test_what_is_overdue_is_measured_in_the_machines_seconds() -> None:
    assert look(senses(Stored(due=(NINE - timedelta(minutes=20),)))).overdue == 120.0
    assert look(senses(Stored(due=()))).overdue == 0.0


def test_a_breaker_that_is_open_is_seen_and_so_is_a_redis_that_is_away() -> None:
    seen = look(senses(Stored()))
    assert (dict(seen.shut), seen.queue) == ({"slack": "three calls in a row were not answered"}, False)


def test_a_queue_that_only_another_process_sees_is_not_judged() -> None:
    assert look(senses(Stored(), queue=None)).queue


def test_a_database_that_is_away_is_what_was_found() -> None:
    seen = look(senses(Stored(away=True)))
    assert (seen.database, seen.incidents) == ("it refused the connection", ())
