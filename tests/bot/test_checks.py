"""Start-up checks: each problem is found, has an id that stays, and says what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import checks, microsoft
from bot.checks import Problem
from bot.environment import Environment, environment
from bot.ports import Away, Store
from storage.memory import MemoryStore

WELL = """\
fallback: {owner: elsa@acme.example, channel: "#ai-exceptions"}
people:
  ana@acme.example: {manager: elsa@acme.example}
policies:
  default: {hours: always, verify: never}
"""
SLACK = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"}
HOOK = {"CLOSELOOP_OPERATOR_WEBHOOK": "https://hooks.acme.example/x"}
NO_HOOK = {"CLOSELOOP_OPERATOR_WEBHOOK": ""}


class Redis:
    def __init__(self, *, there: bool = True) -> None:
        self.there = there

    def hint(self, job: str, ids: object, /) -> bool:
        return self.there

    def ping(self) -> bool:
        return self.there


def no_problems(token: str, base_url: str, channels: tuple[str, ...]) -> list[tuple[str, str, str]]:
    return []


def opening(env: Environment) -> Store:
    return MemoryStore()


Check = Callable[..., list[Problem]]


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Check:
    """Everything in order, except for what a test says."""

    def run(
        *, config: str = WELL, redis: bool = True, variables: dict[str, str] | None = None, **asked: object
    ) -> list[Problem]:
        Path("closeloop.yaml").write_text(config)
        for name, value in ({**SLACK, **HOOK, "CLOSELOOP_SECRET_KEY": "k" * 32} | (variables or {})).items():
            monkeypatch.setenv(name, value)
        given: dict[str, object] = {
            "open_store": opening,
            "queue": lambda url: Redis(there=redis),
            "slack": no_problems,
            "microsoft": lambda env, config: [],
            "teams": lambda env, config: [],
        } | asked
        return checks.run(environment(), **given)  # type: ignore[arg-type]

    return run


def ids(found: list[Problem]) -> list[str]:
    return [problem.id for problem in found]


def test_nothing_is_found_where_everything_is_in_order(check: Check) -> None:
    assert check() == []


def test_a_database_that_is_away_is_an_error_without_its_password(check: Check) -> None:
    def away(env: Environment) -> Store:
        raise Away("postgresql://loop:hunter2@db/loop refused the connection")

    (found,) = check(open_store=away)
    assert (found.id, found.level) == ("CL001", "error")
    assert "postgresql://…@db/loop refused" in found.what


def test_redis_is_asked_only_where_it_is_not_embedded(check: Check) -> None:
    assert check(redis=False) == []
    assert ids(check(redis=False, variables={"CLOSELOOP_REDIS_URL": "redis://cache"})) == ["CL003"]


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"SLACK_BOT_TOKEN": ""}, ["CL020"]),
        ({"SLACK_SIGNING_SECRET": ""}, ["CL021"]),
        ({"SLACK_SIGNING_SECRET": "", "SLACK_APP_TOKEN": "xapp-1"}, []),
        ({"SLACK_BOT_TOKEN": "xoxp-1"}, ["CL022"]),
        ({"SLACK_BOT_TOKEN": "xoxe.xoxb-1"}, []),
        ({"CLOSELOOP_SECRET_KEY": ""}, ["CL004"]),
        ({"CLOSELOOP_SECRET_KEY": "short"}, ["CL004"]),
        ({"CLOSELOOP_DATABSE_URL": "x"}, ["CL005"]),
        (NO_HOOK, ["CL030"]),
        ({**NO_HOOK, "SLACK_API_URL": "http://127.0.0.1:8081/api"}, []),
        ({**NO_HOOK, "CLOSELOOP_OPERATOR_EMAIL": "oncall@acme.example"}, ["CL031"]),
        ({**NO_HOOK, "CLOSELOOP_SMTP_URL": "smtps://mail.acme.example"}, ["CL031"]),
        ({"CLOSELOOP_SMTP_URL": "smtps://mail.acme.example"}, ["CL031"]),
        (
            {
                **NO_HOOK,
                "CLOSELOOP_OPERATOR_EMAIL": "oncall@acme.example",
                "CLOSELOOP_SMTP_URL": "smtps://mail.acme.example",
            },
            [],
        ),
    ],
)
def test_each_variable_that_is_missing_or_wrong_is_found(
    variables: dict[str, str], found: list[str], check: Check
) -> None:
    assert ids(check(variables=variables)) == found


def test_half_an_email_is_an_error_that_names_the_other_half(check: Check) -> None:
    (found,) = check(variables={**NO_HOOK, "CLOSELOOP_OPERATOR_EMAIL": "oncall@acme.example"})
    assert (found.level, found.to_do) == ("error", "Set CLOSELOOP_SMTP_URL as well.")


def test_the_misspelt_variable_is_named_with_the_right_one(check: Check) -> None:
    (found,) = check(variables={"CLOSELOOP_DATABSE_URL": "x"})
    assert "CLOSELOOP_DATABSE_URL" in found.what and found.to_do == "Did you mean CLOSELOOP_DATABASE_URL?"


def test_what_a_chat_can_do_without_is_a_warning(check: Check) -> None:
    told = [("slack.scope.optional", "a", "b"), ("slack.scope", "c", "d")]
    found = check(slack=lambda *asked: told)
    assert [(problem.id, problem.level) for problem in found] == [
        ("slack.scope", "error"),
        ("slack.scope.optional", "warning"),
    ]


def test_each_mistake_of_the_file_is_an_error_of_its_own(check: Check) -> None:
    found = check(config=WELL + "peple: {}\nadmins: [elsa]\n")
    assert ids(found) == ["CL010", "CL010"]
    assert "closeloop.yaml:6: peple: unknown key; did you mean people?" in found[0].what


def test_what_the_file_asks_for_and_this_version_does_not_do_is_a_warning(check: Check) -> None:
    found = check(config=WELL.replace("never", "required"))
    assert [(problem.id, problem.level) for problem in found] == [("CL011", "warning")]
    assert "not verified yet" in found[0].what


OUTSIDE = """\
tables:
  owners: {file: owners.csv}
  cmdb: {url: "https://cmdb.acme.example/{key}", token_env: CLOSELOOP_CMDB}
