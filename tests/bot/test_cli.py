"""The command line as a whole: help with an example everywhere, exit codes, no tracebacks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from bot.checks import Problem
from bot.cli import app
from bot.config.mistakes import ConfigError

ROOT = Path(__file__).parents[2]


def every_command() -> list[tuple[str, ...]]:
    def below(command: object, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        found = [path]
        for name, inner in getattr(command, "commands", {}).items():
            found += below(inner, (*path, name))
        return found

    return below(typer.main.get_command(app), ())


@pytest.mark.parametrize("path", every_command(), ids=lambda path: " ".join(path) or "closeloop")
def test_every_command_has_help_with_an_example(path: tuple[str, ...], run) -> None:
    result = run(*path, "--help")
    assert result.exit_code == 0
    assert f"Example: closeloop {' '.join(path)}".rstrip() in " ".join(result.stdout.split())


def test_the_commands_of_the_design_are_there() -> None:
    paths = {" ".join(path) for path in every_command()}
    assert paths >= {
        "up", "web", "worker", "clock", "check", "status", "db upgrade", "source add", "source rotate", "source revoke",
        "source list", "alert send", "alert list", "alert show", "policy check", "demo",
    }  # fmt: skip


def closeloop(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    command = [sys.executable, "-m", "bot.cli", *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_help_is_answered_without_the_wiring(tmp_path: Path) -> None:
    script = (
        "import sys, bot.cli; sys.exit(any(n in sys.modules for n in ('bot.main', 'pydantic', 'sqlalchemy', 'yaml')))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert (
        subprocess.run([sys.executable, "-c", script], env=env, cwd=tmp_path, timeout=60, check=False).returncode == 0
    )


def test_it_runs_as_a_program(tmp_path: Path) -> None:
    shown = closeloop("--help", cwd=tmp_path)
    assert shown.returncode == 0 and "Example: closeloop up --sandbox" in shown.stdout
    assert closeloop("--version", cwd=tmp_path).stdout.startswith("closeloop ")


def test_a_mistake_of_whoever_types_is_no_traceback(tmp_path: Path) -> None:
    mistyped = closeloop("polcy", cwd=tmp_path)
    assert mistyped.returncode == 2 and "Did you mean 'policy'?" in mistyped.stderr
    missing = closeloop("policy", "check", cwd=tmp_path)
    assert missing.returncode == 1
    assert missing.stderr.startswith("closeloop: closeloop.yaml: there is no such file")
    assert "Traceback" not in mistyped.stderr + missing.stderr


def test_several_mistakes_of_the_configuration_are_listed_one_a_line(run, wired: SimpleNamespace) -> None:
    def checks() -> list[Problem]:
        raise ConfigError(["closeloop.yaml:1: a", "closeloop.yaml:2: b"])

    wired.checks = checks
    result = run("check")
    assert result.exit_code == 1
    assert result.stderr == "closeloop: mistakes in the configuration:\ncloseloop.yaml:1: a\ncloseloop.yaml:2: b\n"


ERROR = Problem(id="CL020", level="error", what="SLACK_BOT_TOKEN is not set.", to_do="Set it.")
WARNING = Problem(id="CL004", level="warning", what="No secret key.", to_do="Make one.")


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        ([], 0, "Everything is in order."),
        ([WARNING], 0, "0 errors, 1 warnings"),
        ([ERROR, WARNING], 1, "1 errors, 1 warnings"),
    ],
)
def test_check_exits_with_one_only_for_errors(
    found: list[Problem], code: int, said: str, run, wired: SimpleNamespace
) -> None:
    wired.checks = lambda: found
    result = run("check")
    assert (result.exit_code, result.stderr.strip()) == (code, said)
    for problem in found:
        assert problem.what in result.stdout and problem.to_do in result.stdout and problem.id in result.stdout


def test_check_as_json_prints_every_problem_whole(run, wired: SimpleNamespace) -> None:
    wired.checks = lambda: [ERROR]
    assert '"id": "CL020"' in run("check", "--json").stdout
    assert '"to_do": "Set it."' in run("check", "--json").stdout


def test_db_upgrade_opens_the_database_which_brings_its_tables_up_to_date(run, wired: SimpleNamespace) -> None:
    opened: list[bool] = []
    wired.open_store = lambda env=None: opened.append(True)
    assert run("db", "upgrade").exit_code == 0 and opened == [True]
