"""Activities from Teams: who may send them at all, what the desk is handed, what Teams and the person are told."""

from __future__ import annotations

import copy
import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.core.card import Button
from bot.core.forms import FORMS
from bot.core.pages import Choice, Row, Sheet
from bot.core.text import Quote, Who, sentence
from bot.ports import Answer, Away, Gesture, Receipt
from connectors.chat.teams.cloud import service
from connectors.chat.teams.inbound import Access, TeamsInbound
from connectors.chat.teams.verify import Keys, Verifier
from sandbox.teams.texts import elements, parsed_texts
from tests.connectors import official
from tests.connectors.conftest import ALERT, NOW, FakeDesk, until
from tests.connectors.official import problems
from tests.connectors.teams import APP, CHANNEL, IDS, PEOPLE, ROOT, SERVICE, TENANT, THREAD, Bot, bot, card

OURS, FOREIGN = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
ISSUER = "https://api.botframework.com"
DAY = 24 * 3600.0
GUEST = "33333333-0000-4000-8000-000000000003"
TIMES = ("exp", "nbf", "iat")


def jwk(kid: str, key: Any, endorsements: tuple[str, ...] = ("msteams",)) -> dict[str, Any]:
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    return {**public, "kid": kid, "endorsements": list(endorsements)}


@dataclass
class Trust:
    """The metadata document and the keys that it names."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [jwk("k1", OURS), jwk("skype", OURS, ("skype",))])
    asked: int = 0
    away: bool = False
    slow: threading.Event | None = None

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        if self.slow:
            self.slow.wait(10)
        if self.away:
            return httpx2.Response(503)
        if str(request.url).endswith("openidconfiguration"):
            return httpx2.Response(200, json={"issuer": ISSUER, "jwks_uri": "https://login.botframework.com/v1/keys"})
        return httpx2.Response(200, json={"keys": self.keys})


@dataclass
class Door:
    inbound: TeamsInbound
    desk: FakeDesk
    bot: Bot
    trust: Trust
    now: list[float]

    def send(self, activity: Any, *, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        body = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
        status, _, said = self.inbound.dispatch(body, signed(activity) if headers is None else headers)
        answer = json.loads(said) if said else None
        official.check(answer)
        return status, answer


@pytest.fixture
def door() -> Iterator[Door]:
    trust, made, desk, now = Trust(), bot(), FakeDesk(), [0.0]
    client = httpx2.Client(transport=httpx2.MockTransport(trust.answer))
    keys = Keys(metadata=service().metadata, client=client, monotonic=lambda: now[0])
    access = Access(verifier=Verifier(app_id=APP, issuer=ISSUER, keys=keys), tenants=frozenset({TENANT, GUEST}))
    inbound = TeamsInbound(access, desk, made.chat, now=lambda: NOW)
    yield Door(inbound, desk, made, trust, now)
    inbound.close()


def token(key: Any = OURS, kid: str = "k1", alg: str = "RS256", **claims: Any) -> str:
    """What the Connector signs, but for `claims`; a time in them is in seconds from now."""
    now = int(time.time())
    claims = {name: now + said if name in TIMES and isinstance(said, int) else said for name, said in claims.items()}
    known = {"iss": ISSUER, "aud": APP, "exp": now + 3600, "nbf": now, "iat": now, "serviceurl": SERVICE}
    said = {name: value for name, value in {**known, **claims}.items() if value is not None}
    return jwt.encode(said, key if alg != "none" else None, algorithm=alg, headers={"kid": kid})


def signed(_: Any = None, **how: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(**how)}", "Content-Type": "application/json"}


def activity(**more: Any) -> dict[str, Any]:
    known = {
        "type": "message",
        "id": "f:1",
        "channelId": "msteams",
        "serviceUrl": SERVICE,
        "from": {"id": "29:ana", "aadObjectId": IDS["ana"], "name": "Ana"},
        "recipient": {"id": f"28:{APP}"},
        "conversation": {"id": THREAD, "conversationType": "channel", "tenantId": TENANT},
        "channelData": {"tenant": {"id": TENANT}},
        "localTimezone": "Europe/Amsterdam",
        "replyToId": ROOT.ts,
    }
    return known | more


def press(verb: str, *, trigger: str = "manual", **data: Any) -> dict[str, Any]:
    about = {"alert": ALERT.id, "seen": 3, "kind": "card", "delivery": "card:1"}
    value = {"action": {"type": "Action.Execute", "verb": verb, "data": about | data}, "trigger": trigger}
    return activity(type="invoke", name="adaptiveCard/action", value=value)


# ── who may ask at all ───────────────────────────────────────────────────────────────────────────────────────────

FORGED: list[tuple[str, int, Any, dict[str, Any]]] = [
    ("no token", 401, {}, {}),
    ("another scheme", 401, {"Authorization": "Basic YTpi"}, {}),
    ("an empty token", 401, {"Authorization": "Bearer "}, {}),
    ("no jwt", 403, {"Authorization": "Bearer a.b.c"}, {}),
    ("alg none", 403, lambda: signed(alg="none"), {}),
    ("a shared secret", 403, {"Authorization": "Bearer " + token(key="k" * 40, alg="HS256")}, {}),
    ("another key under the same id", 403, lambda: signed(key=FOREIGN), {}),
    ("a key that nobody knows", 403, lambda: signed(key=FOREIGN, kid="mine"), {}),
    ("expired", 403, lambda: signed(exp=-400), {}),
    ("never expires", 403, lambda: signed(exp=None), {}),
    ("an end that is no number", 403, lambda: signed(exp="later"), {}),
    ("of the future", 403, lambda: signed(nbf=400), {}),
    ("issued in the future", 403, lambda: signed(iat=400), {}),
    ("for another bot", 403, lambda: signed(aud="11111111-0000-4000-8000-00000000dead"), {}),
    ("for nobody", 403, lambda: signed(aud=None), {}),
    ("of another issuer", 403, lambda: signed(iss="https://sts.windows.net/x"), {}),
    ("of a key for another channel", 403, lambda: signed(kid="skype"), {}),
    ("without an address", 403, lambda: signed(serviceurl=None), {}),
    ("for another address", 403, lambda: signed(serviceurl="https://smba.trafficmanager.net/amer"), {}),
    (
        "with an attacker's address",
        403,
        lambda: signed(serviceurl="https://evil.example"),
        {"serviceUrl": "https://evil.example"},
    ),
    ("of another channel", 403, lambda: signed(), {"channelId": "webchat"}),
    ("of no channel", 403, lambda: signed(), {"channelId": None}),
    (
        "of another tenant",
        403,
        lambda: signed(),
        {"channelData": {"tenant": {"id": "other"}}, "conversation": {"id": "x"}},
    ),
    ("of two tenants", 403, lambda: signed(), {"channelData": {"tenant": {"id": "other"}}}),
    ("of no tenant", 403, lambda: signed(), {"channelData": {}, "conversation": {"id": "x"}}),
]


@pytest.mark.parametrize(("why", "status", "headers", "more"), FORGED, ids=[why for why, *_ in FORGED])
def test_who_is_not_the_connector_is_refused_and_changes_nothing(
    door: Door, why: str, status: int, headers: Any, more: dict[str, Any]
) -> None:
    headers = headers() if callable(headers) else headers
    for sent in (press("acknowledge") | more, activity(text="mine") | more):
        assert door.send(sent, headers=headers)[0] == status, why
    assert door.desk.taken == []
    assert door.bot.wire.heard == []
    assert door.bot.store.conversations("teams", ["", IDS["ana"]]) == {}
    assert door.bot.sightings.seen("card:1") == []


@pytest.mark.parametrize("more", [{"exp": -200}, {"nbf": 200}, {"nbf": None, "iat": None}])
def test_clocks_may_differ_by_five_minutes(door: Door, more: dict[str, Any]) -> None:
    assert door.send(press("acknowledge"), headers=signed(**more))[0] == 200
    assert len(door.desk.taken) == 2


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{", b"[1]", b"[" * 100_000])
def test_a_strangers_body_is_not_read_and_the_connectors_own_is_malformed(door: Door, body: bytes) -> None:
    assert door.send(body, headers={})[0] == 401
    assert door.send(body, headers=signed())[0] == 400


def test_whoever_makes_up_keys_does_not_make_us_ask_for_them(door: Door) -> None:
    door.send(press("acknowledge"))
    assert door.trust.asked == 2
    for number in range(20):
        assert door.send(press("acknowledge"), headers=signed(kid=f"made-up-{number}"))[0] == 403
    assert door.trust.asked == 2
    door.trust.keys.append(jwk("k2", FOREIGN))
    door.now[0] = 31
    assert door.send(press("acknowledge"), headers=signed(key=FOREIGN, kid="k2"))[0] == 200, (
        "a new key, half a minute on"
    )


def test_while_keys_cannot_be_had_nobody_is_let_in_and_may_come_again(door: Door) -> None:
    door.trust.away = True
    assert door.send(press("acknowledge"))[0] == 503
    assert door.desk.taken == []
    door.trust.away, door.now[0] = False, 31
    assert door.send(press("acknowledge"))[0] == 200
    door.trust.away, door.now[0] = True, 3 * DAY
    assert door.send(press("acknowledge"))[0] == 200, "keys that were known stay known"
    door.now[0] = 6 * DAY
    assert door.send(press("acknowledge"))[0] == 503, "for five days, as Microsoft allows, and no longer"


def test_who_comes_with_a_known_key_does_not_wait_while_somebody_asks_for_new_ones(door: Door) -> None:
    door.send(press("acknowledge"))
    door.now[0], door.trust.slow = 2 * DAY, threading.Event()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(door.send, press("acknowledge"))
        until(lambda: door.trust.asked == 3)
        assert door.send(press("acknowledge"))[0] == 200
        assert not first.done()
        door.trust.slow.set()
        assert first.result(10)[0] == 200


def test_a_tenant_that_is_allowed_is_taken_and_does_not_say_where_our_own_is(door: Door) -> None:
    door.send(press("card"))
    amer = "https://smba.trafficmanager.net/amer"
    place = {"id": "a:eve", "conversationType": "personal", "tenantId": GUEST}
    eve = {"id": "29:eve", "aadObjectId": IDS["dov"], "name": "Eve"}
    sent = activity(
        **{"from": eve}, text="mine", conversation=place, channelData={"tenant": {"id": GUEST}}, serviceUrl=amer
    )
    assert door.send(sent, headers=signed(serviceurl=amer))[0] == 200
    assert door.desk.taken[-1].chat_id == IDS["dov"]
    known = door.bot.store.conversations("teams", ["", IDS["dov"]])
    assert (known[""].address, known[IDS["dov"]].address) == (SERVICE, amer)


def test_a_replayed_activity_is_the_same_gesture_again(door: Door) -> None:
    headers, sent = signed(), press("acknowledge")
    assert [door.send(sent, headers=headers)[0] for _ in range(2)] == [200, 200]
    assert len({gesture.id for gesture in door.desk.taken if gesture.act == "acknowledge"}) == 1


# ── presses ──────────────────────────────────────────────────────────────────────────────────────────────────────


def the_card(gesture: Gesture) -> Answer:
    if gesture.act == "card":
        return Answer(ok=True, card=card(), alert=ALERT, people=PEOPLE)
    return Answer(ok=True, said=sentence(Who("ana@acme.example"), " acknowledged."), people=PEOPLE)


def test_a_press_reaches_the_desk_and_is_answered_with_the_card_as_it_is_now(door: Door) -> None:
    door.desk.answer = the_card
    status, said = door.send(press("acknowledge"))
    assert (status, said["statusCode"], said["type"]) == (200, 200, "application/vnd.microsoft.card.adaptive")
    assert problems(said["value"]) == []
    assert "Ana" in json.dumps(said["value"]["body"][0]), "what they are told stands above it"
    assert said["value"]["refresh"]["userIds"] == ["29:ana"]
    did, looked = door.desk.taken
    assert (did.act, did.alert_id, did.seen, did.chat_id, did.channel) == (
        "acknowledge",
        ALERT.id,
        3,
        IDS["ana"],
        CHANNEL,
    )
    assert looked.act == "card"


def test_a_client_that_asks_by_itself_gets_its_persons_card_and_changes_nothing(door: Door) -> None:
    door.desk.answer = the_card
    _, said = door.send(press("card", trigger="automatic"))
    assert said["type"] == "application/vnd.microsoft.card.adaptive"
    assert [gesture.act for gesture in door.desk.taken] == ["card"]


def test_whoever_looks_or_presses_was_shown_the_message(door: Door) -> None:
    door.send(press("card", trigger="automatic"))
    assert door.bot.sightings.seen("card:1") == [Receipt(channel=THREAD, ts=ROOT.ts)]


def test_who_may_not_see_the_card_is_told_so_in_words(door: Door) -> None:
    door.desk.answer = lambda gesture: Answer(ok=False, said=sentence("You may not see ", Quote("{{DATE(x)}}")))
    _, said = door.send(press("card", trigger="automatic"))
    assert said["type"] == "application/vnd.microsoft.activity.message"
    assert said["value"].startswith("You may not see") and "{{" not in said["value"]


@pytest.mark.parametrize("act", [act for act in FORMS if act != "raise"])
def test_an_act_with_a_form_shows_it_and_does_nothing_yet(door: Door, act: str) -> None:
    door.desk.answer = lambda gesture: Answer(ok=True, form=FORMS[gesture.fields["for"]], alert=ALERT)
    _, said = door.send(press(act))
    assert problems(said["value"]) == []
    assert [(gesture.act, gesture.fields) for gesture in door.desk.taken] == [("form", {"for": act})]
    send = said["value"]["body"][-1]["actions"][0]
    assert (send["verb"], send["data"]["filled"], send["data"]["alert"]) == (act, act, ALERT.id)


def test_a_filled_form_is_handed_in_with_its_instant_in_the_persons_own_zone(door: Door) -> None:
    door.desk.answer = the_card
    when = {"field:until:date": "2026-12-01", "field:until:time": "09:00"}
    door.send(press("snooze", filled="snooze", **when))
    assert door.desk.taken[0].fields == {"until": "1796112000"}, "09:00 in Amsterdam is 08:00 UTC"
    assert door.desk.taken[0].act == "snooze"


def test_a_form_sent_twice_is_one_gesture_and_filled_differently_another(door: Door) -> None:
    for what, activity_id in (("a", "f:1"), ("a", "f:2"), ("b", "f:3")):
        door.send(press("resolve", filled="resolve", **{"field:what": what}) | {"id": activity_id})
    ids = [gesture.id for gesture in door.desk.taken if gesture.act == "resolve"]
    assert len(ids) == 3 and len(set(ids)) == 2


def test_what_is_wrong_is_said_in_the_form_which_stays_filled(door: Door) -> None:
    door.desk.answer = lambda gesture: Answer(ok=False, said=sentence("A link begins with https://."), wrong="link")
    _, said = door.send(press("resolve", filled="resolve", **{"field:what": "refunded", "field:link": "x"}))
    shown = json.dumps(said["value"])
    assert problems(said["value"]) == []
    assert "A link begins with" in shown and '"value": "refunded"' in shown


def test_not_mine_is_asked_once_more_before_the_desk_hears_of_it(door: Door) -> None:
    _, said = door.send(press("not_mine"))
    assert door.desk.taken == []
    assert said["value"]["body"][-1]["actions"][0]["data"]["sure"] == "yes"
    door.send(press("not_mine", sure="yes"))
    assert door.desk.taken[0].act == "not_mine"


def test_a_history_is_a_page_that_leads_back(door: Door) -> None:
    door.desk.answer = lambda gesture: Answer(
        ok=True, sheet=Sheet(title="History", rows=(Row(lines=(sentence("x"),)),))
    )
    _, said = door.send(press("history"))
    assert problems(said["value"]) == []
    assert said["value"]["body"][-1]["actions"][0]["verb"] == "card"


def test_while_the_database_is_away_the_person_is_told(door: Door) -> None:
    def away(gesture: Gesture) -> Answer:
        raise Away

    door.desk.answer = away
    status, said = door.send(press("acknowledge"))
    assert (status, said["statusCode"], said["type"]) == (200, 500, "application/vnd.microsoft.error")
    assert "nothing was done" in said["value"]["message"]


@pytest.mark.parametrize("value", [{}, {"action": 1}, {"action": {"verb": "acknowledge"}}, {"action": {"data": "x"}}])
def test_a_press_of_another_version_is_an_answer_and_no_fault(door: Door, value: dict[str, Any]) -> None:
    status, said = door.send(activity(type="invoke", name="adaptiveCard/action", value=value))
    assert (status, said["statusCode"]) == (200, 200)
    assert door.desk.taken == []


@pytest.mark.parametrize("data", [{"alert": 7}, {"seen": "x"}, {"seen": 1e400}, {"seen": True}, {"delivery": [1]}])
def test_what_somebody_changed_in_a_press_breaks_nothing(door: Door, data: dict[str, Any]) -> None:
    assert door.send(press("acknowledge", **data))[0] == 200


UNKNOWN = [
    {"type": "typing"},
    {"type": "messageReaction", "reactionsAdded": [{"type": "like"}]},
    {"type": "somethingNew", "entities": [1, None, {"type": "x"}]},
    {"type": "invoke", "name": "somethingNew", "value": {}},
    {"type": "invoke", "name": "adaptiveCard/action", "value": "x"},
    {"type": "event", "name": "application/vnd.microsoft.readReceipt"},
    {"type": None},
    {"type": "message", "text": None},
    {"type": "message", "text": "", "from": None},
    {"type": "conversationUpdate", "membersRemoved": "x"},
]


@pytest.mark.parametrize("more", UNKNOWN)
def test_what_is_of_no_kind_we_know_is_taken_or_teams_would_stop_sending(door: Door, more: dict[str, Any]) -> None:
    assert door.send(activity(**more))[0] == 200
    assert door.desk.taken == []


# ── what is typed ────────────────────────────────────────────────────────────────────────────────────────────────


CHANNEL_PATH = "19%3Aalerts"


def personal(**more: Any) -> dict[str, Any]:
    return activity(conversation={"id": "a:ana", "conversationType": "personal", "tenantId": TENANT}, **more)


def test_a_command_is_answered_in_the_persons_own_chat(door: Door) -> None:
    assert door.send(personal(text="status 8F3K2Q"))[0] == 200
    assert [(g.act, g.fields["text"]) for g in door.desk.taken] == [("command", "status 8F3K2Q")]
    (url, said) = until(lambda: door.bot.wire.calls("POST"))[0]
    assert url.endswith("/a%3Aana/activities")
    assert problems(said["attachments"][0]["content"]) == []


def test_a_command_typed_in_a_channel_is_answered_to_whoever_typed_it_alone(door: Door) -> None:
    door.desk.answer = lambda gesture: Answer(ok=True, said=sentence("A secret."))
    bots, bens = {"id": f"28:{APP}"}, {"id": "29:ben", "aadObjectId": IDS["ben"]}
    entities = [
        {"type": "mention", "text": "<at>Closeloop</at>", "mentioned": bots},
        {"type": "mention", "text": "<at>Ben</at>", "mentioned": bens},
    ]
    door.send(activity(text="<p><at>Closeloop</at> oncall&nbsp;<at>Ben</at></p>", entities=entities))
    assert door.desk.taken[0].fields["text"] == f"oncall @{IDS['ben']}"
    calls = until(lambda: len(found := door.bot.wire.calls("POST")) == 3 and found)
    assert calls[0][1]["members"] == [{"id": IDS["ana"]}]
    assert "A secret." in json.dumps(calls[1][1]) and "personal" in calls[1][0]
    assert "A secret." not in json.dumps(calls[2][1])


@pytest.mark.parametrize(("refused", "words"), [(403, "add the app"), (429, "ask again in a minute")])
def test_whoever_cannot_be_written_to_alone_hears_in_the_channel_what_to_do(
    door: Door, refused: int, words: str
) -> None:
    door.desk.answer = lambda gesture: Answer(ok=True, said=sentence("A secret."))
    door.bot.wire.script += [httpx2.Response(refused)]
    entities = [{"type": "mention", "text": "<at>Closeloop</at>", "mentioned": {"id": f"28:{APP}"}}]
    door.send(activity(text="<at>Closeloop</at> oncall", entities=entities))
    _, said = until(lambda: [call for call in door.bot.wire.calls("POST") if CHANNEL_PATH in call[0]])[0]
    assert words in json.dumps(said) and "A secret." not in json.dumps(said)


def the_list(gesture: Gesture) -> Answer:
    """Somebody's own list, at the tab that was asked for; anything else is done."""
    if gesture.act != "home":
        return Answer(ok=True, said=sentence("Done."))
    chosen = gesture.fields["tab"]
    tabs = tuple(Choice(name="tab", value=one, label=one, chosen=one == chosen) for one in ("mine", "team"))
    acts = (Button(act="acknowledge", label="Acknowledge"),)
    row = Row(lines=(sentence("x"),), alert_id=ALERT.id, generation=3, buttons=acts)
    severity = gesture.fields.get("severity", "")
    choices = tuple(
        Choice(name="severity", value=one, label=one or "Every severity", chosen=one == severity)
        for one in ("", "error")
    )
    more = {"filters": (("Severity", choices),), "bulk": (*acts, Button(act="resolve", label="Resolve picked"))}
    return Answer(ok=True, sheet=Sheet(title=f"List of {chosen}", rows=(row,) * 20, tabs=tabs, **more))


