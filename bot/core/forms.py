"""What is asked of a person before some acts, for any chat to show as its own form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Field:
    """One thing to fill in. `kind`: text | long_text | link | person | instant."""

    name: str
    label: str
    kind: str
    required: bool = True
    hint: str = ""
    limit: int = 3000


@dataclass(frozen=True, kw_only=True)
class Form:
    act: str
    title: str
    submit: str
    fields: tuple[Field, ...]


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
            act="reopen",
            title="Reopen",
            submit="Reopen",
            fields=(Field(name="reason", label="Why is this not over?", kind="long_text"),),
        ),
    )
}
