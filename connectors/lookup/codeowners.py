"""Who owns a path, from a CODEOWNERS file as GitHub and GitLab read it: the last pattern that matches counts."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from connectors.lookup.files import Watched
from connectors.lookup.owner import owner

log = logging.getLogger(__name__)

MOST_BYTES = 3 << 20
"""as GitHub has it"""
LONGEST_PATH = 4_096

_WORD = re.compile(r"(?:\\.|[^\s\\])+")
_SECTION = re.compile(r"\^?\[([^\]]+)\](?:\[\d+\])?(?:\s+(.*))?")
_SIGN = re.compile(r"\\(.)|(\*+)|(.)", re.DOTALL)
_WILD = re.compile(r"(?<!\\)(?:\\\\)*[*?]")
_NOBODY: Mapping[str, str] = MappingProxyType({})


@dataclass(kw_only=True)
class _Rules:
    """Patterns without wildcards are found by what they say, however many there are; the others are tried."""

    owners: list[tuple[str, ...]] = field(default_factory=list)
    plain: dict[str, int] = field(default_factory=dict)
    """pattern ▶ its last rule; with a leading / where it starts at the root"""
    wild: list[tuple[int, re.Pattern[str]]] = field(default_factory=list)

    def add(self, pattern: str, owners: tuple[str, ...]) -> None:
        number = len(self.owners)
        self.owners.append(owners)
        if _WILD.search(pattern):
            self.wild.append((number, re.compile(_expression(pattern), re.DOTALL)))
        else:
            said = re.sub(r"\\(.)", r"\1", pattern)
            rooted = "/" in said.rstrip("/") and not said.startswith("/")
            self.plain[f"/{said}" if rooted else said] = number

    def match(self, path: str) -> tuple[str, ...]:
        best = max((self.plain.get(said, -1) for said in _sayings(path)), default=-1)
        for number, pattern in reversed(self.wild):
            if number < best:
                break
            if pattern.fullmatch(path):
                best = number
                break
        return self.owners[best] if best >= 0 else ()


class CodeOwners:
    """Implements `bot.ports.Lookup`: the key is a path from the repository's root.

    A rule's first e-mail counts, else the first `@user` or `@org/team` that `names` knows; a rule without owners says
    nobody. `[` stands for itself. A line with `!`, or with words of which none can be an owner, is skipped, as at
    GitHub, and the log says so. Of GitLab's sections only the default owners count.
    """

    def __init__(
        self,
        path: str | Path,
        /,
        *,
        names: Mapping[str, str] = _NOBODY,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`names`: `@user` ▶ e-mail, in any case. Raises ValueError."""
        self._names = {f"@{name.removeprefix('@').lower()}": owner(ref) for name, ref in names.items()}
        self._file = Watched(Path(path), lambda lines: _rules(lines, str(path)), most=MOST_BYTES, now=now)

    @property
    def broken(self) -> int:
        """How many versions of the file could not be used since the start."""
        return self._file.broken

    def find(self, key: str, /) -> str | None:
        """Never raises."""
        parts = [part for part in key.split("/") if part not in ("", ".")]
        if not parts or ".." in parts or len(key) > LONGEST_PATH:
            return None
        owners = self._file.value().match("/".join(parts))
        known = [ref for ref in owners if not ref.startswith("@")]
        known += [found for ref in owners if (found := self._names.get(ref.lower()))]
        return known[0] if known else None


def _rules(lines: Iterator[str], name: str) -> _Rules:
    rules = _Rules()
    sections: dict[str, tuple[str, ...]] = {}
    default: tuple[str, ...] = ()
    skipped: list[int] = []
    for number, line in enumerate(lines, start=1):
        if section := _SECTION.fullmatch(line.strip()):
            title = section[1].strip().casefold()
            default = sections[title] = _owners(_words(section[2] or "")) or sections.get(title, ())
        elif words := _words(line):
            owners = _owners(words[1:])
            if words[0].startswith(("!", "[", "^[")) or (words[1:] and not owners):
                skipped.append(number)
            else:
                rules.add(words[0], owners or default)
    if skipped:
        some = ", ".join(str(number) for number in skipped[:10])
        log.warning("lines of CODEOWNERS are skipped", extra={"file": name, "count": len(skipped), "first": some})
    return rules


def _words(line: str) -> list[str]:
    """The pattern and the owners, without the comment."""
    words = _WORD.findall(line)
    comment = next((at for at, word in enumerate(words) if word.startswith("#")), len(words))
    return words[:comment]


def _owners(words: list[str]) -> tuple[str, ...]:
    return tuple(found for word in words if (found := _owner(word)))


def _owner(word: str) -> str | None:
    if word.startswith("@"):
        return word
    try:
        return owner(word)
    except ValueError:
        return None


def _sayings(path: str) -> Iterator[str]:
    """Every pattern without wildcards that matches a path: itself and what it lies in, from the root or by name."""
    yield f"/{path}"
    yield path.rpartition("/")[2]
    above = path.rpartition("/")[0]
    while above:
        name = above.rpartition("/")[2]
        yield from (f"/{above}", f"/{above}/", name, f"{name}/")
        above = above.rpartition("/")[0]


def _expression(pattern: str) -> str:
    """The regular expression of a whole path. None of its parts gives back what it took: hostile paths cost no time."""
    rooted = "/" in pattern.rstrip("/")
    *segments, last = pattern.removeprefix("/").split("/")
    below = not last
    segments = segments if below else [*segments, last]
    while segments and segments[-1] == "**":
        segments, below = segments[:-1], True
    if not segments:
        return ".+"
    tail = "/.+" if below else "" if segments[-1] == "*" and rooted else "(?:/.+)?"
    return _path(segments if rooted else ["**", *segments]) + tail


def _path(segments: list[str]) -> str:
    """Between two `**` the first place that fits is as good as any later one."""
    runs: list[list[str]] = [[]]
    for segment in segments:
        if segment == "**":
            runs.append([])
        else:
            runs[-1].append(_segment(segment))
    first, *others = ["/".join(run) for run in runs if run or run is runs[0]]
    if not others:
        return first
    middle = "".join(f"(?>(?:[^/]+/)*?{run}/)" for run in others[:-1])
    return f"{first}/{middle}(?:[^/]+/)*?{others[-1]}" if first else f"{middle}(?:[^/]+/)*?{others[-1]}"


def _segment(text: str) -> str:
    """`*` and `?` never go over a `/`; between two `*`, too, the first place that fits is as good as any."""
    runs = [""]
    for escaped, stars, sign in _SIGN.findall(text):
        if stars:
            runs.append("")
        else:
            runs[-1] += "[^/]" if sign == "?" else re.escape(escaped or sign)
    if len(runs) == 1:
        return runs[0]
    middle = "".join(f"(?>[^/]*?{run})" for run in runs[1:-1])
    return f"{runs[0]}{middle}[^/]*{runs[-1]}"
