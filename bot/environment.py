"""The environment variables of Closeloop. A secret may also stand in a file that `<NAME>_FILE` names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.config.mistakes import ConfigError, nearest

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
REDIS = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")
_ADDRESS = re.compile(r"[^\s@,<>\"]+@[^\s@,<>\"]+")
# What senders set for the command line, and what `closeloop up --sandbox` tells its own processes.
OTHERS = frozenset({"CLOSELOOP_KEY", "CLOSELOOP_SANDBOX_URL"})


class _Files(PydanticBaseSettingsSource):
    """`<NAME>_FILE`: the secret is the file's content without the newline at its end."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = str(field.validation_alias)
        path = os.environ.get(f"{name}_FILE") if field.annotation is SecretStr else None
        if not path:
            return None, name, False
        if os.environ.get(name):
            raise ConfigError([f"{name} and {name}_FILE are both set; keep one"])
        try:
            content = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise ConfigError([f"{name}_FILE: {path} cannot be read: {why}"]) from None
        if not content.strip():
            raise ConfigError([f"{name}_FILE: {path} is empty"])
        return content, name, False

    def __call__(self) -> dict[str, Any]:
        found = (self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items())
        return {name: value for value, name, _ in found if value is not None}


def _secret(name: str) -> Any:
    return Field(default=SecretStr(""), validation_alias=name)


