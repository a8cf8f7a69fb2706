"""One act on several alerts at once: each is decided by itself, and the answer says what became of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.core.forms import FORMS
from bot.core.text import Ref, Text, sentence
from bot.ports import Answer, Gesture

MOST = 50
"""alerts of one act"""
TOLD = 5
"""of those that were refused, how many are named"""
NOTHING = Answer(ok=False, said=sentence("Pick one or more alerts first."))


def picked(gesture: Gesture) -> list[Gesture]:
    """The gesture once for each alert that was picked, each with an id of its own: a repeat of it is known."""
    found: dict[str, Gesture] = {}
    for one in gesture.fields.get("picked", "").split()[:MOST]:
        alert_id, _, seen = one.rpartition(":")
        if alert_id and seen.isdecimal():
            found[alert_id] = replace(gesture, id=f"{gesture.id}:{alert_id}", alert_id=alert_id, seen=int(seen))
    return list(found.values())


def form(gesture: Gesture) -> Answer:
    """What has to be filled in, once for all of them."""
    wanted, count = FORMS.get(gesture.fields.get("for", "")), len(picked(gesture))
    if wanted is None or not count:
        return NOTHING
    return Answer(ok=True, form=replace(wanted, title=f"{wanted.title} {count} alert{'' if count == 1 else 's'}"))


def do(gesture: Gesture, act: Callable[[Gesture], Answer]) -> Answer:
    """The act on each of them."""
    asked = picked(gesture)
    if not asked:
        return NOTHING
    answers = [(one.alert_id, act(one)) for one in asked]
    refused = [(alert_id, answer) for alert_id, answer in answers if not answer.ok]
    if len(refused) == len(answers) and refused[0][1].wrong:
        return refused[0][1]  # what was filled in is wrong for all of them: the form stays open
    return Answer(ok=len(refused) < len(answers), said=_sum(len(answers) - len(refused), refused))


def _sum(done: int, refused: list[tuple[str, Answer]]) -> Text:
    said: Text = sentence(f"Done for {done} alert{'' if done == 1 else 's'}.") if done else ()
    for alert_id, answer in refused[:TOLD]:
        said += sentence(" " if said else "", "Not for ", Ref(alert_id), ": ", *answer.said)
    left = len(refused) - TOLD
    return said + (sentence(f" Nor for {left} others.") if left > 0 else ())
