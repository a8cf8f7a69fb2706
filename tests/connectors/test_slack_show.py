"""Posting, editing and reading back, against the sandbox over real HTTP."""

from __future__ import annotations

import json

import pytest

from bot.core.people import Person
from bot.ports import Mark, Receipt, Refusal, Target
from connectors.chat.slack import channels
from tests.connectors.conftest import CAST, TOKEN, Workspace, card

ALERTS = Target(place="slack:#ai-alerts")
ANA = Target(place="slack:@ana@acme.example", person=CAST["ana@acme.example"])


def mark(delivery: str = "card:1", *, revision: int = 1, kind: str = "card") -> Mark:
    return Mark(kind=kind, delivery=delivery, alert="01JD", revision=revision)


def test_a_card_stands_in_its_channel_with_its_mark(workspace: Workspace) -> None:
    receipt = workspace.chat().show(card(), ALERTS, mark=mark())
    (shown,) = workspace.messages()
    assert receipt == Receipt(channel="C0ALERTS", ts=shown["ts"])
    assert shown["text"] == "CRITICAL: Invoice 4711 paid twice"
    assert shown["metadata"] == {
        "event_type": "closeloop_card",
        "event_payload": {"delivery": "card:1", "alert": "01JD", "revision": 1},
    }


def test_an_edit_changes_the_same_message_and_its_mark(workspace: Workspace) -> None:
    chat = workspace.chat()
    receipt = chat.show(card(), ALERTS, mark=mark())
    edited = Target(place=ALERTS.place, edit=receipt)
    assert chat.show(card(title="✅ CLOSED"), edited, mark=mark(revision=2)) == receipt
    (shown,) = workspace.messages()
    assert shown["metadata"]["event_payload"]["revision"] == 2
    assert "CLOSED" in json.dumps(shown["blocks"])


def test_a_nudge_is_a_reply_under_the_card(workspace: Workspace) -> None:
    chat = workspace.chat()
    root = chat.show(card(), ALERTS, mark=mark())
    threaded = Target(place=ALERTS.place, root=root)
    receipt = chat.show(card(kind="nudge"), threaded, mark=mark("nudge:1", kind="nudge"))
    assert receipt.ts != root.ts
    assert workspace.messages()[0]["reply_count"] == 1


def test_a_person_is_told_in_their_direct_messages(workspace: Workspace) -> None:
    receipt = workspace.chat().show(card(), ANA, mark=mark("nudge:2"))
    assert receipt.channel == "DU0ANA"


@pytest.mark.parametrize(
    ("target", "code", "kind"),
    [
        (Target(place="slack:#nowhere"), "channel_not_found", "place"),
        (Target(place="slack:#general"), "not_in_channel", "place"),
        (Target(place="slack:#old-alerts"), "is_archived", "place"),
        (Target(place="slack:@x", person=Person(id="x", name="X")), "users_not_found", "place"),
        (Target(place="slack:@x"), "users_not_found", "place"),
        (
            Target(place="slack:#ai-alerts", edit=Receipt(channel="C0ALERTS", ts="1.000001")),
            "message_not_found",
            "missing",
        ),
        (
            Target(place="slack:#ai-alerts", root=Receipt(channel="C0ALERTS", ts="1.000001")),
            "thread_not_found",
            "missing",
        ),
    ],
)
def test_a_place_that_cannot_be_written_to_is_refused_in_slacks_own_word(
    workspace: Workspace, target: Target, code: str, kind: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        workspace.chat().show(card(), target, mark=mark())
    assert (refusal.value.code, refusal.value.kind) == (code, kind)


def test_a_person_who_left_cannot_be_written_to(workspace: Workspace) -> None:
    workspace.post("users/U0ANA", deleted=True)
    with pytest.raises(Refusal) as refusal:
        workspace.chat().show(card(), ANA, mark=mark())
    assert (refusal.value.code, refusal.value.kind) == ("user_disabled", "place")


def test_somebody_whom_only_a_file_knows_is_found_by_their_e_mail(workspace: Workspace) -> None:
    target = Target(place=ANA.place, person=Person(id="ana@acme.example", name="Ana"))
    assert workspace.chat().show(card(), target, mark=mark()).channel == "DU0ANA"


def test_a_workspace_that_took_the_token_away_refuses_everything_as_such(workspace: Workspace) -> None:
    chat = workspace.chat()
    receipt = chat.show(card(), ALERTS, mark=mark())
    workspace.post("install", revoked=True)
    edited = Target(place=ALERTS.place, edit=receipt)
    for call in (
        lambda: chat.show(card(), ALERTS, mark=mark("card:2")),
        lambda: chat.show(card(), edited, mark=mark(revision=2)),
        lambda: chat.look(ALERTS, mark=mark(), age=60),
        lambda: chat.retract(receipt),
    ):
        with pytest.raises(Refusal) as refusal:
            call()
        assert (refusal.value.code, refusal.value.kind) == ("token_revoked", "workspace")
    workspace.post("install", revoked=False)
    assert chat.show(card(), edited, mark=mark(revision=2)) == receipt


def test_a_channel_made_later_is_found(workspace: Workspace) -> None:
    chat = workspace.chat()
    chat.show(card(), ALERTS, mark=mark())
    workspace.post("channels", name="brand-new", members=["U0ANA", "U0LOOP"])
    chat.show(card(), Target(place="slack:#brand-new"), mark=mark("card:3"))


def test_names_are_asked_for_once_and_kept(workspace: Workspace) -> None:
    chat = workspace.chat()
    for n in range(3):
        chat.show(card(), ALERTS, mark=mark(f"card:{n}"))
    assert len(workspace.calls("conversations.list")) == 1


def test_membership_is_known_by_id_and_by_name_and_kept_for_a_minute(workspace: Workspace) -> None:
    chat = workspace.chat()
    asked = [chat.is_member(place, who) for place in ("C0ALERTS", "#ai-alerts") for who in ("U0BEN", "U0DOV")]
    assert asked == [True, False, True, False]
    assert len(workspace.calls("conversations.members")) == 2
    assert not chat.is_member("#nowhere", "U0BEN")


def test_nobody_is_a_member_while_slack_cannot_say_and_nobody_waits_twice_for_that() -> None:
    from connectors.chat.slack.web import client

    nowhere = client(TOKEN, "http://127.0.0.1:9/api/")
    at = [100.0]
    asked = channels.Channels(web=nowhere, quick=nowhere, monotonic=lambda: at[0])
    assert not asked.has("C0ALERTS", "U0BEN")
    asked.quick = None  # type: ignore[assignment]
    assert not asked.has("C0ALERTS", "U0BEN"), "not asked again within seconds"
