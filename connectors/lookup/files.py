"""A file that somebody else keeps: read anew when it changed, and as it last was while it is broken."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from stat import S_ISREG
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""seconds between two looks whether it changed"""

T = TypeVar("T")
Stamp = tuple[int, ...]


class BadLine(Exception):
    """A line that cannot be used; whoever parses counts from 1."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line, self.why = line, why


class Broken(ValueError):
    """The file cannot be used: `file:line: why`, or `file: why` where it cannot even be read."""


class Watched(Generic[T]):
    """What a file says. `parse` takes its lines and raises BadLine; `most` is how many bytes it may have."""

    def __init__(
        self, path: Path, parse: Callable[[Iterator[str]], T], /, *, most: int, now: Callable[[], float]
    ) -> None:
        """Raises Broken: what is wrong from the start is told to whoever starts."""
        self._path, self._parse, self._most, self._now = path, parse, most, now
        self._turn = threading.Lock()
        self._looked = now()
        self._seen = self._stamp()
        self._value = self._read()
        self.broken = 0
        """how many versions of it could not be used since the start"""

    def value(self) -> T:
        """The last good version. One caller a second looks for a newer one and reads it; nobody waits for them."""
        if not 0 <= self._now() - self._looked < LOOK_EVERY and self._turn.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._turn.release()
        return self._value

    def _look(self) -> None:
        self._looked = self._now()
        stamp = self._stamp()
        if stamp == self._seen:
            return
        why = None
        try:
            value = self._read()
        except Broken as error:
            why = error
        if stamp != self._stamp():
            return  # it is being written: half a table is worse than an old one
        self._seen = stamp
        if why is None:
            self._value = value
            log.info("a lookup's file was read anew", extra={"file": str(self._path)})
        else:
            self.broken += 1
            log.warning("a lookup's file is broken, its last good version counts", extra={"reason": str(why)})

    def _stamp(self) -> Stamp | None:
        """What differs between two versions, also where a copy kept the time of the original."""
        try:
            found = self._path.stat()
        except (OSError, ValueError):
            return None
        return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino

    def _read(self) -> T:
        try:
            return self._parse(self._lines())
        except BadLine as bad:
            raise Broken(f"{self._path}:{bad.line}: {bad.why}") from None
        except OSError as error:
            raise Broken(f"{self._path}: cannot be read: {error.strerror or type(error).__name__}") from None

    def _lines(self) -> Iterator[str]:
        # A pipe would be waited for until somebody writes into it.
        if not S_ISREG(self._path.stat().st_mode):
            raise Broken(f"{self._path}: is not a file")
        taken = 0
        with self._path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > self._most:
                raise Broken(f"{self._path}: has more than {self._most >> 20} MiB")
            # In bytes, so that what is not UTF-8 is told with its line.
            for number, line in enumerate(file, start=1):
                taken += len(line)
                if taken > self._most:
                    raise Broken(f"{self._path}: has more than {self._most >> 20} MiB")
                try:
                    yield line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError:
                    raise BadLine(number, "not UTF-8") from None
