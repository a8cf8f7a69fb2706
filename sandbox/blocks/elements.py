"""The interactive elements: buttons, menus, pickers and fields, each where it may stand."""

from __future__ import annotations

import re
from typing import Any

from slackblocks import _limits as most

from sandbox.blocks.text import either, plain
from sandbox.blocks.walk import Check, Walk, array, boolean, integer, one_of, record, string, typed, url

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def _pattern(shape: re.Pattern[str], problem: str) -> Check:
    def check(walk: Walk, value: Any, path: str) -> None:
        if not isinstance(value, str) or not shape.fullmatch(value):
            walk.wrong(path, problem)

    return check


def _action_id(walk: Walk, value: Any, path: str) -> None:
    string(most.ACTION_ID_MAX_LENGTH)(walk, value, path)
    if value in walk.action_ids:
        walk.wrong(path, f"duplicate action_id: {value}")
    if isinstance(value, str):
        walk.action_ids.add(value)


def _focus(walk: Walk, value: Any, path: str) -> None:
    boolean(walk, value, path)
    walk.focused += value is True
    if walk.focused > 1:
        walk.wrong(path, "only one element can have focus_on_load")


_user = _pattern(re.compile(r"[UW][A-Z0-9]{2,}"), "must be a valid user id")
_channel = _pattern(re.compile(r"[CDG][A-Z0-9]{2,}"), "must be a valid conversation id")

CONFIRM = record(
    {
        "title": plain(most.CONFIRMATION_TITLE_MAX_LENGTH),
        "text": either(most.CONFIRMATION_TEXT_MAX_LENGTH),
        "confirm": plain(most.CONFIRMATION_CONFIRM_MAX_LENGTH),
        "deny": plain(most.CONFIRMATION_DENY_MAX_LENGTH),
    },
    {"style": one_of("primary", "danger")},
)
_PLACEHOLDER = plain(most.SELECT_PLACEHOLDER_MAX_LENGTH)
_COMMON: dict[str, Check] = {"action_id": _action_id, "confirm": CONFIRM, "focus_on_load": _focus}
_MENU: dict[str, Check] = {**_COMMON, "placeholder": _PLACEHOLDER}


def _option(text: Check, **more: Check) -> Check:
    return record(
        {"text": text, "value": string(most.OPTION_VALUE_MAX_LENGTH)},
        {"description": either(most.OPTION_DESCRIPTION_MAX_LENGTH), **more},
    )


_MENU_OPTION = _option(plain(most.OPTION_TEXT_MAX_LENGTH))
_TICK_OPTION = _option(either(most.OPTION_TEXT_MAX_LENGTH))
_OVERFLOW_OPTION = _option(plain(most.OPTION_TEXT_MAX_LENGTH), url=url(most.OPTION_URL_MAX_LENGTH))
_GROUP = record(
    {
        "label": plain(most.OPTION_GROUP_LABEL_MAX_LENGTH),
        "options": array(_MENU_OPTION, most=most.OPTION_GROUP_OPTIONS_MAX_ITEMS),
    }
)
_OPTIONS: dict[str, Check] = {
    "options": array(_MENU_OPTION, most=most.SELECT_OPTIONS_MAX_ITEMS),
    "option_groups": array(_GROUP, most=most.SELECT_OPTION_GROUPS_MAX_ITEMS),
}
_MANY: dict[str, Check] = {"max_selected_items": integer(1, 10_000)}
_ANY_OPTION = record({"text": either(most.OPTION_TEXT_MAX_LENGTH), "value": string(150)}, {"description": either(75)})


def offered(element: dict[str, Any]) -> list[Any]:
    """All options of a menu, grouped or not."""
    grouped = [o for g in element.get("option_groups") or [] if isinstance(g, dict) for o in g.get("options") or []]
    return [*(element.get("options") or []), *grouped]


def _initial(walk: Walk, value: Any, path: str) -> None:
    if "initial_option" in value and value["initial_option"] not in offered(value):
        walk.wrong(f"{path}/initial_option", "must match one of the options exactly")
    for index, one in enumerate(value.get("initial_options") or []):
        if one not in offered(value):
            walk.wrong(f"{path}/initial_options/{index}", "must match one of the options exactly")


def _choices(walk: Walk, value: Any, path: str) -> None:
    if ("options" in value) == ("option_groups" in value):
        walk.wrong(path, "must have either options or option_groups")
    _initial(walk, value, path)


def _lengths(walk: Walk, value: Any, path: str) -> None:
    low, high = value.get("min_length"), value.get("max_length")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        walk.wrong(path, "min_length must not be greater than max_length")


