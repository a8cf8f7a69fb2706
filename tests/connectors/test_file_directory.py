"""The people whom closeloop.yaml names, found by every way they may be named."""

from __future__ import annotations

from bot.core.people import Person
from connectors.directory.file import FileDirectory

ANA = Person(id="ana@acme.example", name="Ana", manager="cleo@acme.example", chat={"slack": "U0ANA"})
BEN = Person(id="ben@acme.example", name="Ben")
DIRECTORY = FileDirectory([ANA, BEN])


def test_somebody_is_found_by_e_mail_in_any_case_and_by_chat_id() -> None:
    assert DIRECTORY.find("ana@acme.example") == ANA
    assert DIRECTORY.find("Ana@Acme.Example") == ANA
    assert DIRECTORY.find("slack:U0ANA") == ANA


def test_whom_the_file_does_not_name_is_not_known_here() -> None:
    assert DIRECTORY.find("dov@acme.example") is None
    assert DIRECTORY.find("slack:U0BEN") is None
