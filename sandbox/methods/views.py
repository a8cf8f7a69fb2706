"""views.*: modals and Home tabs."""

from __future__ import annotations

from typing import Any

from sandbox.blocks import check_view, is_too_large, with_ids
from sandbox.call import Call
from sandbox.errors import Json, SlackError, invalid_arguments
from sandbox.files import unknown_pictures
from sandbox.tickets import Trigger
from sandbox.views import View
from sandbox.workspace import Workspace


def checked_view(ws: Workspace, view: Any, kind: str) -> Json:
    """Raises SlackError invalid_arguments with JSON pointers, view_too_large."""
    if not isinstance(view, dict):
        raise invalid_arguments("missing required field: view")
    errors = check_view(view, kind).errors or unknown_pictures(ws.files, view["blocks"], "/view/blocks")
    if errors:
        raise SlackError("invalid_arguments", response_metadata={"messages": errors})
    if is_too_large(view):
        raise SlackError("view_too_large")
    return {**view, "blocks": with_ids(view["blocks"])}


def _wanted(call: Call, kind: str) -> Json:
    return checked_view(call.ws, call.args.structure("view", malformed="invalid_arguments"), kind)


def _trigger(call: Call) -> Trigger:
    """Some SDKs send the trigger as interactivity_pointer."""
    return call.ws.tickets.redeem(call.args.text("trigger_id") or call.args.required("interactivity_pointer"))


def _answer(call: Call, view: View) -> Json:
    call.ws.hub.changed("view")
    return {"view": view.as_json()}


def open_modal(call: Call) -> Json:
    trigger = _trigger(call)
    view = call.ws.views.open(trigger.user, _wanted(call, "modal"))
    trigger.used = True
    return _answer(call, view)


def push(call: Call) -> Json:
    trigger = _trigger(call)
    if trigger.view_id is None:
        raise SlackError("not_found")  # there is no modal to push on
    view = call.ws.views.push(trigger.user, _wanted(call, "modal"))
    trigger.used = True
    return _answer(call, view)


def update(call: Call) -> Json:
    """Raises SlackError not_found: closed meanwhile, or never there."""
    view = call.ws.views.find(call.args.text("view_id"), call.args.text("external_id"))
    if view is None:
        raise SlackError("not_found")
    body = _wanted(call, str(view.body["type"]))
    return _answer(call, call.ws.views.update(view, body, expected_hash=call.args.text("hash")))


def publish(call: Call) -> Json:
    person = call.person("user_id", missing="user_not_found")
    body = _wanted(call, "home")
    view = call.ws.views.publish(person.id, body, expected_hash=call.args.text("hash"))
    call.ws.journal.write("home", {"user": person.id, "body": body})
    return _answer(call, view)
