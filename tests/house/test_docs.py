"""The README and docs/: every command in them can be typed, every link leads somewhere, every example parses."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from bot.cli import app as command_line
from bot.core.help import USAGES
from handlers import commands
from tests.house.pages import FENCE, PAGES, ROOT, blocks, spoken

# ── the command line ─────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def command_tree() -> dict[tuple[str, ...], set[str]]:
    """Every command, by its words, with its options."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], set[str]]]:
        options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
        yield words, options - {"--help"}
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*words, name))

    return dict(walk(typer.main.get_command(command_line), ()))


@cache
def groups() -> set[tuple[str, ...]]:
    return {words[:-1] for words in command_tree() if words}


def called() -> Iterator[tuple[str, tuple[str, ...], set[str]]]:
    """(page, words, options) of each `closeloop …` in the docs."""
    for page, text in spoken():
        for call in re.findall(r"(?:^|[\s(/])closeloop ([^)`#|]+)", text):
            parts = shlex.split(call)
            options = {part.partition("=")[0] for part in parts if part.startswith("--")}
            words: tuple[str, ...] = ()
            while words in groups() and len(parts) > len(words) and not parts[len(words)].startswith("--"):
                words = tuple(parts[: len(words) + 1])
            yield page, words, options


def test_every_command_and_option_in_the_docs_exists() -> None:
    tree, uses = command_tree(), list(called())
    assert len(uses) > 40
    assert [use for use in uses if use[1] not in tree or not use[2] <= tree[use[1]]] == []


def test_every_command_and_option_is_in_the_page_of_commands() -> None:
    page = PAGES["docs/commands.md"]
    told = {words for where, words, _ in called() if where == "docs/commands.md"}
    assert set(command_tree()) - groups() <= told
    options = set().union(*command_tree().values())
    assert {option for option in options if f"`{option}`" not in page and f" {option}" not in page} == set()


def test_every_make_target_in_the_docs_exists() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    asked = {target for _, text in spoken() for target in re.findall(r"(?:^|\s)make (\w+)", text)}
    assert {"run", "test"} <= asked <= targets


def test_every_slash_command_is_told_and_exists() -> None:
    told = {word for _, text in spoken() for word in re.findall(r"^/loop (\w+)", text)}
    assert told == set(commands.COMMANDS)


@pytest.mark.parametrize("usage", [usage for usage, _ in USAGES])
def test_every_usage_that_help_shows_is_in_the_page_of_commands(usage: str) -> None:
    assert f"`/loop {usage}`" in PAGES["docs/commands.md"]


# ── the pages themselves ─────────────────────────────────────────────────────────────────────────────────────────────


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), flags=re.MULTILINE)}


def test_every_link_inside_leads_somewhere() -> None:
    broken = []
    for page, text in PAGES.items():
        targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
        for target in targets:
            path, _, anchor = target.partition("#")
            file = (ROOT / page).parent / path if path else ROOT / page
            if "://" not in target and not (file.exists() and (not anchor or anchor in anchors(file))):
                broken.append((page, target))
    assert broken == []


def test_every_file_named_in_the_docs_exists_and_defines_what_is_named_in_it() -> None:
    named = {
        (page, *found) for page, text in PAGES.items() for found in re.findall(r"`([\w/]+\.py)(?:: ([\w.]+))?`", text)
    }
    assert len(named) > 20
    for page, file, name in named:
        tree = ast.parse((ROOT / file).read_text())
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)]
        defined = {node.name for node in nodes} | {
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        assert not name or set(name.split(".")) <= defined, (page, file, name)


@pytest.mark.parametrize(("page", "text"), blocks("python"))
def test_a_python_block_parses(page: str, text: str) -> None:
    assert ast.parse(text).body, page


@pytest.mark.parametrize(("page", "text"), blocks("json"))
def test_a_json_block_parses(page: str, text: str) -> None:
    assert json.loads(text), page


@pytest.mark.parametrize(("page", "text"), blocks("bash"))
def test_a_shell_block_parses(page: str, text: str) -> None:
    checked = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, ""), page


def test_pictures_are_light() -> None:
    pictures = list(ROOT.glob("docs/*.png"))
    assert {path.name for path in pictures} == {"picture.png", "phone.png"}
    assert all(path.stat().st_size < 400_000 for path in pictures)
