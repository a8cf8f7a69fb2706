"""What is asked of a person before some acts, for any chat to show as its own form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.core.signal import Severity


@dataclass(frozen=True, kw_only=True)
class Field:
    """One thing to fill in. `kind`: text | long_text | link | person | instant | choice."""

    name: str
    label: str
    kind: str
    required: bool = True
    hint: str = ""
    limit: int = 3000
    options: tuple[tuple[str, str], ...] = ()
    """of a choice: (value, label)"""
    value: str = ""
    """what it is filled with at first: a text, or a choice's value"""


@dataclass(frozen=True, kw_only=True)
class Form:
    act: str
    title: str
    submit: str
    fields: tuple[Field, ...]

    def filled(self, values: Mapping[str, str]) -> Form:
        """The same with these fields filled in already."""
        fields = (replace(one, value=values[one.name]) if one.name in values else one for one in self.fields)
        return replace(self, fields=tuple(fields))


FORMS: dict[str, Form] = {
    form.act: form
    for form in (
        Form(
            act="resolve",
            title="Resolve",
            submit="Resolve",
            fields=(
                Field(
                    name="what", label="What was done?", kind="long_text", hint="Enough for somebody else to check it."
                ),
                Field(name="link", label="Link to what was done", kind="link", required=False, hint="https://…"),
            ),
        ),
        Form(
            act="reassign",
            title="Reassign",
            submit="Reassign",
            fields=(
                Field(name="person", label="Who owns this from now on?", kind="person"),
                Field(name="reason", label="Why them?", kind="text", required=False, limit=500),
            ),
        ),
        Form(
            act="snooze",
            title="Snooze",
            submit="Snooze",
            fields=(Field(name="until", label="Quiet until", kind="instant", hint="A snooze always ends."),),
        ),
        Form(
            act="dismiss",
            title="Dismiss",
            submit="Dismiss",
            fields=(Field(name="reason", label="Why should this not have been raised?", kind="long_text"),),
        ),
        Form(
            act="note",
            title="Note",
            submit="Add note",
            fields=(Field(name="text", label="Note", kind="long_text", hint="Shown in the card's thread."),),
        ),
        Form(
            act="add_responder",
            title="Add a responder",
            submit="Ask them",
            fields=(
                Field(name="person", label="Who is asked to help?", kind="person", hint="The owner stays who it is."),
            ),
        ),
        Form(
            act="raise",
            title="Raise as alert",
            submit="Raise",
            fields=(
                Field(name="title", label="What is wrong?", kind="text", limit=200),
                Field(
                    name="severity",
                    label="How bad is it?",
                    kind="choice",
                    options=tuple((one.value, one.value.capitalize()) for one in Severity),
                    value=Severity.WARNING.value,
                ),
                Field(
                    name="person",
                    label="Who should own it?",
                    kind="person",
                    required=False,
                    hint="Left empty, the routing rules decide.",
                ),
                Field(name="summary", label="More about it", kind="long_text", required=False),
            ),
        ),
        Form(
            act="reopen",
            title="Reopen",
            submit="Reopen",
            fields=(Field(name="reason", label="Why is this not over?", kind="long_text"),),
        ),
    )
}
