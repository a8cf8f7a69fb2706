"""Hints to workers by RQ. The queue may be emptied, hang or lie at any moment: the rows alone decide what is done.

Whoever can write to Redis must not be able to run code: only six functions are ever called, with an id or a lane.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar
from urllib.parse import unquote

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.exceptions import ConnectionError as Disconnected
from redis.retry import Retry
from redis.sentinel import Sentinel
from rq import Queue, SimpleWorker
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from storage.rest import Rest

NOW = "now"
JOBS = {
    "deliver": "handlers.jobs.deliver",
    "wake": "handlers.jobs.wake",
    "sweep": "handlers.jobs.sweep",
    "fold": "handlers.jobs.fold",
    "keep": "handlers.jobs.keep",
    "report": "handlers.jobs.report",
}
"""job ▶ the function that does it, by name: storage knows no handlers"""
LONGEST = 300
"""characters of a lane's name or an alert's id"""
SENTINEL = re.compile(
    r"(?P<scheme>rediss?)\+sentinel://(?:(?P<user>[^@/?#]*)@)?(?P<hosts>[^@/?#]+)"
    r"/(?P<service>[^/?#]+)(?:/(?P<db>[0-9]+))?(?:\?(?P<query>[^#]*))?"
)


def connect(url: str, **options: Any) -> Redis:
    """A client for `redis://`, `rediss://`, `unix://`, or whoever the sentinels say is the master just now.

    `redis+sentinel://[user:password@]host:26379,host:26379/<service>[/<db>]`, or `rediss+sentinel://` with TLS for
    servers and sentinels alike. Options of redis-py may follow as a query (`?ssl_ca_certs=…`), and override
    `options`; `sentinel_username` and `sentinel_password` are for the sentinels. Nothing is sent yet. Raises
    ValueError, which names no part of the address: a password may stand anywhere in a mistaken one.
    """
    try:
        by_sentinels = url.partition("://")[0].endswith("+sentinel")
        client = _by_sentinels(url, options) if by_sentinels else Redis.from_url(url, **options)
        pool = client.connection_pool
        pool.connection_class(**pool.connection_kwargs)  # refuses an option that there is not
    except (ValueError, TypeError):
        raise ValueError("the address of Redis makes no sense: see CLOSELOOP_REDIS_URL in the docs") from None
    return client


def _by_sentinels(url: str, options: dict[str, Any]) -> Redis:
    parts = SENTINEL.fullmatch(url)
    if parts is None:
        raise ValueError(url)
    user = f"{parts['user']}@" if parts["user"] else ""
    asked = parse_url(f"{parts['scheme']}://{user}master/{parts['db'] or 0}?{parts['query'] or ''}")  # type: ignore[no-untyped-call]
    del asked["host"]
    tls = {name: value for name, value in asked.items() if name.startswith("ssl_")}
    tls["ssl"] = asked.pop("connection_class", None) is not None
    for_sentinels = {name: asked.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    # Each sentinel that is away costs this long, for every new connection.
    quick = {"socket_connect_timeout": 1.0, "socket_timeout": 1.0, "retry": Retry(NoBackoff(), 0)}
    hosts = [_host(host) for host in parts["hosts"].split(",")]
    found: Any = Sentinel  # not typed
    sentinels = found(hosts, sentinel_kwargs={**quick, **tls, **for_sentinels}, **options)
    master: Redis = sentinels.master_for(unquote(parts["service"]), **{**asked, **tls})
    return master


def _host(text: str) -> tuple[str, int]:
    """`name`, `name:port`, `[::1]:port`."""
    parts = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?", text)
    if parts is None:
        raise ValueError(text)
    return parts[1].strip("[]"), int(parts[2] or 26379)


def fits(job: str, argument: object) -> bool:
    """Whether this job may be about that: a row's number, or printable characters."""
    if job in ("deliver", "sweep"):
        return isinstance(argument, int) and not isinstance(argument, bool)
    return isinstance(argument, str) and argument.isprintable() and 0 < len(argument) <= LONGEST


