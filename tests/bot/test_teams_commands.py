"""`closeloop check` and `closeloop teams install`, against the stand-ins over real HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from bot.parts import open_store
from connectors.chat.teams.text import manifest_id
from sandbox.app import create_app
from sandbox.config import Limits, SandboxConfig
from sandbox.microsoft.config import CLIENT, ROLES, TENANT, MicrosoftConfig
from sandbox.microsoft.tenant import object_id
from tests.bot.conftest import ROOT

CONFIG = """\
fallback: {owner: elsa@acme.example, channel: "#ai-exceptions"}
platform: teams
directory: [file, graph]
teams: {channels: {"#ai-exceptions": "19:ai-exceptions@thread.tacv2"}}
routing: [{owner: ana@acme.example}]
policies: {default: {hours: always, verify: never}}
"""


class Stand:
    """The running stand-ins, and what of them tests change."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx2.Client(trust_env=False, timeout=10)

    def post(self, path: str, **body: Any) -> None:
        self.http.post(f"{self.url}/sandbox/api/{path}", json=body).raise_for_status()

    def get(self, path: str) -> Any:
        return self.http.get(f"{self.url}/sandbox/api/{path}").raise_for_status().json()


@pytest.fixture(scope="module")
def running() -> Iterator[Stand]:
    config = SandboxConfig(signing_secret="s", bot_token="xoxb-1", limits=Limits(enabled=False))
    server = uvicorn.Server(uvicorn.Config(create_app(config), port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    stand = Stand(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
    yield stand
    stand.http.close()
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def stand(running: Stand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stand:
    """Fresh stand-ins, and an environment that leads to them."""
    running.post("reset")
    running.post("teams/change", uploaded=[manifest_id(CLIENT)])
    Path("closeloop.yaml").write_text(CONFIG)
    given = {
        "MICROSOFT_TENANT_ID": TENANT,
        "MICROSOFT_CLIENT_ID": CLIENT,
        "MICROSOFT_CLIENT_SECRET": MicrosoftConfig().client_secret,
        "MICROSOFT_LOGIN_URL": f"{running.url}/microsoft/login",
        "GRAPH_API_URL": f"{running.url}/microsoft/graph",
        "TEAMS_SERVICE_URL": f"{running.url}/teams",
        "CLOSELOOP_SECRET_KEY": "k" * 32,
        "CLOSELOOP_OPERATOR_WEBHOOK": "https://hooks.acme.example/x",
        "CLOSELOOP_DATA": str(tmp_path / "data"),
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return running


def closeloop(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, as a person calls it."""
    command = [sys.executable, "-m", "bot.cli", *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def checked(code: int = 0) -> list[tuple[str, str, str]]:
    done = closeloop("check", "--json")
    assert done.returncode == code, done.stderr
    return [(one["level"], one["id"], f"{one['what']} {one['to_do']}") for one in json.loads(done.stdout)]


def test_an_installation_in_order_is_found_in_order(stand: Stand) -> None:
    assert [one[:2] for one in checked()] == []


def test_the_managers_of_the_people_of_the_file_are_asked_for_too(stand: Stand) -> None:
    stand.post("teams/change", installed={"U0CLEO": False})
    ((level, id, said),) = checked()
    assert (level, id) == ("warning", "teams.person.optional")
    assert "for cleo@acme.example:" in said, "Ana's manager, whom only Graph names"


def test_what_keeps_the_app_from_graph_and_from_teams_is_told_once(stand: Stand) -> None:
    stand.post("microsoft/app", secrets=["another"])
    told = [one[:2] for one in checked(1)]
    assert [one for one in told if one[1].startswith("microsoft.")] == [("error", "microsoft.secret")]


def test_a_team_without_the_app_is_an_error(stand: Stand) -> None:
    stand.post("teams/change", channels={"19:ai-exceptions@thread.tacv2": False})
    ((level, id, said),) = checked(1)
    assert (level, id) == ("error", "teams.channel") and "#ai-exceptions" in said


# ── closeloop teams install ──────────────────────────────────────────────────────────────────────────────────────────


def installed(*whom: str, code: int = 0) -> dict[str, str]:
    done = closeloop("teams", "install", *whom, "--json")
    assert done.returncode == code, done.stderr
    return {one["person"]: one["state"] for one in json.loads(done.stdout)}


def test_the_app_is_installed_for_somebody_whose_conversation_is_kept(stand: Stand, tmp_path: Path) -> None:
    stand.post("teams/change", installed={"U0ANA": False})
    assert installed("--for", "Ana@acme.example") == {"ana@acme.example": "installed"}
    store = open_store()
    (kept,) = store.conversations("teams", [object_id("U0ANA")]).values()
    store.close()
    assert kept.channel == f"19:{object_id('U0ANA')}_{CLIENT}@unq.gbl.spaces"
    assert installed("--for", "ana@acme.example") == {"ana@acme.example": "there"}
    assert checked() == []


def test_everybody_of_the_file_and_their_managers_get_it(stand: Stand) -> None:
    stand.post("teams/change", installed={"U0ANA": False, "U0CLEO": False})
    found = installed("--everybody")
    assert found["ana@acme.example"] == found["cleo@acme.example"] == "installed"
    assert found["elsa@acme.example"] == "there"


def test_whoever_gets_none_is_told_of_and_the_others_have_it(stand: Stand) -> None:
    found = installed("--for", "ana@acme.example", "--for", "nobody@acme.example", code=1)
    assert found == {"ana@acme.example": "there", "nobody@acme.example": "failed"}
    done = closeloop("teams", "install", "--for", "nobody@acme.example")
    assert (done.returncode, "Nobody says who they are" in done.stdout) == (1, True)
    assert "0 installed, 0 had it, 1 failed" in done.stderr


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ("AppCatalog.Read.All", f"adminconsent?client_id={CLIENT}"),
        ("TeamsAppInstallation.ReadWriteSelfForUser.All", f"adminconsent?client_id={CLIENT}"),
    ],
)
def test_a_permission_that_is_missing_is_named_with_where_to_consent(stand: Stand, lacking: str, said: str) -> None:
    stand.post("microsoft/app", roles=[role for role in ROLES if role != lacking])
    done = closeloop("teams", "install", "--for", "ana@acme.example")
    assert done.returncode == 1
    assert lacking in done.stdout + done.stderr and said in done.stdout + done.stderr


def test_an_app_that_nobody_uploaded_can_be_installed_for_nobody(stand: Stand) -> None:
    stand.post("teams/change", uploaded=[])
    done = closeloop("teams", "install", "--everybody")
    assert (done.returncode, "closeloop teams package" in done.stderr) == (1, True)


def test_it_has_to_be_said_for_whom(stand: Stand) -> None:
    done = closeloop("teams", "install")
    assert (done.returncode, "--everybody" in done.stderr) == (1, True)


def test_without_a_bot_there_is_nothing_to_install(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROSOFT_CLIENT_ID", "")
    done = closeloop("teams", "install", "--everybody")
    assert (done.returncode, "MICROSOFT_CLIENT_ID" in done.stderr) == (1, True)
