"""The envelopes Slack puts around what a person does, with every field it always sends."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

from sandbox.channels import Channel
from sandbox.config import APP_ID, BOT_USER, TEAM_DOMAIN, TEAM_ID, VERIFICATION_TOKEN
from sandbox.errors import Json
from sandbox.messages import Message
from sandbox.people import Person
from sandbox.views import View


@dataclass(frozen=True, kw_only=True)
class Click:
    """One press as the bot will see it."""

    person: Person
    action: Json
    values: Json
    trigger_id: str


def _actor(person: Person) -> Json:
    return {"id": person.id, "username": person.name, "name": person.name, "team_id": TEAM_ID}


def _envelope(kind: str, person: Person, trigger_id: str) -> Json:
    return {
        "type": kind,
        "user": _actor(person),
        "api_app_id": APP_ID,
        "token": VERIFICATION_TOKEN,
        "trigger_id": trigger_id,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def channel_name(channel: Channel) -> str:
    return {"im": "directmessage", "private": "privategroup"}.get(channel.kind, channel.name)


def message_click(click: Click, channel: Channel, message: Message, *, shown: Json, response_url: str) -> Json:
    """An ephemeral message is not sent along: Slack does not keep it."""
    ephemeral = message.seen_by is not None
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    payload = _envelope("block_actions", click.person, click.trigger_id) | {
        "container": container,
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "state": {"values": click.values},
        "response_url": response_url,
        "actions": [click.action],
    }
    return payload if ephemeral else payload | {"message": shown}


def message_action(
    person: Person, channel: Channel, *, callback_id: str, shown: Json, tickets: tuple[str, str]
) -> Json:
    """A message shortcut; `tickets` is (trigger id, response url). It names no app, unlike every other interaction."""
    trigger_id, response_url = tickets
    payload = _envelope("message_action", person, trigger_id) | {
        "callback_id": callback_id,
        "action_ts": f"{time.time():.6f}",
        "message_ts": shown["ts"],
        "message": shown,
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "response_url": response_url,
    }
    del payload["api_app_id"]
    return payload


def view_click(click: Click, view: View) -> Json:
    return _envelope("block_actions", click.person, click.trigger_id) | {
        "container": {"type": "view", "view_id": view.id},
        "view": view.as_json(),
        "actions": [click.action],
    }


def view_submission(person: Person, view: View, trigger_id: str) -> Json:
    return _envelope("view_submission", person, trigger_id) | {"view": view.as_json(), "response_urls": []}


def view_closed(person: Person, view: View, *, cleared: bool) -> Json:
    payload = _envelope("view_closed", person, "")
    del payload["trigger_id"]
    return payload | {"view": view.as_json(), "is_cleared": cleared}


def command(person: Person, channel: Channel, *, text: tuple[str, str], trigger_id: str, response_url: str) -> Json:
    """`text` is (command, what follows)."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": person.id,
        "user_name": person.name,
        "command": text[0],
        "text": text[1],
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def event(kind: str, **fields: Any) -> Json:
    """The outer envelope of the Events API; times are machine time, unix seconds."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "context_team_id": TEAM_ID,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": {"type": kind, **fields},
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(6).upper()}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{secrets.token_urlsafe(24)}",
    }


def url_verification(challenge: str) -> Json:
    return {"token": VERIFICATION_TOKEN, "challenge": challenge, "type": "url_verification"}
