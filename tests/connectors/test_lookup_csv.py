"""Who owns what by a CSV file that somebody else keeps, writes anew, and sometimes breaks."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.lookup import table
from connectors.lookup.files import Watched
from connectors.lookup.table import CsvTable

ANA, BEN, CLEO = "ana@acme.example", "ben@acme.example", "cleo@acme.example"


@dataclass
class Hands:
    """Seconds that are moved by hand."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Kept:
    """A file, and the table that reads it."""

    path: Path
    now: Hands

    def write(self, text: str | bytes) -> None:
        """As a careful program writes: the new file takes the old one's place at once."""
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(text.encode() if isinstance(text, str) else text)
        fresh.replace(self.path)
        self.now.seconds += 1

    def table(self, **more: str) -> CsvTable:
        return CsvTable(self.path, now=self.now, **more)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(path=tmp_path / "owners.csv", now=Hands())


@pytest.mark.parametrize(
    "text",
    [
        "key,owner\ninv-1,ana@acme.example\n",
        "key;owner\r\ninv-1;ana@acme.example\r\n",
        "\ufeffkey,owner\ninv-1,ana@acme.example",
        '"key","owner"\n"inv-1","ana@acme.example"\n',
        "Owner , KEY\n Ana@Acme.Example , inv-1 \n",
        'note,key,more,owner\n"two\nlines, one cell",inv-1,,ana@acme.example,beyond\n',
        "key,owner\n\n,\ninv-1,ben@acme.example\ninv-1,ana@acme.example\n",  # the later row counts
    ],
)
def test_a_key_finds_its_owner_however_the_file_was_written(kept: Kept, text: str) -> None:
    kept.write(text)
    assert kept.table().find("inv-1") == ANA
    assert kept.table().find("inv-2") is None
    assert kept.table().find("INV-1") is None


def test_the_columns_may_have_other_names(kept: Kept) -> None:
    kept.write("Cost Centre;Account Owner;key\n4711;ana@acme.example;x\n")
    found = kept.table(key="cost centre", owner="Account owner")
    assert (found.find("4711"), found.find("x")) == (ANA, None)


def test_an_owner_may_be_a_chat_id_and_a_row_without_one_says_nobody(kept: Kept) -> None:
    kept.write("key,owner\ninv-1,slack:U0ANA\ninv-2,\ninv-*,ben@acme.example\n")
    assert [kept.table().find(key) for key in ("inv-1", "inv-2", "inv-3")] == ["slack:U0ANA", None, BEN]


@pytest.mark.parametrize(
    ("key", "owner"),
    [
        ("inv-1", BEN),
        ("inv-eu-1", CLEO),
        ("inv-eu-2024", ANA),  # the key itself before any pattern
        ("inv-eu-?", CLEO),
        ("inv-", BEN),
        ("po-7", ANA),
        ("po-77", None),
        ("xinv-1", None),
        ("inv-1\nx", BEN),
        ("*", None),  # what is looked up is never a pattern
        ("[ab]", ANA),
        ("[ab]1", BEN),
        ("a", None),
        ("", None),
    ],
)
def test_without_the_key_itself_the_longest_pattern_counts(kept: Kept, key: str, owner: str | None) -> None:
    kept.write(
        f"key,owner\ninv-*,{BEN}\ninv-eu-*,{CLEO}\ninv-eu-2024,{ANA}\npo-?,{ANA}\n[ab],{ANA}\n[ab]*,{BEN}\nin*,{ANA}\n"
    )
    assert kept.table().find(key) == owner


def test_of_two_patterns_as_long_the_later_counts(kept: Kept) -> None:
    kept.write(f"key,owner\na*,{ANA}\n*b,{BEN}\n")
    assert kept.table().find("ab") == BEN
    kept.write(f"key,owner\na*,{CLEO}\n*b,{BEN}\na*,{ANA}\n")
    assert kept.table().find("ab") == ANA


def test_a_hostile_key_costs_no_time(kept: Kept) -> None:
    kept.write(f"key,owner\n{'*a' * 30}b,{ANA}\n")
    began = time.process_time()
    assert kept.table().find("a" * 5_000) is None
    assert time.process_time() - began < 5  # backtracking would take for ever


@given(st.dictionaries(st.text(st.characters(exclude_characters="*?", codec="utf-8"), min_size=1), st.booleans()))
def test_every_key_that_was_written_is_found(tmp_path_factory: pytest.TempPathFactory, keys: dict[str, bool]) -> None:
    expected = {key.strip(): ANA if whose else BEN for key, whose in keys.items() if key.strip()}
    path = tmp_path_factory.mktemp("any") / "owners.csv"
    rows = (f'"{key.replace(chr(34), chr(34) * 2)}",{owner}\n' for key, owner in expected.items())
    path.write_bytes(("key,owner\n" + "".join(rows)).encode())
    found = CsvTable(path)
    assert {key: found.find(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("", ":1: ", "the header must name the columns key and owner"),
        ("inv-1,ana@acme.example\n", ":1: ", "the header must name the columns"),
        ("key,owner,owner\n", ":1: ", "once each"),
        ("key\towner\n", ":1: ", "with , or ; between"),
        ("key,owner\ninv-1,ana@acme.example\ninv-2,Ana\n", ":3: ", "'Ana' is not an owner"),
        ("key,owner\ninv-1,ana@acme.example,\n,ana@acme.example\n", ":3: ", "no key"),
        ("key,owner\ninv-1\n", ":2: ", "has 1 of at least 2 columns"),
        ('key,owner\n"a\nb",ana@acme.example\n"c,ana@acme.example\n', ":4: ", "not CSV"),
        (b"key,owner\n" + b"a,ana@acme.example\n" * 3 + b"\xff,ana@acme.example\n", ":5: ", "not UTF-8"),
        ("key,owner\n".encode("utf-16"), ":1: ", "not UTF-8"),
        ("key,owner\na,ana@acme.example\u202e\n", ":2: ", "is not an owner"),
        ("key,owner\na,slack:ana\n", ":2: ", "is not an owner"),
    ],
)
def test_a_file_that_is_broken_at_the_start_is_told_with_its_line(
    kept: Kept, text: str | bytes, where: str, why: str
) -> None:
    kept.write(text)
    with pytest.raises(ValueError, match=r"owners\.csv") as caught:
        kept.table()
    assert f"owners.csv{where}" in str(caught.value)
    assert why in str(caught.value)


