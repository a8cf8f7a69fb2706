"""The stand-in for Entra and Graph is strict: who may not is refused, and so is every name the schema does not have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.microsoft import csdl
from sandbox.microsoft.config import CLIENT, ROLES, TENANT, MicrosoftConfig

ANA = "/users/ana@acme.example"
Ask = Callable[..., Any]


@pytest.fixture
def token(box: Any) -> Callable[..., Any]:
    def ask(tenant: str = TENANT, **form: str) -> Any:
        given = {
            "grant_type": "client_credentials",
            "client_id": CLIENT,
            "client_secret": MicrosoftConfig().client_secret,
            "scope": "https://graph.microsoft.com/.default",
        }
        wanted = {name: value for name, value in (given | form).items() if value}
        return box.http.post(f"{box.url}/microsoft/login/{tenant}/oauth2/v2.0/token", data=wanted)

    return ask


@pytest.fixture
def graph(box: Any, token: Callable[..., Any]) -> Ask:
    bearer = f"Bearer {token().json()['access_token']}"

    def ask(path: str, *, authorization: str = bearer, body: Any = None, **headers: str) -> Any:
        address, sent = f"{box.url}/microsoft/graph/v1.0{path}", {"authorization": authorization, **headers}
        return box.http.post(address, json=body, headers=sent) if body else box.http.get(address, headers=sent)

    return ask


TOKENS: list[tuple[dict[str, str], int, str]] = [
    ({"grant_type": "password"}, 400, "AADSTS70003"),
    ({"client_id": "x"}, 400, "AADSTS700016"),
    ({"client_secret": "x"}, 401, "AADSTS7000215"),
    ({"client_secret": ""}, 401, "AADSTS7000216"),
    ({"scope": "https://graph.microsoft.com/User.Read.All"}, 400, "AADSTS1002012"),
    ({"scope": "https://elsewhere.example/.default"}, 400, "AADSTS500011"),
    ({"tenant": "elsewhere.example"}, 400, "AADSTS90002"),
    ({"client_assertion": "x"}, 400, "AADSTS50027"),
]


@pytest.mark.parametrize(("form", "status", "code"), TOKENS)
def test_a_token_is_given_to_whoever_proves_to_be_the_app(
    token: Callable[..., Any], form: dict[str, str], status: int, code: str
) -> None:
    assert token().json()["expires_in"] == 3599
    refused = token(**form)
    assert refused.status_code == status
    assert refused.json()["error_description"].startswith(f"{code}: ")
    assert refused.json()["error_codes"] == [int(code.removeprefix("AADSTS"))]


@pytest.mark.parametrize("authorization", ["", "Bearer x", "Basic x"])
def test_graph_asks_for_a_token(graph: Ask, authorization: str) -> None:
    assert graph(ANA, authorization=authorization).status_code == 401


def test_graph_asks_for_a_token_that_is_for_it(graph: Ask, token: Callable[..., Any]) -> None:
    other = token(scope="https://api.botframework.com/.default").json()["access_token"]
    assert graph(ANA, authorization=f"Bearer {other}").status_code == 401


NEEDED = {
    ANA: "User.Read.All",
    f"{ANA}/manager": "User.Read.All",
    "/users/delta": "User.Read.All",
    f"{ANA}/mailboxSettings": "MailboxSettings.Read",
    f"{ANA}/presence": "Presence.Read.All",
    "/groups": "GroupMember.Read.All",
}


@pytest.mark.parametrize(("path", "role"), NEEDED.items())
def test_each_address_needs_its_permission(
    box: Any, token: Callable[..., Any], graph: Ask, path: str, role: str
) -> None:
    assert graph(path).status_code == 200
    box.post("microsoft/app", roles=[one for one in ROLES if one != role])
    poor = token().json()["access_token"]
    assert graph(path, authorization=f"Bearer {poor}").status_code == 403


REFUSED = [
    f"{ANA}?$select=shoeSize",
    f"{ANA}?$top=1",
    "/users?$filter=startswith(mail,'a')",
    "/users?$filter=jobTitle eq 'x'",
    "/users?$expand=directReports",
    "/users?$expand=manager($levels=max)",
    "/users/delta?$expand=manager",
    "/users/delta?$top=5",
    "/users/delta?$deltatoken=x",
    f"{ANA}/mailboxSettings?$select=mood",
    "/shoes",
]


@pytest.mark.parametrize("path", REFUSED)
def test_what_the_schema_does_not_have_is_refused(graph: Ask, path: str) -> None:
    answer = graph(path)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"]


def test_what_it_answers_is_of_the_schema(graph: Ask) -> None:
    users = graph("/users?$expand=manager&$select=accountEnabled,userType,mail").json()["value"]
    bodies = [("user", one) for one in users]
    bodies += [
        ("mailboxSettings", graph(f"{ANA}/mailboxSettings").json()),
        ("presence", graph(f"{ANA}/presence").json()),
    ]
    bodies += [("group", one) for one in graph("/groups").json()["value"]]
    assert len(bodies) > 5
    assert [csdl.wrong(kind, body) for kind, body in bodies if csdl.wrong(kind, body)] == []
    assert csdl.wrong("presence", {"mood": "x", "outOfOfficeSettings": {"isOutOfOffice": "yes"}}) == [
        "presence.mood",
        "outOfOfficeSettings.isOutOfOffice",
    ]


def test_the_line_of_managers_in_one_answer(graph: Ask) -> None:
    query = "$expand=manager($levels=max;$select=id,displayName)&$select=id,displayName&$count=true"
    ana = graph(f"{ANA}?{query}", consistencylevel="eventual").json()
    line = [ana["displayName"]]
    while "manager" in ana:
        ana = ana["manager"]
        line.append(ana["displayName"])
    assert line == ["Ana Alvarez", "Cleo Laurent", "Elsa Berg"]


def test_nobody_above_is_not_found(graph: Ask) -> None:
    assert graph("/users/elsa@acme.example/manager").status_code == 404


def asked(count: int, **other: Any) -> dict[str, Any]:
    return {"requests": [{"id": str(n), "method": "GET", "url": ANA} | other for n in range(count)]}


@pytest.mark.parametrize(
    "body", [asked(21), asked(2, id="1"), asked(1, method="PATCH"), asked(1, url="users"), {"requests": []}, {"x": 1}]
)
def test_a_batch_is_held_to_its_rules(graph: Ask, body: Any) -> None:
    assert graph("/$batch", body=asked(20)).status_code == 200
    assert graph("/$batch", body=body).status_code == 400


def test_a_batch_that_went_well_may_hold_what_did_not(box: Any, graph: Ask) -> None:
    fault = {"path": r"\$batch/users", "status": 429, "retry_after": "9"}
    assert box.http.post(f"{box.url}/sandbox/api/microsoft/faults", json=fault).is_success
    answer = graph("/$batch", body=asked(2))
    assert answer.status_code == 200
    inner = answer.json()["responses"]
    assert [one["id"] for one in inner] == ["1", "0"], "not in the order in which they were asked"
    assert [(one["status"], one["headers"].get("Retry-After")) for one in inner] == [(429, "9"), (200, None)]


@pytest.mark.parametrize(
    "change",
    [
        {"shoes": 1},
        {"manager": "U0NOBODY"},
        {"mailbox": {"mood": "x"}},
        {"mailbox": {"automaticRepliesSetting": {"status": "sometimes"}}},
        {"presence": {"mood": "x"}},
    ],
)
def test_a_test_cannot_make_what_microsoft_would_not(box: Any, change: dict[str, Any]) -> None:
    answer = box.http.post(f"{box.url}/sandbox/api/microsoft/users/U0ANA", json=change)
    assert answer.status_code == 400


def test_whoever_joins_the_workspace_has_an_account(box: Any, graph: Ask) -> None:
    box.post("users/U0HAL", name="hal", real_name="Hal Roy", email="hal@acme.example")
    assert graph("/users/hal@acme.example").json()["displayName"] == "Hal Roy"


def test_what_changed_outlives_a_restart(start: Any, tmp_path: Path) -> None:
    before = start(data_file=tmp_path / "workspace.jsonl")
    before.post("microsoft/users/U0ANA", enabled=False)
    after = start(data_file=tmp_path / "workspace.jsonl")
    accounts = after.get("microsoft")["accounts"]
    assert [accounts[f"U0{name}"]["enabled"] for name in ("ANA", "BEN")] == [False, True]
