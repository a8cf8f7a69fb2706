"""`closeloop status`: what waits and what is wrong, from the database and the queue, and an exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.parts import parts
from tests.bot.conftest import WELL_CONFIG, Run

NOWHERE = "unix:///nowhere/valkey.sock"


@pytest.fixture
def beating(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """A database with a worker and a clock that have just beaten; returns the parts of such a process."""
    Path("closeloop.yaml").write_text(WELL_CONFIG)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setattr("bot.logs.configure", lambda style: None)

    def beat() -> Any:
        made = parts()
        for kind in ("worker", "clock"):
            made.store.beat(kind, f"{kind}@a:1", machine=made.clock.machine())
        return made

    return beat


def test_where_all_is_well_it_says_so_and_exits_with_0(run: Run, beating: Callable[[], Any]) -> None:
    beating()
    result = run("status")
    assert (result.exit_code, result.stderr) == (0, "It is ready.\n")
    assert "WRONG" not in result.stdout and "worker" in result.stdout


def test_what_is_wrong_is_named_with_what_to_do_and_exits_with_1(run: Run, beating: Callable[[], Any]) -> None:
    made = beating()
    made.store.incident("place", "slack:#payments", detail="is_archived", at=made.clock.machine())
    result = run("status")
    assert (result.exit_code, result.stderr) == (1, "It is degraded.\n")
    assert "Waiting to be mended: #payments: is_archived." in result.stdout
    assert "Unarchive #payments, or name another channel in closeloop.yaml and restart." in result.stdout


def test_as_json_it_is_one_document(run: Run, beating: Callable[[], Any]) -> None:
    beating()
    told = json.loads(run("status", "--json").stdout)
    assert (told["status"], told["incidents"], told["unknown_outcomes"]) == ("ready", [], 0)
    assert set(told["heartbeat_age_seconds"]) == {"worker", "clock"}


def test_it_is_judged_by_the_checks_that_are_asked_for(
    run: Run, beating: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    beating()
    monkeypatch.setenv("CLOSELOOP_REDIS_URL", NOWHERE)
    assert run("status").exit_code == 1
    assert run("status", "--only", "worker", "--only", "database").exit_code == 0
    assert run("status", "--only", "queue").exit_code == 1


def test_a_check_that_does_not_exist_is_named_with_the_right_one(run: Run) -> None:
    result = run("status", "--only", "worke")
    assert (result.exit_code, result.stderr) == (1, "closeloop: there is no check worke; did you mean worker?\n")


def test_a_database_that_is_away_is_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("closeloop.yaml").write_text(WELL_CONFIG)
    monkeypatch.setenv("CLOSELOOP_DATABASE_URL", "postgresql://loop:hunter2@127.0.0.1:1/loop")
    monkeypatch.setattr("bot.logs.configure", lambda style: None)
    result = run("status")
    assert result.exit_code == 1
    assert result.stderr.startswith("closeloop: the database cannot be reached") and "hunter2" not in result.stderr