def test_what_is_no_file_is_told_at_once(kept: Kept, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"owners\.csv: cannot be read: No such file"):
        kept.table()
    with pytest.raises(ValueError, match="is not a file"):
        CsvTable(tmp_path)
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for a writer
    with pytest.raises(ValueError, match="is not a file"):
        CsvTable(tmp_path / "pipe")


def test_too_much_is_refused(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MOST_ROWS", 2)
    kept.write(f"key,owner\na,{ANA}\na,{BEN}\nb,{ANA}\n")
    assert kept.table().find("a") == BEN
    kept.write(f"key,owner\na,{ANA}\nb,{ANA}\nc,{ANA}\n")
    with pytest.raises(ValueError, match="csv:4: more than 2 keys"):
        kept.table()
    monkeypatch.setattr(table, "MOST_PATTERNS", 1)
    kept.write(f"key,owner\na*,{ANA}\nb*,{ANA}\n")
    with pytest.raises(ValueError, match="2 patterns, more than 1"):
        kept.table()
    monkeypatch.setattr(table, "MOST_BYTES", 10)
    with pytest.raises(ValueError, match="more than 0 MiB"):
        kept.table()


def test_a_changed_file_is_read_again_but_looked_at_only_once_a_second(kept: Kept) -> None:
    kept.write(f"key,owner\na,{ANA}\n")
    found = kept.table()
    kept.write(f"key,owner\na,{BEN}\n")
    kept.now.seconds -= 0.5
    assert found.find("a") == ANA
    kept.now.seconds += 0.5
    assert found.find("a") == BEN
    kept.write(f"key,owner\na,{CLEO}\n")
    kept.now.seconds -= 3600  # a clock that jumped back hides nothing
    assert found.find("a") == CLEO


def test_a_copy_that_kept_its_time_and_size_is_noticed(kept: Kept) -> None:
    kept.write(f"key,owner\na,{ANA}\n")
    found, was = kept.table(), kept.path.stat()
    kept.path.write_text(f"key,owner\na,{BEN}\n")
    while kept.path.stat().st_ctime_ns == was.st_ctime_ns:  # a file system's clock ticks every few milliseconds
        os.utime(kept.path, ns=(was.st_atime_ns, was.st_mtime_ns))
    os.utime(kept.path, ns=(was.st_atime_ns, was.st_mtime_ns))
    kept.now.seconds += 1
    assert found.find("a") == BEN


@pytest.mark.parametrize("broken", ["key,owner\na,nobody\n", "", b"\xff", None])
def test_a_file_that_broke_keeps_its_last_good_version_and_is_said_once(
    kept: Kept, caplog: pytest.LogCaptureFixture, broken: str | bytes | None
) -> None:
    kept.write(f"key,owner\na,{ANA}\n")
    found = kept.table()
    if broken is None:
        kept.path.unlink()
    else:
        kept.write(broken)
    for _ in range(5):
        kept.now.seconds += 1
        assert found.find("a") == ANA
    assert found.broken == 1
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(said) == 1
    assert "owners.csv" in vars(said[0])["reason"]
    kept.write(f"key,owner\na,{BEN}\n")
    assert found.find("a") == BEN
    assert found.broken == 1


def test_a_file_that_is_being_written_is_left_for_a_second(tmp_path: Path) -> None:
    path, now = tmp_path / "owners.csv", Hands()
    path.write_text("first")
    during: list[Callable[[], object]] = []

    def parse(lines: object) -> str:
        text = path.read_text()
        if during:
            during.pop()()
        return text

    watched = Watched(path, parse, most=100, now=now)
    path.write_text("half of the sec")
    during.append(lambda: path.write_text("half of the second"))
    now.seconds += 1
    assert watched.value() == "first"
    now.seconds += 1
    assert watched.value() == "half of the second"


def test_while_one_reads_a_new_version_nobody_waits(tmp_path: Path) -> None:
    path, now = tmp_path / "owners.csv", Hands()
    path.write_text("first")
    reading, go_on = threading.Event(), threading.Event()
    go_on.set()

    def parse(lines: object) -> str:
        reading.set()
        assert go_on.wait(10)
        return path.read_text()

    watched = Watched(path, parse, most=100, now=now)
    reading.clear()
    go_on.clear()
    path.write_text("second")
    now.seconds += 1
    reader = threading.Thread(target=watched.value)
    reader.start()
    assert reading.wait(10)
    now.seconds += 1
    assert watched.value() == "first"
    go_on.set()
    reader.join(10)
    assert watched.value() == "second"
