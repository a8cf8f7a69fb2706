"""The product with its stand-in workspace, running in a folder of its own, for docs/pictures.py."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

CLOSELOOP = (sys.executable, "-m", "bot.cli")
CHANNELS = {"#ai-alerts": "C0ALERTS", "#payments": "C0PAY", "#ai-exceptions": "C0EXC", "#general": "C0GEN"}


@dataclass(kw_only=True)
class Town:
    """One running `closeloop up --sandbox`, and what sources and people do to it."""

    url: str
    sandbox: str
    folder: Path
    env: dict[str, str]
    http: httpx2.Client
    keys: dict[str, str] = field(default_factory=dict)
    raised: dict[str, str] = field(default_factory=dict)
    """alert ▶ its source"""

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Town]:
        """Running and ready; stopped with everything it started, whatever happens."""
        port = free_ports()
        url, sandbox = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLOSELOOP_", "SLACK_"))}
        env = {**kept, "CLOSELOOP_DATA": str(folder / "data"), "CLOSELOOP_CONFIG": str(folder / "closeloop.yaml")}
        with (folder / "said.txt").open("wb") as said, httpx2.Client(trust_env=False, timeout=20) as http:
            process = subprocess.Popen(
                [*CLOSELOOP, "up", "--sandbox", "--port", str(port)],
                cwd=folder,
                env=env,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            town = cls(url=url, sandbox=sandbox, folder=folder, env=env, http=http)
            try:
                until(lambda: town.ready(process), 90, "it was never ready")
                yield town
            finally:
                stop(process)

    def ready(self, process: subprocess.Popen[bytes]) -> bool:
        if process.poll() is not None:
            raise SystemExit((self.folder / "said.txt").read_text(errors="replace")[-2000:])
        try:
            answer = self.http.get(f"{self.url}/readyz")
            return answer.is_success and self.http.get(f"{self.sandbox}/healthz").is_success
        except httpx2.TransportError:
            return False

    # ── sources ──────────────────────────────────────────────────────────────────────────────────────────────────

    def add_source(self, name: str, *more: str) -> None:
        asked = [*CLOSELOOP, "source", "add", name, "--sandbox", "--json", *more]
        told = subprocess.run(asked, cwd=self.folder, env=self.env, capture_output=True, text=True, check=True)
        self.keys[name] = json.loads(told.stdout)["key"]
        # The web process reads the keys anew once a second.
        until(lambda: self.read("/v1/alerts?limit=1", name).is_success, 10, f"the key of {name} never worked")

    def read(self, path: str, key: str = "reader") -> Any:
        return self.http.get(f"{self.url}{path}", headers={"authorization": f"Bearer {self.keys[key]}"})

    def raise_alert(self, source: str, alert: Any, *, cause: str = "") -> str:
        """The id of an alert whose card can be seen."""
        body = {**alert, **({"dedup_key": cause} if cause else {})}
        key = {"authorization": f"Bearer {self.keys[source]}"}
        answer = self.http.post(f"{self.url}/v1/alerts", json=body, headers=key)
        if answer.status_code != 202:
            raise SystemExit(answer.text)
        found = str(answer.json()["id"])
        until(lambda: self.card(found), 30, "a card was never shown")
        return found

    def alert(self, alert_id: str) -> Any:
        return self.read(f"/v1/alerts/{alert_id}").json()

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def now(self) -> datetime:
        return datetime.fromtimestamp(float(self.state("ana")["clock"]["now"]), UTC)

    def forward(self, minutes: float, *, steps: float = 5.0) -> None:
        """Time goes on in steps so small that whatever is due on the way comes near its minute."""
        while minutes > 0:
            step = min(minutes, steps)
            self.post("clock", advance=step * 60)
            self.settle()
            minutes -= step

    def go(self, at: datetime) -> None:
        """Forward to an instant at once; what is due by then comes then."""
        ahead = (at - self.now()).total_seconds()
        if ahead > 0:
            self.post("clock", advance=ahead)
            self.settle()

    def settle(self) -> None:
        """Until the clock has nothing left that is due."""

        def calm() -> bool:
            # A step that is due in these very seconds is better waited for than told five minutes late.
            now = self.now() + timedelta(seconds=3)
            return all(datetime.fromisoformat(one["due_at"]) > now for one in self.unfinished() if one["due_at"])

        time.sleep(0.3)
        until(calm, 30, "what is due was never done")

    def unfinished(self) -> list[Any]:
        read = (self.read(f"/v1/alerts?limit=200&status={status}") for status in ("open", "acknowledged"))
        return [one for page in read for one in page.json()["items"]]

    # ── people ───────────────────────────────────────────────────────────────────────────────────────────────────

    def press(self, who: str, label: str, alert_id: str) -> None:
        """A button of the alert's card; once more where the card was drawn anew under the finger."""
        until(lambda: self._pressed(who, label, alert_id), 20, f"{label} could not be pressed")

    def _pressed(self, who: str, label: str, alert_id: str) -> bool:
        card = until(lambda: self.card(alert_id), 30, "a card was never shown")
        rows = [block for block in card["blocks"] if block["type"] == "actions"]
        found = [(r, b) for r in rows for b in r["elements"] if b.get("text", {}).get("text") == label]
        if not found:
            return False
        row, button = found[0]
        answer = self.send(
            "act",
            **{"as": person(who)},
            container={"type": "message", "channel": card["channel"], "ts": card["ts"]},
            action={"type": "button", "action_id": button["action_id"], "block_id": row["block_id"]},
        )
        return bool(answer.is_success and answer.json()["ok"])

    def resolve(self, who: str, alert_id: str, what: str) -> None:
        self.press(who, "Resolve", alert_id)
        (view,) = until(lambda: self.state(who)["modals"], 20, "no form was opened")
        filled = {"field:what": {"filled": {"type": "plain_text_input", "value": what}}}
        self.post("submit", **{"as": person(who)}, view_id=view["id"], values=filled)
        until(lambda: self.alert(alert_id)["status"] == "closed", 20, "it was never closed")

    def types(self, who: str, text: str, *, channel: str = "#general") -> None:
        self.post("command", **{"as": person(who)}, channel=CHANNELS[channel], command="/loop", text=text)

    def says(self, who: str, text: str, *, channel: str = "#general") -> None:
        self.post("message", **{"as": person(who)}, channel=CHANNELS[channel], text=text)

    def reads(self, who: str) -> None:
        """Everything that they can see."""
        for channel in self.state(who)["channels"]:
            self.post("read", **{"as": person(who)}, channel=channel["id"])

    def visits_home(self, who: str) -> None:
        self.post("home", **{"as": person(who)})

    def told(self, who: str, words: str) -> bool:
        """Whether the bot said this to somebody alone."""
        return any(words in json.dumps(one, ensure_ascii=False) for one in self.messages(who, f"D{person(who)}"))

    def card(self, alert_id: str) -> Any:
        channel = CHANNELS[self.alert(alert_id)["channel"]]
        found = [one for one in self.messages("ana", channel) if about(one) == ("closeloop_card", alert_id)]
        return {**found[0], "channel": channel} if found else None

    def messages(self, who: str, channel: str) -> list[Any]:
        asked = {"as": person(who), "channel": channel}
        return list(self.http.get(f"{self.sandbox}/sandbox/api/messages", params=asked).json()["messages"])

    def state(self, who: str) -> Any:
        return self.http.get(f"{self.sandbox}/sandbox/api/state", params={"as": person(who)}).json()

    def post(self, path: str, **body: Any) -> Any:
        answer = self.send(path, **body)
        if not answer.is_success or answer.json().get("ok") is False:
            raise SystemExit(f"{path}: {answer.text}")
        return answer.json()

    def send(self, path: str, **body: Any) -> Any:
        return self.http.post(f"{self.sandbox}/sandbox/api/{path}", json=body)


def about(message: Any) -> tuple[str, str]:
    """(kind, alert) of a message of the bot's."""
    marked = message.get("metadata") or {}
    return str(marked.get("event_type", "")), str((marked.get("event_payload") or {}).get("alert", ""))


def person(name: str) -> str:
    return f"U0{name.upper()}"


def until(condition: Callable[[], Any], seconds: float, why: str) -> Any:
    """Polls until the condition holds, and returns what it said."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() >= deadline:
            raise SystemExit(f"{why} (waited {seconds:.0f} s)")
        time.sleep(0.1)
    return found


def free_ports() -> int:
    """A port of 127.0.0.1 that nobody has, and the one after it: the sandbox takes that."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def stop(process: subprocess.Popen[bytes]) -> None:
    """Everything that was started ends: in order, or else all at once."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
