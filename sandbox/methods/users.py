"""users.* and dnd.info: who somebody is."""

from __future__ import annotations

from sandbox.call import Call
from sandbox.config import BOT_USER
from sandbox.errors import Json, SlackError
from sandbox.paging import page
from sandbox.people import Person, as_slack_user, custom_fields, dnd, profile


def _shape(call: Call, person: Person) -> Json:
    return as_slack_user(person, call.ws.clock.now(), with_email=call.has("users:read.email"))


def info(call: Call) -> Json:
    return {"user": _shape(call, call.person())}


def listing(call: Call) -> Json:
    shapes = [_shape(call, p) for p in call.ws.people.values()]
    return page(call.args, "members", shapes) | {"cache_ts": int(call.ws.clock.now())}


def by_email(call: Call) -> Json:
    """The deactivated are not found. Raises SlackError users_not_found."""
    wanted = (call.args.text("email") or "").lower()
    for person in call.ws.people.values():
        if wanted and person.email.lower() == wanted and not person.deleted:
            return {"user": _shape(call, person)}
    raise SlackError("users_not_found")


def profile_get(call: Call) -> Json:
    person = call.person() if "user" in call.args else call.ws.people[BOT_USER]
    shape = profile(person, call.ws.clock.now(), with_email=call.has("users:read.email"))
    return {"profile": shape | {"fields": custom_fields(person, labels=call.args.flag("include_labels"))}}


def dnd_info(call: Call) -> Json:
    return dnd(call.person(), call.ws.clock.now())
