"""Forms as cards, and what was filled into them as plain fields.

A form takes the place of the card in the view of whoever pressed, and of nobody else: it is the answer to their
`Action.Execute`. A dialog would need `Action.Submit`, a second request to fetch it and a third way to answer; and what
goes wrong is said in the form itself, which stays filled. Dialogs are left to the message extension, which has no card.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.fitting import People
from bot.core.forms import Field, Form
from bot.core.hours import zone
from bot.core.state import Alert
from bot.core.text import Quote, Text, Words, harmless, one_line
from connectors.chat.teams.cards import About, execute, whole
from connectors.chat.teams.lists import filters
from connectors.chat.teams.text import Json, Mentions, inert, line, title

FIELD, DATE, TIME = "field:", ":date", ":time"
AHEAD = timedelta(hours=1)
"""the instant offered first"""
USERS = {"type": "Data.Query", "dataset": "graph.microsoft.com/users"}
"""Teams' own choice of people; what is chosen comes as an Entra object id"""


def form_card(  # noqa: PLR0913  what it asks, about what, for whom, and what was wrong
    form: Form,
    alert: Alert | None,
    what: About,
    *,
    now: datetime,
    time_zone: str = "UTC",
    wrong: Text = (),
    people: People | None = None,
    dialog: bool = False,
) -> Json:
    """The form. `wrong`: why it comes back; `dialog`: shown by Teams as a window, which sends and closes by itself."""
    local = now.astimezone(zone(time_zone)) + AHEAD
    body = [
        *title(form.title, {}, size="Medium"),
        *line(_of(alert), {}, Mentions()),
        *_wrong(wrong, people or {}),
        *(element for field in form.fields for element in _inputs(field, local)),
        {"type": "ActionSet", "actions": _ends(form, what, dialog=dialog)},
    ]
    return whole(body, about=form.title)


def _of(alert: Alert | None) -> Text:
    return (Words(f"#{alert.short} "), Quote(one_line(alert.signal.title, 150), bold=True)) if alert else ()


def _wrong(wrong: Text, people: People) -> list[Json]:
    said = line(wrong, people, Mentions(), color="Attention")
    return [{"type": "Container", "style": "attention", "items": said}] if said else []


def _ends(form: Form, what: About, *, dialog: bool) -> list[Json]:
    back = About(**(vars(what) | {"more": filters(what)}))
    filled = About(**(vars(what) | {"more": {**what.more, "filled": form.act}}))
    if dialog:
        return [{"type": "Action.Submit", "title": form.submit, "data": {**filled.data, "verb": form.act}}]
    send = execute(form.submit, form.act, filled, style="primary")
    cancel = execute("Cancel", "card", back) | {"associatedInputs": "None"}
    return [send, cancel]


def confirmation(what: About) -> Json:
    """`Not mine` hands the alert to somebody else: asked once more, as every chat does."""
    asked = (Words("Not yours?", bold=True), Words(" Somebody else becomes the owner and is asked in your place."))
    sure = About(**(vars(what) | {"more": {**what.more, "sure": "yes"}}))
    actions = [execute("Not mine", "not_mine", sure, style="danger"), execute("Keep it", "card", what)]
    return whole([*line(asked, {}, Mentions()), {"type": "ActionSet", "actions": actions}], about="Not yours?")


def _inputs(field: Field, local: datetime) -> list[Json]:
    name = f"{FIELD}{field.name}"
    shown: Json = {"id": name, "label": field.label, "isRequired": field.required}
    if field.required:
        shown["errorMessage"] = "This is needed."
    hint = {"placeholder": inert(field.hint)} if field.hint else {}
    if field.kind == "instant":
        return _instant(shown, local, hint=field.hint)
    if field.kind == "person":
        return [{"type": "Input.ChoiceSet", **shown, **hint, "choices": [], "choices.data": USERS, **_value(field)}]
    if field.kind == "choice":
        choices = [{"title": label, "value": value} for value, label in field.options[:100]]
        return [{"type": "Input.ChoiceSet", **shown, "choices": choices, **_value(field)}]
    return [{"type": "Input.Text", **shown, **hint, **_written(field)}]


def _written(field: Field) -> Json:
    most = min(field.limit, 3000)
    filled_in = harmless(field.value, most) if field.kind == "long_text" else one_line(field.value, most)
    shown: Json = {"isMultiline": field.kind == "long_text", "maxLength": most}
    if field.kind == "link":
        shown["style"] = "Url"
    return shown | ({"value": inert(filled_in)} if filled_in else {})


def _value(field: Field) -> Json:
    return {"value": field.value} if field.value else {}


def _instant(shown: Json, local: datetime, *, hint: str) -> list[Json]:
    """A day and a time, both in the zone of whoever fills it in."""
    day = shown | {"id": f"{shown['id']}{DATE}", "type": "Input.Date", "value": local.strftime("%Y-%m-%d")}
    clock: Json = {"type": "Input.Time", "id": f"{shown['id']}{TIME}", "value": local.strftime("%H:%M")}
    clock |= {"label": f"at ({local.tzname() or 'UTC'})", "isRequired": True, "errorMessage": "This is needed."}
    said = [{"type": "TextBlock", "text": inert(hint), "wrap": True, "isSubtle": True, "size": "Small"}] if hint else []
    return [day, clock, *said]


def filled(data: Mapping[str, Any], *, time_zone: str = "UTC") -> dict[str, str]:
    """What came back as the form's fields; an instant as Unix seconds. What was left empty is left out."""
    fields: dict[str, str] = {}
    for key, value in data.items():
        if key.startswith(FIELD) and isinstance(value, str) and value and not key.endswith((DATE, TIME)):
            fields[key.removeprefix(FIELD)] = value
        elif key.startswith(FIELD) and key.endswith(DATE):
            name = key.removeprefix(FIELD).removesuffix(DATE)
            fields[name] = _seconds(value, data.get(f"{FIELD}{name}{TIME}"), zone(time_zone))
    return fields


def _seconds(day: Any, clock: Any, where: ZoneInfo) -> str:
    """Empty where it is no instant: whoever reads it says so."""
    try:
        at = datetime.fromisoformat(f"{day}T{clock}")
        return str(int(at.replace(tzinfo=where).timestamp())) if at.tzinfo is None else ""
    except (ValueError, OverflowError):
        return ""
