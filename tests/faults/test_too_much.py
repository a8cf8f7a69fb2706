"""More than anybody can take: what is not accepted is told so, what is accepted is kept, and nobody starves."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest
from faults.conftest import Settle
from faults.village import SOURCE, Village

ALERTS = 1500
"""the short form of ten thousand in ten seconds"""
SIDES = 32
MEMORY = 120 * 1024 * 1024
"""bytes by which the machine may grow under it"""


def resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096


async def _storm(village: Village, count: int) -> list[Any]:
    """As fast as thirty-two connections can; 503 and 429 are told, not tried again."""
    limits = httpx2.Limits(max_connections=SIDES)
    headers = {"authorization": f"Bearer {village.keys[SOURCE]}"}
    async with httpx2.AsyncClient(trust_env=False, timeout=30, limits=limits) as http:

        async def send(number: int) -> Any:
            body = {"title": f"Number {number}", "severity": "info", "dedup_key": f"storm-{number}"}
            return await http.post(f"{village.url}/v1/alerts", json=body, headers=headers)

        return await asyncio.gather(*[send(number) for number in range(count)])


def test_a_storm_is_accepted_or_told_to_come_back_and_one_source_does_not_starve_another(
    everywhere: Settle, database: str
) -> None:
    village = everywhere(database, haste=1.0)
    machine = village.start()
    before = resident(machine.pid)
    answers = asyncio.run(_storm(village, ALERTS))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {202, 429, 503}, statuses
    accepted = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    assert len(set(accepted)) == len(accepted) > ALERTS / 10
    assert [alert for alert in accepted if not village.store.events(alert)] == []
    assert resident(machine.pid) - before < MEMORY
    # Meanwhile another source, in another channel, is heard and shown at once: its lane is its own.
    begun = time.monotonic()
    other = village.raise_alert(source="fraud-watch", severity="critical")
    village.until(lambda: village.card(other), 10, why="another channel waits for the storm")
    assert time.monotonic() - begun < 10


def test_slow_endless_and_huge_senders_are_refused_and_hold_up_nobody(everywhere: Settle) -> None:
    village = everywhere()
    machine = village.start()
    before = resident(machine.pid)
    drips = [_dripping(village) for _ in range(50)]
    try:
        begun = time.monotonic()
        alert = village.raise_alert()
        assert time.monotonic() - begun < 5, "fifty half-sent requests hold up a whole one"
        assert _huge(village) == 413
        assert _chunked(village) == 413
        assert resident(machine.pid) - before < MEMORY
        village.until(lambda: village.card(alert), why="no card was shown")
    finally:
        for drip in drips:
            drip.close()
    village.hold()


def _dripping(village: Village) -> socket.socket:
    """A request of which nobody ever sends the end."""
    drip = socket.create_connection(("127.0.0.1", village.port), timeout=5)
    drip.sendall(b"POST /v1/alerts HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    return drip


def _huge(village: Village) -> int:
    headers = {"authorization": f"Bearer {village.keys[SOURCE]}", "content-type": "application/json"}
    return village.http.post(f"{village.url}/v1/alerts", content=b"x" * 3_000_000, headers=headers).status_code


def _chunked(village: Village) -> int:
    headers = {"authorization": f"Bearer {village.keys[SOURCE]}", "content-type": "application/json"}

    def pieces() -> Any:
        yield from (b"x" * 10_000 for _ in range(100))

    try:
        return village.http.post(f"{village.url}/v1/alerts", content=pieces(), headers=headers).status_code
    except httpx2.TransportError:
        return 413  # refused while it was still being sent: the answer may be lost behind the rest of the body


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_compressed_body_is_not_unpacked(settle: Settle, encoding: str) -> None:
    """What would become a gigabyte stays what it is: bytes that are no JSON."""
    village = settle()
    village.start(roles=("web",))
    headers = {"authorization": f"Bearer {village.keys[SOURCE]}", "content-encoding": encoding}
    answer = village.http.post(f"{village.url}/v1/alerts", content=b"\x1f\x8b\x08" + b"\0" * 1000, headers=headers)
    assert 400 <= answer.status_code < 500
