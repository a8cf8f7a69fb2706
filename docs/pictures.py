"""Takes the pictures of docs/pictures from the running product: `make pictures`.

Everything in them happened: `closeloop up --sandbox` runs in a folder of its own with a business clock that starts at
a fixed instant, sources raise alerts over HTTP, people press buttons, time is moved on. Only the numbers of alerts
differ from run to run. Needs Debian's chromium and a font with emoji.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pictures_story import BOTH, CONFIG, PROPOSED, Story, past
from pictures_town import CLOSELOOP, Town
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

OUT = Path(__file__).with_name("pictures")
LIGHT = 150_000
"""bytes that a picture has at most: the pages that show it are read on phones"""
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
WIDTHS = {"": (1280, 800, 1.0), "-phone": (390, 844, 1.5)}
"""what stands behind a picture's name ▶ width, height, pixels for each of them"""
MISSING = "{what} is missing. On Debian: apt install {package}"

Prepare = Callable[[Page], object]


@dataclass(frozen=True, kw_only=True)
class Camera:
    """One browser window of each width."""

    pages: dict[str, Page]
    url: str

    def shoot(self, name: str, person: str, place: str, prepare: Prepare) -> None:
        """Somebody sits down somewhere; `prepare` brings what is of interest before them."""
        for suffix, page in self.pages.items():
            page.goto("about:blank")
            page.goto(f"{self.url}/sandbox#{person}/{place}")
            page.locator("#app[data-ready=true]").wait_for()
            prepare(page)
            keep(still(page), f"{name}{suffix}")
            leave(page)

    def shoot_teams(self, name: str, person: str, channel: str, prepare: Prepare) -> None:
        """The same of the page of Teams."""
        for suffix, page in self.pages.items():
            page.goto(f"{self.url}/teams?as=U0{person.upper()}&room=19:{channel}@thread.tacv2")
            prepare(page)
            keep(still(page), f"{name}{suffix}")

    def shoot_page(self, name: str, file: Path) -> None:
        """The beginning of a page that is no workspace."""
        for suffix, page in self.pages.items():
            width, height, _ = WIDTHS[suffix]
            page.goto(file.as_uri())
            page.set_viewport_size({"width": width, "height": round(height * 1.5)})
            keep(page.screenshot(animations="disabled"), f"{name}{suffix}")


def still(page: Page) -> bytes:
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)
    return page.screenshot(animations="disabled", caret="hide")


def keep(png: bytes, name: str) -> None:
    """The picture, with as many colours as a screen of text needs."""
    path = OUT / f"{name}.png"
    few = Image.open(BytesIO(png)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.relative_to(OUT.parents[1])}  {few.width} × {few.height}  {size / 1000:.0f} kB")
    if size > LIGHT:
        raise SystemExit(f"{path.name} has {size:,} bytes; {LIGHT:,} are the most")


# ── what is brought before somebody ──────────────────────────────────────────────────────────────────────────────────


def message(page: Page, words: str) -> Locator:
    """The newest message with these words in it, on the screen from its first line."""
    found = page.locator("#main [data-testid=message]", has_text=words).last
    found.wait_for()
    found.evaluate("node => node.scrollIntoView({block: 'start'})")
    return found


def shows(words: str) -> Prepare:
    return lambda page: message(page, words)


def charts(words: str) -> Prepare:
    """A message's second picture and what follows it."""

    def turn(page: Page) -> None:
        shown = message(page, words).get_by_test_id("picture").nth(1)
        shown.evaluate("node => node.scrollIntoView({block: 'start'})")

    return turn


def thread(words: str, reply: str) -> Prepare:
    def open_it(page: Page) -> None:
        message(page, words).get_by_test_id("replies").click()
        page.get_by_test_id("thread").get_by_text(reply).first.wait_for()

    return open_it


def form(words: str, label: str, fill: Callable[[Locator], object] = lambda modal: None) -> Prepare:
    """The form behind a button of a card, filled in."""

    def open_it(page: Page) -> None:
        message(page, words).get_by_role("button", name=f"{label}: alert").first.click()
        page.get_by_test_id("modal").wait_for()
        fill(page.get_by_test_id("modal"))

    return open_it


def from_menu(words: str, label: str) -> Prepare:
    """The form behind an entry of a card's menu."""

    def open_it(page: Page) -> None:
        message(page, words).locator("[data-action-id=more]").click()
        page.get_by_test_id("menu").get_by_text(label).click()
        page.get_by_test_id("modal").wait_for()

    return open_it


def from_message(words: str, label: str) -> Prepare:
    """The form behind a shortcut of somebody's message."""

    def open_it(page: Page) -> None:
        found = message(page, words)
        found.hover()
        found.get_by_test_id("more-actions").click()
        page.get_by_role("menuitem", name=label).click()
        page.get_by_test_id("modal").wait_for()

    return open_it


def own_card(words: str, label: str = "", field: str = "", text: str = "") -> Prepare:
    """A card in Teams as only this person sees it; with a label, the form that takes its place when that is pressed."""

    def open_it(page: Page) -> None:
        card = page.locator("article", has_text=words).last
        card.get_by_text("as only you see it").wait_for()
        if label:
            # Where the other window has pressed it already the form stands here too: it belongs to the person.
            if card.get_by_role("button", name=label, exact=True).count() and not card.get_by_label(field).count():
                card.get_by_role("button", name=label, exact=True).click()
            card.get_by_label(field).fill(text)
        card.evaluate("node => node.scrollIntoView({block: 'start'})")

    return open_it


