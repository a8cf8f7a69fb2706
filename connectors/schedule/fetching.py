"""A calendar's bytes, from an address or a file: as many as we take, in the time we give, and no others."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import httpx2

from bot.ports import Unknown

LARGEST = 5_000_000
"""bytes"""
_ASKED = {"accept": "text/calendar, */*;q=0.1", "accept-encoding": "identity"}


def fetched(where: str, timeout: float) -> bytes:
    """`where` is an http, https or webcal address, else a file. It is a secret and never repeated. Raises Unknown."""
    if "://" not in where:
        return _read(Path(where))
    scheme, _, rest = where.partition("://")
    return _got(f"https://{rest}" if scheme.lower() == "webcal" else where, timeout)


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe or a device may never end
            raise Unknown("no_such_file")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError):
        raise Unknown("unreadable_file") from None
    _bounded(len(data))
    return data


def _got(url: str, timeout: float) -> bytes:
    try:
        # No redirect: it would lead to an address nobody configured. No proxy or password of the environment either.
        with (
            httpx2.Client(trust_env=False, timeout=timeout, follow_redirects=False) as client,
            client.stream("GET", url, headers=_ASKED) as answer,
        ):
            if answer.status_code != 200:
                raise Unknown(f"http_{answer.status_code}")
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise Unknown("compressed")  # nobody asked for it, and a little of it may become very much
            return _taken(answer.iter_raw(), time.monotonic() + timeout)
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
        raise Unknown("not_an_address") from None
    except httpx2.TimeoutException:
        raise Unknown("timeout") from None
    except (httpx2.ConnectError, httpx2.PoolTimeout):
        raise Unknown("unreachable") from None
    except httpx2.HTTPError as error:
        raise Unknown(type(error).__name__) from None


def _taken(chunks: Iterable[bytes], deadline: float) -> bytes:
    """All of them; a server that drips must end by the deadline, however short each of its pauses is."""
    data = bytearray()
    for chunk in chunks:
        data += chunk
        _bounded(len(data))
        if time.monotonic() > deadline:
            raise Unknown("timeout")
    return bytes(data)


def _bounded(size: int) -> None:
    if size > LARGEST:
        raise Unknown("too_large")
