"""What one process is made of: every part, built when it is first asked for. It knows every other file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bot import beside, logs, outside
from bot.aftermath import Aftermath
from bot.attendance import Attendance
from bot.clock import MovedClock, SystemClock
from bot.config.mistakes import ConfigError
from bot.core.routing import Plan
from bot.delivery import Courier
from bot.environment import Environment, environment
from bot.health import Senses
from bot.hints import BackgroundQueue
from bot.ids import new_id
from bot.incidents import Incidents
from bot.keeper import Keeper
from bot.lines import Lines
from bot.loop import Loop
from bot.operators import Operators
from bot.people import People
from bot.ports import Chat, Clock, Queue, Throttle, Ways, WorkItems
from bot.ports.directories import Directory, Groups
from bot.reporting import Reporter
from bot.saying import Saying
from bot.settings import Config, load
from bot.ticked import Ticked
from bot.twins import Sweeper
from connectors.chat import platform
from connectors.directory import directory
from handlers.actions import Desk
from handlers.clock import Ticker
from handlers.jobs import Work
from storage import migrate
from storage.queue import RqQueue
from storage.store import SqlStore
from storage.throttle import LocalThrottle, RedisThrottle
from storage.ways import LocalWays, RedisWays

if TYPE_CHECKING:
    from connectors.microsoft.tokens import Tokens


@dataclass(frozen=True)
class Parts:
    """Everything one process is made of, built when it is first asked for."""

    env: Environment
    config: Config

    @cached_property
    def clock(self) -> Clock:
        if self.env.clock_file or self.env.haste != 1.0:
            return MovedClock(path=self.env.clock_file, haste=self.env.haste)
        return SystemClock(ask=lambda: self.store.seconds())

    @cached_property
    def store(self) -> SqlStore:
        return open_store(self.env, self.clock)

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
        found: dict[str, Chat] = {}
        token, base_url = self._slack()
        if token:
            found["slack"] = platform("slack")(token, base_url=base_url, ways=self.ways)
        if self.config.file.teams.channels and not self.env.microsoft_missing:
            from bot import teams

            found["teams"] = teams.chat(self.env, self.config, tokens=self.tokens, known=self.store)
        return found

    @cached_property
    def tools(self) -> dict[str, Chat]:
        """The tool for work items, and mail: what else something is shown in, by the platform of its places."""
        if self.env.microsoft_missing:
            return {}
        from bot import microsoft

        return microsoft.tools(self.env, self.config, lambda: self.tokens)

    @cached_property
    def ways(self) -> Ways:
        return LocalWays() if self.env.is_embedded else RedisWays(self.env.redis_url.get_secret_value())

    @cached_property
    def throttle(self) -> Throttle:
        scale = self.config.limits.chat_scale
        if self.env.is_embedded:
            return LocalThrottle(scale=scale)
        return RedisThrottle(self.env.redis_url.get_secret_value(), scale=scale)

    @cached_property
    def people(self) -> People:
        chats = self.plan.chats
        return People(store=self.store, directories=self.directories, clock=self.clock, platforms=chats)

    @cached_property
    def directories(self) -> tuple[Directory, ...]:
        made: dict[str, Callable[[], Directory | None]] = {
            "file": self._file_directory,
            "graph": self._graph_directory,
            "slack": self._slack_directory,
        }
        found = (made[name]() for name in self.config.directories)
        return tuple(directory for directory in found if directory is not None)

    def _file_directory(self) -> Directory:
        return directory("file")(self.config.people())

    def _graph_directory(self) -> Directory | None:
        if self.env.microsoft_missing:
            return None
        from bot import microsoft

        return directory("graph")(microsoft.graph(self.env, self.tokens), now=self.clock.now)

    @cached_property
    def tokens(self) -> Tokens:
        """Our tokens in Microsoft 365, one cache for all that asks there; made of msal only where it is asked for."""
        from bot import microsoft

        return microsoft.tokens(self.env)

    def _slack_directory(self) -> Directory | None:
        token, base_url = self._slack()
        return directory("slack")(token, now=self.clock.now, base_url=base_url) if token else None

    def _slack(self) -> tuple[str, str]:
        return self.env.slack_bot_token.get_secret_value(), self.env.slack_api_url

    @cached_property
    def loop(self) -> Loop:
        return Loop(
            store=self.store,
            queue=self.hints,
            clock=self.clock,
            plan=self.plan,
            new_id=new_id,
            lookups=outside.lookups(self.config),
        )

    @cached_property
    def plan(self) -> Plan:
        return replace(self.config.plan(), mail="mail" in self.tools)

    @cached_property
    def aftermath(self) -> Aftermath:
        return Aftermath(store=self.store, queue=self.hints, clock=self.clock, plan=self.plan)

    @cached_property
    def saying(self) -> Saying:
        return Saying(store=self.store, people=self.people, clock=self.clock, plan=self.plan, chats=self.chats)

    @cached_property
    def lines(self) -> Lines:
        incidents = Incidents(store=self.store, clock=self.clock)
        return Lines(chats={**self.chats, **self.tools}, throttle=self.throttle, clock=self.clock, incidents=incidents)

    @cached_property
    def courier(self) -> Courier:
        return Courier(
            store=self.store,
            saying=self.saying,
            lines=self.lines,
            clock=self.clock,
            queue=self.hints,
            aftermath=self.aftermath,
            rescue=self.loop.rescue,
        )

    @cached_property
    def work(self) -> Work:
        sweeper = Sweeper(store=self.store, saying=self.saying, lines=self.lines, aftermath=self.aftermath)
        return Work(
            store=self.store,
            loop=self.loop,
            courier=self.courier,
            sweeper=sweeper,
            aftermath=self.aftermath,
            people=self.people,
            keeper=self.keeper,
            reporter=Reporter(store=self.store, clock=self.clock, chats=self.chats, queue=self.hints),
        )

    @cached_property
    def keeper(self) -> Keeper:
        return Keeper(
            store=self.store,
            people=self.people,
            clock=self.clock,
            plan=self.plan,
            groups=outside.groups(self.config),
            directories=tuple(one for one in self.directories if isinstance(one, Groups)),
            calendars=outside.calendars(self.config),
            release=self.loop.release,
            ticked=self.ticked.look,
        )

    @cached_property
    def ticked(self) -> Ticked:
        tools = {name: tool for name, tool in self.tools.items() if isinstance(tool, WorkItems)}
        return Ticked(store=self.store, people=self.people, tools=tools, ask=self.loop.task_done)

    @cached_property
    def ticker(self) -> Ticker:
        return Ticker(
            store=self.store,
            queue=self.queue,
            throttle=self.throttle,
            clock=self.clock,
            work=self.work,
            speed=self.env.haste,
        )

    @cached_property
    def senses(self) -> Senses:
        queue = None if self.env.is_embedded else self.queue
        return Senses(
            store=self.store, clock=self.clock, queue=queue, throttle=self.throttle, workspaces=tuple(self.chats)
        )

    @cached_property
    def operators(self) -> Operators:
        return Operators(store=self.store, tellers=outside.tellers(self.env), clock=self.clock)

    def telling(self) -> AbstractContextManager[None]:
        """Operators are told while the body runs."""
        return beside.telling(self.operators, haste=self.env.haste)

    @cached_property
    def desk(self) -> Desk:
        attendance = Attendance(
            store=self.store,
            people=self.people,
            clock=self.clock,
            plan=self.plan,
            new_id=new_id,
            release=self.loop.release,
        )
        return Desk(
            loop=self.loop,
            store=self.store,
            people=self.people,
            chats=self.chats,
            attendance=attendance,
            queue=self.hints,
            saying=self.saying,
        )

    def prepare(self) -> None:
        """What the configuration says of policies and people, written down before the first alert needs it."""
        self.store.save_policies(self.config.policies(), at=self.clock.now())
        self.people.learn(self.config.people())
        outside.keep_windows(self.config, self.store, now=self.clock.now())
        self.hints.start()

    @contextmanager
    def alive(self, kind: str) -> Iterator[None]:
        """Beats while the body runs, so that /readyz can tell what is missing."""
        try:
            with beside.beating(kind, self.store, self.clock):
                yield
        finally:
            self.hints.stop()


def open_store(env: Environment | None = None, clock: Clock | None = None) -> SqlStore:
    """The database of this environment, migrated."""
    url = (env or environment()).database_url.get_secret_value()
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(url)
    return SqlStore(url, clock=clock)


def parts() -> Parts:
    """The parts of this process. Raises ConfigError."""
    env = environment()
    logs.configure(env.log)
    return Parts(env=env, config=load(env.config))
