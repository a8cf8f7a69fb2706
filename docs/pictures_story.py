"""What happens in the pictures: eight weeks of a small company, then one Tuesday of November 2030."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pictures_town import Town, until

from bot.demo_alerts import CONTRACT, COSTS, DRIFT, FORECAST, FRAUD, INVOICE, STOCK, SUPPLIER

TUESDAY = datetime(2030, 11, 19, tzinfo=UTC)
"""far enough ahead: the stand-in's time never goes backwards, and here every run has the same days"""
WEEK = timedelta(weeks=1)
READER = "reader"
RINGS = "fraud-ring-detector"

CONFIG = """\
fallback: {owner: elsa@acme.example, channel: "#ai-exceptions"}
directory: [file, slack]
people:
  ana@acme.example: {manager: cleo@acme.example, time_zone: Europe/Amsterdam}
  ben@acme.example: {manager: cleo@acme.example, time_zone: Europe/London}
  cleo@acme.example: {manager: elsa@acme.example, time_zone: Europe/Paris}
  elsa@acme.example: {time_zone: America/New_York}
admins: [elsa@acme.example]
sources:
  ap-auditor: {channel: "#ai-alerts", owner: ana@acme.example}
  supplier-matcher: {channel: "#ai-alerts", owner: ana@acme.example}
  drift-watch: {channel: "#ai-alerts", owner: ben@acme.example}
routing:
  - {channel: "#ai-alerts", owner: ana@acme.example}
schedules:
  payments:
    time_zone: Europe/Amsterdam
    rotations:
      - {people: [ana@acme.example, ben@acme.example], every: week, handover: "Mon 09:00", since: 2030-01-07}
policies:
  default:
    acknowledge:
      within: {critical: 15m, error: 5d, warning: 7d, info: 14d}
      steps:
        - {who: owner, nudge_every: 10m, nudges: 2}
        - {who: manager, nudge_every: 15m, nudges: 2}
        - {who: manager of manager, nudge_every: 30m, nudges: 2}
        - {who: "#ai-exceptions", nudge_every: 4h}
    resolve:
      within: {critical: 4h, error: 1d, warning: 3d, info: 7d}
      check_in_every: 2h
      check_ins: 2
    hours: {critical: always, default: working}
    verify: never
limits: {chat_scale: 100}
"""

BOTH = """\
fallback: {owner: elsa@acme.example, channel: "#ai-exceptions"}
directory: [file, graph, slack]
people:
  ana@acme.example: {manager: cleo@acme.example, time_zone: Europe/Amsterdam}
  cleo@acme.example: {manager: elsa@acme.example, time_zone: Europe/Paris}
sources:
  fraud-ring-detector: {channel: ["#ai-alerts", "teams:#ai-alerts"], owner: ana@acme.example}
teams: {channels: {"#ai-alerts": "19:ai-alerts@thread.tacv2"}}
"""

PROPOSED = """\
policies:
  default:
    acknowledge:
      within: {critical: 15m, error: 5d, warning: 7d, info: 14d}
      steps:
        - {who: owner, nudge_every: 30m, nudges: 1}
        - {who: manager, nudge_every: 1h, nudges: 1}
        - {who: "#ai-exceptions", nudge_every: 4h}
    resolve:
      within: {critical: 4h, error: 1d, warning: 3d, info: 7d}
      check_in_every: 4h
      check_ins: 1
    hours: {critical: always, default: working}
    verify: never
"""

SOURCES = {"ap-auditor": ("ana", INVOICE), "supplier-matcher": ("ana", SUPPLIER), "drift-watch": ("ben", DRIFT)}