@pytest.mark.parametrize("text", ["mine", "Home"])
def test_mine_is_answered_with_a_list_that_has_tabs_and_buttons(door: Door, text: str) -> None:
    door.desk.answer = the_list
    door.send(personal(text=text))
    assert [(one.act, one.fields) for one in door.desk.taken] == [("home", {"tab": "mine"})]
    (_, said) = until(lambda: door.bot.wire.calls("POST"))[0]
    shown = said["attachments"][0]["content"]
    assert problems(shown) == []
    tabs = next(one["actions"] for one in shown["body"] if one["type"] == "ActionSet")
    assert [(one["title"], one["verb"], one["data"]["kind"]) for one in tabs] == [
        ("mine", "home", "home:mine"),
        ("team", "home", "home:team"),
    ]


def test_a_press_in_a_list_is_answered_with_that_list_as_it_is_now(door: Door) -> None:
    door.desk.answer = the_list
    _, said = door.send(press("acknowledge", kind="home:team"))
    assert [(one.act, one.fields.get("tab")) for one in door.desk.taken] == [("acknowledge", None), ("home", "team")]
    shown = json.dumps(said["value"])
    assert "List of team" in shown and "Done." in json.dumps(said["value"]["body"][0])
    _, said = door.send(press("home", kind="home:team"))
    assert "List of team" in json.dumps(said["value"])


