"""manifest.yaml: as Slack's schema for version 2 wants it, and asking for exactly what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from slack_sdk import WebClient

from bot.core.help import USAGES
from connectors.chat.slack import listeners
from connectors.chat.slack.check import OPTIONAL, SCOPES

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "connectors/chat/slack").glob("*.py"), ROOT / "connectors/directory/slack.py"]
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yaml").read_text())


def text(most: int, least: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "string", "minLength": least, "maxLength": most, **more}


def only(required: tuple[str, ...] = (), /, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def several(item: dict[str, Any], most: int, least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": item, "maxItems": most, "minItems": least, "uniqueItems": True}


FLAG = {"type": "boolean"}
URL = text(3000, pattern="^https?://")

# Our own words for the keys we use and their limits; a key that is not here is refused as Slack refuses it.
SCHEMA = only(
    ("_metadata", "display_information", "features", "oauth_config", "settings"),
    _metadata=only(("major_version",), major_version={"const": 2}),
    display_information=only(
        ("name",),
        name=text(35),
        description=text(140),
        long_description=text(4000, 175),
        background_color={"type": "string", "pattern": "^#([0-9a-fA-F]{3}){1,2}$"},
    ),
    features=only(
        app_home=only(home_tab_enabled=FLAG, messages_tab_enabled=FLAG, messages_tab_read_only_enabled=FLAG),
        bot_user=only(("display_name",), display_name=text(80), always_online=FLAG),
        slash_commands=several(
            only(
                ("command", "description"),
                command=text(32, 2, pattern="^/"),
                url=URL,
                description=text(2000),
                usage_hint=text(1000),
                should_escape=FLAG,
            ),
            50,
            1,
        ),
        shortcuts=several(
            only(
                ("name", "type", "callback_id", "description"),
                name=text(24),
                type={"enum": ["message", "global"]},
                callback_id=text(255),
                description=text(150),
            ),
            10,
        ),
    ),
    oauth_config=only(("scopes",), scopes=only(bot=several(text(50), 255), bot_optional=several(text(50), 255))),
    settings=only(
        event_subscriptions=only(request_url=URL, bot_events=several(text(50), 100)),
        interactivity=only(("is_enabled",), is_enabled=FLAG, request_url=URL),
        org_deploy_enabled=FLAG,
        socket_mode_enabled=FLAG,
        token_rotation_enabled=FLAG,
    ),
)

# What Slack asks for each method we call, in every kind of place we call it for.
NEEDED = {
    "apps_connections_open": set(),  # an app-level token
    "auth_test": set(),
    "chat_delete": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {"channels:history", "groups:history", "im:history"},
    "conversations_list": {"channels:read", "groups:read"},
    "conversations_members": {"channels:read", "groups:read"},
    "conversations_replies": {"channels:history", "groups:history"},
    "files_completeUploadExternal": {"files:write"},
    "files_getUploadURLExternal": {"files:write"},
    "team_profile_get": {"users.profile:read"},
    "usergroups_list": {"usergroups:read"},
    "usergroups_users_list": {"usergroups:read"},
    "users_conversations": {"im:read"},
    "users_info": {"users:read"},
    "users_list": {"users:read"},
    "users_lookupByEmail": {"users:read.email"},
    "users_profile_get": {"users.profile:read"},
    "views_open": set(),
    "views_publish": set(),
}


def called() -> set[str]:
    """Every Web API method named in the connectors."""
    named = {name for path in SOURCES for name in re.findall(r"\.(\w+)\b", path.read_text())}
    return {name for name in named if "_" in name.strip("_") and callable(getattr(WebClient, name, None))} - {
        "api_call"
    }


def test_the_manifest_has_the_keys_and_limits_of_slacks_schema() -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(MANIFEST)


@pytest.mark.parametrize("key", ["display_informations", "oauth"])
def test_a_key_that_slack_does_not_know_would_be_noticed(key: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(SCHEMA).validate(MANIFEST | {key: {}})


def test_every_method_called_is_one_whose_scopes_are_known() -> None:
    assert called() == NEEDED.keys()


def test_the_scopes_are_those_of_the_methods_called_and_no_more() -> None:
    used: set[str] = set().union(*(NEEDED[name] for name in called()), {"commands"})
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == used


def test_the_start_up_check_asks_for_the_scopes_of_the_manifest() -> None:
    assert list(SCOPES) == MANIFEST["oauth_config"]["scopes"]["bot"]


def test_what_an_installer_may_leave_out_is_among_them_and_only_warned_of() -> None:
    scopes = MANIFEST["oauth_config"]["scopes"]
    assert set(scopes["bot_optional"]) < set(scopes["bot"])
    assert set(scopes["bot_optional"]) == OPTIONAL


def test_every_first_word_of_the_hint_is_a_command() -> None:
    hint = MANIFEST["features"]["slash_commands"][0]["usage_hint"]
    assert {typed.split()[0] for typed in hint.split("|")} <= {usage.split()[0] for usage, _ in USAGES}


def test_the_command_and_the_events_are_those_listened_to() -> None:
    assert [command["command"] for command in MANIFEST["features"]["slash_commands"]] == [listeners.COMMAND]
    assert MANIFEST["settings"]["event_subscriptions"]["bot_events"] == [listeners.EVENT]
    assert [shortcut["callback_id"] for shortcut in MANIFEST["features"]["shortcuts"]] == [listeners.SHORTCUT]


def test_everything_comes_to_the_one_signed_address() -> None:
    settings = MANIFEST["settings"]
    urls = [command["url"] for command in MANIFEST["features"]["slash_commands"]]
    urls += [settings["event_subscriptions"]["request_url"], settings["interactivity"]["request_url"]]
    assert set(urls) == {"https://YOUR-HOST/slack/events"}
    assert MANIFEST["features"]["slash_commands"][0]["should_escape"] is True, "commands are read with ids put back"
