"""Teams as a chat: where each message goes, what each failure means, and that no call is ever made twice."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest

from bot.core.text import Who
from bot.ports import Later, Mark, Receipt, Refusal, Target, Unknown
from bot.ports.conversations import Conversation
from connectors.chat.teams.cloud import service
from tests.connectors.official import problems
from tests.connectors.teams import CHANNEL, IDS, PEOPLE, ROOT, SERVICE, TENANT, THREAD, Bot, bot, card

MARK = Mark(kind="card", delivery="card:1", alert="01JD", revision=1)
HERE = Target(place="teams:#ai-alerts")
REPLY = Target(place="teams:#ai-alerts", root=ROOT)
EDIT = Target(place="teams:#ai-alerts", edit=ROOT)
ANA = Target(place="teams:@ana@acme.example", person=PEOPLE["ana@acme.example"])


def told(status: int, code: str = "", **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json={"error": {"code": code, "message": "…"}} if code else {}, headers=headers)


def test_a_card_begins_a_thread_in_its_channel() -> None:
    made = bot()
    assert made.chat.show(card(), HERE, mark=MARK) == ROOT
    ((url, body),) = made.wire.calls("POST")
    assert url == "https://smba.trafficmanager.net/teams/v3/conversations"
    assert (body["isGroup"], body["channelData"], body["tenantId"]) == (True, {"channel": {"id": CHANNEL}}, TENANT)
    assert problems(body["activity"]["attachments"][0]["content"]) == []
    assert "text" not in body["activity"], "Teams would make two messages of it, and give no id"
    assert made.tokens.scopes[0] == "https://api.botframework.com/.default"


def test_an_edit_puts_the_same_message_anew() -> None:
    made = bot()
    assert made.chat.show(card(), EDIT, mark=MARK) == ROOT
    ((url, _),) = made.wire.calls("PUT")
    assert url.endswith(
        "/v3/conversations/19%3Aalerts%40thread.tacv2%3Bmessageid%3D1795000000001/activities/1795000000001"
    )


def test_a_reply_stands_in_the_cards_thread() -> None:
    made = bot()
    assert made.chat.show(card(kind="nudge"), REPLY, mark=MARK) == Receipt(channel=THREAD, ts="1795000000002")


def test_a_person_is_told_in_their_own_chat_which_is_made_where_none_is_known() -> None:
    made = bot()
    assert made.chat.show(card(kind="nudge"), ANA, mark=MARK) == Receipt(channel="a:personal", ts="1795000000002")
    (_, body), (url, _) = made.wire.calls("POST")
    assert (body["isGroup"], body["members"]) == (False, [{"id": IDS["ana"]}])
    assert url.endswith("/a%3Apersonal/activities")


def test_a_chat_that_is_known_is_not_made_again() -> None:
    made = bot()
    made.store.keep_conversation(Conversation(platform="teams", chat_id=IDS["ana"], channel="a:known"))
    assert made.chat.show(card(), ANA, mark=MARK).channel == "a:known"
    assert len(made.wire.calls("POST")) == 1


def test_the_address_that_teams_said_last_is_used_and_an_attackers_never() -> None:
    for said, used in ((SERVICE, SERVICE), ("https://evil.example/emea", "https://smba.trafficmanager.net/teams")):
        made = bot()
        made.store.keep_conversation(Conversation(platform="teams", address=said))
        made.chat.show(card(), REPLY, mark=MARK)
        assert made.wire.calls("POST")[0][0].startswith(f"{used}/v3/")


@pytest.mark.parametrize(
    "address",
    [
        "https://smba.trafficmanager.net.evil.example/emea",
        "http://smba.trafficmanager.net/emea",
        "https://smba.trafficmanager.net@evil.example/",
        "https://smba.trafficmanager.net:8443/",
        "https://[::1",
        "ftp://smba.trafficmanager.net/",
        "",
    ],
)
def test_a_token_goes_to_hosts_of_the_cloud_only(address: str) -> None:
    assert not service().takes(address)
    assert service().takes("https://smba.trafficmanager.net/amer/")


def test_a_service_must_be_https_or_on_this_machine() -> None:
    with pytest.raises(ValueError, match="must be https"):
        service(address="http://smba.example")
    assert service(address="http://127.0.0.1:9/teams").takes("http://127.0.0.1:9/teams")


def test_owner_and_managers_are_asked_for_their_view_by_what_teams_calls_them() -> None:
    made = bot()
    made.wire.roster = {IDS["ana"]: "29:ana", IDS["ben"]: "29:ben", IDS["cleo"].upper(): "29:cleo"}
    lines = ((Who("ana@acme.example", mention=True),),)
    made.chat.show(card(lines=lines), HERE, mark=MARK)
    shown = made.wire.calls("POST")[0][1]["activity"]["attachments"][0]["content"]
    assert shown["refresh"]["userIds"] == ["29:ana", "29:cleo"]
    made.chat.show(card(lines=lines, buttons=()), EDIT, mark=MARK)
    over = made.wire.calls("PUT")[0][1]["attachments"][0]["content"]
    assert over["refresh"]["userIds"] == [], "nothing is left to press"


TABLE: list[tuple[Any, type[Exception], str, str | float]] = [
    (told(403, "MessageWritesBlocked"), Refusal, "MessageWritesBlocked", "place"),
    (told(403), Refusal, "http_403", "place"),
    (told(404, "ConversationNotFound"), Refusal, "ConversationNotFound", "place"),
    (told(404, "ActivityNotFoundInConversation"), Refusal, "ActivityNotFoundInConversation", "missing"),
    (told(413, "RequestEntityTooLarge"), Refusal, "RequestEntityTooLarge", "content"),
    (told(413), Refusal, "http_413", "content"),
    (told(400, "MessageSizeTooBig"), Refusal, "MessageSizeTooBig", "content"),
    (told(400, "BadSyntax"), Refusal, "BadSyntax", "content"),
    (told(400, "<script>"), Refusal, "http_400", "other"),
    (told(429, "TooManyRequests", **{"retry-after": "17"}), Later, "ratelimited", 17.0),
    (told(429), Later, "ratelimited", 10.0),
    (told(412), Later, "precondition_failed", 2.0),
    (told(412, **{"retry-after": "9"}), Later, "precondition_failed", 9.0),
    (told(500), Unknown, "http_500", 0.0),
    (told(502), Unknown, "http_502", 0.0),
    (told(504), Unknown, "http_504", 0.0),
    (told(502, **{"retry-after": "90"}), Unknown, "http_502", 90.0),
    (told(504, **{"retry-after": "0"}), Unknown, "http_504", 1.0),
    (told(302, location="https://evil.example"), Unknown, "http_302", 0.0),
    (httpx2.Response(200, text="<html>"), Unknown, "not_json", 0.0),
    (httpx2.Response(200, json=[1]), Unknown, "not_json", 0.0),
    (httpx2.Response(202), Unknown, "no_receipt", 0.0),
    (httpx2.ReadTimeout("late"), Unknown, "ReadTimeout", 0.0),
    (httpx2.RemoteProtocolError("cut"), Unknown, "RemoteProtocolError", 0.0),
    (httpx2.ConnectError("no"), Later, "unreachable", 5),
    (httpx2.ConnectTimeout("no"), Later, "unreachable", 5),
]


@pytest.mark.parametrize(("answer", "error", "code", "more"), TABLE)
def test_a_post_that_failed_is_told_for_what_it_is_and_not_repeated(
    answer: Any, error: type[Exception], code: str, more: str | float
) -> None:
    made = bot()
    made.wire.script.append(answer)
    with pytest.raises(error) as raised:
        made.chat.show(card(), REPLY, mark=MARK)
    assert str(raised.value) == code
    assert getattr(raised.value, "kind", getattr(raised.value, "seconds", "")) == more
    assert len(made.wire.calls("POST")) == 1


def test_retry_after_may_be_a_date() -> None:
    made = bot()
    at = format_datetime(datetime.fromtimestamp(time.time(), UTC) + timedelta(seconds=30), usegmt=True)
    made.wire.script.append(told(429, **{"retry-after": at}))
    with pytest.raises(Later) as later:
        made.chat.show(card(), REPLY, mark=MARK)
    assert 25 < later.value.seconds <= 31


@pytest.mark.parametrize(("named", "wait"), [({}, 5.0), ({"retry-after": "40"}, 40.0)])
def test_a_chat_that_could_not_be_made_is_no_message_of_unknown_outcome(named: dict[str, str], wait: float) -> None:
    made = bot()
    made.wire.script.append(told(504, **named))
    with pytest.raises(Later) as later:
        made.chat.show(card(), ANA, mark=MARK)
    assert (later.value.seconds, later.value.grows) == (wait, not named)


@pytest.mark.parametrize("status", [429, 412])
def test_a_wait_that_teams_does_not_name_grows_with_every_attempt(status: int) -> None:
    for named in ({}, {"retry-after": "3"}):
        made = bot()
        made.wire.script.append(told(status, **named))
        with pytest.raises(Later) as later:
            made.chat.show(card(), REPLY, mark=MARK)
        assert later.value.grows is not bool(named)


def test_a_token_that_was_not_accepted_is_followed_by_a_fresh_one_and_nobody_notices() -> None:
    made = bot()
    made.wire.script.append(told(401))
    made.chat.show(card(), REPLY, mark=MARK)
    heard = made.wire.tokens_heard
    assert (heard[0], heard[-1], len(set(heard))) == ("Bearer token-1", "Bearer token-2", 2)


def test_where_no_token_is_accepted_it_is_tried_twice_and_no_more() -> None:
    made = bot()
    made.wire.script += [told(401)] * 9
    with pytest.raises(Refusal) as refused:
        made.chat.show(card(), REPLY, mark=MARK)
    assert refused.value.kind == "workspace"
    assert len(made.wire.script) == 7


def test_without_a_token_nothing_is_sent() -> None:
    made = bot()
    made.tokens.failing += [Later("entra_away", 5)] * 2
    with pytest.raises(Later):
        made.chat.show(card(), REPLY, mark=MARK)
    assert made.wire.heard == []


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (Target(place="teams:#nowhere"), "channel_not_configured"),
        (Target(place="teams:@zoe@acme.example"), "no_teams_id"),
        (Target(place="teams:@x", person=PEOPLE["ana@acme.example"].__class__(id="x", name="X")), "no_teams_id"),
    ],
)
def test_a_place_that_nobody_knows_is_refused_before_anything_is_sent(target: Target, code: str) -> None:
    made = bot()
    with pytest.raises(Refusal) as refusal:
        made.chat.show(card(), target, mark=MARK)
    assert (refusal.value.code, refusal.value.kind) == (code, "place")
    assert made.wire.heard == []


# ── nobody can read Teams back ───────────────────────────────────────────────────────────────────────────────────


def test_what_somebody_was_shown_is_found_oldest_first() -> None:
    made = bot()
    newer = Receipt(channel=f"{CHANNEL};messageid=1795000000099", ts="1795000000099")
    for receipt in (newer, ROOT):
        made.sightings.saw("card:1", receipt)
    assert made.chat.look(HERE, mark=MARK, age=5000) == [ROOT, newer]


@pytest.mark.parametrize(
    ("age", "again"), [(40, True), (74, True), (80, False), (599, False), (610, True), (700, False)]
)
def test_what_nobody_saw_is_sent_once_more_and_then_seldom(age: float, again: bool) -> None:
    made = bot()
    if again:
        assert made.chat.look(HERE, mark=MARK, age=age) == []
        return
    with pytest.raises(Later) as later:
        made.chat.look(HERE, mark=MARK, age=age)
    assert (age + later.value.seconds) % 600 == 0


def test_a_message_that_is_gone_need_not_be_deleted() -> None:
    made = bot()
    made.wire.script.append(told(404, "ActivityNotFoundInConversation"))
    made.chat.retract(ROOT)
    assert len(made.wire.calls("DELETE")) == 1


# ── who is in a channel ──────────────────────────────────────────────────────────────────────────────────────────


def test_who_is_in_a_channel_is_asked_seldom_and_known_while_teams_is_away() -> None:
    now = [0.0]
    made = bot(lambda: now[0])
    made.wire.roster = {IDS["ana"]: "29:ana"}
    assert made.chat.is_member("#ai-alerts", IDS["ana"])
    assert not made.chat.is_member("#ai-alerts", IDS["dov"])
    assert not made.chat.is_member("#nowhere", IDS["ana"])
    assert len(made.wire.heard) == 1
    now[0] = 61
    made.wire.roster = {}
    assert not made.chat.is_member("#ai-alerts", IDS["ana"])


def test_a_message_costs_two_requests_where_something_is_asked_before_it() -> None:
    made = bot()
    made.wire.roster = {IDS["ana"]: "29:ana"}
    assert made.chat.cost("teams:#ai-alerts") == 2
    made.chat.show(card(lines=((Who("ana@acme.example", mention=True),),)), HERE, mark=MARK)
    assert made.chat.cost("teams:#ai-alerts") == 1
    assert made.chat.cost("teams:@ana@acme.example") == 2


def listed(made: Bot) -> Any:
    """Who is asked for their view of the card that was posted last."""
    return made.wire.calls("POST")[-1][1]["activity"]["attachments"][0]["content"]["refresh"]["userIds"]


def test_a_new_card_waits_a_minute_for_a_roster_that_is_not_told() -> None:
    """Nobody's client would ask for a view of it, so that nobody could find it, should its answer be lost."""
    now = [0.0]
    made = bot(lambda: now[0])
    mine = card(lines=((Who("ana@acme.example", mention=True),),))
    made.wire.silent = True
    for at in (0.0, 6.0, 59.0):
        now[0] = at
        with pytest.raises(Later):
            made.chat.show(mine, HERE, mark=MARK)
    assert made.wire.calls("POST") == []
    made.chat.show(mine, EDIT, mark=MARK)  # what stands already need not wait
    now[0] = 66.0
    made.chat.show(mine, HERE, mark=MARK)
    assert listed(made) == [], "an alert that nobody sees is worse than one that may stand twice"
    made.wire.silent, made.wire.roster, now[0] = False, {IDS["ana"]: "29:ana"}, 80.0
    made.chat.show(mine, HERE, mark=MARK)
    assert listed(made) == ["29:ana"]
    made.wire.silent, now[0] = True, 700.0
    made.chat.show(mine, HERE, mark=MARK)
    assert listed(made) == ["29:ana"], "what was known stays known"


