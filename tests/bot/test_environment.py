"""The environment: defaults, files for secrets, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config.mistakes import ConfigError, without_passwords
from bot.environment import environment, misspelt, names

SECRETS = (
    ("SLACK_BOT_TOKEN", "slack_bot_token"),
    ("SLACK_SIGNING_SECRET", "slack_signing_secret"),
    ("SLACK_APP_TOKEN", "slack_app_token"),
    ("CLOSELOOP_SECRET_KEY", "secret_key"),
    ("CLOSELOOP_DATABASE_URL", "database_url"),
    ("CLOSELOOP_REDIS_URL", "redis_url"),
    ("CLOSELOOP_OPERATOR_WEBHOOK", "operator_webhook"),
    ("CLOSELOOP_SMTP_URL", "smtp_url"),
    ("MICROSOFT_CLIENT_SECRET", "microsoft_client_secret"),
    ("MICROSOFT_CERTIFICATE", "microsoft_certificate"),
    ("MICROSOFT_CERTIFICATE_PASSWORD", "microsoft_certificate_password"),
)
SCHEMES = {
    "CLOSELOOP_DATABASE_URL": "postgresql://loop:",
    "CLOSELOOP_REDIS_URL": "redis://:",
    "CLOSELOOP_OPERATOR_WEBHOOK": "https://hooks.acme.example/",
    "CLOSELOOP_SMTP_URL": "smtps://mail.acme.example?from=",
}


def refused() -> str:
    with pytest.raises(ConfigError) as caught:
        environment()
    return str(caught.value)


def test_without_variables_everything_is_embedded() -> None:
    env = environment()
    assert env.database_url.get_secret_value() == "sqlite:///.closeloop/closeloop.db"
    assert env.is_embedded and not env.is_sandbox
    assert (env.config, env.url, env.slack_api_url) == (
        Path("closeloop.yaml"),
        "http://127.0.0.1:8080",
        "https://slack.com/api/",
    )


def test_the_embedded_database_is_in_the_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOSELOOP_DATA", "/var/lib/closeloop")
    assert environment().database_url.get_secret_value() == "sqlite:////var/lib/closeloop/closeloop.db"


@pytest.mark.parametrize(("name", "field"), SECRETS)
def test_a_secret_may_be_a_variable_or_a_file(name: str, field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = SCHEMES.get(name, "") + "hunter2"
    monkeypatch.setenv(name, secret)
    assert getattr(environment(), field).get_secret_value() == secret
    monkeypatch.delenv(name)
    Path("secret").write_text(f"{secret}-of-file\n")
    monkeypatch.setenv(f"{name}_FILE", "secret")
    assert getattr(environment(), field).get_secret_value() == f"{secret}-of-file"


@pytest.mark.parametrize(("name", "_"), SECRETS)
def test_a_secret_that_is_set_twice_is_refused(name: str, _: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("secret").write_text("one")
    monkeypatch.setenv(name, "another")
    monkeypatch.setenv(f"{name}_FILE", "secret")
    assert refused() == f"{name} and {name}_FILE are both set; keep one"


def test_a_secret_file_that_is_missing_or_empty_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN_FILE", "missing")
    assert refused() == "SLACK_BOT_TOKEN_FILE: missing cannot be read: No such file or directory"
    Path("missing").write_text("\n")
    assert refused() == "SLACK_BOT_TOKEN_FILE: missing is empty"


def test_no_secret_shows_when_the_environment_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, _ in SECRETS:
        monkeypatch.setenv(name, SCHEMES.get(name, "") + "hunter2-hunter2")
    assert "hunter2" not in repr(environment()) + str(environment())


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOSELOOP_DATABASE_URL", "")
    assert environment().database_url.get_secret_value().startswith("sqlite:///")


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"CLOSELOOP_URL": "closeloop.acme.example"}, "CLOSELOOP_URL: must be an http:// or https:// address"),
        ({"SLACK_API_URL": "http://slack.acme.example/api/"}, "SLACK_API_URL: must be https"),
        ({"MICROSOFT_TENANT_ID": "common"}, "MICROSOFT_TENANT_ID: must be your own tenant"),
        ({"MICROSOFT_TENANT_ID": "a/b"}, "MICROSOFT_TENANT_ID: "),
        ({"MICROSOFT_CLOUD": "moon"}, "MICROSOFT_CLOUD: "),
        ({"MICROSOFT_LOGIN_URL": "https://login.elsewhere.example"}, "MICROSOFT_LOGIN_URL: must be an address on this"),
        ({"GRAPH_API_URL": "https://graph.elsewhere.example"}, "GRAPH_API_URL: must be an address on this machine"),
        ({"CLOSELOOP_REDIS_URL": "localhost:6379"}, "CLOSELOOP_REDIS_URL: must begin with redis://"),
        ({"CLOSELOOP_DATABASE_URL": "mysql://db/loop"}, "CLOSELOOP_DATABASE_URL: must begin with sqlite:///"),
        ({"CLOSELOOP_LOG": "xml"}, "CLOSELOOP_LOG: should be 'text' or 'json'"),
        ({"CLOSELOOP_CLOCK_FILE": "clock.json"}, "CLOSELOOP_CLOCK_FILE moves the clock"),
        ({"CLOSELOOP_HASTE": "20"}, "CLOSELOOP_HASTE hurries leases"),
        ({"CLOSELOOP_HASTE": "0"}, "CLOSELOOP_HASTE: should be greater than or equal to 1"),
        ({"CLOSELOOP_HASTE": "nan"}, "CLOSELOOP_HASTE: should be"),
        ({"CLOSELOOP_REDIS_URL": "sentinel://a"}, "CLOSELOOP_REDIS_URL: must begin with redis://"),
        ({"CLOSELOOP_OPERATOR_WEBHOOK": "http://hooks.acme.example/x"}, "CLOSELOOP_OPERATOR_WEBHOOK: must be an https"),
        ({"CLOSELOOP_OPERATOR_WEBHOOK": "https:///x"}, "CLOSELOOP_OPERATOR_WEBHOOK: must be an https"),
        ({"CLOSELOOP_OPERATOR_EMAIL": "oncall"}, "CLOSELOOP_OPERATOR_EMAIL: must be an e-mail address"),
        ({"CLOSELOOP_OPERATOR_EMAIL": "a@acme.example,"}, "CLOSELOOP_OPERATOR_EMAIL: must be an e-mail address"),
        ({"CLOSELOOP_OPERATOR_EMAIL": "a@acme.example\nBcc: b@x"}, "CLOSELOOP_OPERATOR_EMAIL: must be an e-mail"),
        ({"CLOSELOOP_SMTP_URL": "mail.acme.example:587"}, "CLOSELOOP_SMTP_URL: must be smtp://"),
    ],
)
def test_nonsense_is_refused_by_name(variables: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert refused().startswith(told)


@pytest.mark.parametrize(
    "name",
    [
        "CLOSELOOP_URL",
        "CLOSELOOP_DATABASE_URL",
        "CLOSELOOP_REDIS_URL",
        "CLOSELOOP_OPERATOR_WEBHOOK",
        "CLOSELOOP_SMTP_URL",
    ],
)
def test_a_mistake_never_repeats_a_value(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "hunter2-hunter2")
    assert "hunter2" not in refused()


def test_the_clock_may_be_moved_where_slack_is_a_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOSELOOP_CLOCK_FILE", "clock.json")
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:8081/api")
    env = environment()
    assert env.is_sandbox and env.clock_file == Path("clock.json") and env.slack_api_url.endswith("/api/")


def test_time_may_be_hurried_where_slack_is_a_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment().haste == 1.0
    monkeypatch.setenv("CLOSELOOP_HASTE", "20")
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:8081/api")
    assert environment().haste == 20.0


@pytest.mark.parametrize("scheme", ["redis", "rediss", "redis+sentinel", "rediss+sentinel"])
def test_redis_is_found_by_its_address_or_by_its_sentinels(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOSELOOP_REDIS_URL", f"{scheme}://:pw@a:26379,b:26379/closeloop")
    assert not environment().is_embedded


def test_operators_are_reached_by_a_webhook_or_several_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOSELOOP_OPERATOR_WEBHOOK", "http://127.0.0.1:9000/hook")
    monkeypatch.setenv("CLOSELOOP_OPERATOR_EMAIL", "ana@acme.example,ben@acme.example")
    env = environment()
    assert env.operator_webhook.get_secret_value() == "http://127.0.0.1:9000/hook"
    assert env.operator_email == "ana@acme.example, ben@acme.example"


def test_misspelt_variables_are_found() -> None:
    given = {
        "CLOSELOOP_DATABSE_URL": "",
        "SLACK_BOT_TOKN": "",
        "SLACK_DEVELOPER_MENU": "",
        "CLOSELOOP_KEY": "",
        "PATH": "",
    }
    assert misspelt(given) == [
        ("CLOSELOOP_DATABSE_URL", "CLOSELOOP_DATABASE_URL"),
        ("SLACK_BOT_TOKN", "SLACK_BOT_TOKEN"),
    ]


def test_every_secret_has_a_file_twin_and_nothing_else_has() -> None:
    assert {name for name in names() if name.endswith("_FILE")} - {"CLOSELOOP_CLOCK_FILE"} == {
        f"{name}_FILE" for name, _ in SECRETS
    }


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        (
            "cannot connect to postgresql+psycopg://loop:hunter2@db/loop",
            "cannot connect to postgresql+psycopg://…@db/loop",
        ),
        ("redis://:hunter2@cache:6379/0 refused", "redis://…@cache:6379/0 refused"),
        ("sqlite:////var/lib/closeloop.db", "sqlite:////var/lib/closeloop.db"),
    ],
)
def test_passwords_of_urls_are_left_out(text: str, safe: str) -> None:
    assert without_passwords(text) == safe