schedules:
  support: {calendar: oncall.ics}
  abroad: {calendar: "https://cal.acme.example/oncall.ics"}
routing:
  - owner: {codeowners: CODEOWNERS, path: labels.path}
"""


def test_what_the_file_points_to_and_is_not_there_is_found(check: Check) -> None:
    found = {(problem.id, problem.level, problem.what) for problem in check(config=WELL + OUTSIDE)}
    assert found == {
        ("CL013", "error", "The table owners cannot be read: there is no file owners.csv."),
        ("CL013", "error", "The table codeowners:CODEOWNERS cannot be read: there is no file CODEOWNERS."),
        ("CL014", "warning", "The schedule support has no calendar: there is no file oncall.ics."),
        ("CL016", "error", "The table cmdb has no token: CLOSELOOP_CMDB is not set."),
    }


def test_what_the_file_points_to_and_is_there_is_in_order(check: Check) -> None:
    for name in ("owners.csv", "CODEOWNERS", "oncall.ics"):
        Path(name).write_text("")
    assert check(config=WELL + OUTSIDE, variables={"CLOSELOOP_CMDB": "s3cret"}) == []


def test_a_time_at_which_nobody_is_on_call_is_told_before_it_comes(check: Check) -> None:
    rotation = "{people: [ana@acme.example], every: week, since: 2026-01-05}"
    schedules = f"schedules:\n  pay: {{time_zone: Europe/Paris, rotations: [{rotation}]}}\n"
    (found,) = check(config=WELL + schedules, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert (found.id, found.level) == ("CL015", "warning")
    assert "schedules.pay: nobody is on call from 2026-01-01 00:00 to 2026-01-05 08:00 UTC" in found.what
    assert check(config=WELL + schedules, now=datetime(2026, 1, 6, tzinfo=UTC)) == []


def test_a_manager_whom_only_critical_alerts_ask_is_asked_all_the_same(check: Check) -> None:
    steps = (
        "policies:\n  default:\n    verify: never\n    acknowledge:\n"
        "      steps: [{who: '#x', nudge_every: 1h}]\n"
        "      critical: {steps: [{who: manager, nudge_every: 1h}, {who: '#x', nudge_every: 1h}]}\n"
    )
    head = WELL.partition("policies:")[0].replace("{manager: elsa@acme.example}", "{}")
    assert ids(check(config=head + steps)) == ["CL012"]


def test_people_without_a_manager_are_named_except_the_owner_of_last_resort(check: Check) -> None:
    more = "  dov@acme.example: {}\n  elsa@acme.example: {}\n"
    found = check(config=WELL.replace("policies:", more + "policies:"))
    assert ids(found) == ["CL012"]
    assert "dov@acme.example." in found[0].what and "elsa" not in found[0].what


def test_slack_is_asked_about_every_channel_and_answers_with_its_own_ids(check: Check) -> None:
    asked: list[tuple[str, str, tuple[str, ...]]] = []

    def slack(token: str, base_url: str, channels: tuple[str, ...]) -> list[tuple[str, str, str]]:
        asked.append((token, base_url, channels))
        return [("CL107", "The bot is not in #ai-exceptions.", "Type: /invite @Closeloop")]

    found = check(slack=slack)
    assert asked == [("xoxb-1", "https://slack.com/api/", ("#ai-exceptions",))]
    assert found == [
        Problem(id="CL107", level="error", what="The bot is not in #ai-exceptions.", to_do="Type: /invite @Closeloop")
    ]


def test_errors_come_before_warnings_and_every_problem_says_what_to_do(check: Check) -> None:
    found = check(variables={"CLOSELOOP_SECRET_KEY": "", "SLACK_BOT_TOKEN": ""})
    assert [problem.level for problem in found] == ["error", "warning"]
    assert all(problem.to_do for problem in found)


# ── Microsoft 365 ────────────────────────────────────────────────────────────────────────────────────────────────────

GRAPH = WELL + "directory: [file, graph, slack]\n"
MICROSOFT = {"MICROSOFT_TENANT_ID": "acme.example", "MICROSOFT_CLIENT_ID": "c1", "MICROSOFT_CLIENT_SECRET": "s"}


def test_graph_is_asked_only_where_the_file_names_it(check: Check) -> None:
    asked: list[Environment] = []
    assert check(variables=MICROSOFT, microsoft=lambda env, config: asked.append(env) or []) == []
    assert asked == []
    assert check(config=GRAPH, variables=MICROSOFT, microsoft=lambda env, config: asked.append(env) or []) == []
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("config", "variables", "why"),
    [
        (WELL + "work_items: {tool: todo}\n", {}, "work_items names a tool"),
        (WELL, {"MICROSOFT_MAIL_FROM": "closeloop@acme.example"}, "MICROSOFT_MAIL_FROM is set"),
    ],
)
def test_tasks_and_mail_need_graph_too(check: Check, config: str, variables: dict[str, str], why: str) -> None:
    (found,) = check(config=config, variables=variables)
    assert (found.id, found.level) == ("CL040", "error") and found.what.startswith(f"{why}, and MICROSOFT_TENANT_ID")
    said = [("microsoft.plan", "w", "d")]
    (asked,) = check(config=config, variables={**MICROSOFT, **variables}, microsoft=lambda env, config: said)
    assert (asked.id, asked.level) == ("microsoft.plan", "error")


@pytest.mark.parametrize("lacking", MICROSOFT)
def test_what_graph_needs_is_named(check: Check, lacking: str) -> None:
    (found,) = check(config=GRAPH, variables={**MICROSOFT, lacking: ""})
    assert (found.id, found.level) == ("CL040", "error")
    assert f" {lacking} " in found.what


OTHER_PROOFS = [
    {"MICROSOFT_CERTIFICATE": "pem"},
    {"MICROSOFT_PFX": "closeloop.pfx"},
    {"MICROSOFT_FEDERATED_TOKEN_PATH": "token"},
    {"MICROSOFT_MANAGED_IDENTITY": "system"},
]


@pytest.mark.parametrize("proof", OTHER_PROOFS)
def test_a_secret_is_not_the_only_proof(check: Check, proof: dict[str, str]) -> None:
    assert check(config=GRAPH, variables={**MICROSOFT, "MICROSOFT_CLIENT_SECRET": "", **proof}) == []


def test_what_microsoft_refuses_is_an_error_and_what_is_optional_a_warning(check: Check) -> None:
    said = [("microsoft.permission.optional", "w", "d"), ("microsoft.secret", "w", "d")]
    found = check(config=GRAPH, variables=MICROSOFT, microsoft=lambda env, config: said)
    assert [(problem.id, problem.level) for problem in found] == [
        ("microsoft.secret", "error"),
        ("microsoft.permission.optional", "warning"),
    ]


def test_a_certificate_that_is_none_is_told_without_asking_anybody(check: Check) -> None:
    (found,) = check(
        config=GRAPH, variables={**MICROSOFT, "MICROSOFT_CERTIFICATE": "hunter2"}, microsoft=microsoft.check
    )
    assert (found.id, found.level) == ("microsoft.credential", "error")
    assert "MICROSOFT_CERTIFICATE" in found.what and "hunter2" not in found.what


TEAMS = WELL + 'platform: teams\nteams: {channels: {"#ai-exceptions": "19:ab@thread.tacv2"}}\n'


def test_teams_is_asked_where_the_file_names_a_channel_of_it_and_the_environment_a_bot(check: Check) -> None:
    said = [("teams.person.optional", "w", "d"), ("teams.channel", "w", "d")]

    def told(env: Environment, config: object) -> list[tuple[str, str, str]]:
        return said

    found = check(config=TEAMS, variables={**MICROSOFT, "SLACK_BOT_TOKEN": ""}, teams=told)
    assert [(one.id, one.level) for one in found] == [("teams.channel", "error"), ("teams.person.optional", "warning")]
    assert check(teams=told) == []


def test_what_microsoft_refuses_for_graph_and_for_teams_is_told_once(check: Check) -> None:
    said = [("microsoft.secret", "w", "d")]
    found = check(
        config=TEAMS + "directory: [file, graph]\n",
        variables={**MICROSOFT, "SLACK_BOT_TOKEN": ""},
        microsoft=lambda env, config: said,
        teams=lambda env, config: said,
    )
    assert ids(found) == ["microsoft.secret"]


def test_without_a_database_nobody_is_asked_about_in_teams(check: Check) -> None:
    def away(env: Environment, config: object) -> list[tuple[str, str, str]]:
        raise Away("gone")

    assert check(config=TEAMS, variables={**MICROSOFT, "SLACK_BOT_TOKEN": ""}, teams=away) == []
