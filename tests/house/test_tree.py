"""What must not be in the tree: addresses of registries, paths of somebody's machine, things left open."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OPEN = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error")) + r")\b")
REGISTRY = re.compile(r"(index-url|find-links|https?://[^\s\"']+/(simple|packages)/)")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    found = []
    for path in tracked():
        try:
            found.append((str(path.relative_to(ROOT)), path.read_text()))
        except UnicodeDecodeError:
            continue  # a picture
    return found


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout: nothing says which files are ours")
def test_the_tree_holds_no_registry_address_and_no_path_of_a_machine() -> None:
    own = {"tests/house/test_tree.py", "Makefile"}
    bad = [name for name, text in texts() if name not in own and (REGISTRY.search(text) or f"{ROOT.parent}/" in text)]
    assert bad == []


def test_lock_files_pin_every_package_with_hashes_and_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        pinned = re.findall(r"^\S+==", text, flags=re.MULTILINE)
        assert pinned and "http://" not in text and "https://" not in text
        assert text.count("--hash=sha256:") >= len(pinned)


def test_nothing_is_left_open_in_the_product() -> None:
    product = ("bot/", "handlers/", "connectors/", "storage/", "sandbox/")
    assert [name for name, text in texts() if name.startswith(product) and LEFT_OPEN.search(text)] == []
