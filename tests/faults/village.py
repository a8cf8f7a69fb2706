"""A village: one database, one stand-in workspace, and machines that come and go. Everything is over in seconds.

Machine seconds (leases, retries, paces) pass `haste` times as fast as real ones; so do the stand-in's limits.
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from faults import checker
from faults.ground import SOURCES, Ground
from faults.machine import LOCAL, Machine, Zygote
from faults.pager import Pager
from faults.sides import Side, side
from faults.standin import StandIn, stand_in
from story.workspace import channel_id

from bot.clock import MovedClock
from storage.store import SqlStore

SOURCE = SOURCES[0]
HASTE = 20.0


@dataclass(kw_only=True)
class Village:
    folder: Path
    database_url: str
    standin: StandIn
    side: Side
    zygote: Zygote
    http: httpx2.Client
    store: SqlStore
    keys: dict[str, str]
    port: int
    env: dict[str, str]
    constants: dict[str, Any] = field(default_factory=dict)
    """`module:NAME` ▶ value in every machine"""
    accepted: list[str] = field(default_factory=list)
    """ids of alerts that were answered with a 2xx"""
    machines: list[Machine] = field(default_factory=list)
    haste: float = HASTE
    operators: Pager | None = None
    provoked: int = 0
    """429s ordered from the stand-in"""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # ── machines ─────────────────────────────────────────────────────────────────────────────────────────────────

    def start(self, *, port: int = 0, **order: Any) -> Machine:
        """A machine at the village's address (or at another one, beside it)."""
        said = self.folder / f"said-{len(self.machines) + 1}.txt"
        env = {**self.env, **order.pop("env", {})}
        machine = self.zygote.start(env=env, port=port or self.port, said=said, constants=self.constants, **order)
        self.machines.append(machine)
        return machine

    def stop(self) -> None:
        for machine in self.machines:
            if machine.alive:
                machine.kill()

    # ── what people and sources do, again and again until it was heard ───────────────────────────────────────────

    def raise_alert(self, *, source: str = SOURCE, seconds: float = 30, url: str = "", **fields: Any) -> str:
        """The id of an alert that was accepted: sent again with the same key until it is."""
        number = next(self._numbers)
        body = {"title": f"Invoice {number} does not match its order", "severity": "error"} | fields
        headers = {"authorization": f"Bearer {self.keys[source]}", "idempotency-key": f"{id(self)}-{number}"}

        def sent() -> str:
            try:
                answer = self.http.post(f"{url or self.url}/v1/alerts", json=body, headers=headers)
            except httpx2.TransportError:
                return ""
            return str(answer.json()["id"]) if answer.status_code == 202 else ""

        alert = str(self.until(sent, seconds, why="it was never accepted"))
        self.accepted.append(alert)
        return alert

    def clear_all(self) -> None:
        """Every source says of everything it raised that it is over."""
        for alert in self.accepted:
            found = self.store.alert(alert)
            if found is not None and not found.finished:
                headers = {"authorization": f"Bearer {self.keys[found.source]}"}
                self.http.post(f"{self.url}/v1/alerts/{alert}/cleared", headers=headers).raise_for_status()

    def press(self, label: str, alert: str, *, who: str = "ana", seconds: float = 30) -> None:
        """A click on the card's button, again where the bot could not be reached and the button is still there."""
        tries: list[bool] = []

        def pressed() -> bool:
            card = self.card(alert)
            if card is None or label not in card.buttons:
                return card is not None and bool(tries)
            tries.append(self.click(who, label, card))
            return tries[-1]

        self.until(pressed, seconds, why=f"{label} could never be pressed")

    def click(self, who: str, label: str, card: Any) -> bool:
        """One press of what they saw. False where the bot was not there, or the button was gone by then."""
        return self.side.click(who, label, card)

    def card(self, alert: str) -> Any:
        """The alert's card, where it is shown."""
        found = self.store.alert(alert)
        return self.side.card(alert, found.place.partition(":")[2] if found else "")

    def trail(self, alert: str) -> list[str]:
        """The kinds of what happened to it."""
        return [event.kind.value for event in self.store.events(alert)]

    def messages_of(self, prefix: str) -> list[Any]:
        """What can be seen of the deliveries whose key begins so."""
        found = self.side.messages(self.store)
        return [one for key, seen in found.items() if key.startswith(prefix) for one in seen]

    def posts_of(self, prefix: str) -> list[Any]:
        """Every post that took effect of the deliveries whose key begins so."""
        calls = [call for call in self.log()["calls"] if call["method"] == self.side.post and call["ok"]]
        return [call for call in calls if (call["delivery"] or "").startswith(prefix)]

    def operators_told(self) -> list[Any]:
        """What operators heard by their webhook."""
        assert self.operators is not None
        return self.operators.heard[self.folder.name]

    def status(self, alert: str) -> str:
        found = self.store.alert(alert)
        return found.status if found else ""

    # ── the stand-in ─────────────────────────────────────────────────────────────────────────────────────────────

    def fault(self, kind: str, *, method: str = "", times: int | None = 1, **more: Any) -> str:
        """Orders a fault, of posts where no method is named; returns its id."""
        method = method or self.side.post
        if kind == "rate_limited":
            self.provoked += times or 1_000_000
        return str(self.standin.workspace.post("faults", fault=kind, method=method, times=times, **more)["id"])

    def heal(self, fault: str = "") -> None:
        """This fault, or none at all, is ordered any more."""
        which = {"params": {"id": fault}} if fault else {"json": {}}
        self.http.request("DELETE", f"{self.standin.url}/sandbox/api/faults", **which)  # type: ignore[arg-type]

    def forward(self, **span: float) -> None:
        """Business time goes on by `days`, `hours`, `minutes` at once."""
        seconds = span.get("days", 0) * 86400 + span.get("hours", 0) * 3600 + span.get("minutes", 0) * 60
        self.standin.workspace.post("clock", advance=seconds + 1)

    def channel(self, name: str, **change: Any) -> None:
        """Archive it, throw people or the bot out …"""
        self.standin.workspace.post(f"channels/{channel_id(name)}", **change)

    # ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def until(self, condition: Callable[[], Any], seconds: float = 20, *, why: str | Callable[[], str] = "") -> Any:
        """Polls until the condition holds; a machine that ended by itself is told with it."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > deadline:
                said = why() if callable(why) else why
                raise AssertionError(f"{said or 'it never happened'} (waited {seconds:.0f} s){self._broken()}")
            time.sleep(0.03)
        return found

    def _broken(self) -> str:
        ended = [f"\n{machine}: {machine.broke}\n{machine.tail()}" for machine in self.machines if machine.broke]
        return "".join(ended) or f"\n{self.machines[-1].tail()}" if self.machines else ""

    def calm(self, seconds: float = 30, *, wait_for_all_looks: bool = False) -> None:
        """Until nothing is owed any more: no delivery unsettled, no alert due, no look for twins ahead."""

        def open_work() -> list[str]:
            soon, machine = 1e9 if wait_for_all_looks else checker.SOON, MovedClock(haste=self.haste).machine()
            # First what nobody has seen: what is seen later makes a look for twins due, which is counted after it.
            unseen = self.side.unseen()
            return [*unseen, *checker.open_work(self.store, now=self.now(), machine=machine, soon=soon)]

        self.until(lambda: not open_work(), seconds, why=lambda: f"it never came to rest: {open_work()[:20]}")

    def log(self) -> Any:
        """Every call of the bot, as the stand-in counted them."""
        return self.standin.workspace.get("log", since=0)

    def now(self) -> float:
        """Business time, Unix seconds."""
        return float(self.standin.workspace.get("state", **{"as": "U0ANA"})["clock"]["now"])

    def findings(self) -> list[checker.Finding]:
        return checker.check(self.evidence())

    def lasting_findings(self) -> list[checker.Finding]:
        """What stands broken: a later look for twins may just be editing a card while the evidence is taken."""
        for _ in range(2):
            if not self.findings():
                break
            self.calm()
        return self.findings()

    def evidence(self) -> checker.Evidence:
        return checker.Evidence(
            store=self.store,
            accepted=tuple(self.accepted),
            log=self.log(),
            messages=self.side.messages(self.store),
            provoked=self.provoked,
            logs=tuple(machine.said for machine in self.machines),
            secrets=(*self.side.secrets, *self.keys.values()),
        )

    def hold(self, seconds: float = 30) -> None:
        """Comes to rest with every promise kept."""
        self.calm(seconds)
        found = self.lasting_findings()
        assert found == [], "\n".join(map(str, found)) + self._broken()


@contextmanager
def village(
    folder: Path,
    *,
    on: Ground,
    zygote: Zygote,
    http: httpx2.Client,
    haste: float = HASTE,
    operators: Pager | None = None,
    platform: str = "slack",
    **env: str,
) -> Iterator[Village]:
    """A new one; afterwards nothing of it is left."""
    port = free_port()
    with ExitStack() as stack:
        standin = stack.enter_context(stand_in(folder, bot_port=port, haste=haste, http=http))
        url, platform_side = on.database(folder), side(platform, standin, haste=haste)
        store = SqlStore(url)
        opened = Village(
            folder=folder,
            database_url=url,
            standin=standin,
            side=platform_side,
            zygote=zygote,
            http=http,
            store=store,
            keys=on.keys,
            port=port,
            haste=haste,
            operators=operators,
            # The clock looks once a real second: far too seldom where a machine second is over in a moment.
            constants={"handlers.clock:TICK": 4 / haste, **platform_side.constants()},
            env={
                "CLOSELOOP_DATA": str(folder),
                "CLOSELOOP_DATABASE_URL": url,
                "CLOSELOOP_REDIS_URL": LOCAL,
                "CLOSELOOP_CONFIG": str(platform_side.config(folder)),
                "CLOSELOOP_CLOCK_FILE": str(standin.clock_file),
                "CLOSELOOP_URL": f"http://127.0.0.1:{port}",
                "CLOSELOOP_HASTE": str(haste),
                **platform_side.env(),
                **({"CLOSELOOP_OPERATOR_WEBHOOK": operators.url(folder.name)} if operators else {}),
                **env,
            },
        )
        standin.workspace.post("channels", name="desk", members=["U0ANA", "U0BEN", "U0CLEO", "U0LOOP"])
        try:
            yield opened
        finally:
            opened.stop()
            store.close()
            on.forget(url)


_ports = threading.Lock()
_given: set[int] = set()


def free_port() -> int:
    """A port that nobody has and that none of us was given; below those the system hands out by itself."""
    with _ports:
        for port in range(20_000 + (uuid.uuid4().int % 11_000), 32_700):
            if port in _given:
                continue
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            _given.add(port)
            return port
    raise AssertionError("no port is free")
