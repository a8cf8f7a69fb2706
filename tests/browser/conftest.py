"""A town of its own, and Debian's Chromium to look at it with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from story import house as houses
from story.house import House
from story.town import Town

from tests.sandbox.conftest import bot, bot_server, box, http, shared, slack  # noqa: F401 -- the bare stand-in's

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("the walk through the sandbox page was skipped: Chromium is not installed (Debian: chromium)")
    return found


@pytest.fixture(scope="module")
def town(chromium: str, tmp_path_factory: Any) -> Iterator[Town]:
    with httpx2.Client(trust_env=False, timeout=20) as client:
        folder = Path(tmp_path_factory.mktemp("town-page"))
        house = House(folder=lambda: folder, database=houses.sqlite, http=client)
        yield house.open()
        house.close()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A fresh page at desktop width; the test fails where the page reports an error of its own."""
    context = browser.new_context(viewport=WIDE)
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    opened.set_default_timeout(15_000)
    yield opened
    context.close()
    assert wrong == []
