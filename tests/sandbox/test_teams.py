"""The stand-in of the Bot Connector is strict: a slip in a card, a call without the right, one message too many."""

from __future__ import annotations

import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import httpx2
import jwt
import pytest

from sandbox.microsoft.config import CLIENT, TENANT, MicrosoftConfig
from sandbox.microsoft.tenant import object_id
from sandbox.people import Person
from sandbox.teams.cards import problems
from sandbox.teams.rooms import Post
from sandbox.teams.writing import message_payload, names_the_bot, written

CHANNEL = "19:ai-alerts@thread.tacv2"
BUTTON = {"type": "Action.Execute", "title": "Press", "verb": "press", "data": {}}
CARD: dict[str, Any] = {
    "type": "AdaptiveCard",
    "version": "1.5",
    "body": [
        {"type": "TextBlock", "text": "Hello <at>Ana</at>", "wrap": True},
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "x", "weight": "Bolder"}, "y"]},
        {"type": "Container", "style": "emphasis", "items": [{"type": "ActionSet", "actions": [BUTTON]}]},
        {"type": "Input.Text", "id": "a", "label": "A", "isRequired": True, "errorMessage": "Needed"},
    ],
    "refresh": {"action": BUTTON, "userIds": ["29:U0ANA"]},
    "msteams": {
        "width": "Full",
        "entities": [{"type": "mention", "text": "<at>Ana</at>", "mentioned": {"id": "x", "name": "Ana"}}],
    },
}
Ask = Callable[..., Any]


def with_(path: str, value: Any) -> dict[str, Any]:
    """The card with one thing in it changed, by a path like `body.0.text`."""
    card = copy.deepcopy(CARD)
    *way, last = path.split(".")
    here: Any = card
    for step in way:
        here = here[int(step)] if step.isdigit() else here[step]
    here[int(last) if last.isdigit() else last] = value
    return card


SLIPS = [
    ("body.0.type", "TextBlok"),
    ("body.0.text", ""),
    ("body.0.colour", "Good"),
    ("body.0.size", "Huge"),
    ("body.0.wrap", "yes"),
    ("body.1.inlines", "x"),
    ("body.1.inlines.0.selectAction", {"type": "Action.OpenUrl", "url": "javascript:x"}),
    ("body.2.items.0.actions", []),
    ("body.2.items.0.actions", [BUTTON] * 7),
    ("body.2.items.0.actions.0.verb", 7),
    ("body.2.items.0.actions.0.style", "primary"),
    ("body.2.items.0.actions.0.fallback", {"type": "Action.Open"}),
    ("body.3.id", ""),
    ("body", [{"type": "FactSet"}]),
    ("version", "1.4"),
    ("refresh.userIds", ["29:x"] * 61),
    ("msteams.entities.0.text", "<at>Ben</at>"),
    ("fallback_text", "x"),
    ("body.0.text", "<at>Ana</at>" + "x" * 15_000),
]


def test_a_card_without_a_slip_is_taken() -> None:
    assert problems(CARD) == []


@pytest.mark.parametrize(("path", "value"), SLIPS)
def test_a_slip_in_a_card_is_found(path: str, value: Any) -> None:
    assert len(problems(with_(path, value))) >= 1


@pytest.fixture
def call(box: Any) -> Ask:
    form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": MicrosoftConfig().client_secret}
    form |= {"scope": "https://api.botframework.com/.default"}
    login = f"{box.url}/microsoft/login/{TENANT}/oauth2/v2.0/token"
    bearer = f"Bearer {box.http.post(login, data=form).json()['access_token']}"

    def ask(method: str, *parts: str, body: Any = None, token: str = bearer, query: str = "") -> Any:
        path = "/".join(quote(part, safe="") for part in parts)
        address = f"{box.url}/teams/v3/conversations{'/' if path else ''}{path}{query}"
        return box.http.request(method, address, json=body, headers={"authorization": token})

    return ask


def message(card: Any = CARD, **more: Any) -> dict[str, Any]:
    attached = [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}]
    return {"type": "message", "attachments": attached, **more}


def begin(**more: Any) -> dict[str, Any]:
    known = {"isGroup": True, "channelData": {"channel": {"id": CHANNEL}}, "tenantId": TENANT, "activity": message()}
    return {**known, **more}


def test_a_thread_is_begun_answered_edited_and_deleted(call: Ask) -> None:
    begun = call("POST", body=begin())
    assert begun.status_code == 201
    thread, root = begun.json()["id"], begun.json()["activityId"]
    assert thread == f"{CHANNEL};messageid={root}"
    reply = call("POST", thread, "activities", body=message())
    assert (reply.status_code, reply.json()["id"] != root) == (201, True)
    assert call("PUT", thread, "activities", root, body=message()).json() == {"id": root}
    assert call("DELETE", thread, "activities", root).status_code == 200
    gone = call("PUT", thread, "activities", root, body=message())
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "ActivityNotFoundInConversation")


