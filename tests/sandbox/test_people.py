"""People and user groups as they change: status, manager, membership; told, kept and read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.sandbox.conftest import until


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        call(**arguments)
    return str(error.value.response["error"])


def status(profile: Any) -> tuple[str, str, int]:
    return profile["status_text"], profile["status_emoji"], profile["status_expiration"]


def test_a_status_is_in_every_profile_until_its_time_is_over(start: Any) -> None:
    box = start()
    slack = box.client()
    ends = int(box.state()["clock"]["now"]) + 3600
    box.post("users/U0ANA", status_text="Vacationing", status_emoji=":palm_tree:", status_expiration=ends)

    def everywhere() -> set[tuple[str, str, int]]:
        return {
            status(slack.users_info(user="U0ANA")["user"]["profile"]),
            status(slack.users_lookupByEmail(email="ana@acme.example")["user"]["profile"]),
            status(slack.users_profile_get(user="U0ANA")["profile"]),
            status(box.state()["me"]),
        }

    assert everywhere() == {("Vacationing", ":palm_tree:", ends)}
    box.post("clock", advance=3601)
    assert everywhere() == {("", "", 0)}


def test_a_status_is_set_as_a_whole_and_told(box: Any, bot: Any, slack: WebClient) -> None:
    box.post("users/U0ANA", status_text="At lunch", status_emoji=":coffee:", status_expiration=9_999_999_999)
    box.post("users/U0ANA", status_text="Sick")
    assert status(slack.users_profile_get(user="U0ANA")["profile"]) == ("Sick", ":speech_balloon:", 0)
    box.post("users/U0ANA", status_text="")
    assert status(slack.users_profile_get(user="U0ANA")["profile"]) == ("", "", 0)
    until(lambda: len(bot.heard) == 3)
    told = {heard.payload["event"]["user"]["profile"]["status_text"] for heard in bot.heard}
    assert told == {"At lunch", "Sick", ""}


@pytest.mark.parametrize(
    "wrong",
    [
        {"status_text": "x" * 101},
        {"status_text": 5},
        {"status_emoji": "palm_tree"},
        {"status_text": "x", "status_expiration": -1},
        {"status_text": "x", "status_expiration": "tomorrow"},
        {"manager": "U0NOBODY"},
    ],
)
def test_a_status_or_manager_that_cannot_be_is_refused(box: Any, wrong: Any) -> None:
    assert box.http.post(f"{box.url}/sandbox/api/users/U0ANA", json=wrong).status_code == 400


def test_a_manager_is_changed_and_taken_away(box: Any, slack: WebClient) -> None:
    box.post("users/U0ANA", manager="U0BEN")
    field = slack.team_profile_get()["profile"]["fields"][0]["id"]
    fields = slack.users_profile_get(user="U0ANA", include_labels=True)["profile"]["fields"]
    assert fields[field] == {"value": "U0BEN", "alt": "", "label": "Manager"}
    box.post("users/U0ANA", manager=None)
    assert slack.users_profile_get(user="U0ANA")["profile"]["fields"] is None


def test_groups_have_handles_and_their_members_change(box: Any, slack: WebClient) -> None:
    handles = {g["handle"]: g["id"] for g in slack.usergroups_list()["usergroups"]}
    assert {"ap-team", "data-team"} <= handles.keys()
    ap_team = handles["ap-team"]
    assert slack.usergroups_users_list(usergroup=ap_team)["users"] == ["U0ANA", "U0BEN"]
    box.post(f"usergroups/{ap_team}", add=["U0CLEO"], remove=["U0ANA"])
    assert slack.usergroups_users_list(usergroup=ap_team)["users"] == ["U0BEN", "U0CLEO"]
    box.post(f"usergroups/{ap_team}", users=["U0ELSA"], handle="@payables")
    (found,) = [g for g in slack.usergroups_list(include_count=True)["usergroups"] if g["id"] == ap_team]
    assert (found["handle"], found["user_count"], "users" in found) == ("payables", 1, False)


def test_a_disabled_group_is_out_of_sight(box: Any, slack: WebClient) -> None:
    made = box.post("usergroups", handle="night-shift", users=["U0BEN"])["usergroup"]["id"]
    box.post(f"usergroups/{made}", disabled=True)
    assert made not in [g["id"] for g in slack.usergroups_list()["usergroups"]]
    assert made in [g["id"] for g in slack.usergroups_list(include_disabled=True)["usergroups"]]
    assert refused(slack.usergroups_users_list, usergroup=made) == "subteam_disabled"
    assert refused(slack.usergroups_users_list, usergroup="S0NOBODY") == "no_such_subteam"
    box.post(f"usergroups/{made}", disabled=False)
    assert slack.usergroups_users_list(usergroup=made)["users"] == ["U0BEN"]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("usergroups", {}, 400),
        ("usergroups", {"handle": "ap-team"}, 400),
        ("usergroups", {"handle": "x", "users": ["U0NOBODY"]}, 400),
        ("usergroups/S0APTEAM", {"handle": "finance"}, 400),
        ("usergroups/S0APTEAM", {"add": ["U0LOOP"]}, 400),
        ("usergroups/S0NOBODY", {"add": ["U0ANA"]}, 404),
    ],
)
def test_a_group_that_cannot_be_is_refused(box: Any, path: str, body: Any, code: int) -> None:
    assert box.http.post(f"{box.url}/sandbox/api/{path}", json=body).status_code == code


def test_members_who_move_are_told_where_the_app_listens(start: Any, bot: Any) -> None:
    box = start(events=frozenset({"subteam_members_changed"}))
    box.post("usergroups/S0APTEAM", name="Payables")
    box.post("usergroups/S0APTEAM", add=["U0CLEO"], remove=["U0ANA"])
    until(lambda: bot.heard)
    (event,) = [heard.payload["event"] for heard in bot.heard]
    assert (event["subteam_id"], event["added_users"], event["removed_users"]) == ("S0APTEAM", ["U0CLEO"], ["U0ANA"])


def test_a_mention_of_a_group_waits_for_its_members(box: Any, bot: Any, slack: WebClient) -> None:
    for who in ("U0BEN", "U0CLEO"):
        box.post("read", **{"as": who}, channel="C0ALERTS")
    section = {"type": "rich_text_section", "elements": [{"type": "usergroup", "usergroup_id": "S0APTEAM"}]}
    slack.chat_postMessage(channel="C0ALERTS", text="<!subteam^S0APTEAM> look")
    slack.chat_postMessage(channel="C0ALERTS", text="x", blocks=[{"type": "rich_text", "elements": [section]}])
    waiting = {who: {c["id"]: c["mentions"] for c in box.state(who)["channels"]} for who in ("U0BEN", "U0CLEO")}
    assert (waiting["U0BEN"]["C0ALERTS"], waiting["U0CLEO"]["C0ALERTS"]) == (2, 0)
    bot.says("ok")
    box.post("command", **{"as": "U0ANA"}, channel="C0ALERTS", command="/loop", text="to @ap-team")
    assert bot.last["text"] == "to <!subteam^S0APTEAM|@ap-team>"


def test_what_changed_about_people_and_groups_outlives_a_restart(start: Any, tmp_path: Path) -> None:
    journal = tmp_path / "workspace.jsonl"
    box = start(data_file=journal)
    box.post("users/U0ANA", status_text="Vacationing", status_emoji=":palm_tree:")
    box.post("users/U0BEN", manager="U0ELSA", deleted=True)
    box.post("usergroups/S0APTEAM", remove=["U0ANA"])
    box.post("usergroups", handle="night-shift", users=["U0BEN"])
    again = start(data_file=journal).client()
    assert status(again.users_info(user="U0ANA")["user"]["profile"]) == ("Vacationing", ":palm_tree:", 0)
    assert again.users_info(user="U0BEN")["user"]["deleted"] is True
    groups = {g["handle"]: g["users"] for g in again.usergroups_list(include_users=True)["usergroups"]}
    assert (groups["ap-team"], groups["night-shift"]) == (["U0BEN"], ["U0BEN"])
