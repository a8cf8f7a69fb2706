"""What the environment says of Microsoft 365 becomes an app, its proofs in order, and a place for its tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot import microsoft
from bot.config.mistakes import ConfigError
from bot.core.signal import Severity
from bot.environment import environment
from bot.parts import Parts
from bot.settings import loads
from connectors.directory.graph import GraphDirectory
from connectors.microsoft.credentials import Managed, Pem, Pfx, Secret, Workload
from storage.vault import LocalVault, RedisVault

WHO = {"MICROSOFT_TENANT_ID": "acme.example", "MICROSOFT_CLIENT_ID": "c1"}
PAIR = "".join(f"-----BEGIN {what}-----\nx\n-----END {what}-----\n" for what in ("PRIVATE KEY", "CERTIFICATE"))
CONFIG = 'fallback: {owner: elsa@acme.example, channel: "#x"}\ndirectory: [file, graph]\n'


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Any:
    for name, value in {**WHO, **variables}.items():
        monkeypatch.setenv(name, value)
    return environment()


def test_what_lasts_is_tried_before_what_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    env = given(
        monkeypatch,
        MICROSOFT_CLIENT_SECRET="s",
        MICROSOFT_CERTIFICATE=PAIR * 2,
        MICROSOFT_CERTIFICATE_PASSWORD="p",
        MICROSOFT_PFX="closeloop.pfx",
        MICROSOFT_FEDERATED_TOKEN_PATH="token",
        MICROSOFT_MANAGED_IDENTITY="system",
        MICROSOFT_CLOUD="gcch",
    )
    app = microsoft.app(env)
    assert [type(one) for one in app.credentials] == [Managed, Workload, Pem, Pem, Pfx, Secret]
    assert app.credentials[0] == Managed(client_id="")
    assert app.authority == "https://login.microsoftonline.us/acme.example"
    assert app.cloud.graph_scope == "https://graph.microsoft.us/.default"


def test_a_user_assigned_identity_goes_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    assert microsoft.app(given(monkeypatch, MICROSOFT_MANAGED_IDENTITY="c2")).credentials == (Managed(client_id="c2"),)


def test_a_certificate_that_is_none_is_a_mistake_that_does_not_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as caught:
        microsoft.tokens(given(monkeypatch, MICROSOFT_CERTIFICATE="hunter2"))
    assert "MICROSOFT_CERTIFICATE must hold" in str(caught.value) and "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "kind"),
    [
        ({"CLOSELOOP_SECRET_KEY": "k" * 32}, LocalVault),
        ({"CLOSELOOP_REDIS_URL": "redis://127.0.0.1:9"}, LocalVault),
        ({"CLOSELOOP_REDIS_URL": "redis://127.0.0.1:9", "CLOSELOOP_SECRET_KEY": "k" * 31}, LocalVault),
        ({"CLOSELOOP_REDIS_URL": "redis://127.0.0.1:9", "CLOSELOOP_SECRET_KEY": "k" * 32}, RedisVault),
    ],
)
def test_tokens_are_shared_only_where_they_can_be_encrypted(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], kind: type
) -> None:
    made = microsoft.tokens(given(monkeypatch, MICROSOFT_CLIENT_SECRET="s", **variables))
    assert type(made._vault) is kind


def test_graph_is_a_directory_where_the_file_names_it_and_the_environment_says_who_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = loads(CONFIG, Path("closeloop.yaml"))
    without = Parts(env=given(monkeypatch), config=config)
    assert len(without.directories) == 1
    parts = Parts(env=given(monkeypatch, MICROSOFT_CLIENT_SECRET="s"), config=config)
    assert isinstance(parts.directories[1], GraphDirectory)
    assert parts.tokens is parts.tokens, "one cache for all that asks there"


TOOLS: list[tuple[str, str, dict[str, str], set[str]]] = [
    ("nothing", "", {}, set()),
    ("To Do", "work_items: {tool: todo}\n", {}, {"todo"}),
    ("Planner", "work_items: {tool: planner, plan: xqQg5FS2LkCp935s-FIFm2QAFkHM}\n", {}, {"planner"}),
    ("mail", "", {"MICROSOFT_MAIL_FROM": "closeloop@acme.example"}, {"mail"}),
    ("To Do, and nobody who asks", "work_items: {tool: todo}\n", {"MICROSOFT_CLIENT_SECRET": ""}, set()),
]


@pytest.mark.parametrize(("what", "text", "variables", "made"), TOOLS, ids=[row[0] for row in TOOLS])
def test_what_is_written_beside_the_chat_is_made_where_it_is_configured(
    monkeypatch: pytest.MonkeyPatch, what: str, text: str, variables: dict[str, str], made: set[str]
) -> None:
    env = given(monkeypatch, **{"MICROSOFT_CLIENT_SECRET": "s"} | variables)
    parts = Parts(env=env, config=loads(CONFIG + text, Path("closeloop.yaml")))
    assert set(parts.tools) == made
    assert parts.plan.mail is ("mail" in made)
    assert all(parts.tools[name].platform == name for name in made)


def test_a_plan_knows_where_tasks_are_and_for_which_severities() -> None:
    text = "work_items: {tool: planner, plan: xqQg5FS2LkCp935s-FIFm2QAFkHM, severities: critical}\n"
    plan = loads(CONFIG + text, Path("closeloop.yaml")).plan()
    assert plan.tasks_of(Severity.CRITICAL) == ("planner:xqQg5FS2LkCp935s-FIFm2QAFkHM",)
    assert plan.tasks_of(Severity.ERROR) == ()
    everything = loads(f"{CONFIG}work_items:\n  tool: todo\n  severities:\n", Path("closeloop.yaml")).plan()
    assert all(everything.tasks_of(severity) == ("todo:tasks",) for severity in Severity)


def test_a_mailbox_that_is_none_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as caught:
        given(monkeypatch, MICROSOFT_MAIL_FROM="Closeloop <closeloop@acme.example>")
    assert "MICROSOFT_MAIL_FROM: must be the e-mail address of one mailbox" in str(caught.value)