def test_a_text_beside_a_card_is_two_messages_and_gives_no_id(call: Ask) -> None:
    answer = call("POST", body=begin(activity=message(text="see")))
    assert (answer.status_code, answer.content) == (202, b"")


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    (begin(tenantId="other"), 403, "ForbiddenOperationException"),
    (begin(channelData={"channel": {"id": "19:nowhere@thread.tacv2"}}), 404, "ConversationNotFound"),
    (begin(activity=message(with_("body.0.type", "TextBlok"))), 400, "InvalidCardFormat"),
    (begin(activity={"type": "typing"}), 400, "BadSyntax"),
    (begin(activity=message(summary="x" * 30_000)), 413, "MessageSizeTooBig"),
    ({"isGroup": False, "members": [{"id": "nobody"}], "tenantId": TENANT}, 400, "BadArgument"),
]


@pytest.mark.parametrize(("body", "status", "code"), REFUSED)
def test_what_teams_would_not_take_is_refused(call: Ask, body: Any, status: int, code: str) -> None:
    answer = call("POST", body=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_call_needs_a_token_for_the_connector(call: Ask, box: Any) -> None:
    assert call("POST", body=begin(), token="").status_code == 401
    assert call("POST", body=begin(), token="Bearer x").status_code == 401


def test_a_personal_chat_is_the_same_each_time_and_needs_the_app(call: Ask, box: Any) -> None:
    direct = {"isGroup": False, "members": [{"id": object_id("U0ANA")}], "tenantId": TENANT}
    assert [call("POST", body=direct).json() for _ in range(2)] == [{"id": "a:U0ANA"}] * 2
    box.post("teams/change", installed={"U0ANA": False})
    assert call("POST", body=direct).status_code == 403
    assert call("POST", "a:U0ANA", "activities", body=message()).status_code == 403


def test_who_is_in_a_channel_comes_in_pages(call: Ask) -> None:
    found, token = [], ""
    while True:
        page = call("GET", CHANNEL, "pagedmembers", query=f"?pageSize=500&continuationToken={token}").json()
        found += [member["id"] for member in page["members"]]
        if not (token := page.get("continuationToken", "")):
            break
    assert {"29:U0ANA", "29:U0BEN", "29:U0CLEO"} <= set(found) and len(found) > 3
    assert "29:U0DOV" not in found


def test_the_eighth_message_in_a_second_is_one_too_many_and_edits_are_counted(call: Ask, box: Any) -> None:
    begun = call("POST", body=begin()).json()
    thread, root = begun["id"], begun["activityId"]
    for ask in (
        lambda: call("POST", thread, "activities", body=message()),
        lambda: call("PUT", thread, "activities", root, body=message()),
    ):
        assert 429 in [ask().status_code for _ in range(9)]
    assert box.get("log", since=0)["limited"] > 1
    box.post("teams/change", limited=False)
    assert call("PUT", thread, "activities", root, body=message()).status_code == 200


def test_a_tenant_is_asked_thirty_times_in_a_second_at_most(call: Ask) -> None:
    assert 429 in [call("GET", CHANNEL, "pagedmembers").status_code for _ in range(60)]


def test_a_bot_that_is_not_in_the_channel_and_one_that_was_taken_back_say_nothing(call: Ask, box: Any) -> None:
    box.post("channels/C0ALERTS", remove=["U0LOOP"])
    answer = call("POST", body=begin())
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "BotNotInConversationRoster")
    box.post("channels/C0ALERTS", add=["U0LOOP"])
    assert call("POST", body=begin()).status_code == 201
    box.post("install", revoked=True)
    assert call("POST", body=begin()).status_code == 401


MARKED = with_("body.2.items.0.actions.0.data", {"delivery": "card:1", "seen": 3})


def test_the_log_and_the_messages_name_the_mark_that_a_card_hands_back(call: Ask, box: Any) -> None:
    begun = call("POST", body=begin(activity=message(MARKED))).json()
    call("PUT", begun["id"], "activities", begun["activityId"], body=message(MARKED))
    calls = box.get("log", since=0)["calls"]
    assert [(c["method"], c["channel"], c["ok"], c["delivery"]) for c in calls] == [
        ("teams.post", CHANNEL, True, "card:1"),
        ("teams.edit", CHANNEL, True, "card:1"),
    ]
    assert calls[0]["ts"] == begun["activityId"]
    (shown,) = box.get("teams/messages")["messages"]
    assert (shown["id"], shown["carried"]["seen"], shown["listed"]) == (begun["activityId"], 3, ["29:U0ANA"])


