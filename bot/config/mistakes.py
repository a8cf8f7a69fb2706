"""What is wrong with a configuration, said so that it can be mended without looking anything up."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

_CREDENTIALS = re.compile(r"//[^\s/]*@")


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One thing that is wrong, or (as a warning) that is not what it seems. Never holds a secret's value."""

    file: str
    line: int
    """counted from 1"""
    field: str
    """path of the field, `policies.default.acknowledge.steps[0].who`; empty for the whole file"""
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.what}" if self.field else self.where + self.what

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}: "


class ConfigError(Exception):
    """The configuration cannot be used. `str` is the whole list, one mistake a line, in the order of the file."""

    def __init__(self, mistakes: Iterable[Mistake | str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known word most like `word`, or None where none is like it."""
    spelt = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), spelt, n=1, cutoff=cutoff)
    return spelt[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean nudge_every?`, else `one of acknowledge, resolve`."""
    names = list(known)
    if match := nearest(word, names):
        return f"did you mean {match}?"
    return f"one of {', '.join(names)}" if names else "nothing is known here"


def without_passwords(text: str) -> str:
    """`text` with the user and password of every URL in it left out: drivers repeat the URL they were given."""
    return _CREDENTIALS.sub("//…@", text)


def dotted(path: Iterable[str | int]) -> str:
    """A path as people read it: `routing[0].when.severity`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