def test_what_is_chosen_in_a_list_stays_whatever_is_pressed_also_over_a_form(door: Door) -> None:
    door.desk.answer = the_list
    chosen = {"kind": "home:team", "turn:severity": "error", "pick": ""}
    for verb in ("home", "acknowledge"):
        _, said = door.send(press(verb, **chosen))
        assert door.desk.taken[-1].fields == {"tab": "team", "severity": "error"}
        menu = next(one for one in said["value"]["body"] if one.get("id") == "turn:severity")
        assert (menu["label"], menu["value"]) == ("Severity", "error")

    door.desk.answer = lambda gesture: Answer(ok=True, form=FORMS["note"], alert=ALERT)
    _, said = door.send(press("note", **chosen))
    send, cancel = said["value"]["body"][-1]["actions"]
    assert {one["data"]["turn:severity"] for one in (send, cancel)} == {"error"}
    assert "picked" not in send["data"], "what is ticked is for the buttons below alone"


PICKED = {"kind": "home:mine", "pick": "A1:2,B2:1", "turn:severity": ""}


def test_what_is_ticked_is_done_for_all_and_answered_with_the_list(door: Door) -> None:
    door.desk.answer = the_list
    _, said = door.send(press("acknowledge", bulk="acknowledge", **PICKED))
    did, looked = door.desk.taken
    assert (did.act, did.fields) == ("bulk", {"for": "acknowledge", "picked": "A1:2 B2:1"})
    assert looked.act == "home" and "List of mine" in json.dumps(said["value"])


