"""YAML with the line of everything in it.

Scalars stay the text that was written: `NO` is not false, `1.10` not 1.1 and `10:30` not 630. Only the shapes know
where a number is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from bot.config.mistakes import ConfigError, Mistake, dotted

Path = tuple[str | int, ...]

# A channel without quotes: YAML takes it for a comment, and in braces the comment eats the closing one as well.
_UNQUOTED = re.compile(r"[:,\[]\s+#[\w-]")
HINT = 'in YAML an unquoted # starts a comment: put the channel in quotes, "#ai-alerts"'

# What YAML takes for a sign of its own where a value begins without quotes.
_SIGNS = (
    (re.compile(r"[:,\[-]\s+@"), 'a value that starts with @ goes in quotes, "@ap-team"'),
    (re.compile(r"[:,\[-]\s+(?:on call|group):\s"), 'what has a colon in it goes in quotes, "on call: payments"'),
    (re.compile(r"[:,\[-]\s+[>!][=\s]"), 'a comparison goes in quotes, ">= 1000"'),
)


@dataclass(frozen=True)
class Document:
    """The data of a file (dict, list, str, None) and where each part of it stands."""

    file: str
    text: str
    data: Any
    lines: dict[Path, int]
    mistakes: tuple[Mistake, ...] = ()

    def line(self, path: Path) -> int:
        """The line of a path or, where it is not in the file, of the nearest part around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1

    def mistake(self, path: Path, what: str) -> Mistake:
        return Mistake(file=self.file, line=self.line(path), field=dotted(path), what=what)

    def comment_took(self, path: Path) -> bool:
        """Whether the value of this path was eaten by a comment that looks like a channel."""
        return bool(_UNQUOTED.search(self.text.splitlines()[self.line(path) - 1]))


def read(text: str, file: str) -> Document:
    """The document in `text`; keys written twice are in its `mistakes`. Raises ConfigError where it is not YAML."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_not_yaml(text, file, error)]) from None
    except yaml.YAMLError as error:
        raise ConfigError([Mistake(file=file, line=1, field="", what=f"not YAML: {error}")]) from None
    walk = _Walk(file)
    data = walk.data(root, ()) if root else None
    return Document(file=file, text=text, data=data, lines=walk.lines, mistakes=tuple(walk.mistakes))


def _not_yaml(text: str, file: str, error: yaml.MarkedYAMLError) -> Mistake:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    what = f"not YAML: {error.problem or error.context}"
    before = enumerate(text.splitlines()[:line], start=1)
    if eaten := [number for number, content in before if _UNQUOTED.search(content)]:
        return Mistake(file=file, line=eaten[-1], field="", what=f"{what}; {HINT}")
    if hint := _sign(text, line):
        what = f"{what}; {hint}"
    return Mistake(file=file, line=line, field="", what=what)


def _sign(text: str, line: int) -> str:
    """What is to be put in quotes in this line, as far as it can be told."""
    content = text.splitlines()[line - 1] if line <= len(text.splitlines()) else ""
    return next((hint for sign, hint in _SIGNS if sign.search(content)), "")


class _Walk:
    """One pass over the nodes of a file: its data, the lines, and the keys written twice."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Path, int] = {}
        self.mistakes: list[Mistake] = []
        self._around: list[yaml.Node] = []

    def data(self, node: yaml.Node, path: Path) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if node in self._around:
            raise ConfigError([self._mistake(node, path, "this alias contains itself")])
        self._around.append(node)
        try:
            return self._inner(node, path)
        finally:
            self._around.pop()

    def _inner(self, node: yaml.Node, path: Path) -> Any:
        if isinstance(node, yaml.MappingNode):
            return {key: self.data(value, (*path, key)) for key, value in self._entries(node, path)}
        if isinstance(node, yaml.SequenceNode):
            return [self.data(item, (*path, n)) for n, item in enumerate(node.value)]
        if not node.tag.startswith("tag:yaml.org"):
            quoted = "; a comparison goes in quotes" if node.tag.startswith("!=") else ""
            self.mistakes.append(self._mistake(node, path, f"the tag {node.tag} means nothing here{quoted}"))
        return None if node.tag == "tag:yaml.org,2002:null" else node.value

    def _entries(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, yaml.Node]]:
        first: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self.mistakes.append(self._mistake(key, path, "a key must be a plain word"))
            elif name in first:
                what = f"written twice, here and in line {first[name]}; keep one"
                self.mistakes.append(self._mistake(key, (*path, name), what))
            else:
                first[name] = line
                self.lines[*path, name] = line
                yield name, value

    def _mistake(self, node: yaml.Node, path: Path, what: str) -> Mistake:
        return Mistake(file=self.file, line=node.start_mark.line + 1, field=dotted(path), what=what)