def test_whoever_was_in_touch_with_the_bot_is_known_without_a_roster() -> None:
    made = bot()
    made.wire.silent = True
    made.store.keep_conversation(Conversation(platform="teams", chat_id=IDS["ana"], address=SERVICE, member="29:ana"))
    made.chat.show(card(lines=((Who("ana@acme.example", mention=True),),)), HERE, mark=MARK)
    assert listed(made) == ["29:ana"]


def test_a_channel_that_was_gone_is_asked_soon_who_is_in_it() -> None:
    """Else nobody would be asked for their view of its cards for ten minutes after it is back."""
    now = [0.0]
    made = bot(lambda: now[0])
    lines = ((Who("ana@acme.example", mention=True),),)
    made.wire.roster = None
    made.chat.show(card(lines=lines), HERE, mark=MARK)
    made.wire.roster = {IDS["ana"]: "29:ana"}
    found = []
    for at in (4.0, 6.0):
        now[0] = at
        made.chat.show(card(lines=lines), HERE, mark=MARK)
        found.append(listed(made))
    assert found == [[], ["29:ana"]]


def test_a_link_leads_to_the_message() -> None:
    chat = bot().chat
    wanted = f"l/message/19%3Aalerts%40thread.tacv2/1795000000001?tenantId={TENANT}&parentMessageId=1795000000001"
    assert chat.permalink(ROOT) == f"https://teams.microsoft.com/{wanted}"
    assert "contextType" in str(chat.permalink(Receipt(channel="a:1", ts="7")))