def leave(page: Page) -> None:
    """Nothing stays open for the next picture: what is open belongs to the person, not to the window."""
    while page.get_by_test_id("modal").count():
        page.get_by_test_id("modal-x").click()
        page.wait_for_timeout(200)


def home(tab: str, words: str) -> Prepare:
    """Home with a tab chosen and its first alerts picked."""

    def turn(page: Page) -> None:
        shown = page.get_by_test_id("home")
        shown.get_by_role("button", name=tab).first.click()
        shown.get_by_text(words).first.wait_for()
        page.wait_for_timeout(700)
        for box in shown.get_by_role("checkbox").all()[:2]:
            box.check()
        shown.evaluate("node => { node.scrollTop = 0 }")

    return turn


# ── the pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────


def photograph(story: Story, camera: Camera) -> None:
    invoice, drift = "Invoice 4711", "Churn model"
    story.yesterday()
    story.morning()
    story.reads()
    camera.shoot("morning", "ana", "closeloop", shows("Good morning"))
    story.invoice()
    camera.shoot("card", "ana", "ai-alerts", shows(invoice))
    forms(camera, invoice)
    story.acknowledged()
    camera.shoot("checked-in", "ana", "ai-alerts", thread(invoice, "Still on it?"))
    story.forgotten()
    camera.shoot("nudged", "ben", "ai-alerts", thread(drift, "Please acknowledge"))
    camera.shoot("escalated", "cleo", "closeloop", shows(drift))
    story.visits()
    camera.shoot("home", "ana", "home", home("Mine", "supplier"))
    camera.shoot("home-team", "cleo", "home", home("My team", drift))
    story.too_much()
    camera.shoot("digest", "ben", "closeloop", shows("wait for you"))
    for name, words in (("help", "What you can type"), ("oncall", "On call")):
        story.types(name)
        camera.shoot(name, "ana", "general", shows(words))
    story.report()
    camera.shoot("report", "cleo", "closeloop", shows("Four weeks"))
    camera.shoot("charts", "cleo", "closeloop", charts("Four weeks"))


def in_teams(story: Story, camera: Camera) -> None:
    refunds, what = "Nine refunds", "Card 5512 is blocked; the bank has the nine refunds."
    story.in_both()
    camera.shoot_teams("teams", "ana", "ai-alerts", own_card(refunds))
    camera.shoot_teams("teams-resolve", "ana", "ai-alerts", own_card(refunds, "Resolve", "What was done?", what))


def forms(camera: Camera, card: str) -> None:
    def done(modal: Locator) -> None:
        modal.get_by_label("What was done?").fill("Credit note 9 was booked; the supplier confirmed it.")

    camera.shoot("resolve", "ana", "ai-alerts", form(card, "Resolve", done))
    camera.shoot("snooze", "ana", "ai-alerts", form(card, "Snooze"))
    camera.shoot("reassign", "ana", "ai-alerts", form(card, "Reassign"))
    camera.shoot("responder", "ana", "ai-alerts", from_menu(card, "Add a responder"))
    camera.shoot("raise", "ana", "general", from_message("two prices", "Raise as alert"))


def simulate(folder: Path, camera: Camera) -> None:
    """The page of a replay, of the log of another tool: `--since` of a database counts from the machine's own day."""
    (folder / "history.csv").write_text(past())
    (folder / "new.yaml").write_text(PROPOSED)
    asked = ("--policy", "new.yaml", "--history", "history.csv", "--config", "closeloop.yaml", "--html", "page.html")
    told = subprocess.run(
        [*CLOSELOOP, "policy", "simulate", *asked], cwd=folder, capture_output=True, text=True, check=False
    )
    if told.returncode:
        raise SystemExit(told.stderr)
    camera.shoot_page("simulate", folder / "page.html")


@contextmanager
def cameras(url: str, chromium: str) -> Iterator[Camera]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        try:
            yield Camera(pages={suffix: window(browser, suffix) for suffix in WIDTHS}, url=url)
        finally:
            browser.close()


def window(browser: Browser, suffix: str) -> Page:
    width, height, scale = WIDTHS[suffix]
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=scale, color_scheme="light"
    )
    context.set_default_timeout(20_000)
    return context.new_page()


def chromium() -> str:
    """The browser. Raises SystemExit where it or the font is missing."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise SystemExit(MISSING.format(what="Chromium", package="chromium"))
    fonts = subprocess.run(["fc-list", ":lang=und-zsye"], capture_output=True, text=True, check=False)
    if not fonts.stdout.strip():
        raise SystemExit(MISSING.format(what="A font with emoji", package="fonts-noto-color-emoji"))
    return found


@contextmanager
def opened(config: str) -> Iterator[Town]:
    with tempfile.TemporaryDirectory(prefix="pictures-") as name:
        (Path(name) / "closeloop.yaml").write_text(config)
        with Town.open(Path(name)) as town:
            yield town


def main() -> None:
    browser = chromium()
    OUT.mkdir(exist_ok=True)
    with opened(CONFIG) as town, cameras(town.sandbox, browser) as camera:
        story = Story(town=town)
        story.weeks_before()
        photograph(story, camera)
        simulate(town.folder, camera)
    with opened(BOTH) as town, cameras(town.sandbox, browser) as camera:
        in_teams(Story(town=town), camera)
    sys.stdout.write(f"{len(list(OUT.glob('*.png')))} pictures in {OUT.relative_to(OUT.parents[1])}\n")


if __name__ == "__main__":
    main()
