"""A vault: what is put into it is shared by whoever knows the secret, and nothing to anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from bot.ports.vault import Vault
from storage.vault import LocalVault, RedisVault

KEY = "k" * 32
NAME = "microsoft:public:acme:closeloop"
BLOB = '{"AccessToken": {"1": {"secret": "hunter2"}}}'


@pytest.fixture
def client(valkey_url: str) -> Iterator[Any]:
    with redis.Redis.from_url(valkey_url) as found:
        yield found


@pytest.fixture
def vault(valkey_url: str) -> Iterator[RedisVault]:
    found = RedisVault(valkey_url, KEY, rest=0.0)
    yield found
    found.close()


@pytest.fixture(params=["local", "redis"])
def any_vault(request: pytest.FixtureRequest) -> Vault:
    return LocalVault() if request.param == "local" else request.getfixturevalue("vault")


def test_what_is_put_is_got_by_its_name_and_the_last_writer_wins(any_vault: Vault) -> None:
    assert any_vault.get(NAME) is None
    any_vault.put(NAME, "first", seconds=60)
    any_vault.put(NAME, BLOB, seconds=60)
    assert (any_vault.get(NAME), any_vault.get("another")) == (BLOB, None)


def test_a_process_of_its_own_forgets_in_time() -> None:
    now = [0.0]
    vault = LocalVault(lambda: now[0])
    vault.put(NAME, BLOB, seconds=60)
    now[0] = 59.0
    assert vault.get(NAME) == BLOB
    now[0] = 60.0
    assert vault.get(NAME) is None


def test_redis_holds_nothing_that_can_be_read_and_not_for_ever(vault: RedisVault, client: Any) -> None:
    vault.put(NAME, BLOB, seconds=3600)
    (kept,) = client.keys("closeloop:vault:*")
    assert b"hunter2" not in client.get(kept) and KEY.encode() not in client.get(kept)
    assert 3500 < client.ttl(kept) <= 3600


def test_other_processes_with_the_same_secret_read_it_and_those_with_another_do_not(
    vault: RedisVault, valkey_url: str
) -> None:
    vault.put(NAME, BLOB, seconds=60)
    same, other = RedisVault(valkey_url, KEY), RedisVault(valkey_url, "o" * 32)
    assert (same.get(NAME), other.get(NAME)) == (BLOB, None)
    same.close()
    other.close()


@pytest.mark.parametrize("broken", [b"", b"nonsense", b"gAAAAABnonsense"])
def test_what_was_tampered_with_is_as_good_as_lost(vault: RedisVault, client: Any, broken: bytes) -> None:
    client.set(f"closeloop:vault:{NAME}", broken)
    assert vault.get(NAME) is None


def test_what_is_sealed_under_one_name_is_nothing_under_another(vault: RedisVault, client: Any) -> None:
    vault.put(NAME, BLOB, seconds=60)
    client.set("closeloop:vault:another", client.get(f"closeloop:vault:{NAME}"))
    assert vault.get("another") is None


def test_redis_away_costs_nothing_but_a_call() -> None:
    away = RedisVault("redis://127.0.0.1:9", KEY)
    away.put(NAME, BLOB, seconds=60)
    assert away.get(NAME) is None
    away.close()
