"""Apps of Teams in the stand-in of Graph: as strict as Graph about who may, what is asked and what a body names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.microsoft.config import CLIENT, ROLES, TENANT, MicrosoftConfig
from sandbox.microsoft.tenant import object_id
from tests.sandbox.conftest import FakeBot, Start, until

EXTERNAL = "5f9b0c3e-1111-4000-8000-000000000001"
CATALOGUE, ANA = "/appCatalogs/teamsApps", "/users/ana@acme.example/teamwork/installedApps"
Ask = Callable[..., Any]


def bearer(box: Any) -> str:
    form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": MicrosoftConfig().client_secret}
    form |= {"scope": "https://graph.microsoft.com/.default"}
    answer = box.http.post(f"{box.url}/microsoft/login/{TENANT}/oauth2/v2.0/token", data=form)
    return f"Bearer {answer.json()['access_token']}"


def asking(box: Any) -> Ask:
    token = bearer(box)

    def ask(method: str, path: str, body: Any = None, *, authorization: str = token, **query: str) -> Any:
        address, options = f"{box.url}/microsoft/graph/v1.0{path}", {f"${name}": said for name, said in query.items()}
        return box.http.request(method, address, params=options, json=body, headers={"authorization": authorization})

    return ask


@pytest.fixture
def ask(box: Any) -> Ask:
    box.post("teams/change", uploaded=[EXTERNAL], installed={"U0ANA": False})
    return asking(box)


def bind(ask: Ask, box: Any) -> dict[str, str]:
    (app,) = ask("GET", CATALOGUE, filter=f"externalId eq '{EXTERNAL}'").json()["value"]
    assert (app["externalId"], app["id"] != EXTERNAL) == (EXTERNAL, True), "each catalogue numbers its apps itself"
    return {"teamsApp@odata.bind": f"{box.url}/microsoft/graph/v1.0/appCatalogs/teamsApps/{app['id']}"}


def test_an_app_is_found_installed_once_and_its_chat_is_one_of_the_connector(ask: Ask, box: Any) -> None:
    assert ask("GET", ANA, expand="teamsApp").json()["value"] == []
    first, again = (ask("POST", ANA, bind(ask, box)) for _ in range(2))
    assert (first.status_code, first.content, again.status_code) == (201, b"", 409)
    (there,) = ask("GET", ANA, expand="teamsApp", filter=f"teamsApp/externalId eq '{EXTERNAL}'").json()["value"]
    chat = ask("GET", f"{ANA}/{there['id']}/chat").json()
    assert (chat["chatType"], chat["id"]) == ("oneOnOne", f"19:{object_id('U0ANA')}_{CLIENT}@unq.gbl.spaces")
    assert ask("GET", ANA, filter="teamsApp/id eq 'another'").json()["value"] == []


REFUSED: list[tuple[str, str, Any, dict[str, str], int]] = [
    ("GET", CATALOGUE, None, {"filter": "distributionMethod eq 'store'"}, 400),
    ("GET", CATALOGUE, None, {"select": "id"}, 400),
    ("GET", ANA, None, {"expand": "chat"}, 400),
    ("GET", ANA, None, {"filter": "id eq 'x'"}, 400),
    ("GET", f"{ANA}/nothing/chat", None, {}, 404),
    ("GET", "/users/nobody@acme.example/teamwork/installedApps", None, {}, 404),
    ("POST", ANA, None, {}, 400),
    ("POST", ANA, {"teamsApp": "x"}, {}, 400),
    ("POST", ANA, {"teamsApp@odata.bind": "https://elsewhere.example/v1.0/appCatalogs/teamsApps/x"}, {}, 400),
    ("POST", CATALOGUE, {}, {}, 400),
]


@pytest.mark.parametrize(("method", "path", "body", "query", "status"), REFUSED)
def test_what_graph_would_not_take_is_refused(
    ask: Ask, method: str, path: str, body: Any, query: dict[str, str], status: int
) -> None:
    assert ask(method, path, body, **query).status_code == status


def test_an_app_that_is_not_in_the_catalogue_cannot_be_installed(ask: Ask, box: Any) -> None:
    body = bind(ask, box)
    box.post("teams/change", uploaded=[])
    assert ask("POST", ANA, body).status_code == 404


@pytest.mark.parametrize("lacking", ["AppCatalog.Read.All", "TeamsAppInstallation.ReadWriteSelfForUser.All"])
def test_each_call_needs_its_permission(ask: Ask, box: Any, lacking: str) -> None:
    body = bind(ask, box)
    box.post("microsoft/app", roles=[role for role in ROLES if role != lacking])
    less = bearer(box)
    refused = {
        path
        for method, path in (("GET", CATALOGUE), ("GET", ANA), ("POST", ANA), ("GET", f"{ANA}/x/chat"))
        if ask(method, path, body if method == "POST" else None, authorization=less).status_code == 403
    }
    assert refused == ({CATALOGUE} if lacking.startswith("AppCatalog") else {ANA, f"{ANA}/x/chat"})
    assert ask("GET", CATALOGUE, authorization="Bearer x").status_code == 401


def test_the_bot_is_told_that_somebody_has_it_now(start: Start, bot: FakeBot) -> None:
    own = start(teams_bot_url=bot.url, teams_service_url="http://127.0.0.1/teams")
    own.post("teams/change", uploaded=[EXTERNAL], installed={"U0ANA": False})
    ask = asking(own)
    assert ask("POST", ANA, bind(ask, own)).status_code == 201
    told = until(lambda: [one.payload for one in bot.heard if one.payload.get("type") == "installationUpdate"])
    assert (told[0]["action"], told[0]["conversation"]["id"]) == ("add", "a:U0ANA")
