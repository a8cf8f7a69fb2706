"""A policy that is changed while alerts run under it."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta

from story.town import Town

from storage.policies import FRESH

EDITED = {"labels": {"ask": "edited"}}


def asked_after(town: Town, alert: str) -> timedelta:
    shown = town.alert(alert)
    return datetime.fromisoformat(shown["due_at"]) - datetime.fromisoformat(shown["raised_at"])


def version(town: Town, alert: str) -> int:
    found = town.store.alert(alert)
    assert found is not None
    return found.policy_version


def test_a_running_alert_keeps_its_version_and_its_timing_and_a_new_one_has_the_new(town: Town) -> None:
    running = town.raise_alert("desk-watch", **EDITED)
    town.card(running)
    before = version(town, running)
    change_the_policy(town, "nudge_every: 10m", "nudge_every: 45m")
    said = town.cli("policy", "apply")
    assert (
        "edited: changed" in said
        and "nudge every: 10m ▸ 45m" in said
        and "--open puts them under the newest one." in said
    )

    time.sleep(FRESH)  # for so long every process takes the newest version that it knows for granted
    fresh = town.raise_alert("gate-watch", **EDITED)
    town.card(fresh)
    assert (version(town, running), version(town, fresh)) == (before, before + 1)
    assert (asked_after(town, running), asked_after(town, fresh)) == (timedelta(minutes=10), timedelta(minutes=45))

    town.forward(minutes=10)
    town.happened(running, "raised", "nudged")
    town.forward(minutes=10)
    town.happened(running, "raised", "nudged", "nudged")
    assert town.kinds(fresh) == ["raised"]
    town.forward(minutes=25)
    town.happened(fresh, "raised", "nudged")

    # Put under the newest one by an admin, it is asked at the new pace.
    open_ones = town.raise_alert("model-watch", **EDITED)
    town.card(open_ones)
    change_the_policy(town, "nudge_every: 45m", "nudge_every: 20m")
    refused = town.cli("policy", "apply", "--open", "--yes", "--by", "ben@acme.example", check=False)
    assert refused == "" and version(town, open_ones) == before + 1
    said = town.cli("policy", "apply", "--open", "--yes", "--by", "elsa@acme.example")
    assert open_ones[-6:] in said
    town.happened(open_ones, "raised", "repoliced")
    assert version(town, open_ones) == before + 2
    assert asked_after(town, open_ones) == timedelta(minutes=20)
    town.forward(minutes=20)
    town.happened(open_ones, "raised", "repoliced", "nudged")


def change_the_policy(town: Town, old: str, new: str) -> None:
    """In the file of the town, under `edited` alone."""
    file = town.folder / "closeloop.yaml"
    head, name, rest = file.read_text().partition("  edited:\n")
    assert name and old in rest
    file.write_text(head + name + re.sub(re.escape(old), new, rest, count=1))
