"""An alert that a person raises from a message: the same life as any other, with the person's name in its trail."""

from __future__ import annotations

from bot.acts import Arrival
from bot.attendance import BY_HAND
from bot.core.events import Actor
from bot.core.forms import FORMS
from bot.core.people import Person
from bot.core.signal import Evidence, Severity, Signal
from bot.core.state import Refused
from bot.core.text import Ref, host, one_line, sentence
from bot.loop import Loop
from bot.people import People
from bot.ports import Answer, Gesture, Interaction


def form(gesture: Gesture, person: Person) -> Answer:
    """What the message says already is filled in."""
    if not person.may_own:
        return Answer(ok=False, said=sentence("Only full members of this workspace can raise alerts."))
    text = gesture.fields.get("text", "").strip()
    first, _, rest = text.partition("\n")
    return Answer(ok=True, form=FORMS["raise"].filled({"title": one_line(first, 200), "summary": rest.strip()[:2900]}))


def raise_alert(gesture: Gesture, person: Person, *, people: People, loop: Loop) -> Answer:
    """Raise it. The form may be sent twice: it is one alert."""
    fields = gesture.fields
    title = one_line(fields.get("title", ""), 200)
    if not person.may_own or not title:
        return Answer(ok=False, said=sentence("Say in a few words what is wrong."), wrong="title")
    owner = people.by_chat(gesture.platform, fields["person"]) if fields.get("person") else None
    if fields.get("person") and (owner is None or not owner.may_own):
        return Answer(ok=False, said=sentence("They cannot own alerts."), wrong="person")
    signal = _signal(fields, title, person, owner)
    asked = Interaction(source=f"{gesture.platform}:gesture", id=gesture.id)
    by = Actor(kind="person", id=person.id, name=person.name)
    received = loop.receive([Arrival(signal=signal, interaction=asked, by=by, looked=loop.look_up(signal))])[0]
    if isinstance(received, Refused):
        return Answer(ok=False, said=received.why)
    return Answer(ok=True, said=sentence("Raised as ", Ref(received.alert_id), "."))


def _signal(fields: object, title: str, person: Person, owner: Person | None) -> Signal:
    given: dict[str, str] = dict(fields)  # type: ignore[call-overload]
    link = given.get("link", "")
    severity = given.get("severity", "")
    return Signal(
        source=BY_HAND,
        title=title,
        severity=Severity(severity) if severity in list(Severity) else Severity.WARNING,
        summary=given.get("summary") or None,
        owner=owner.id if owner else None,
        evidence=(Evidence(label="The message", url=link),) if host(link) else (),
        labels={"raised_by": person.id},
    )
