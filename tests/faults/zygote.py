"""A process that has loaded everything and does nothing but fork: a machine is up in a moment.

Orders come as lines of JSON on standard input; what happens is told on standard output, by it and by its children.
When the input ends (the test run is over, or was killed), everything it forked is killed.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import tempfile
import traceback
from contextlib import nullcontext
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def main() -> None:
    sys.path[:0] = [str(HERE.parent.parent), str(HERE.parent)]
    out = os.dup(1)
    os.dup2(2, 1)
    body = _preload()
    say = body.speaker(out)
    wake, poke = os.pipe()
    os.set_blocking(poke, False)
    signal.set_wakeup_fd(poke, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    say(loaded=True)
    _serve(_Forker(body, out, say), wake)


def _preload() -> Any:
    """Everything a machine will import, so that its children share it."""
    import alembic.command  # noqa: F401
    import msal  # noqa: F401
    import rq  # noqa: F401
    import slack_bolt  # noqa: F401
    import uvicorn
    import uvicorn.protocols.http.httptools_impl
    import uvicorn.protocols.websockets.auto  # noqa: F401
    from faults import body

    import bot.main
    import bot.microsoft
    import bot.teams
    import connectors.chat.slack.inbound
    import connectors.chat.slack.sockets
    import connectors.chat.teams.answers
    import connectors.directory.graph  # noqa: F401

    _rehearse(bot.main, body)
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page it looks at
    return body


def _rehearse(main: Any, body: Any) -> None:
    """Make a web process once, without serving: what is imported late, compiled or looked up once is done then."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            CLOSELOOP_DATABASE_URL=f"sqlite:///{folder}/rehearsal.db",
            CLOSELOOP_REDIS_URL=body.LOCAL,
            CLOSELOOP_CONFIG=str(HERE / "closeloop.yaml"),
            CLOSELOOP_CLOCK_FILE=f"{folder}/clock.json",
            SLACK_API_URL="http://127.0.0.1:1/api/",
            SLACK_BOT_TOKEN="xoxb-rehearsal",
            SLACK_SIGNING_SECRET="rehearsal",
        )
        made = main.parts()
        made.__dict__.update(prepare=lambda: None, alive=lambda kind: nullcontext())
        real = main.parts, main.serve
        main.parts, main.serve = lambda: made, lambda app, **where: None
        main.run_web("127.0.0.1", 1)
        main.parts, main.serve = real
        assert made.work and made.ticker
        made.store.ping()
        made.store.close()


class _Forker:
    def __init__(self, body: Any, out: int, say: Any) -> None:
        self._body, self._out, self._say = body, out, say
        self.children: set[int] = set()

    def fork(self, order: dict[str, Any]) -> None:
        pid = os.fork()
        if pid == 0:
            self._child(order)
        self.children.add(pid)
        self._say(forked=order["id"], child=pid)

    def _child(self, order: dict[str, Any]) -> None:
        code = 71
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setpgid(0, 0)
            said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(said, 1)
            os.dup2(said, 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for name in [
                name
                for name in os.environ
                if name.startswith(("CLOSELOOP_", "SLACK_", "MICROSOFT_", "GRAPH_", "TEAMS_"))
            ]:
                del os.environ[name]
            os.environ.update(order["env"])
            self._body.Body(order, self._body.speaker(self._out)).live()
            code = 0
        except BaseException:  # noqa: BLE001  whatever it is: the test is told, and the child ends
            traceback.print_exc()
            self._body.speaker(self._out)(broke=traceback.format_exc())
        finally:
            os._exit(code)

    def reap(self) -> None:
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self.children.discard(pid)
            self._say(gone=pid, code=os.waitstatus_to_exitcode(status))

    def end(self) -> None:
        for pid in self.children:
            os.kill(pid, signal.SIGKILL)


def _serve(forker: _Forker, wake: int) -> None:
    rest = b""
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
        forker.reap()
        if 0 in ready:
            read = os.read(0, 65536)
            if not read:
                forker.end()
                return
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                forker.fork(json.loads(line))


if __name__ == "__main__":
    main()
