"""Wiring: the only file that knows every other one. Each `run_*` is one process; `bot.up` runs all of them."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FrameType

import structlog

from bot import checks as start_checks
from bot import logs
from bot.clock import MovedClock, SystemClock
from bot.config.mistakes import ConfigError
from bot.delivery import Courier
from bot.environment import Environment, environment
from bot.hints import BackgroundQueue
from bot.ids import new_id
from bot.loop import Loop
from bot.people import People
from bot.ports import Away, Chat, Clock, Directory, Queue, Store
from bot.settings import Config, load
from connectors.chat import platform
from connectors.directory import directory
from connectors.intake import format_named
from handlers import jobs
from handlers.actions import Desk
from handlers.clock import Ticker
from handlers.jobs import Work
from handlers.web import Dispatch, WebParts, create_app, serve
from storage import migrate
from storage.queue import RqQueue
from storage.store import SqlStore

log = structlog.get_logger()

BEAT = 5.0
"""seconds between two heartbeats of a process"""
STALE = 30.0
"""seconds after which a process that did not beat counts as gone"""


@dataclass(frozen=True)
class Parts:
    """Everything one process is made of, built when it is first asked for."""

    env: Environment
    config: Config

    @cached_property
    def clock(self) -> Clock:
        return MovedClock(path=self.env.clock_file) if self.env.clock_file else SystemClock()

    @cached_property
    def store(self) -> Store:
        return open_store(self.env)

    @cached_property
    def queue(self) -> Queue:
        if self.env.is_embedded:
            raise ConfigError(["CLOSELOOP_REDIS_URL is not set: only closeloop up brings a Valkey server along"])
        return RqQueue(self.env.redis_url.get_secret_value())

    @cached_property
    def hints(self) -> BackgroundQueue:
        return BackgroundQueue(self.queue)

    @cached_property
    def chats(self) -> dict[str, Chat]:
        if not self.env.slack_bot_token.get_secret_value():
            return {}
        token, base_url = self._slack()
        return {"slack": platform("slack")(token, base_url=base_url)}

    @cached_property
    def people(self) -> People:
        return People(store=self.store, directories=self._directories(), clock=self.clock)

    def _directories(self) -> tuple[Directory, ...]:
        made: dict[str, Callable[[], Directory | None]] = {"file": self._file_directory, "slack": self._slack_directory}
        found = (made[name]() for name in self.config.directories)
        return tuple(directory for directory in found if directory is not None)

    def _file_directory(self) -> Directory:
        return directory("file")(self.config.people())

    def _slack_directory(self) -> Directory | None:
        if not self.env.slack_bot_token.get_secret_value():
            return None
        token, base_url = self._slack()
        return directory("slack")(token, base_url=base_url)

    def _slack(self) -> tuple[str, str]:
        return self.env.slack_bot_token.get_secret_value(), self.env.slack_api_url

    @cached_property
    def loop(self) -> Loop:
        return Loop(store=self.store, queue=self.hints, clock=self.clock, plan=self.config.plan(), new_id=new_id)

    @cached_property
    def courier(self) -> Courier:
        return Courier(
            store=self.store,
            chats=self.chats,
            people=self.people,
            clock=self.clock,
            queue=self.hints,
            rescue=self.loop.rescue,
        )

    @cached_property
    def work(self) -> Work:
        return Work(store=self.store, loop=self.loop, courier=self.courier, people=self.people)

    @cached_property
    def desk(self) -> Desk:
        return Desk(loop=self.loop, store=self.store, people=self.people, chats=self.chats)

    def prepare(self) -> None:
        """What the configuration says of policies and people, written down before the first alert needs it."""
        self.store.save_policies(self.config.policies(), at=self.clock.now())
        self.people.learn(self.config.people())
        self.hints.start()

    @contextmanager
    def alive(self, kind: str) -> Iterator[None]:
        """Beats while the body runs, so that /readyz can tell what is missing."""
        stop = threading.Event()
        thread = threading.Thread(target=self._beat, args=(kind, stop), name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(timeout=2)
            self.hints.stop()

    def _beat(self, kind: str, stop: threading.Event) -> None:
        name = f"{kind}@{socket.gethostname()}:{os.getpid()}"
        while True:
            try:
                self.store.beat(kind, name, machine=self.clock.machine())
            except Away as error:
                log.warning("no heartbeat: the database is away", action="no_heartbeat", reason=str(error))
            if stop.wait(BEAT):
                return


def open_store(env: Environment | None = None) -> Store:
    """The database of this environment, migrated."""
    url = (env or environment()).database_url.get_secret_value()
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(url)
    return SqlStore(url)


def parts() -> Parts:
    """The parts of this process. Raises ConfigError."""
    env = environment()
    logs.configure(env.log)
    return Parts(env=env, config=load(env.config))


def ready(made: Parts) -> list[tuple[str, bool, str]]:
    """(name, whether it is there, what is missing) of everything an alert needs on its way."""
    found = [_database(made.store), ("queue", made.queue.ping(), "" if made.queue.ping() else "Redis does not answer")]
    if not found[0][1]:
        return found
    beats, machine = made.store.beats(), made.clock.machine()
    for kind in ("worker", "clock"):
        age = machine - beats.get(kind, 0.0)
        found.append((kind, age < STALE, "" if age < STALE else f"no {kind} has beaten for {STALE:.0f} seconds"))
    found.append(("slack", bool(made.chats), "" if made.chats else "SLACK_BOT_TOKEN is not set"))
    stuck = dict(made.store.stuck(limit=20))
    told = ", ".join(f"{place.partition(':')[2]}: {error}" for place, error in stuck.items())
    found.append(("places", not stuck, f"waiting to be mended: {told}" if stuck else ""))
    return found


def _database(store: Store) -> tuple[str, bool, str]:
    try:
        store.ping()
    except Away as error:
        return ("database", False, str(error))
    return ("database", True, "")


def run_web(host: str, port: int) -> None:
    """Intake, the reading API and what Slack sends, until SIGTERM."""
    made = parts()
    made.prepare()
    slack, close_slack = _slack(made)
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
            ready=lambda: ready(made),
            sandbox_url=made.env.sandbox_url or None,
        )
    )
    with made.alive("web"):
        serve(app, host=host, port=port)
    close_slack()


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
    inbound = SlackInbound(access, made.desk, now=made.clock.now)
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
    with made.alive("clock"):
        Ticker(store=made.store, queue=made.queue, clock=made.clock, work=made.work).run(stop)


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
    )
    create_server(config, port=port).run()


def _curl(url: str) -> str:
    return (
        f"curl {url}/v1/alerts -H 'Authorization: Bearer '$CLOSELOOP_KEY -H 'Content-Type: application/json' "
        """-d '{"title": "Invoice 4711 does not match its purchase order", "severity": "error"}'"""
    )


def checks() -> list[start_checks.Problem]:
    """Every problem that would keep an alert from its owner."""
    env = environment()
    return start_checks.run(env, open_store=open_store, queue=RqQueue, slack=_slack_problems)


def _slack_problems(token: str, base_url: str, channels: tuple[str, ...]) -> list[tuple[str, str, str]]:
    from connectors.chat.slack.check import problems

    return [(found.id, found.what, found.do) for found in problems(token, base_url=base_url, channels=channels)]
