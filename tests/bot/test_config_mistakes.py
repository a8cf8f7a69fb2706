"""Every mistake is named with its line, its field and the nearest right spelling."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config.mistakes import ConfigError
from bot.settings import load, loads

FALLBACK = 'fallback: {owner: elsa@acme.example, channel: "#ai-exceptions"}\n'


def mistakes(text: str, *, fallback: bool = True) -> list[str]:
    """The list that is shown; with `fallback` the text begins in line 2."""
    with pytest.raises(ConfigError) as caught:
        loads((FALLBACK if fallback else "") + text, Path("closeloop.yaml"))
    return str(caught.value).splitlines()


def cases() -> list[tuple[str, str]]:
    """config_mistakes.txt: the text after the line `fallback`, then ▶ and what is told, beginning with the line."""
    blocks = (Path(__file__).parent / "config_mistakes.txt").read_text().split("\n\n")
    return [(text, told.strip()) for text, _, told in (block.partition("\n▶ ") for block in blocks)]


@pytest.mark.parametrize(("text", "told"), cases())
def test_a_mistake_is_named_with_line_field_and_nearest_spelling(text: str, told: str) -> None:
    assert any(line.startswith(f"closeloop.yaml:{told}") for line in mistakes(text)), mistakes(text)
    assert len(mistakes(text)) == 1, "one mistake is told once"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1: the file is empty; at least fallback is needed"),
        ("# nothing but a comment\n", "1: the file is empty"),
        ("admins: []", "1: fallback: required, but not there"),
        ("fallback: {owner: elsa@acme.example}", "1: fallback.channel: required, but not there"),
        ("- a\n- b", "1: must be a mapping, key: value"),
        ("fallback: {owner: elsa@acme.example, channel: #ai-exceptions}\nadmins: []", "1: not YAML"),
        ("a: b: c", "1: not YAML: mapping values are not allowed here"),
        ("a: 1\n---\nb: 2", "2: not YAML: but found another document"),
        ("a: \x07", "1: not YAML"),
    ],
)
def test_a_file_that_is_no_configuration_says_so(text: str, told: str) -> None:
    assert mistakes(text, fallback=False)[0].startswith(f"closeloop.yaml:{told}")


def test_a_channel_that_became_a_comment_is_explained_even_where_it_broke_the_file() -> None:
    (told,) = mistakes("fallback: {owner: elsa@acme.example, channel: #ai-exceptions}\nadmins: []", fallback=False)
    assert told.endswith('put the channel in quotes, "#ai-alerts"')


def test_every_mistake_is_listed_in_the_order_of_the_file() -> None:
    text = "directory: [fil]\nsources:\n  ap: {chanel: '#x', policy: defalt}\nplatform: teems\nsources: {}\n"
    lines = [int(line.split(":")[1]) for line in mistakes(text)]
    assert lines == [2, 4, 4, 5, 6]


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such file; copy closeloop\.example\.yaml"):
        load(tmp_path / "closeloop.yaml")


def test_a_folder_and_a_file_that_is_not_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)
    (tmp_path / "closeloop.yaml").write_bytes(b"fallback: \xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path / "closeloop.yaml")