def test_what_a_source_wrote_is_read_as_nothing_where_it_can_be_ticked(door: Door) -> None:
    hostile = Quote("[Pay here](http://ev.il/a) **now** `x` _y_ ~z~")
    row = Row(lines=((hostile,),), alert_id=ALERT.id, generation=3)
    acts = (Button(act="acknowledge", label="Acknowledge"),)
    door.desk.answer = lambda gesture: Answer(ok=True, sheet=Sheet(title="Mine", rows=(row,), bulk=acts))
    _, said = door.send(press("home", kind="home:mine"))
    (shown,) = [one["choices"][0]["title"] for one in elements(said["value"]) if "choices" in one]
    assert "Pay here" in shown and not re.search(r"[\[\]*`~]|\b_|_\b", shown), shown
    assert shown in list(parsed_texts(said["value"])), "the stand-in holds it to what it reads"


def test_a_form_for_all_that_is_ticked_carries_them_and_stays_where_something_is_wrong(door: Door) -> None:
    door.desk.answer = lambda gesture: Answer(ok=True, form=FORMS["resolve"])
    _, said = door.send(press("resolve", bulk="resolve", **PICKED))
    assert (door.desk.taken[0].act, door.desk.taken[0].fields["picked"]) == ("form", "A1:2 B2:1")
    send = said["value"]["body"][-1]["actions"][0]
    assert problems(said["value"]) == []

    door.desk.answer = lambda gesture: Answer(ok=False, said=sentence("Too short."), wrong="what")
    _, said = door.send(press("resolve", **{**send["data"], "field:what": "x"}))
    handed_in = door.desk.taken[-1]
    assert (handed_in.act, handed_in.fields) == ("bulk", {"for": "resolve", "picked": "A1:2 B2:1", "what": "x"})
    assert "Too short." in json.dumps(said["value"])
    assert said["value"]["body"][-1]["actions"][0]["data"] == send["data"]