@dataclass(kw_only=True)
class Story:
    town: Town
    ids: dict[str, str] = field(default_factory=dict)
    """what it is called here ▶ the alert"""

    def at(self, hour: int, minute: int = 0, *, day: datetime = TUESDAY) -> None:
        self.town.go(day + timedelta(hours=hour, minutes=minute))

    def alert(self, source: str, fields: Any, *, cause: str = "") -> str:
        found = self.town.raise_alert(source, fields, cause=cause)
        self.ids[str(fields["title"])] = found
        return found

    # ── the weeks before ─────────────────────────────────────────────────────────────────────────────────────────

    def weeks_before(self) -> None:
        """Twice a week something is found; of late it is dealt with faster, and forgotten less."""
        self.town.post("limits", tier_scale=0)
        for name in SOURCES:
            self.town.add_source(name)
        self.town.add_source(READER, "--operator")
        chance = random.Random(4711)
        for week in range(8, 0, -1):
            for day in (0, 2):
                self._day(TUESDAY - week * WEEK + timedelta(days=day), slow=week > 4, chance=chance)

    def _day(self, day: datetime, *, slow: bool, chance: random.Random) -> None:
        self.at(9, 30, day=day)
        found = {
            self.town.raise_alert(source, fields, cause=f"{source}:{day:%m%d}"): owner
            for source, (owner, fields) in SOURCES.items()
        }
        late = [one for one in found if chance.random() < (0.6 if slow else 0.3)]
        self.town.forward(chance.choice((3, 5, 8)))
        for one in found.keys() - set(late):
            self.town.press(found[one], "Acknowledge", one)
        self.town.forward(25 if slow else 15)
        for one in late:
            self.town.press(found[one], "Acknowledge", one)
        self.at(chance.choice((11, 12)), 10, day=day)
        for one, owner in found.items():
            self.town.resolve(owner, one, "Booked, and the supplier confirmed it.")

    # ── the Tuesday, and the day before ──────────────────────────────────────────────────────────────────────────

    def yesterday(self) -> None:
        day = TUESDAY - timedelta(days=1)
        self.at(14, 50, day=day)
        self.alert("supplier-matcher", SUPPLIER)
        self.alert("ap-auditor", CONTRACT | {"owner": "ana@acme.example"})
        self.town.forward(25)
        self.alert("drift-watch", COSTS)
        self.town.press("ben", "Acknowledge", self.ids[str(COSTS["title"])])
        self.at(15, 50, day=day)
        self.alert("ap-auditor", STOCK)

    def morning(self) -> None:
        self.at(8, 1)
        until(lambda: self.town.told("ana", "Good morning"), 90, "no letter came in the morning")

    def reads(self) -> None:
        """What was said in the weeks before has been read."""
        for who in ("ana", "ben", "cleo"):
            self.town.reads(who)

    def invoice(self) -> None:
        self.at(9, 2)
        self.alert("ap-auditor", INVOICE)
        self.town.says("ana", "Halden's list has two prices for a pallet")

    def acknowledged(self) -> None:
        alert = self.ids[str(INVOICE["title"])]
        self.at(9, 4)
        for one in (SUPPLIER, STOCK):
            self.town.press("ana", "Acknowledge", self.ids[str(one["title"])])
        self.town.press("ana", "Acknowledge", alert)
        self.at(11, 5)
        until(lambda: (self.town.card(alert) or {}).get("reply_count"), 30, "no check-in came")

    def forgotten(self) -> None:
        self.alert("drift-watch", DRIFT)
        self.town.forward(34, steps=1.0)
        until(lambda: self.town.told("cleo", "Churn model"), 30, "nobody told the manager")

    def visits(self) -> None:
        for who in ("ana", "cleo"):
            self.town.visits_home(who)
        until(lambda: self.town.state("cleo")["home"], 20, "Home was not drawn")

    def too_much(self) -> None:
        """Ben wants what is not urgent once an hour."""
        self.town.types("ben", "prefer digest")
        self.alert("drift-watch", FORECAST)
        self.town.raise_alert("drift-watch", DRIFT, cause="drift:churn:orders")
        self.town.raise_alert("drift-watch", COSTS, cause="cost:hourly")
        self.town.forward(70)
        until(lambda: self.town.told("ben", "for you"), 30, "no digest came")

    def types(self, text: str) -> None:
        self.town.types("ana", text)

    def report(self) -> None:
        self.town.types("cleo", "report")
        until(lambda: self.town.told("cleo", "Four weeks"), 90, "no report came")

    # ── in both chats, in a town of its own ──────────────────────────────────────────────────────────────────────

    def in_both(self) -> None:
        """One alert, a card in Slack and one in Teams."""
        self.town.add_source(READER, "--operator")
        self.town.add_source(RINGS)
        self.at(9, 40)
        self.alert(RINGS, FRAUD)


def past() -> str:
    """Thirty days of another tool's log."""
    chance, lines = random.Random(2030), ["raised_at,severity,source,owner,acknowledged_at,closed_at,title"]
    for n in range(240):
        at = datetime(2026, 10, 19, 6, tzinfo=UTC) + timedelta(minutes=chance.randrange(30 * 24 * 60))
        taken = at + timedelta(minutes=chance.choice((2, 4, 7, 12, 25, 50, 90, 400)))
        closed = taken + timedelta(minutes=chance.choice((20, 60, 150, 300, 1500)))
        severity = chance.choice(("critical", "error", "error", "warning", "warning", "info"))
        source, (owner, _) = chance.choice(list(SOURCES.items()))
        row = (at, taken, closed)
        raised, acknowledged, over = (f"{one:%Y-%m-%dT%H:%M:%SZ}" for one in row)
        lines.append(f"{raised},{severity},{source},{owner}@acme.example,{acknowledged},{over},Alert {n}")
    return "\n".join(lines) + "\n"
