"""The README and the pages of docs/, taken apart: what tests hold to the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))
}
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")


def blocks(language: str) -> list[tuple[str, str]]:
    """(page, text) of every fenced block in a language, without its indentation."""
    found = [(page, *match.groups()) for page, text in PAGES.items() for match in FENCE.finditer(text)]
    return [
        (page, "\n".join(line.removeprefix(indent) for line in body.splitlines()))
        for page, indent, kind, body in found
        if kind == language
    ]


def spoken() -> Iterator[tuple[str, str]]:
    """(page, text) of everything set as code: spans in the prose, lines of shell blocks."""
    for page, text in PAGES.items():
        yield from ((page, span_) for span_ in CODE.findall(FENCE.sub("", text)))
    for page, text in blocks("bash"):
        yield from ((page, line) for line in text.replace("\\\n", " ").splitlines())


def first_cells(page: str, heading: str = "") -> set[str]:
    """What stands as code in the first column of a page's tables, or of one section's."""
    text = PAGES[page]
    if heading:
        text = re.split(r"^## ", text.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return set(re.findall(r"^\| `([^`]+)`", text, flags=re.MULTILINE))
