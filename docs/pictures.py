"""The pictures of the README and of docs/, made anew: `make pictures`. Needs Chromium (Debian: chromium).

`closeloop up --sandbox` runs in a temporary folder with the example's configuration. Two months pass in it, then one
Monday; what people see of that is taken at the width of a desk and of a phone. Everything that was started is ended.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from bot import demo_alerts as found

ROOT = Path(__file__).resolve().parent.parent
INTO = Path(__file__).resolve().with_suffix("")
CLI = (sys.executable, "-m", "bot.cli")
HERE = ZoneInfo("Europe/Amsterdam")
CHANNELS = {"C0ALERTS": "U0ANA", "C0PAY": "U0ANA", "C0EXC": "U0ELSA"}
"""a channel, and somebody who is in it"""
SOURCES = ("ap-auditor", "supplier-matcher", "price-feed-watch", "drift-watch", "contract-reader", "prompt-guard")
SIZES: Mapping[str, Mapping[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 860}},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 1.5, "has_touch": True},
}
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
LIGHT = 150_000
"""bytes of a picture at most"""
PAST: tuple[tuple[str, Mapping[str, Any], int, int], ...] = (
    ("ap-auditor", found.INVOICE, 6, 95),
    ("supplier-matcher", found.SUPPLIER, 25, 300),
    ("contract-reader", found.CONTRACT, 70, 410),
    ("drift-watch", found.DRIFT, 15, 160),
)
"""(source, alert, minutes until it is acknowledged, minutes until it is over) of an ordinary week"""


# ── the product ──────────────────────────────────────────────────────────────────────────────────────────────────────


def call(url: str, body: Any = None, **headers: str) -> Any:
    """GET, or POST where there is a body. Raises OSError."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"content-type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def until(ready: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """What `ready` said once it was true. Ends the program where it never is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if said := ready():
                return said
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{what} did not happen within {seconds:.0f} s")


def free_ports() -> int:
    """A port with a free one above it: the stand-in workspace takes that."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


@dataclass(kw_only=True)
class Town:
    """The running product and its stand-in workspace."""

    url: str
    box: str
    """the stand-in's control API"""
    env: Mapping[str, str]
    keys: dict[str, str] = field(default_factory=dict)

    def furnish(self) -> None:
        """A key for each source; nobody waits for the chat's limits."""
        call(f"{self.box}/limits", {"enabled": False})
        for name in SOURCES:
            argv = [*CLI, "source", "add", name, "--sandbox", "--json"]
            done = subprocess.run(argv, cwd=ROOT, env=self.env, capture_output=True, text=True, check=True)
            self.keys[name] = json.loads(done.stdout)["key"]
        until(lambda: call(f"{self.url}/v1/alerts?limit=1", **self._key(SOURCES[-1])), "the last key's working")

    def _key(self, source: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys[source]}"}

    def raised(self, source: str, body: Mapping[str, Any]) -> tuple[str, Any]:
        """(id, card) of an alert once it is shown."""
        made = str(call(f"{self.url}/v1/alerts", body, **self._key(source))["id"])
        return made, until(lambda: self._card(made), f"the card of {body['title']!r}")

    def _card(self, alert_id: str) -> Any:
        for channel, who in CHANNELS.items():
            for one in call(f"{self.box}/messages?channel={channel}&as={who}&limit=40")["messages"]:
                payload = (one["metadata"] or {}).get("event_payload") or {}
                if payload.get("alert") == alert_id and one["metadata"]["event_type"] == "closeloop_card":
                    return {**one, "channel": channel}
        return None

    def over(self, source: str, alert_id: str) -> None:
        call(f"{self.url}/v1/alerts/{alert_id}/cleared", {}, **self._key(source))

    def acknowledge(self, card: Any, who: str) -> None:
        container = {"type": "message", "channel": card["channel"], "ts": card["ts"]}
        action = {"type": "button", "action_id": "act:acknowledge"}
        call(f"{self.box}/act", {"as": who, "container": container, "action": action})

    def forward(self, minutes: float) -> None:
        """Business time goes on; the moment until every process has looked at it and told what became due."""
        call(f"{self.box}/clock", {"advance": minutes * 60 + 1})
        time.sleep(1.0)

    def to_monday(self, hour: int, minute: int = 0) -> None:
        """On to the next Monday's morning of the people here."""
        now = datetime.fromtimestamp(call(f"{self.box}/state?as=U0ANA")["clock"]["now"], UTC).astimezone(HERE)
        day = now.date() + timedelta(days=7 - now.weekday())
        self.forward((datetime(day.year, day.month, day.day, hour, minute, tzinfo=HERE) - now).total_seconds() / 60)

    def put_away(self, who: str) -> None:
        """Closes what stands open in front of somebody: the pages of both widths show the same modal."""
        for view in reversed(call(f"{self.box}/state?as={who}")["modals"]):
            call(f"{self.box}/close", {"as": who, "view_id": view["id"]})

    def said(self, who: str, words: str) -> Any:
        """The newest of what somebody was told alone that holds these words, once it is there."""

        def look() -> Any:
            told = call(f"{self.box}/messages?channel=D{who}&as={who}&limit=20")["messages"]
            return next((one for one in reversed(told) if words in json.dumps(one, ensure_ascii=False)), None)

        return until(look, f"{words!r} to {who}")


@contextmanager
def town() -> Iterator[Town]:
    """The product, ready; ended with everything it started."""
    with ExitStack() as stack:
        # A short path: the embedded Valkey's socket stands below it.
        place = Path(tempfile.mkdtemp(prefix="pictures-", dir="/tmp"))
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        example = (ROOT / "closeloop.example.yaml").read_text().replace("policy: demo}", "policy: default}")
        (place / "closeloop.yaml").write_text(example.replace("limits: {", "limits: {chat_scale: 100, "))
        port = free_ports()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLOSELOOP_", "SLACK_"))}
        own = {"CLOSELOOP_DATA": str(place), "CLOSELOOP_CONFIG": str(place / "closeloop.yaml"), "TMPDIR": str(place)}
        made = Town(url=f"http://127.0.0.1:{port}", box=f"http://127.0.0.1:{port + 1}/sandbox/api", env={**kept, **own})
        with (place / "log").open("wb") as log:
            argv = [*CLI, "up", "--sandbox", "--port", str(port)]
            process = subprocess.Popen(argv, cwd=ROOT, env=made.env, stdout=log, stderr=log)
        stack.callback(end, process)
        until(lambda: call(f"{made.url}/readyz")["status"] == "ready", "the product's start")
        made.furnish()
        yield made


def end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# ── what happened ────────────────────────────────────────────────────────────────────────────────────────────────────

PEOPLE = {"ap-auditor": "U0ANA", "supplier-matcher": "U0ANA", "contract-reader": "U0CLEO", "drift-watch": "U0BEN"}


def weeks_pass(made: Town, weeks: int = 8) -> None:
    """Alerts of two months. They were slower in the first: what the report is there to show."""
    for week in range(weeks):
        made.to_monday(9, 30)
        pace = 2.0 if week < weeks // 2 else 1.0
        for number, (source, body, acknowledged, over) in enumerate(PAST):
            if (week + number) % 4 == 3:
                continue
            alert_id, card = made.raised(source, {**body, "dedup_key": f"{body['dedup_key']}:{week}"})
            made.forward(acknowledged * pace)
            made.acknowledge(card, PEOPLE[source])
            made.forward((over - acknowledged) * pace)
            made.over(source, alert_id)


def monday(made: Town) -> Any:
    """The card of the last alert of a morning, whose owner was just asked again."""
    made.to_monday(9, 45)
    for source, body in (("drift-watch", found.DRIFT), ("contract-reader", found.CONTRACT)):
        made.raised(source, body)
    made.acknowledge(made.raised("supplier-matcher", found.SUPPLIER)[1], "U0ANA")
    made.forward(4)
    made.raised("price-feed-watch", found.PRICES)
    card = made.raised("ap-auditor", found.INVOICE)[1]
    made.forward(10)
    return card


# ── the pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A page of each width, and the folder for what they show."""

    town: Town
    pages: Mapping[str, Page]

    def at(self, where: str, sizes: Iterable[str]) -> Iterator[tuple[str, Page]]:
        """Each page, sat down at `person/place`, with nothing in front of it."""
        for size in sizes:
            page = self.pages[size]
            self.town.put_away(f"U0{where.partition('/')[0].upper()}")
            page.goto("about:blank")
            page.goto(f"{self.town.url}/sandbox#{where}")
            expect(page.locator("#app")).to_have_attribute("data-ready", "true")
            page.wait_for_timeout(700)
            yield size, page

    def take(
        self, name: str, where: str, ready: Callable[[Page], Locator | None], *, sizes: Iterable[str] = tuple(SIZES)
    ) -> None:
        """`ready` does what has to be done first, and may name what is to stand at the top."""
        for size, page in self.at(where, sizes):
            top = ready(page)
            if top is not None:
                expect(top).to_be_visible()
                top.evaluate("node => node.scrollIntoView({block: 'start'})")
            page.mouse.move(1, 1)  # nothing is hovered
            page.wait_for_timeout(400)
            save(page.screenshot(animations="disabled"), INTO / f"{name}-{size}.png")


def save(shot: bytes, path: Path) -> None:
    """With as many colours as it can have and still be light."""
    image = Image.open(BytesIO(shot)).convert("RGB")
    for colours in (256, 128, 64, 32):
        image.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < LIGHT:
            break
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")


def message(page: Page, ts: str) -> Locator:
    return page.locator(f"[data-testid=message][data-ts='{ts}']")


def carding(page: Page, ts: str) -> Locator:
    """The card from its top; its thread beside it where there is room."""
    card = message(page, ts).first
    if page.viewport_size == SIZES["wide"]["viewport"]:
        card.get_by_test_id("replies").click()
        expect(page.get_by_test_id("thread")).to_be_visible()
    return card


def resolving(page: Page, ts: str) -> None:
    message(page, ts).last.get_by_role("button", name="Resolve: alert").first.click()
    modal = page.get_by_test_id("modal")
    modal.get_by_label("What was done?").fill("Credit note 9 was booked; the supplier sends a new invoice.")


def typing(page: Page, text: str) -> None:
    field_ = page.get_by_test_id("composer")
    field_.fill(text)
    field_.press("Enter")


def helping(page: Page) -> Locator:
    typing(page, "/loop help")
    shown = page.locator("[data-testid=message][data-ephemeral]").last
    expect(shown).to_contain_text("/loop")
    return shown


def picking(page: Page) -> Locator:
    home = page.get_by_test_id("home")
    for box in home.get_by_role("checkbox").all()[:2]:
        box.check()
    return home.locator(".blocks > *").first


def shoot(camera: Camera) -> None:
    """One Monday, and Tuesday's beginning."""
    made = camera.town
    card = monday(made)
    camera.take("card", "ana/ai-alerts", lambda page: carding(page, card["ts"]))
    camera.take("nudge", f"ana/ai-alerts/{card['ts']}", lambda _: None, sizes=("phone",))
    camera.take("resolve", "ana/ai-alerts", lambda page: resolving(page, card["ts"]))
    call(f"{made.box}/home", {"as": "U0ANA"})
    camera.take("home", "ana/home", picking)
    # Each is counted from the one before it.
    made.forward(12)
    made.forward(12)
    asked = made.said("U0CLEO", "Invoice 4711")
    camera.take("manager", "cleo/closeloop", lambda page: message(page, asked["ts"]))
    camera.take("help", "ana/ai-alerts", helping)
    made.forward(23 * 60)
    letter = made.said("U0ANA", "Good morning")
    camera.take("morning", "ana/closeloop", lambda page: message(page, letter["ts"]))
    call(f"{made.box}/command", {"as": "U0CLEO", "channel": "C0ALERTS", "command": "/loop", "text": "report"})
    told = made.said("U0CLEO", "counted by person")
    for page in camera.pages.values():  # so high that a picture of the report is seen whole
        page.set_viewport_size({"width": page.evaluate("innerWidth"), "height": 1200})
    camera.take("report", "cleo/closeloop", lambda page: message(page, told["ts"]))


def pages(browser: Browser) -> Mapping[str, Page]:
    return {size: browser.new_context(**how).new_page() for size, how in SIZES.items()}


def main() -> None:
    """All of them."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("Chromium is not installed (Debian: chromium)")
    INTO.mkdir(exist_ok=True)
    with town() as made, sync_playwright() as playwright:
        weeks_pass(made)
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        shoot(Camera(town=made, pages=pages(browser)))
        browser.close()


if __name__ == "__main__":
    main()
