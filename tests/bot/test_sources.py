"""Sources and their keys, and the commands that make them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.keys import digest, split
from bot.ports import Away
from bot.sources import SourceExists, UnknownSource, add, named, revoke, rotate
from storage.memory import MemoryStore


def test_only_the_digest_of_a_secret_is_kept(store: MemoryStore) -> None:
    issued = add(store, "ap-auditor")
    key_id, secret = split(issued.key.full) or ("", "")
    assert named(store, "ap-auditor").keys == ((key_id, digest(secret)),)
    assert len(secret) * 4 >= 256


def test_rotation_keeps_the_key_before_and_drops_the_one_before_that(store: MemoryStore) -> None:
    first, second = add(store, "ap-auditor").key, rotate(store, "ap-auditor").key
    assert [key for key, _ in named(store, "ap-auditor").keys] == [second.id, first.id]
    third = rotate(store, "ap-auditor").key
    assert [key for key, _ in named(store, "ap-auditor").keys] == [third.id, second.id]


def test_one_key_or_all_of_them_can_be_revoked(store: MemoryStore) -> None:
    first, second = add(store, "ap-auditor").key, rotate(store, "ap-auditor").key
    assert [key for key, _ in revoke(store, "ap-auditor", key_id=first.id).keys] == [second.id]
    with pytest.raises(UnknownSource, match="has no key"):
        revoke(store, "ap-auditor", key_id=first.id)
    assert revoke(store, "ap-auditor").keys == ()
    assert named(store, "ap-auditor").keys == ()


def test_a_name_is_given_once_and_an_unknown_one_is_told_the_nearest(store: MemoryStore) -> None:
    add(store, "ap-auditor")
    with pytest.raises(SourceExists, match="closeloop source rotate ap-auditor"):
        add(store, "ap-auditor")
    with pytest.raises(UnknownSource, match=r"no source ap-auditr; did you mean ap-auditor\?"):
        rotate(store, "ap-auditr")


@pytest.mark.usefixtures("wired")
class TestTheCommands:
    def test_add_prints_the_key_alone_on_stdout(self, run, store: MemoryStore) -> None:
        result = run("source", "add", "ap-auditor")
        assert result.exit_code == 0
        key_id, secret = split(result.stdout.strip()) or ("", "")
        assert dict(named(store, "ap-auditor").keys) == {key_id: digest(secret)}

    def test_add_as_json_prints_id_name_and_key(self, run, store: MemoryStore) -> None:
        data = json.loads(run("source", "add", "ap-auditor", "--json").stdout)
        assert set(data) == {"id", "name", "key"}
        assert (data["id"], data["name"]) == (named(store, "ap-auditor").id, "ap-auditor")

    def test_an_operator_is_a_source_of_another_kind(self, run, store: MemoryStore) -> None:
        run("source", "add", "auditors", "--operator")
        assert named(store, "auditors").kind == "operator"

    def test_list_shows_the_ids_of_keys_and_nothing_of_their_secrets(self, run, store: MemoryStore) -> None:
        key = add(store, "ap-auditor").key
        for arguments in (("source", "list"), ("source", "list", "--json")):
            shown = run(*arguments).stdout
            assert "ap-auditor" in shown and key.id in shown
            assert key.secret not in shown and digest(key.secret) not in shown

    def test_list_of_none_says_how_to_make_one(self, run) -> None:
        assert "closeloop source add" in run("source", "list").stderr

    def test_rotate_prints_a_second_key_that_works(self, run, store: MemoryStore) -> None:
        add(store, "ap-auditor")
        key_id, _ = split(json.loads(run("source", "rotate", "ap-auditor", "--json").stdout)["key"]) or ("", "")
        assert named(store, "ap-auditor").keys[0][0] == key_id

    def test_revoke_leaves_no_key(self, run, store: MemoryStore) -> None:
        add(store, "ap-auditor")
        assert "0 live keys" in run("source", "revoke", "ap-auditor").stderr
        assert named(store, "ap-auditor").keys == ()

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("add", "ap-auditor"), "ap-auditor is there already"),
            (("add", "AP Auditor"), "not a source's name"),
            (("rotate", "ap-auditr"), "there is no source ap-auditr; did you mean ap-auditor?"),
            (("revoke", "ap-auditor", "--key", "nope"), "ap-auditor has no key nope"),
        ],
    )
    def test_what_went_wrong_is_one_line_and_exits_with_one(
        self, run, store: MemoryStore, arguments: tuple[str, ...], told: str
    ) -> None:
        add(store, "ap-auditor")
        result = run("source", *arguments)
        assert result.exit_code == 1 and result.stdout == ""
        assert result.stderr.startswith(f"closeloop: {told}") and len(result.stderr.splitlines()) == 1

    def test_a_database_that_is_away_is_one_line_without_its_password(self, run, wired: SimpleNamespace) -> None:
        def away(env: object = None) -> None:
            raise Away("postgresql://loop:hunter2@db refused")

        wired.open_store = away
        result = run("source", "list")
        assert (result.exit_code, result.stderr) == (
            1,
            "closeloop: the database cannot be reached: postgresql://…@db refused\n",
        )

    def test_the_database_of_a_sandbox_is_used_when_asked_for(self, run, wired: SimpleNamespace) -> None:
        assert "no sandbox was started from this folder" in run("source", "list", "--sandbox").stderr
        Path(".closeloop/sandbox").mkdir(parents=True)
        Path(".closeloop/sandbox/closeloop.db").touch()
        used: list[str] = []

        def opening(env) -> MemoryStore:
            used.append(env.database_url.get_secret_value())
            return MemoryStore()

        wired.open_store = opening
        assert run("source", "list", "--sandbox").exit_code == 0
        assert used == [f"sqlite:///{Path('.closeloop/sandbox/closeloop.db').resolve()}"]