_DISPATCH = record({}, {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), most=2)})
_FILTER = record(
    {},
    {
        "include": array(one_of("im", "mpim", "private", "public"), most=4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)

_BUTTON = record(
    {"text": plain(most.BUTTON_TEXT_MAX_LENGTH)},
    {
        "action_id": _action_id,
        "url": url(most.BUTTON_URL_MAX_LENGTH),
        "value": string(most.BUTTON_VALUE_MAX_LENGTH),
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(most.BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH),
    },
)
_OVERFLOW = record(
    {"options": array(_OVERFLOW_OPTION, most=most.OVERFLOW_OPTIONS_MAX_ITEMS)},
    {"action_id": _action_id, "confirm": CONFIRM},
)
_TEXT_FIELD = record(
    {},
    {
        "action_id": _action_id,
        "focus_on_load": _focus,
        "placeholder": plain(most.PLAIN_TEXT_INPUT_PLACEHOLDER_MAX_LENGTH),
        "multiline": boolean,
        "initial_value": string(most.PLAIN_TEXT_INPUT_MAX_LENGTH_MAX, least=0),
        "min_length": integer(0, most.PLAIN_TEXT_INPUT_MIN_LENGTH_MAX),
        "max_length": integer(1, most.PLAIN_TEXT_INPUT_MAX_LENGTH_MAX),
        "dispatch_action_config": _DISPATCH,
    },
    then=_lengths,
)
_TYPED_FIELD: dict[str, Check] = {
    "action_id": _action_id,
    "focus_on_load": _focus,
    "placeholder": plain(most.EMAIL_INPUT_PLACEHOLDER_MAX_LENGTH),
    "initial_value": string(3000, least=0),
    "dispatch_action_config": _DISPATCH,
}

PICKERS: dict[str, Check] = {
    "static_select": record({}, {**_MENU, **_OPTIONS, "initial_option": _ANY_OPTION}, then=_choices),
    "users_select": record({}, {**_MENU, "initial_user": _user}),
    "conversations_select": record(
        {},
        {
            **_MENU,
            "initial_conversation": _channel,
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": _FILTER,
        },
    ),
    "channels_select": record({}, {**_MENU, "initial_channel": _channel, "response_url_enabled": boolean}),
    "datepicker": record({}, {**_MENU, "initial_date": _pattern(_DATE, "must be a valid date: YYYY-MM-DD")}),
    "timepicker": record(
        {}, {**_MENU, "initial_time": _pattern(_TIME, "must be a valid time: HH:mm"), "timezone": string(255)}
    ),
    "radio_buttons": record(
        {"options": array(_TICK_OPTION, most=most.RADIO_BUTTONS_OPTIONS_MAX_ITEMS)},
        {**_COMMON, "initial_option": _ANY_OPTION},
        then=_initial,
    ),
    "checkboxes": record(
        {"options": array(_TICK_OPTION, most=most.CHECKBOXES_OPTIONS_MAX_ITEMS)},
        {**_COMMON, "initial_options": array(_ANY_OPTION, most=most.CHECKBOXES_OPTIONS_MAX_ITEMS)},
        then=_initial,
    ),
}
MULTI: dict[str, Check] = {
    "multi_static_select": record(
        {}, {**_MENU, **_OPTIONS, **_MANY, "initial_options": array(_ANY_OPTION, most=100)}, then=_choices
    ),
    "multi_users_select": record({}, {**_MENU, **_MANY, "initial_users": array(_user, most=100)}),
}
_DATETIME: dict[str, Check] = {
    # Unlike the date picker it has no placeholder; unix seconds, ten digits.
    "datetimepicker": record({}, {**_COMMON, "initial_date_time": integer(1_000_000_000, 9_999_999_999)})
}
_FIELDS: dict[str, Check] = {
    "plain_text_input": _TEXT_FIELD,
    "email_text_input": record({}, _TYPED_FIELD),
    "url_text_input": record({}, _TYPED_FIELD),
    "number_input": record(
        {"is_decimal_allowed": boolean},
        {**_TYPED_FIELD, "min_value": string(255), "max_value": string(255)},
    ),
}
_PRESS: dict[str, Check] = {"button": _BUTTON, "overflow": _OVERFLOW}

IN_ACTIONS = typed({**_PRESS, **PICKERS, **_DATETIME})
IN_INPUT = typed({**_FIELDS, **PICKERS, **MULTI, **_DATETIME})
IN_SECTION = {**_PRESS, **PICKERS, **MULTI}