@pytest.mark.parametrize("data", [{"pick": 7}, {"turn:severity": ["x"]}, {"picked": "x" * 5000}])
def test_what_somebody_changed_in_a_list_is_left_out(door: Door, data: dict[str, Any]) -> None:
    door.desk.answer = the_list
    status, _ = door.send(press("home", **{"kind": "home:mine", **data}))
    assert status == 200 and door.desk.taken[-1].fields == {"tab": "mine"}


@pytest.mark.parametrize(("length", "rows"), [(100, 20), (3000, 2)])
def test_a_list_that_is_too_long_has_fewer_buttons_and_only_then_fewer_entries(
    door: Door, length: int, rows: int
) -> None:
    words, four = sentence("x" * length), (Button(act="resolve", label="Resolve"),) * 4
    listed = tuple(Row(lines=(words,) * (length // 50), alert_id=ALERT.id, buttons=four) for _ in range(20))
    door.desk.answer = lambda gesture: Answer(ok=True, sheet=Sheet(title="Open alerts", rows=listed))
    _, said = door.send(press("history"))
    assert problems(said["value"]) == []
    entries = [one["items"] for one in said["value"]["body"] if one.get("items")]
    bare = sum(1 for items in entries if "ActionSet" not in json.dumps(items))
    assert all("ActionSet" in json.dumps(items) for items in entries[:4]), "the most urgent keep theirs"
    assert (f"The buttons of {bare} did not fit here." in said_in(said["value"])) == (bare > 0)
    assert (f"{20 - len(entries)} more did not fit here." in said_in(said["value"])) == (len(entries) < 20)
    assert bare + 20 - len(entries) > 0 and len(entries) >= rows


def said_in(shown: Any) -> str:
    return "".join(run["text"] for one in shown["body"] for run in one.get("inlines", ()))


def test_a_press_of_an_old_client_arrives_as_a_message_and_counts(door: Door) -> None:
    door.desk.answer = the_card
    value = {"verb": "acknowledge", "alert": ALERT.id, "seen": 3, "kind": "card"}
    door.send(personal(value=value, text=None))
    assert [gesture.act for gesture in door.desk.taken] == ["acknowledge", "card"]
    (_, said) = until(lambda: door.bot.wire.calls("POST"))[0]
    assert problems(said["attachments"][0]["content"]) == []


def test_a_reply_that_cannot_be_said_harms_nothing(door: Door) -> None:
    door.bot.wire.script.append(httpx2.Response(403))
    assert door.send(personal(text="mine"))[0] == 200


# ── where people are reached ─────────────────────────────────────────────────────────────────────────────────────


def test_where_people_are_reached_is_kept_and_renewed(door: Door) -> None:
    door.send(personal(type="installationUpdate", action="add"))
    known = door.bot.store.conversations("teams", ["", IDS["ana"]])
    assert (known[""].address, known[IDS["ana"]].channel, known[IDS["ana"]].member) == (SERVICE, "a:ana", "29:ana")
    nearer = "https://smba.trafficmanager.net/amer"
    door.send(press("card") | {"serviceUrl": nearer}, headers=signed(serviceurl=nearer))
    known = door.bot.store.conversations("teams", ["", IDS["ana"]])
    assert (known[""].address, known[IDS["ana"]].address, known[IDS["ana"]].channel) == (nearer, nearer, "a:ana")


@pytest.mark.parametrize(
    "more",
    [
        {"type": "installationUpdate", "action": "remove"},
        {"type": "conversationUpdate", "membersRemoved": [{"id": f"28:{APP}"}]},
    ],
)
def test_who_removed_the_bot_is_not_written_to_in_the_old_chat(door: Door, more: dict[str, Any]) -> None:
    door.send(personal(text="mine"))
    door.send(personal(**more))
    assert door.bot.store.conversations("teams", [IDS["ana"]]) == {}
    door.send(personal(text="mine"))
    assert IDS["ana"] in door.bot.store.conversations("teams", [IDS["ana"]])


# ── the message extension ────────────────────────────────────────────────────────────────────────────────────────


def extension(name: str, **value: Any) -> dict[str, Any]:
    return activity(type="invoke", name=f"composeExtension/{name}", value=value)


def test_alerts_can_be_found_and_shared(door: Door) -> None:
    row = Row(lines=((Quote("Invoice <at>x</at>"),), sentence("Open")), alert_id=ALERT.id, buttons=card().buttons)
    door.desk.answer = lambda gesture: Answer(ok=True, sheet=Sheet(title="Found", rows=(row,)), people=PEOPLE)
    _, said = door.send(extension("query", commandId="find", parameters=[{"name": "words", "value": "invoice"}]))
    assert door.desk.taken[0].fields["text"] == "find invoice"
    (found,) = said["composeExtension"]["attachments"]
    assert problems(found["content"]) == []
    assert "Action.Execute" not in json.dumps(found["content"])
    assert found["preview"]["content"] == {"title": "Invoice ‹at›x‹/at›", "text": "Open"}


def test_a_search_that_finds_nothing_says_so(door: Door) -> None:
    door.desk.answer = lambda gesture: Answer(ok=False, said=sentence("Nothing that you can see was found."))
    _, said = door.send(extension("query", commandId="find", parameters=[]))
    assert door.desk.taken[0].fields["text"] == "mine"
    assert said["composeExtension"] == {"type": "message", "text": "Nothing that you can see was found."}


def test_a_message_can_be_raised_as_an_alert(door: Door) -> None:
    door.desk.answer = lambda gesture: (
        Answer(ok=True, form=FORMS["raise"].filled({"title": gesture.fields["text"]}))
        if gesture.act == "form"
        else Answer(ok=True, said=sentence("Raised as #8F3K2Q."))
    )
    message = {
        "id": "1",
        "body": {"contentType": "html", "content": "<p>Paid twice &amp; <b>late</b><br>really</p>"},
        "linkToMessage": "https://teams.microsoft.com/l/message/1",
        "from": {"user": {"id": IDS["ben"]}},
    }
    _, said = door.send(extension("fetchTask", commandId="raise", messagePayload=message))
    asked = door.desk.taken[0]
    assert (asked.act, asked.fields["text"]) == ("form", "Paid twice & late\nreally")
    shown = said["task"]["value"]["card"]["content"]
    assert problems(shown) == []
    data = shown["body"][-1]["actions"][0]["data"]
    filled = copy.deepcopy(data) | {"field:title": "Paid twice", "field:severity": "error"}
    _, said = door.send(extension("submitAction", commandId="raise", data=filled))
    assert said["task"] == {"type": "message", "value": "Raised as #8F3K2Q."}
    raised = door.desk.taken[1]
    assert (raised.act, raised.fields["title"], raised.fields["link"]) == (
        "raise",
        "Paid twice",
        message["linkToMessage"],
    )


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://x.example", ""])
def test_a_message_without_a_safe_link_is_raised_without_one(door: Door, link: str) -> None:
    door.send(extension("fetchTask", commandId="raise", messagePayload={"linkToMessage": link, "body": "x"}))
    assert door.desk.taken[0].fields["link"] == ""