@pytest.mark.parametrize(
    ("kind", "status", "stands"),
    [("drop_before", None, 0), ("drop_after", None, 1), ("http_500_after", 500, 1), ("rate_limited", 429, 0)],
)
def test_what_is_ordered_for_all_chats_strikes_this_one_too(
    call: Ask, box: Any, kind: str, status: int | None, stands: int
) -> None:
    box.post("faults", fault=kind, method="teams.post", times=1)
    try:
        assert call("POST", body=begin()).status_code == status
    except httpx2.HTTPError:
        assert status is None
    assert len(box.get("teams/messages")["messages"]) == stands
    assert call("POST", body=begin()).status_code == 201


@pytest.mark.parametrize(("body", "kept"), [("after", 1), (None, 0)])
def test_a_connection_is_cut_before_or_after_the_call_took_effect(call: Ask, box: Any, body: Any, kept: int) -> None:
    fault = {"path": "^POST $", "status": 0, "body": body, "times": 1}
    assert box.http.post(f"{box.url}/sandbox/api/teams/faults", json=fault).is_success
    with pytest.raises(httpx2.HTTPError):
        call("POST", body=begin())
    assert len(box.get("teams", **{"as": "U0ANA"})["posts"]) == kept


def test_the_keys_are_the_connectors_own_and_endorse_teams(box: Any) -> None:
    document = box.http.get(f"{box.url}/teams/v1/.well-known/openidconfiguration").json()
    (key,) = box.http.get(document["jwks_uri"]).json()["keys"]
    assert key["endorsements"] == ["msteams"]
    assert jwt.PyJWK.from_dict({**key, "alg": "RS256"}).key_type == "RSA"


# ── what people write and raise ──────────────────────────────────────────────────────────────────────────────────────


def test_what_is_written_in_a_channel_reaches_the_bot_where_it_is_mentioned(box: Any) -> None:
    def type_in_it(text: str) -> Any:
        body = {"as": "U0ANA", "text": text, "conversation": CHANNEL}
        return box.http.post(f"{box.url}/sandbox/api/teams/type", json=body).json()

    assert type_in_it("just talking to @ben")["status"] is None
    posts = box.get("teams/posts", conversation=CHANNEL)["posts"]
    assert [(one["by"], one["text"]) for one in posts] == [("U0ANA", "just talking to @ben")]
    assert box.get("teams/posts", conversation=CHANNEL, root=posts[0]["id"])["posts"] == posts
    assert box.get("teams/posts", conversation=CHANNEL)["people"][object_id("U0BEN")] == "U0BEN"


def test_a_mention_is_chosen_from_the_members_and_all_else_is_escaped() -> None:
    ben = Person(id="U0BEN", name="ben", real_name="Ben Okafor")
    tenant: Any = SimpleNamespace(app_id="app")
    said = written(tenant, [ben], "@closeloop away <b> delegate @ben, not @nobody")
    assert said["text"] == "<at>Closeloop</at> away &lt;b&gt; delegate <at>Ben Okafor</at>, not @nobody"
    assert [one["mentioned"]["id"] for one in said["entities"]] == ["28:app", "29:U0BEN"]
    assert said["entities"][1]["mentioned"]["aadObjectId"] == object_id("U0BEN")
    assert names_the_bot(tenant, said) and not names_the_bot(tenant, written(tenant, [ben], "@ben"))


def test_what_stands_says_what_its_buttons_carry(call: Ask, box: Any) -> None:
    pressed = {**BUTTON, "data": {"delivery": "card:1"}}
    call("POST", body=begin(activity=message(with_("body.2.items.0.actions.0", pressed))))
    (said,) = box.get("teams/messages")["messages"]
    assert said["conversation"] == CHANNEL and {"delivery": "card:1"} in said["carries"]


def test_a_message_is_handed_to_the_extension_as_html() -> None:
    ben = Person(id="U0BEN", name="ben", real_name="Ben Okafor")
    post = Post(id="1", conversation=CHANNEL, root="1", by="U0BEN", activity={"type": "message", "text": "a < b\nc"})
    payload = message_payload(post, ben)
    assert payload["body"] == {"contentType": "html", "content": "<p>a &lt; b</p><p>c</p>"}
    assert payload["from"]["user"]["id"] == object_id("U0BEN")
    assert payload["linkToMessage"].startswith("https://teams.microsoft.com/l/message/19:")