class Environment(BaseSettings):
    """What a process is told by its environment. Empty variables count as unset."""

    model_config = SettingsConfigDict(
        case_sensitive=True, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    data: Path = Field(default=Path(".closeloop"), validation_alias="CLOSELOOP_DATA")
    """folder of the embedded database, the embedded Valkey and what the sandbox keeps"""
    database_url: SecretStr = Field(
        default_factory=lambda data: SecretStr(f"sqlite:///{data.get('data', '.closeloop')}/closeloop.db"),
        validation_alias="CLOSELOOP_DATABASE_URL",
    )
    redis_url: SecretStr = _secret("CLOSELOOP_REDIS_URL")
    """empty: an embedded Valkey"""
    config: Path = Field(default=Path("closeloop.yaml"), validation_alias="CLOSELOOP_CONFIG")
    secret_key: SecretStr = _secret("CLOSELOOP_SECRET_KEY")
    url: str = Field(default="http://127.0.0.1:8080", validation_alias="CLOSELOOP_URL")
    """where this installation is reached from outside, without a slash at its end"""
    log: Literal["text", "json"] = Field(default="text", validation_alias="CLOSELOOP_LOG")
    clock_file: Path | None = Field(default=None, validation_alias="CLOSELOOP_CLOCK_FILE")
    """a moved business clock, for the sandbox and tests only"""
    haste: float = Field(default=1.0, ge=1.0, le=1000.0, validation_alias="CLOSELOOP_HASTE")
    """how many times as fast leases, retries and limits pass, for the sandbox and tests only"""
    sandbox_url: str = Field(default="", validation_alias="CLOSELOOP_SANDBOX_URL")
    """the stand-in workspace's page, set by `closeloop up --sandbox`"""
    slack_bot_token: SecretStr = _secret("SLACK_BOT_TOKEN")
    slack_signing_secret: SecretStr = _secret("SLACK_SIGNING_SECRET")
    slack_app_token: SecretStr = _secret("SLACK_APP_TOKEN")
    """set: Socket Mode"""
    slack_api_url: str = Field(default="https://slack.com/api/", validation_alias="SLACK_API_URL")
    microsoft_tenant_id: str = Field(default="", pattern=r"^[A-Za-z0-9.-]*$", validation_alias="MICROSOFT_TENANT_ID")
    microsoft_client_id: str = Field(default="", pattern=r"^[A-Za-z0-9-]*$", validation_alias="MICROSOFT_CLIENT_ID")
    microsoft_client_secret: SecretStr = _secret("MICROSOFT_CLIENT_SECRET")
    microsoft_certificate: SecretStr = _secret("MICROSOFT_CERTIFICATE")
    """a private key and its certificate, in PEM; two pairs while one takes the other's place"""
    microsoft_certificate_password: SecretStr = _secret("MICROSOFT_CERTIFICATE_PASSWORD")
    microsoft_pfx: Path | None = Field(default=None, validation_alias="MICROSOFT_PFX")
    microsoft_federated_token_path: Path | None = Field(default=None, validation_alias="MICROSOFT_FEDERATED_TOKEN_PATH")
    """the token of a workload's own identity, which its platform renews"""
    microsoft_managed_identity: str = Field(default="", validation_alias="MICROSOFT_MANAGED_IDENTITY")
    """`system`, or the client id of a user-assigned one"""
    microsoft_cloud: Literal["public", "gcch", "dod", "china"] = Field(
        default="public", validation_alias="MICROSOFT_CLOUD"
    )
    microsoft_login_url: str = Field(default="", validation_alias="MICROSOFT_LOGIN_URL")
    """where Entra's stand-in is, for the sandbox and tests"""
    graph_api_url: str = Field(default="", validation_alias="GRAPH_API_URL")
    """where Graph's stand-in is"""
    microsoft_mail_from: str = Field(default="", validation_alias="MICROSOFT_MAIL_FROM")
    """the mailbox that writes to whom no direct message reaches; empty: nobody is written to"""
    teams_service_url: str = Field(default="", validation_alias="TEAMS_SERVICE_URL")
    """where messages to Teams go until Teams has named a nearer address; empty: the cloud's own"""
    teams_metadata_url: str = Field(default="", validation_alias="TEAMS_METADATA_URL")
    """the trust source of what Teams sends; empty: the cloud's own"""
    teams_web_url: str = Field(default="", validation_alias="TEAMS_WEB_URL")
    """where links to messages begin"""
    operator_webhook: SecretStr = _secret("CLOSELOOP_OPERATOR_WEBHOOK")
    """where operators are told by a POST of JSON; whoever knows it can write to them"""
    operator_email: str = Field(default="", validation_alias="CLOSELOOP_OPERATOR_EMAIL")
    """addresses, separated by commas"""
    smtp_url: SecretStr = _secret("CLOSELOOP_SMTP_URL")

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value().partition(":")[0].partition("+")[0] not in ("sqlite", "postgresql", "postgres"):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if url and url.partition("://")[0] not in REDIS:
            raise ValueError(f"must begin with {', '.join(f'{scheme}://' for scheme in REDIS)}")
        return value

    @field_validator("operator_webhook")
    @classmethod
    def _webhook(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        known = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        if value.get_secret_value() and not (known and parts.hostname):
            raise ValueError("must be an https:// address; http only on this machine")
        return value

    @field_validator("operator_email")
    @classmethod
    def _addresses(cls, value: str) -> str:
        found = [address.strip() for address in value.split(",")]
        if value and not all(_ADDRESS.fullmatch(address) for address in found):
            raise ValueError("must be an e-mail address, or several separated by commas")
        return ", ".join(found)

    @field_validator("microsoft_mail_from")
    @classmethod
    def _mailbox(cls, value: str) -> str:
        if value and not _ADDRESS.fullmatch(value.strip()):
            raise ValueError("must be the e-mail address of one mailbox")
        return value.strip()

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        if value.get_secret_value() and not (parts.scheme in ("smtp", "smtps") and parts.hostname):
            raise ValueError("must be smtp://user:password@host:587 or smtps://user:password@host:465")
        return value

    @field_validator("url", "slack_api_url")
    @classmethod
    def _web(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http:// or https:// address")
        return value.rstrip("/")

    @field_validator("microsoft_tenant_id")
    @classmethod
    def _tenant(cls, value: str) -> str:
        if value.lower() in ("common", "organizations", "consumers"):
            raise ValueError("must be your own tenant: an app's tokens come from its home")
        return value

    @field_validator("microsoft_login_url", "graph_api_url")
    @classmethod
    def _stand_in(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and not (parts.scheme in ("http", "https") and parts.hostname in LOOPBACK):
            raise ValueError("must be an address on this machine: it is for the sandbox, and secrets are sent to it")
        return value.rstrip("/")

    @field_validator("teams_service_url", "teams_metadata_url", "teams_web_url")
    @classmethod
    def _trusted(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and not (parts.hostname and (parts.scheme == "https" or parts.hostname in LOOPBACK)):
            raise ValueError("must be an https:// address; http only on this machine")
        return value.rstrip("/")

    @field_validator("slack_api_url")
    @classmethod
    def _base(cls, value: str) -> str:
        if urlsplit(value).scheme == "http" and urlsplit(value).hostname not in LOOPBACK:
            raise ValueError("must be https: the bot's token travels with every call")
        return value + "/"

    @model_validator(mode="after")
    def _real_clock(self) -> Environment:
        if self.clock_file and not self.is_sandbox:
            raise ValueError(
                "CLOSELOOP_CLOCK_FILE moves the clock and is for the sandbox only: SLACK_API_URL is not on loopback"
            )
        if self.haste != 1.0 and not self.is_sandbox:
            raise ValueError(
                "CLOSELOOP_HASTE hurries leases and is for the sandbox only: SLACK_API_URL is not on loopback"
            )
        return self

    @property
    def is_sandbox(self) -> bool:
        """Whether the bot talks to a stand-in workspace on this machine."""
        return urlsplit(self.slack_api_url).hostname in LOOPBACK

    @property
    def microsoft_missing(self) -> list[str]:
        """The variables without which nobody can be asked anything in Microsoft 365."""
        named = {"MICROSOFT_TENANT_ID": self.microsoft_tenant_id, "MICROSOFT_CLIENT_ID": self.microsoft_client_id}
        secrets = (self.microsoft_client_secret, self.microsoft_certificate)
        own = (self.microsoft_pfx, self.microsoft_federated_token_path, self.microsoft_managed_identity)
        proven = any(secret.get_secret_value() for secret in secrets) or any(own)
        unset = [name for name, value in named.items() if not value]
        return unset if proven else [*unset, "MICROSOFT_CLIENT_SECRET"]

    @property
    def is_embedded(self) -> bool:
        """Whether Redis is the Valkey that comes along."""
        return not self.redis_url.get_secret_value()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables, then files; no .env file and no secrets folder, which nobody would look into."""
        return (init_settings, env_settings, _Files(settings_cls))


def environment() -> Environment:
    """The environment of this process. Raises ConfigError that names every variable that is wrong, never its value."""
    try:
        return Environment()
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise ConfigError([_said(detail["loc"], detail["msg"]) for detail in details]) from None


def _said(where: tuple[str | int, ...], message: str) -> str:
    text = message.removeprefix("Value error, ").removeprefix("Input ")
    return f"{where[0]}: {text}" if where else text


def names() -> tuple[str, ...]:
    """Every variable of the product, the `_FILE` twins of secrets among them."""
    found = [(str(field.validation_alias), field.annotation) for field in Environment.model_fields.values()]
    return tuple(name for name, _ in found) + tuple(f"{name}_FILE" for name, kind in found if kind is SecretStr)


def misspelt(variables: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """Variables that look like ours and are not, with the nearest right spelling."""
    known = {*names(), *OTHERS}
    found = []
    for name in sorted(set(variables) - known):
        match = nearest(name, known, cutoff=0.8)
        if name.startswith("CLOSELOOP_") or (match and name.startswith(("SLACK_", "MICROSOFT_", "TEAMS_"))):
            found.append((name, match))
    return found
