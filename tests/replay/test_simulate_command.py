"""`closeloop policy simulate`: over the database and over another tool's log, as a table, JSON and a page."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from living import Town
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.commands import database

TODAY = 'fallback: {owner: elsa@acme.example, channel: "#ai-exceptions"}\nattention: {per_hour: 3}\n'
CALMER = """\
policies:
  default:
    acknowledge:
      steps:
        - {who: owner, nudge_every: 2h, nudges: 1}
        - {who: "#ai-exceptions", nudge_every: 24h}
    verify: never
"""
HOSTILE = "<script>alert(1)</script><!channel>"
HISTORY = f"""\
raised_at,severity,owner,acknowledged_at,closed_at,title
2026-11-02T09:00:00Z,error,ana@acme.example,2026-11-02T09:40:00Z,2026-11-02T11:00:00Z,{HOSTILE}
2026-11-03T09:00:00Z,critical,"{HOSTILE}",,,x
never,error,ana@acme.example,,,x
2026-11-04T09:00:00Z,warning,ben@acme.example,2026-11-04T09:05:00Z,,x
"""
Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLOSELOOP_CONFIG", raising=False)
    Path("new.yaml").write_text(CALMER)
    Path("history.csv").write_text(HISTORY)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["policy", "simulate", *arguments], prog_name="closeloop")

    return call


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch, run: Run) -> Town:
    town = Town(seed=11)
    town.live()
    Path("closeloop.yaml").write_text(TODAY)
    monkeypatch.setattr(database, "opened", lambda *, sandbox=False: town.store)
    return town


SPAN = ("--since", "2026-03-02", "--until", "2026-04-01")


def test_an_unchanged_file_says_so_and_reproduces_what_was_recorded(run: Run, town: Town) -> None:
    shown = run("--policy", "closeloop.yaml", *SPAN)
    assert shown.exit_code == 0, shown.output
    assert "both sides are the same" in shown.stdout
    told = json.loads(run("--policy", "closeloop.yaml", *SPAN, "--json").stdout)
    fidelity = told["fidelity"]
    assert told["unchanged"] and fidelity["reproduced"] == fidelity["recorded"] and fidelity["recorded"]["nudges"] > 50
    nudges = fidelity["recorded"]["nudges"]
    assert f"Today's policy reproduces {nudges:,} of {nudges:,} recorded nudges" in shown.stdout
    assert told["today"] == told["proposed"] and told["today"]["skipped"] == {}


def test_a_calmer_policy_stands_beside_todays(run: Run, town: Town) -> None:
    told = json.loads(run("--policy", "new.yaml", *SPAN, "--json").stdout)
    assert not told["unchanged"]
    assert told["today"]["alerts"] == told["proposed"]["alerts"]
    assert told["proposed"]["nudges"] < told["today"]["nudges"]
    for side in (told["today"], told["proposed"]):
        for table in ("by_person", "by_step", "by_hour"):
            assert sum(row["nudges"] for row in side[table].values()) == side["nudges"]


def test_somebody_away_is_not_asked_what_they_were_asked(run: Run, town: Town) -> None:
    told = json.loads(run("--what-if", "p1 away 2026-03-02..2026-04-01", *SPAN, "--json").stdout)
    assert told["today"]["by_person"]["p1@acme.example"]["nudges"] > 0
    away = told["proposed"]["by_person"].get("p1@acme.example", {"nudges": 0, "escalations": 0})
    assert (away["nudges"], away["escalations"]) == (0, 0)


def test_another_tools_log_needs_nothing_installed(run: Run) -> None:
    shown = run("--policy", "new.yaml", "--history", "history.csv")
    assert shown.exit_code == 0, shown.output
    assert "3 alerts" in shown.stdout and "does not say whom another tool asked" in shown.stdout
    assert "left out: history.csv, line 4, raised_at: never is no instant" in shown.stderr
    told = json.loads(run("--policy", "new.yaml", "--history", "history.csv", "--json").stdout)
    assert told["fidelity"] is None
    assert (told["today"]["nudges"], told["proposed"]["nudges"]) != (0, 0)


def test_the_table_fits_a_terminal_of_a_hundred_columns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    shown = run("--policy", "new.yaml", "--history", "history.csv")
    assert max(len(line.rstrip()) for line in shown.stdout.splitlines()) <= 110


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]


def test_the_page_needs_nothing_else_and_runs_nothing(run: Run) -> None:
    shown = run("--policy", "new.yaml", "--history", "history.csv", "--html", "out.html")
    assert shown.exit_code == 0, shown.output
    page = Path("out.html").read_text()
    read = Tags()
    read.feed(page)
    assert read.tags.count("svg") >= 3 and "table" in read.tags
    assert not {"script", "img", "iframe", "link"} & set(read.tags)
    assert all(link.startswith("#") for link in read.links), read.links
    assert "&lt;script&gt;" in page and HOSTILE not in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a proposed file"),
        (("--policy", "gone.yaml", "--history", "history.csv"), "gone.yaml cannot be read"),
        (("--policy", "new.yaml", "--history", "gone.csv"), "gone.csv cannot be read"),
        (("--policy", "new.yaml"), "closeloop.yaml: there is no such file"),
        (("--policy", "new.yaml", "--history", "history.csv", "--what-if", "zoe away 2w"), "nobody called zoe"),
        (("--policy", "bad.yaml", "--history", "history.csv"), "bad.yaml:2: policies.default.resolve: "),
        (("--policy", "new.yaml", "--history", "new.yaml"), "there is no column raised_at"),
    ],
)
def test_what_cannot_be_simulated_says_why_in_a_line(run: Run, arguments: tuple[str, ...], said: str) -> None:
    Path("bad.yaml").write_text("policies:\n  default: {resolve: 3}\n")
    shown = run(*arguments)
    assert shown.exit_code == 1
    assert said in shown.stderr and "Traceback" not in shown.output