class SafeJob(Job):
    """A job that runs allow-listed functions only. RQ would import and call whatever the job's hash names."""

    allowed: ClassVar = {function: job for job, function in JOBS.items()}

    @property
    def func(self) -> Callable[..., Any]:
        """Raises PermissionError for everything else."""
        if self.instance is not None or self.func_name not in self.allowed:
            raise PermissionError("this function is not run from the queue")
        if self.kwargs or len(self.args) != 1 or not fits(self.allowed[self.func_name], self.args[0]):
            raise PermissionError("this function is not run with such an argument")
        function: Callable[..., Any] = super().func
        return function

    @property
    def success_callback(self) -> None:
        return None

    @property
    def failure_callback(self) -> None:
        return None

    @property
    def stopped_callback(self) -> None:
        return None

    def send_webhooks(self, *_status: Any, **_more: Any) -> None:
        """Never: the address would be whatever the job's hash says."""

    def restore(self, raw_data: Any) -> Any:
        """A hash that makes no sense counts as gone. RQ's worker would end over it, again and again."""
        try:
            return super().restore(raw_data)
        except (ValueError, TypeError, AttributeError, KeyError, AssertionError) as error:
            raise NoSuchJobError("a job that makes no sense") from error


class RqQueue:
    """Implements `bot.ports.Queue`. Never raises for Redis, and never takes longer than its short timeouts.

    After a failure nobody asks again for `rest` seconds: a clock that does the work itself must not wait each time.
    """

    def __init__(self, url: str, *, rest: float = 2.0) -> None:
        # One more attempt where the connection was cut: the server may have been started again in the meantime.
        retry = Retry(NoBackoff(), 1, supported_errors=(Disconnected,))
        self._redis = connect(url, socket_connect_timeout=1.0, socket_timeout=2.0, retry=retry)
        self._queue = Queue(NOW, connection=self._redis, job_class=SafeJob, serializer=JSONSerializer)
        self._rest = Rest(rest)

    def hint(self, job: str, ids: Iterable[str | int], /) -> bool:
        """One hint an id or lane, in one trip. KeyError: no such job.

        False where the queue is away, or takes not all of them: whoever asked does the work itself.
        """
        function, rows = JOBS[job], list(ids)
        hints = [
            Queue.prepare_data(
                function, args=[row], timeout=30, result_ttl=0, failure_ttl=3600, ttl=600, description=job
            )
            for row in rows
            if fits(job, row)
        ]
        return (not hints or self._tried(lambda: self._queue.enqueue_many(hints))) and len(hints) == len(rows)

    def ping(self) -> bool:
        return self._tried(self._redis.ping)

    def close(self) -> None:
        self._redis.close()

    def _tried(self, call: Callable[[], object]) -> bool:
        if not self._rest.over:
            return False
        try:
            call()
        except RedisError:
            self._rest.failed()
            return False
        self._rest.answered()
        return True


class HintWorker(SimpleWorker):
    """Runs hints one after another, in its own process without forking.

    A fork for each job would cost its 10 ms and every open connection. What it would protect from does no harm here:
    each job may run twice or never, the row is the truth, and the supervisor starts a worker that ended again.
    """

    max_connection_wait_time = 2.0
    log_result_lifespan = False

    def run_maintenance_tasks(self) -> None:
        """RQ's, without groups: we have none, and they are read with pickle."""
        self.clean_registries()  # type: ignore[no-untyped-call]


def run_worker(url: str, *, burst: bool = False) -> None:
    """Work on the queue until SIGTERM (the job at hand is ended first), or with `burst` until it is empty.

    `handlers.jobs.use` must have been called in this process. Returns as well where Redis went away in the middle
    of a job: start it again. Waits for Redis at first.
    """
    connection = connect(url, socket_connect_timeout=1.0)
    _wait_for(connection)
    # One queue for each process: with two RQ pops without the intermediate list, and a kill loses jobs.
    queue = Queue(NOW, connection=connection, job_class=SafeJob, serializer=JSONSerializer)
    worker = HintWorker(
        [queue],
        connection=connection,
        job_class=SafeJob,
        serializer=JSONSerializer,
        worker_ttl=60,
        maintenance_interval=60,
        log_job_description=False,
    )
    worker.work(burst=burst, logging_level="WARNING", with_scheduler=False)


def _wait_for(connection: Redis) -> None:
    while True:
        try:
            connection.ping()
        except RedisError:
            time.sleep(1.0)
        else:
            return
