"""What the tests of tasks and mail share: an alert as a task, its people in Entra, and what stands there afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.core.card import Message
from bot.core.people import Person
from bot.core.signal import Discrepancy
from bot.core.state import Alert, Status
from bot.core.task import task
from bot.ports import Mark, Receipt, Target
from connectors.chat.mail import Mail
from connectors.workflow.planner import Planner
from connectors.workflow.todo import ToDo
from sandbox.microsoft.config import BUCKET, MAILBOX, PLAN
from tests.connectors.conftest import ALERT as PLAIN
from tests.connectors.conftest import CAST, NOW
from tests.connectors.entra import Tenant

ALERT = replace(
    PLAIN,
    signal=replace(
        PLAIN.signal, summary="<b>Paid</b> twice.", discrepancy=Discrepancy(expected=100, observed=200, unit="EUR")
    ),
    due_at=NOW + timedelta(hours=4),
)
FINISHED = replace(ALERT, status=Status.CLOSED, finished_at=NOW, due_at=None, resolution="Credit note 9.")
LINK = "https://teams.example/card/1"


@dataclass
class Bench:
    """One tool over the running stand-in. `place` is where the alert's task is."""

    tenant: Tenant
    tool: Any
    place: str

    def person(self, name: str) -> Person:
        return replace(CAST[f"{name}@acme.example"], chat={"teams": self.tenant.id(name)})

    def say(self, alert: Alert = ALERT, *, link: str = "", edit: Receipt | None = None, owner: str = "") -> Receipt:
        """One show of the alert's task, as whoever delivers it would."""
        who = owner or alert.owner.partition("@")[0]
        message = replace(task(replace(alert, owner=f"{who}@acme.example"), link=link), people=CAST)
        found: Receipt = self.tool.show(message, self.target(who, edit), mark=mark(self.place))
        return found

    def target(self, who: str, edit: Receipt | None = None, *former: str) -> Target:
        earlier = tuple(map(self.person, former))
        return Target(place=self.place, person=self.person(who), edit=edit, former=earlier)

    def look(self, who: str = "ana", *former: str, age: float = 40.0) -> list[Receipt]:
        found: list[Receipt] = self.tool.look(self.target(who, None, *former), mark=mark(self.place), age=age)
        return found

    @property
    def work(self) -> Any:
        return self.tenant.http.get(f"{self.tenant.url}/sandbox/api/microsoft/work").json()

    @property
    def task(self) -> Any:
        (found,) = self.work["tasks"]
        return found

    def owners(self) -> list[str]:
        names = {self.tenant.id(name): name for name in ("ana", "ben", "cleo", "dov")}
        return sorted(names[one] for one in self.task["owners"])

    def complete(self, who: str = "ana", *, done: bool = True) -> None:
        address = f"{self.tenant.url}/sandbox/api/microsoft/tasks/{self.task['id']}"
        self.tenant.http.post(address, json={"as": f"U0{who.upper()}", "done": done}).raise_for_status()

    def write(self, text: str) -> None:
        """Somebody changes the task's words."""
        graph, raw = self.tenant.graph(), self.task["raw"]
        if self.tool.platform == "planner":
            address = f"/planner/tasks/{raw['id']}/details"
            etag = str((graph.get(address) or {})["@odata.etag"])
            graph.send("PATCH", address, {"description": text}, etag=etag)
            return
        (found,) = self.look()
        user, _, where = found.channel.partition("/")
        body = {"body": {"content": text, "contentType": "text"}}
        graph.send("PATCH", f"/users/{user}/todo/lists/{where}/tasks/{found.ts}", body)

    def wrote(self) -> list[str]:
        """Every call that changed something, oldest first."""
        calls = self.tenant.state()["calls"]
        return [
            f"{one['method']} {one['status']}"
            for one in calls
            if one["method"] in ("POST", "PATCH", "DELETE")
            and "/graph/v1.0/$batch" not in one["path"]
            and "/login/" not in one["path"]
        ]


def mark(place: str) -> Mark:
    return Mark(kind="task", delivery=f"task:{ALERT.id}:{place}", alert=ALERT.id, revision=3)


def planner(tenant: Tenant, timeout: float = 3.0) -> Bench:
    tool = Planner(tenant.graph(timeout=timeout), bucket=BUCKET, monotonic=tenant.hand)
    return Bench(tenant, tool, f"planner:{PLAN}")


def todo(tenant: Tenant, timeout: float = 3.0) -> Bench:
    return Bench(tenant, ToDo(tenant.graph(timeout=timeout), monotonic=tenant.hand), "todo:tasks")


def mail(tenant: Tenant) -> Bench:
    return Bench(tenant, Mail(tenant.graph(), mailbox=MAILBOX, monotonic=tenant.hand), "mail:@ana@acme.example")


def said(message: Message) -> str:
    return "\n".join("".join(getattr(part, "text", "") for part in line) for line in message.lines)
