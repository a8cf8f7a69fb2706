"""Three rounds of `make chaos`: the whole program, in short."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from faults.chaos import Arena, play
from faults.ground import Ground
from faults.machine import Zygote
from faults.monkey import valkey

ROUNDS = (("slack", "sqlite", 11), ("slack", "postgres", 12), ("teams", "sqlite", 15))


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("platform", "kind", "seed"), ROUNDS)
def test_a_round_of_chaos_loses_nothing_and_leaves_no_twin(
    platform: str,
    kind: str,
    seed: int,
    tmp_path: Path,
    zygote: Zygote,
    http: httpx2.Client,
    grounds: Callable[[str], Ground],
) -> None:
    with valkey() as queue:
        arena = Arena(on=grounds(kind), zygote=zygote, http=http, queue=queue, folder=tmp_path)
        told = play(arena, seed=seed, alerts=20, platform=platform)
    assert told.findings == [], "\n".join(map(str, told.findings))
    assert told.accepted == 20 and told.killed > 0 and told.broken > 0, told
