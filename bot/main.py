"""The processes, each made of its parts (`bot.parts` wires them); `bot.up` runs all of them."""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

import structlog

from bot import checks as start_checks
from bot import health
from bot.environment import Environment, environment
from bot.parts import Parts, open_store, parts
from bot.settings import Config
from connectors.intake import format_named
from handlers import jobs
from handlers.web import Dispatch, WebParts, create_app, serve
from storage.queue import RqQueue

if TYPE_CHECKING:
    from sandbox.microsoft.config import MicrosoftConfig

log = structlog.get_logger()


def run_web(host: str, port: int) -> None:
    """Intake, the reading API and what chats send, until SIGTERM."""
    made = parts()
    made.prepare()
    slack, close_slack = _slack(made)
    activities, close_teams = _teams(made)
    app = create_app(
        WebParts(
            loop=made.loop,
            store=made.store,
            native=format_named("native"),
            base_url=made.env.url,
            per_source=made.config.limits.per_source,
            body_bytes=made.config.limits.body_bytes,
            may_name_owner=made.config.may_name_owner,
            slack=slack,
            teams=activities,
            ready=lambda: health.checks(health.look(made.senses)),
            sandbox_url=made.env.sandbox_url or None,
        )
    )
    with made.alive("web"):
        serve(app, host=host, port=port)
    close_slack()
    close_teams()


def _teams(made: Parts) -> tuple[Dispatch | None, Callable[[], None]]:
    """What answers Teams' activities, and how it is ended."""
    from bot import teams
    from connectors.chat.teams.client import TeamsChat

    chat = made.chats.get("teams")
    if not isinstance(chat, TeamsChat):
        return None, lambda: None
    inbound = teams.inbound(made.env, made.config, made.desk, chat, now=made.clock.now)
    return inbound.dispatch, inbound.close


def _slack(made: Parts) -> tuple[Dispatch | None, Callable[[], None]]:
    """What answers Slack's requests, and how it is ended."""
    env = made.env
    token, signing, app_token = (
        secret.get_secret_value() for secret in (env.slack_bot_token, env.slack_signing_secret, env.slack_app_token)
    )
    if not token:
        return None, lambda: None
    from connectors.chat.slack.inbound import Access, SlackInbound
    from connectors.chat.slack.sockets import SlackSockets

    # Socket Mode needs no signature; a secret that nobody knows keeps the HTTP way shut.
    access = Access(token=token, signing_secret=signing or secrets.token_hex(32), base_url=env.slack_api_url)
    inbound = SlackInbound(access, made.desk, now=made.clock.now, ways=made.ways)
    if not app_token:
        return inbound.dispatch, inbound.close
    sockets = SlackSockets(inbound.app, app_token, base_url=env.slack_api_url)
    sockets.start()

    def close() -> None:
        sockets.close()
        inbound.close()

    return inbound.dispatch, close


def run_worker() -> None:
    """Serves hints from the queue, until SIGTERM."""
    from storage.queue import run_worker as serve

    made = parts()
    made.prepare()
    jobs.use(lambda: made.work)
    with made.alive("worker"):
        serve(made.env.redis_url.get_secret_value())


def run_clock() -> None:
    """Looks at what is due, until SIGTERM."""
    made = parts()
    made.prepare()
    stop = threading.Event()

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    with made.alive("clock"), made.telling():
        made.ticker.run(stop)


def run_sandbox(port: int) -> None:
    """The stand-in workspace, until SIGTERM. Its secrets come from the same variables the bot reads."""
    from sandbox.app import create_server
    from sandbox.config import SandboxConfig

    env = environment()
    token, signing = env.slack_bot_token.get_secret_value(), env.slack_signing_secret.get_secret_value()
    if not token or not signing:
        raise SystemExit(
            "the sandbox needs SLACK_SIGNING_SECRET and SLACK_BOT_TOKEN; closeloop up --sandbox makes them"
        )
    config = SandboxConfig(
        signing_secret=signing,
        bot_token=token,
        app_token=env.slack_app_token.get_secret_value() or None,
        bot_url=f"{env.url}/slack/events",
        clock_file=env.clock_file,
        data_file=env.data / "workspace.jsonl",
        alerts_hint=_curl(env.url),
        microsoft=_tenant(env),
        teams_bot_url=f"{env.url}/teams/messages",
        teams_service_url=env.teams_service_url,
    )
    create_server(config, port=port).run()


def _tenant(env: Environment) -> MicrosoftConfig:
    from sandbox.microsoft.config import MicrosoftConfig

    if env.microsoft_missing:
        return MicrosoftConfig()
    return MicrosoftConfig(
        tenant_id=env.microsoft_tenant_id,
        client_id=env.microsoft_client_id,
        client_secret=env.microsoft_client_secret.get_secret_value(),
        teams_apps=_uploaded(env),
    )


def _uploaded(env: Environment) -> tuple[str, ...]:
    """The app as if an administrator had uploaded it."""
    from connectors.chat.teams.text import manifest_id

    try:
        return (manifest_id(env.microsoft_client_id),)
    except ValueError:
        return ()


def _curl(url: str) -> str:
    return (
        f"curl {url}/v1/alerts -H 'Authorization: Bearer '$CLOSELOOP_KEY -H 'Content-Type: application/json' "
        """-d '{"title": "Invoice 4711 does not match its purchase order", "severity": "error"}'"""
    )


def checks() -> list[start_checks.Problem]:
    """Every problem that would keep an alert from its owner."""
    env = environment()
    return start_checks.run(
        env,
        open_store=open_store,
        queue=RqQueue,
        slack=_slack_problems,
        microsoft=_microsoft_problems,
        teams=_teams_problems,
    )


def _slack_problems(token: str, base_url: str, channels: tuple[str, ...]) -> list[tuple[str, str, str]]:
    from connectors.chat.slack.check import problems

    return [(found.id, found.what, found.do) for found in problems(token, base_url=base_url, channels=channels)]


def _microsoft_problems(env: Environment, config: Config) -> list[tuple[str, str, str]]:
    from bot import microsoft

    return microsoft.check(env, config)


def _teams_problems(env: Environment, config: Config) -> list[tuple[str, str, str]]:
    from bot import teams

    made = Parts(env=env, config=config)
    return teams.check(env, config, made.people, made.store)
