"""A TCP proxy that breaks lines on order: between the product and PostgreSQL, Redis or the Slack API.

with proxy(("127.0.0.1", 5432)) as line:
    line.port                      # where the product connects to
    line.set(Fault(refuse=True))   # from now on, also for lines that are open where the fault says so
    line.cut()                     # RST on every open line
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

CHUNK = 65_536
Address = tuple[str, int] | str
"""host and port, or the path of a Unix socket"""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to a line. Everything at its default: nothing."""

    delay: float = 0.0
    """seconds that each piece is held back, in both directions"""
    blackhole: bool = False
    """what is sent disappears, lines stay open, new ones are accepted"""
    half_open: bool = False
    """what is sent arrives, what is answered disappears"""
    refuse: bool = False
    """new lines are reset at once; open ones go on"""
    cut_after: int | None = None
    """bytes of the answer after which the line is reset; 0: the request arrives, no answer ever does"""


NONE = Fault()


class Line:
    """The proxy, as a test holds it. Every method may be called from any thread."""

    def __init__(self, target: Address, loop: asyncio.AbstractEventLoop) -> None:
        self._target, self._loop = target, loop
        self._fault = NONE
        self._open: set[_Pair] = set()
        self.port = 0
        self.accepted = 0

    def set(self, fault: Fault) -> None:
        self._fault = fault

    def heal(self) -> None:
        """No fault any more; what a blackhole swallowed is gone, so its lines are reset."""
        broken = self._fault.blackhole or self._fault.half_open
        self._fault = NONE
        if broken:
            self.cut()

    def cut(self) -> int:
        """RST on every open line. Returns how many there were."""
        return asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(10)

    async def _cut(self) -> int:
        pairs = list(self._open)
        for pair in pairs:
            pair.reset()
        return len(pairs)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self._fault.refuse:
            _reset(writer)
            return
        try:
            there = await _connect(self._target)
        except OSError:
            _reset(writer)
            return
        pair = _Pair((reader, writer), there, lambda: self._fault)
        self._open.add(pair)
        try:
            await pair.run()
        finally:
            self._open.discard(pair)


class _Pair:
    """One line: a client and the server behind."""

    def __init__(
        self,
        here: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        there: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        fault: Callable[[], Fault],
    ) -> None:
        self._here, self._there, self._fault = here, there, fault
        self._answered = 0

    async def run(self) -> None:
        asked = asyncio.create_task(self._pump(self._here[0], self._there[1], answers=False))
        told = asyncio.create_task(self._pump(self._there[0], self._here[1], answers=True))
        await asyncio.wait({asked, told})
        for _, writer in (self._here, self._there):
            writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if not await self._pass(data, writer, answers=answers):
                    return
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter, *, answers: bool) -> bool:
        """Hand one piece on, as the fault of this moment has it. False: the line is reset."""
        fault = self._fault()
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.blackhole or (fault.half_open and answers):
            return True
        if answers and fault.cut_after is not None:
            left = fault.cut_after - self._answered
            if left <= len(data):
                writer.write(data[: max(left, 0)])
                await writer.drain()
                self.reset()
                return False
        self._answered += len(data) if answers else 0
        writer.write(data)
        await writer.drain()
        return True

    def reset(self) -> None:
        _reset(self._here[1])
        _reset(self._there[1])


def _reset(writer: asyncio.StreamWriter) -> None:
    """RST instead of FIN: whoever reads gets ECONNRESET."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.family != socket.AF_UNIX:
        with contextlib.suppress(OSError):  # it is closed already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _connect(target: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(target, str):
        return await asyncio.open_unix_connection(target)
    return await asyncio.open_connection(*target)


@contextmanager
def proxy(target: Address) -> Iterator[Line]:
    """A line to `target`, on a port of loopback, served by a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="proxy", daemon=True)
    thread.start()
    line = Line(target, loop)

    async def opened() -> asyncio.Server:
        return await asyncio.start_server(line.serve, "127.0.0.1", 0)

    async def closed() -> None:
        server.close()
        await line._cut()
        tasks = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(opened(), loop).result(10)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        asyncio.run_coroutine_threadsafe(closed(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
