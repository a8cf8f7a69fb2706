"""The process dies between every two steps: by its own exit, and by kill -9 as it stands there.

Whoever comes after it goes on to calm, and the checker finds every promise kept.
"""

from __future__ import annotations

import ast
import threading
from pathlib import Path

import pytest
from faults.line import Line
from faults.scenarios import REACHES, Scenario
from faults.village import Village

from bot import crash

HOW = ("exit", "kill")
PRODUCT = ("bot", "handlers", "connectors", "storage")
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", crash.POINTS)
def test_whoever_dies_between_two_steps_leaves_nothing_lost_and_nothing_said_twice(
    line: Line, name: str, how: str
) -> None:
    assert name in REACHES, f"no scenario reaches the crash point {name}: a new step needs one"
    scenario = REACHES[name]
    with line.lent(alone=scenario.alone) as place:
        _die(place, scenario, name=name, how=how)
        place.hold(scenario.seconds)
        scenario.sure(place)
        scenario.after(place)


def _die(place: Village, scenario: Scenario, *, name: str, how: str) -> None:
    """The scenario runs; the machine that is there dies at the point; another one finishes what was begun."""
    first = place.machines[-1]
    first.arm(name, how=how, moved=scenario.moved)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            scenario.run(place)
        except BaseException as error:  # noqa: BLE001  raised again in the test's own thread
            failed.append(error)

    scene = threading.Thread(target=run, daemon=True)
    scene.start()
    first.until(lambda: first.at or not first.alive or failed, scenario.seconds, why=f"{name} was never reached")
    if failed:
        raise failed[0]
    if how == "kill":
        assert first.at == name, first.broke or first.tail()
        first.kill()
    first.until(lambda: not first.alive, 10)
    assert first.code == (9 if how == "exit" else -9), first.broke or first.tail()
    place.start()
    scene.join(scenario.seconds)
    if failed:
        raise failed[0]
    assert not scene.is_alive(), "the scenario never ended"


def called_points() -> list[tuple[str, str]]:
    """(name, file) of every `crash.point("…")` of the product, and of every `point("…")` imported from it."""
    found = []
    for path in sorted(path for package in PRODUCT for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _is_point(node.func):
                name = node.args[0]
                assert isinstance(name, ast.Constant), f"{path}:{node.lineno}: the name of a crash point is written out"
                found.append((str(name.value), str(path.relative_to(ROOT))))
    return found


def _is_point(called: ast.expr) -> bool:
    if isinstance(called, ast.Attribute):
        return called.attr == "point" and isinstance(called.value, ast.Name) and called.value.id == "crash"
    return isinstance(called, ast.Name) and called.id == "point"


def test_every_crash_point_stands_in_the_table_and_every_name_of_the_table_stands_in_the_product() -> None:
    called = called_points()
    assert {name for name, _ in called} == set(crash.POINTS)
    assert [name for name, _ in called if [n for n, _ in called].count(name) > 1] == [], "one name, one place"


def test_every_crash_point_is_reached_by_a_scenario() -> None:
    assert set(REACHES) == set(crash.POINTS)
