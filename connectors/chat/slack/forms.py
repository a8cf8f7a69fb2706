"""Forms as modals, and what was filled into them as plain fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.core.forms import Field, Form
from bot.core.state import Alert
from bot.core.text import Quote, Words, harmless, one_line
from connectors.chat.slack.blocks import paragraphs, plain_text
from connectors.chat.slack.text import Json, is_user
from connectors.chat.slack.views import TITLE

FIELD = "field:"
_ELEMENTS = {
    "text": "plain_text_input",
    "long_text": "plain_text_input",
    "link": "url_text_input",
    "person": "users_select",
    "instant": "datetimepicker",
    "choice": "static_select",
}
_FILLED = ("value", "selected_user", "selected_date_time", "selected_option")
AHEAD = timedelta(hours=1)
"""the instant offered first"""


def modal(form: Form, alert: Alert | None, *, metadata: str, now: datetime) -> Json:
    """The form as a modal, about one alert or none; `metadata` says, when it comes back, what it is about."""
    about = [(Words(f"#{alert.short} "), Quote(one_line(alert.signal.title, 150), bold=True))] if alert else []
    return {
        "type": "modal",
        "callback_id": f"form:{form.act}",
        "private_metadata": metadata,
        "title": plain_text(form.title, TITLE),
        "submit": plain_text(form.submit, TITLE),
        "close": plain_text("Cancel", TITLE),
        "blocks": [*paragraphs(about, {}), *(_input(field, now) for field in form.fields)],
    }


def _input(field: Field, now: datetime) -> Json:
    block: Json = {
        "type": "input",
        "block_id": f"{FIELD}{field.name}",
        "label": plain_text(field.label, 2000),
        "optional": not field.required,
        "element": _element(field, now),
    }
    # A link's hint shows its form, so it stands in the field; the others explain, so they stand under it.
    return block | {"hint": plain_text(field.hint, 2000)} if field.hint and field.kind != "link" else block


def _element(field: Field, now: datetime) -> Json:
    element: Json = {"type": _ELEMENTS[field.kind], "action_id": "filled"}
    if field.kind in ("text", "long_text"):
        return element | _written(field)
    if field.kind == "choice":
        return element | _chosen(field)
    if field.kind == "person" and is_user(field.value):
        element["initial_user"] = field.value
    elif field.kind == "instant":
        element["initial_date_time"] = int((now + AHEAD).timestamp())
    elif field.kind == "link" and field.hint:
        element["placeholder"] = plain_text(field.hint, 150)
    return element


def _written(field: Field) -> Json:
    """Slack refuses the whole form where more is filled in than may be."""
    most = min(field.limit, 3000)
    filled_in = harmless(field.value, most) if field.kind == "long_text" else one_line(field.value, most)
    shown: Json = {"multiline": field.kind == "long_text", "max_length": most}
    return shown | ({"initial_value": filled_in} if filled_in else {})


def _chosen(field: Field) -> Json:
    options = {value: {"text": plain_text(label, 75), "value": value} for value, label in field.options[:100]}
    shown: Json = {"options": list(options.values())}
    return shown | ({"initial_option": options[field.value]} if field.value in options else {})


def filled(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, str]:
    """A submission's `state.values` as the form's fields. What was left empty is left out."""
    fields: dict[str, str] = {}
    for block_id, elements in values.items():
        for element in elements.values():
            found = next((element[key] for key in _FILLED if element.get(key) is not None), None)
            if found is not None and block_id.startswith(FIELD):
                fields[block_id.removeprefix(FIELD)] = str(found["value"] if isinstance(found, dict) else found)
    return fields
