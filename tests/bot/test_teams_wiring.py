"""Teams as a part of the process: on where the file names channels and the environment says who the bot is."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from bot import teams
from bot.cli import app
from bot.clock import SystemClock
from bot.config.mistakes import ConfigError
from bot.environment import Environment
from bot.parts import Parts
from bot.people import People
from bot.settings import Config, loads
from connectors.chat.teams.client import TeamsChat
from connectors.directory import directory
from connectors.intake import native
from handlers.web import WebParts, create_app
from storage.memory import MemoryStore

FALLBACK = 'fallback: {owner: elsa@acme.example, channel: "#x"}\n'
ON = FALLBACK + 'platform: teams\nteams: {channels: {"#x": "19:ab@thread.tacv2"}}\n'
BOT = {
    "MICROSOFT_TENANT_ID": "22222222-0000-4000-8000-000000000002",
    "MICROSOFT_CLIENT_ID": "11111111-0000-4000-8000-000000000001",
    "MICROSOFT_CLIENT_SECRET": "of these tests",
}


def config(text: str = ON) -> Config:
    return loads(text, Path("closeloop.yaml"))


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.chdir(tmp_path)

    def made(**more: str) -> Environment:
        for name, value in more.items():
            monkeypatch.setenv(name, value)
        return Environment()

    return made


def test_with_a_channel_and_a_bot_teams_is_one_of_the_chats(env: Any) -> None:
    made = Parts(env=env(**BOT), config=config())
    chat = made.chats["teams"]
    assert isinstance(chat, TeamsChat)
    assert (chat.tenant.app_id, chat.channel("#x")) == (BOT["MICROSOFT_CLIENT_ID"], "19:ab@thread.tacv2")
    assert made.plan.platform == "teams"
    assert "slack" not in made.chats


@pytest.mark.parametrize(("text", "more"), [(FALLBACK, BOT), (ON, {})])
def test_without_one_of_them_it_is_not(env: Any, text: str, more: dict[str, str]) -> None:
    assert "teams" not in Parts(env=env(**more), config=config(text)).chats


def test_both_chats_may_be_there_at_once(env: Any) -> None:
    assert set(Parts(env=env(**BOT, SLACK_BOT_TOKEN="xoxb-1"), config=config()).chats) == {"slack", "teams"}


@pytest.mark.parametrize("install", [True, False])
@pytest.mark.parametrize("redis", ["", "redis://127.0.0.1:9"])
def test_the_app_is_installed_for_people_only_where_the_file_says_so(env: Any, install: bool, redis: str) -> None:
    text = ON.replace("teams: {", f"teams: {{install: {str(install).lower()}, ")
    made = Parts(env=env(**BOT, CLOSELOOP_REDIS_URL=redis), config=config(text))
    chat = made.chats["teams"]
    assert isinstance(chat, TeamsChat)
    assert (chat.installing is not None) == install


def test_everybody_of_the_file_and_above_is_looked_for_in_teams_but_for_whom_another_chat_has() -> None:
    ana, cleo = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000c"
    people = (
        f"people:\n  ana@acme.example: {{teams: {ana}, manager: cleo@acme.example}}\n"
        f"  cleo@acme.example: {{teams: {cleo}, slack: U0CLEO}}\n  ben@acme.example: {{slack: U0BEN}}\n"
    )
    both = 'routing: [{owner: ana@acme.example, channel: ["#x", "slack:#y"]}]\n'

    def found(text: str) -> dict[str, str]:
        made = config(text)
        directories = (directory("file")(made.people()),)
        return teams.everybody(made, People(store=MemoryStore(), directories=directories, clock=SystemClock()))

    alone = {"ana@acme.example": ana, "cleo@acme.example": cleo, "ben@acme.example": "", "elsa@acme.example": ""}
    assert found(ON + people) == alone
    assert found(ON + people + both) == {who: id for who, id in alone.items() if who != "ben@acme.example"}


def test_an_activity_that_nobody_signed_is_refused_at_the_door(env: Any) -> None:
    made = Parts(env=env(**BOT), config=config())
    chat = made.chats["teams"]
    assert isinstance(chat, TeamsChat)
    nothing: Any = type("Nothing", (), {"receive": None})()
    inbound = teams.inbound(made.env, made.config, nothing, chat, now=made.clock.now)
    web = create_app(WebParts(loop=nothing, store=nothing, native=native, base_url="http://x", teams=inbound.dispatch))
    client = TestClient(web)
    assert client.post("/teams/messages", json={"type": "message"}).status_code == 401
    assert client.post("/slack/events", json={}).status_code == 404
    inbound.close()


def test_without_teams_there_is_no_such_door() -> None:
    nothing: Any = type("Nothing", (), {"receive": None})()
    web = create_app(WebParts(loop=nothing, store=nothing, native=native, base_url="http://x"))
    assert TestClient(web).post("/teams/messages", json={}).status_code == 404


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('teams: {channels: {"#x": "general"}}\n', "not a channel's id"),
        ("teams: {tenants: [acme]}\n", "not an object id of Entra"),
        ("people: {ana@acme.example: {teams: ana}}\n", "not an object id of Entra"),
        ("platform: team\n", "did you mean teams?"),
    ],
)
def test_a_mistake_is_named(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        config(FALLBACK + text)
    assert said in str(error.value)


def test_somebody_may_have_ids_in_both_chats() -> None:
    whom = "{slack: U0ANA, teams: 00000000-0000-4000-8000-00000000000A}"
    (ana,) = config(FALLBACK + f"people: {{ana@acme.example: {whom}}}\n").people()
    assert ana.chat == {"slack": "U0ANA", "teams": "00000000-0000-4000-8000-00000000000a"}


@pytest.mark.parametrize("name", ["TEAMS_SERVICE_URL", "TEAMS_METADATA_URL", "TEAMS_WEB_URL"])
def test_an_address_that_anybody_could_listen_at_is_refused(env: Any, name: str) -> None:
    with pytest.raises(ValueError, match="must be an https"):
        env(**{name: "http://smba.example/teams"})


def test_the_package_is_written_once(env: Any, tmp_path: Path) -> None:
    env(**BOT)
    out = tmp_path / "loop.zip"
    assert CliRunner().invoke(app, ["teams", "package", str(out)]).exit_code == 0
    with zipfile.ZipFile(io.BytesIO(out.read_bytes())) as zipped:
        assert json.loads(zipped.read("manifest.json"))["bots"][0]["botId"] == BOT["MICROSOFT_CLIENT_ID"]
    again = CliRunner().invoke(app, ["teams", "package", str(out)])
    assert again.exit_code == 1 and "there already" in again.output
    assert CliRunner().invoke(app, ["teams", "package", str(out), "--force"]).exit_code == 0


def test_without_a_bot_there_is_no_package(env: Any) -> None:
    env()
    told = CliRunner().invoke(app, ["teams", "package"])
    assert told.exit_code == 1 and "MICROSOFT_CLIENT_ID is not set" in told.output
