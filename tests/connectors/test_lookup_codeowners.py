"""Who owns a path by CODEOWNERS: GitHub's own examples, GitLab's sections, and names that only we know."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.lookup.codeowners import CodeOwners

# The example of GitHub's page "About code owners", with the comments cut short.
GITHUB = r"""
# This is a comment.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
"""
PEOPLE = {
    "@global-owner1": "global@acme.example",
    "@JS-Owner": "js@acme.example",
    "octo-org/octocats": "cats@acme.example",
    "@doctocat": "doc@acme.example",
    "@octocat": "Octo@Acme.Example",
}


def owners(tmp_path: Path, text: str | bytes, names: dict[str, str] | None = None) -> CodeOwners:
    path = tmp_path / "CODEOWNERS"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return CodeOwners(path, names=names or {})


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("README.md", "global@acme.example"),
        ("src/deep/down/main.c", "global@acme.example"),
        ("src/app.js", "js@acme.example"),
        ("/src/app.js", "js@acme.example"),
        ("./src//app.js", "js@acme.example"),
        ("src/main.go", "docs@example.com"),
        ("notes.txt", "cats@acme.example"),
        ("build/logs/today.c", "octo@acme.example"),  # **/logs comes later
        ("build/logs", "octo@acme.example"),
        ("deeply/nested/logs/a/b", "octo@acme.example"),
        ("docs/getting-started.md", "doc@acme.example"),  # /docs/ comes after docs/*
        ("docs/build-app/troubleshooting.md", "doc@acme.example"),
        ("sub/docs/getting-started.md", "global@acme.example"),
        ("sub/apps/x", "octo@acme.example"),
        ("apps/x", "octo@acme.example"),
        ("apps/github", None),
        ("apps/github/x/y.js", None),
        ("apps/githubber", "octo@acme.example"),
        ("scripts/run", "doc@acme.example"),
        ("", None),
        ("/", None),
        ("src/../apps/x", None),
        ("..", None),
        ("a/" * 5_000 + "x.js", None),  # longer than any path
    ],
)
def test_the_documented_example_means_what_its_comments_say(tmp_path: Path, path: str, owner: str | None) -> None:
    assert owners(tmp_path, GITHUB, PEOPLE).find(path) == owner


# pattern ▶ paths it matches, paths it does not
PATTERNS = [
    ("foo", "foo foo/bar bar/foo bar/foo/baz", "foo.txt bar/foo.txt bar/baz"),
    ("/foo", "foo foo/bar foo/bar/baz", "fool.txt bar/foo bar/foo/baz"),
    ("foo/", "foo/bar foo/bar/baz bar/foo/baz bar/foo/baz/qux", "foo bar/foo bar/baz"),
    ("/foo/", "foo/bar foo/bar/baz", "foo bar/foo/baz"),
    ("foo/bar", "foo/bar foo/bar/baz", "foo/bart baz/foo/bar baz/foo/bar/qux"),
    ("/foo/bar/", "foo/bar/baz foo/bar/baz/qux", "foo/bar foo/bart baz/foo/bar/qux"),
    ("*", "foo foo/bar bar/foo/baz .hidden", ""),
    ("**", "foo foo/bar", ""),
    ("f*", "foo foo/bar bar/foo bar/foo/baz f", "bar/baz xfoo"),
    ("/*", "foo bar", "foo/bar foo/bar/baz"),
    ("/f*", "foo foo/bar foo/bar/baz", "bar/foo bar/foo/baz xfoo"),
    ("f*/", "foo/bar bar/foo/baz", "foo bar/foo bar/baz"),
    ("/*/", "foo/bar bar/foo/baz", "foo"),
    ("/f*/", "foo/bar", "foo bar/foo bar/foo/baz"),
    ("foo/*", "foo/bar", "foo foo/bar/baz bar/foo/baz"),
    ("foo/*.txt", "foo/bar.txt foo/.txt", "foo foo/bar/baz.txt qux/foo/bar.txt"),
    ("foo/*/baz", "foo/bar/baz foo/bar/baz/qux", "foo foo/bar foo/baz foo/a/b/baz"),
    ("f?o", "foo fxo a/foo", "fo fooo f/o"),
    ("*.*", "a.b .b a. x/a.b", "ab"),
    ("**/foo/bar", "foo/bar qux/foo/bar qux/foo/bar/baz a/b/foo/bar", "foo/baz/bar"),
    ("**/*bar*", "bar foo/rebar foo/barrio a/b/bar/c", "ba"),
    ("**/*", "foo a/b/c", ""),
    ("foo/bar/**", "foo/bar/baz foo/bar/baz/qux", "foo/bar qux/foo/bar/baz"),
    ("foo/**/bar", "foo/bar foo/bar/baz foo/qux/bar foo/q/r/bar/baz", "qux/foo/bar foo/quxbar"),
    ("foo/**/", "foo/bar foo/bar/baz", "foo"),
    ("foo/**/bar/b*", "foo/bar/baz foo/q/bar/baz foo/bar/x/bar/b", "foo/bar foo/bar/qux foo/q/bar"),
    ("foo/**/a/**/z", "foo/a/z foo/x/a/y/z foo/a/a/z/more", "foo/z/a foo/a"),
    ("**/**/x", "x a/b/x", "y"),
    ("a*b*b", "abb aXbXb abbb", "ab aXb"),
    ("a**b", "ab aXb", "a/b"),
    ("a***b", "ab aXb", "a/b"),
    (r"\#file", "#file a/#file", "file"),
    (r"my\ docs/", "my docs/x a/my docs/x".replace("my docs", "my\u00a7docs"), "my/x docs/x"),
    (r"f\*o", "f*o", "foo"),
    (r"f\?o*", "f?o f?ox", "fooo"),
    ("pages/[id]/x", "pages/[id]/x", "pages/i/x"),
    ("pages/[id]/*", "pages/[id]/y", "pages/i/y"),
    ("a+(b).c", "a+(b).c", "aa(b).c a+bxc"),
    ("/", "", "foo foo/bar"),
    ("Foo", "Foo", "foo"),
    ("größe/*", "größe/ß", "grösse/x"),
]


@pytest.mark.parametrize(("pattern", "yes", "no"), PATTERNS)
def test_each_pattern_matches_what_it_should(tmp_path: Path, pattern: str, yes: str, no: str) -> None:
    found = owners(tmp_path, f"{pattern} ana@acme.example\n")
    asked = [path.replace("\u00a7", " ") for path in (yes + " " + no).split()]
    wanted = [path.replace("\u00a7", " ") for path in yes.split()]
    assert [path for path in asked if found.find(path)] == wanted


@pytest.mark.parametrize(
    ("line", "owner"),
    [
        ("x @nobody-we-know ana@acme.example @ben", "ana@acme.example"),  # an e-mail before any name
        ("x @nobody-we-know @ben", "ben@acme.example"),
        ("x @BEN", "ben@acme.example"),
        ("x\t@ben\t# ana@acme.example", "ben@acme.example"),
        ("x @acme/payments", "cleo@acme.example"),
        ("x @@maintainer", "elsa@acme.example"),
        ("x @nobody-we-know", None),
        ("x Ana@Acme.Example", "ana@acme.example"),
        ("x", None),
        ("x # @ben", None),
        ("! @ben", "first@acme.example"),
        ("!x @ben", "first@acme.example"),
        ("[x]y @ben", "first@acme.example"),
        ("x ben", "first@acme.example"),  # nobody can be called that: the line says nothing
    ],
)
def test_the_first_owner_we_can_name_counts(tmp_path: Path, line: str, owner: str | None) -> None:
    names = {
        "@ben": "ben@acme.example",
        "@acme/payments": "cleo@acme.example",
        "@@maintainer": "elsa@acme.example",
    }
    assert owners(tmp_path, f"* first@acme.example\n{line}\n", names).find("x") == owner


def test_sections_of_gitlab_give_their_default_owners(tmp_path: Path) -> None:
    text = """
    [Documentation] ana@acme.example
    docs/
    README.md ben@acme.example

    ^[Two words][2] cleo@acme.example # why
    /db/
    [documentation]
    *.rst
    [Nobody]
    secret/
    """
    found = owners(tmp_path, text)
    paths = ("docs/x", "README.md", "db/x", "docs/a.rst", "secret/x", "other")
    assert [found.find(path) for path in paths] == [
        "ana@acme.example",
        "ben@acme.example",
        "cleo@acme.example",
        "ana@acme.example",
        None,
        None,
    ]


def test_lines_that_are_skipped_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    owners(tmp_path, "* ana@acme.example\n!x @ben\ny ben\n")
    said = [vars(record) for record in caplog.records if record.levelno >= logging.WARNING]
    assert [(one["count"], one["first"]) for one in said] == [(2, "2, 3")]


def test_a_broken_file_is_told_at_the_start_and_later_keeps_its_last_good_version(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="CODEOWNERS:2: not UTF-8"):
        owners(tmp_path, b"* a@b.example\n\xff\n")
    with pytest.raises(ValueError, match="more than 3 MiB"):
        owners(tmp_path, b"#" * (3 << 20) + b"\n")
    with pytest.raises(ValueError, match="is not an owner"):
        owners(tmp_path, "", {"@ben": "Ben"})
    seconds = [0.0]
    path = tmp_path / "CODEOWNERS"
    path.write_text("* ana@acme.example\n")
    found = CodeOwners(path, now=lambda: seconds[0])
    path.write_bytes(b"* ben@acme.example\n\xff")
    seconds[0] = 1.0
    assert (found.find("x"), found.broken) == ("ana@acme.example", 1)
    path.write_text("* ben@acme.example\n")
    seconds[0] = 2.0
    assert (found.find("x"), found.broken) == ("ben@acme.example", 1)


def test_a_hostile_path_costs_no_time(tmp_path: Path) -> None:
    many = "**/" + "a/**/" * 20 + "b ana@acme.example\n" + "*a" * 20 + "b ana@acme.example\n"
    found = owners(tmp_path, many)
    began = time.process_time()
    assert found.find("a/" * 2_000 + "c") is None
    assert found.find("a" * 4_000) is None
    assert time.process_time() - began < 5  # backtracking would take for ever


SEGMENT = st.lists(st.sampled_from("ab*?"), min_size=1, max_size=4).map("".join)


def glob(pattern: str, text: str) -> bool:
    """One segment, by the definition."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(glob(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in (text[0], "?") and glob(pattern[1:], text[1:])


def reaches(pattern: list[str], path: list[str]) -> bool:
    """Whole segments, by the definition."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(reaches(pattern[1:], path[at:]) for at in range(len(path) + 1))
    return bool(path) and glob(pattern[0], path[0]) and reaches(pattern[1:], path[1:])


@given(
    st.lists(SEGMENT | st.just("**"), min_size=1, max_size=5).filter(lambda found: set(found[-1]) != {"*"}),
    st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=6),
)
def test_any_rooted_pattern_matches_as_the_definition_says(
    tmp_path_factory: pytest.TempPathFactory, pattern: list[str], path: list[str]
) -> None:
    pattern = ["**" if set(part) == {"*"} and len(part) > 1 else part for part in pattern]
    found = owners(tmp_path_factory.mktemp("any"), f"/{'/'.join(pattern)} ana@acme.example\n")
    expected = any(reaches(pattern, path[:upto]) for upto in range(1, len(path) + 1))
    assert (found.find("/".join(path)) is not None) == expected
