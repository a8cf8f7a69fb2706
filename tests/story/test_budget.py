"""Attention is scarce: beyond so many reminders an hour one message says the rest; what is critical always comes."""

from __future__ import annotations

from story.seen import Shown
from story.town import Town

PAT = {"owner": "pat@acme.example"}
MOST = 8
"""reminders an hour, as closeloop.yaml of the stories has it"""


def digests(town: Town) -> list[Shown]:
    """What Pat was told of many alerts at once; a morning's list may come between, as the hour wills."""
    return [one for one in town.letters("pat") if one.kind == "digest"]


def nudged(town: Town, alert: str) -> dict[str, object]:
    """What the trail says of the first nudge."""
    town.until(lambda: "nudged" in town.kinds(alert), why="it was never nudged")
    return dict(town.events(alert)[1]["data"])


def test_beyond_the_budget_of_an_hour_one_digest_says_the_rest_and_critical_alerts_come_at_once(town: Town) -> None:
    town.joins("pat")
    alerts = [town.raise_alert(**PAT, title=f"Mismatch number {n}", severity="error") for n in range(MOST + 4)]
    town.card(alerts[-1])
    town.forward(minutes=10)
    batched = [alert for alert in alerts if nudged(town, alert).get("in_digest")]
    # Two workers may count at the same moment.
    assert 3 <= len(batched) <= 4
    for alert in set(alerts) - set(batched):
        town.thread(alert, 1)

    (digest,) = town.until(lambda: digests(town), why="no digest came")
    assert digest.kind == "digest" and digest.buttons == []
    assert f"{len(batched)} alerts wait for you: {len(batched)} error." in digest.says
    named = [town.alert(alert)["title"] for alert in batched]
    assert all(title in digest.says for title in named)
    for alert in batched:
        assert town.thread(alert) == []
        assert "(in their next digest)" in town.card(alert, shows="Asked again").says

    grave = town.raise_alert(**PAT, severity="critical")
    town.card(grave)
    town.forward(minutes=10)
    assert "in_digest" not in nudged(town, grave)
    (nudge,) = town.thread(grave, 1)
    assert nudge.mentions == {"U0PAT"}

    # What was to come in an hour is worth nothing any more where all of it is over by then.
    for alert in (*alerts, grave):
        assert town.cleared(alert).is_success
    town.forward(hours=1)


def test_whoever_prefers_digests_is_told_of_what_is_not_urgent_once_an_hour(town: Town) -> None:
    pat = town.joins("pat")
    assert "one message an hour" in pat.type("/loop prefer digest").says
    mild = town.raise_alert(**PAT, severity="warning", title="A warning for later")
    grave = town.raise_alert(**PAT, severity="error", title="An error for now")
    town.card(mild), town.card(grave)
    before = len(digests(town))
    town.forward(minutes=10)

    assert nudged(town, mild)["in_digest"] == ["pat@acme.example"]
    assert "in_digest" not in nudged(town, grave)
    town.thread(grave, 1)
    digest = town.until(lambda: digests(town)[before:], why="no digest came")[0]
    assert "A warning for later" in digest.says and "An error for now" not in digest.says
    assert town.thread(mild) == []

    # The next one an hour later, whatever comes meanwhile.
    again = town.raise_alert(**PAT, severity="warning", title="Another warning")
    town.card(again)
    town.forward(minutes=10)
    assert nudged(town, again)["in_digest"] == ["pat@acme.example"]
    assert len(digests(town)) == before + 1
    town.forward(minutes=50)
    digest = town.until(lambda: digests(town)[before + 1 :], why="no second digest came")[0]
    assert "Another warning" in digest.says

    assert "You are told of everything at once." in pat.type("/loop prefer instant").says
