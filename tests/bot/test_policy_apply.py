"""`closeloop policy diff` and `closeloop policy apply`: a policy is changed, for new alerts or for open ones too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cast import ANA, BEN, CLEO, ELSA, EVERYBODY, T0, FakeClock, FakeQueue, minutes, plain

from bot.acts import Act, Arrival, Received
from bot.commands import policy_apply
from bot.core.events import Kind
from bot.core.people import Person
from bot.core.repolicy import unfit
from bot.core.signal import Severity, Signal
from bot.core.state import Alert, fold
from bot.loop import Loop
from bot.ports import Interaction
from bot.repolicing import carry_out, concerned, effects, open_alerts, pinned
from bot.settings import loads
from storage import migrate
from storage.store import SqlStore

OLD = """\
fallback: {owner: elsa@acme.example, channel: "#ai-exceptions"}
people:
  ana@acme.example: {name: Ana, manager: cleo@acme.example}
  ben@acme.example: {name: Ben, manager: cleo@acme.example}
  cleo@acme.example: {name: Cleo, manager: elsa@acme.example}
  elsa@acme.example: {name: Elsa}
admins: [cleo@acme.example]
sources:
  ap-auditor: {owner: ana@acme.example, channel: "#ai-alerts", policy: payments}
  drift-watch: {owner: ben@acme.example, channel: "#ai-alerts"}
policies:
  default: {hours: always, verify: never}
  payments:
    acknowledge:
      steps:
        - {who: owner, nudge_every: 10m, nudges: 2}
        - {who: manager, nudge_every: 15m}
        - {who: "#ai-exceptions", nudge_every: 4h}
    hours: always
    verify: never
"""
NEW = OLD.replace("nudge_every: 10m", "nudge_every: 30m").replace("{who: manager, ", "{who: ben@acme.example, ")
CHANGES = "  step 1, nudge every: 10m ▸ 30m\n  step 2: manager ▸ ben@acme.example\n"


@dataclass
class World:
    """A database with the old policies, its loop, and the clock both go by."""

    store: SqlStore
    clock: FakeClock
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def loop(self) -> Loop:
        return self.loop_of(OLD)

    def loop_of(self, text: str) -> Loop:
        plan = loads(text, Path("closeloop.yaml")).plan()
        new_id = lambda: f"01JQ{next(self.numbers):022}"  # noqa: E731
        return Loop(store=self.store, queue=FakeQueue(), clock=self.clock, plan=plan, new_id=new_id)

    def raised(self, source: str = "ap-auditor", **said: Any) -> Alert:
        signal = Signal(**{"source": source, "title": "Invoice paid twice", "severity": Severity.ERROR} | said)
        (answer,) = self.loop.receive([Arrival(signal=signal)])
        assert isinstance(answer, Received)
        return self.alert(answer.alert_id)

    def act(self, alert: Alert, by: Person, *, seen: int | None = None) -> Act:
        asked = Interaction(source="test", id=f"act-{next(self.numbers)}")
        return Act(interaction=asked, alert_id=alert.id, by=by, seen=seen)

    def alert(self, alert_id: str) -> Alert:
        """As it is stored, which is what its trail says."""
        found = self.store.alert(alert_id)
        assert found is not None and fold(self.store.events(alert_id)) == found
        return found

    def kinds(self, alert: Alert) -> list[str]:
        return [event.kind.value for event in self.store.events(alert.id)]


@pytest.fixture
def world(tmp_path: Path, wired: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    url = f"sqlite:///{tmp_path / 'closeloop.db'}"
    migrate.upgrade(url)
    clock = FakeClock()
    store = SqlStore(url, clock=clock)
    wired.open_store = lambda env=None: store
    monkeypatch.setattr(policy_apply, "clock", lambda store, *, sandbox: clock)
    store.save_policies(loads(OLD, Path("closeloop.yaml")).policies(), at=T0)
    store.save_people(EVERYBODY, at=T0)
    Path("closeloop.yaml").write_text(OLD)
    Path("new.yaml").write_text(NEW)
    yield World(store=store, clock=clock)
    store.close()


OPEN = ("policy", "apply", "--config", "new.yaml", "--open", "--by", "elsa@acme.example", "--yes")


# ── diff ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_difference_is_told_in_words_with_the_versions_that_open_alerts_keep(run, world: World) -> None:
    world.raised()
    world.raised()
    assert run("policy", "diff", "--config", "new.yaml").stdout == (
        "default: unchanged, version 1\n\n"
        f"payments: changed, version 2 once it is stored\n{CHANGES}  open alerts: 2 under version 1\n"
    )
    assert run("policy", "diff").stdout == (
        "default: unchanged, version 1\n\npayments: unchanged, version 1\n  open alerts: 2 under version 1\n"
    )


def test_what_is_new_and_what_the_file_has_no_more_are_told(run, world: World) -> None:
    Path("new.yaml").write_text(OLD.replace("payments", "legal"))
    found = json.loads(run("policy", "diff", "--config", "new.yaml", "--json").stdout)
    assert [(one["name"], one["state"], one["version"]) for one in found] == [
        ("default", "unchanged", 1),
        ("legal", "added", 1),
        ("payments", "only in the database", 1),
    ]


def test_a_difference_changes_nothing(run, world: World) -> None:
    before = world.store.newest_policies()
    run("policy", "diff", "--config", "new.yaml")
    assert world.store.newest_policies() == before


# ── for new alerts ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_changed_policy_holds_for_alerts_that_are_raised_from_now_on(run, world: World) -> None:
    before = world.raised()
    told = run("policy", "apply", "--config", "new.yaml").stdout
    assert told == (
        f"payments: changed, version 2 is stored for new alerts\n{CHANGES}"
        "1 open alerts keep the version that they have; --open puts them under the newest one.\n"
    )
    assert (world.alert(before.id).policy_version, world.raised().policy_version) == (1, 2)
    assert run("policy", "apply", "--config", "new.yaml").stdout.startswith("Every policy of the file is stored")


# ── for open alerts ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_open_alerts_come_under_the_newest_version_and_the_trail_names_who_wanted_it(run, world: World) -> None:
    alert = world.raised()
    result = run(*OPEN)
    assert result.exit_code == 0, result.stderr
    after = world.alert(alert.id)
    assert (after.policy_version, after.due_at, after.owner) == (2, T0 + minutes(30), ANA.id)
    (event,) = [event for event in world.store.events(alert.id) if event.kind == Kind.REPOLICED]
    assert (event.actor.id, event.actor.name) == (ELSA.id, "Elsa")
    assert (
        result.stdout
        == f"""\
ana@acme.example: 1 alert
  #{alert.short} Invoice paid twice · payments 1 ▸ 2 · step 1 · due Mon 02 Mar 09:10 ▸ Mon 02 Mar 09:30 · then asks \
ana@acme.example
payments: changed, version 2 is stored for new alerts
{CHANGES}1 open alert put under the newest version of their policy.
"""
    )


def test_whom_it_asks_next_is_what_the_clock_then_asks(run, world: World) -> None:
    alert = world.raised()
    for _ in range(2):
        world.clock.at = world.alert(alert.id).due_at or T0
        assert world.loop.wake(alert.id)
    told = run(*OPEN, "--json")
    (shown,) = json.loads(told.stdout)["alerts"]
    assert (shown["before"]["asks"], shown["after"]["asks"]) == ([CLEO.id], [BEN.id])
    world.clock.at = world.alert(alert.id).due_at or T0
    assert shown["after"]["due_at"] == world.clock.at.isoformat()
    assert world.loop.wake(alert.id)
    assert world.store.events(alert.id)[-1].data["asked"] == [f"@{BEN.id}"]


def test_they_are_shown_person_by_person_and_no_more_than_fifty(run, world: World) -> None:
    for n in range(60):
        world.raised("ap-auditor", owner=(ANA, BEN)[n % 2].id)
    lines = run(*OPEN).stdout.splitlines()
    assert lines[0] == "ana@acme.example: 30 alerts" and lines[31] == "ben@acme.example: 30 alerts"
    assert sum(line.startswith("  #") for line in lines) == 50
    assert lines[52] == "… and 10 more"
    assert pinned(open_alerts(world.store)) == {"payments": {2: 60}}


def test_alerts_of_a_policy_that_did_not_change_stay_as_they_are(run, world: World) -> None:
    alert = world.raised("drift-watch")
    assert run(*OPEN).stdout.startswith("No open alert is under an older version.")
    assert world.kinds(alert) == ["raised"]


def test_what_is_closed_stays_under_the_version_it_was_closed_under(run, world: World) -> None:
    alert = world.raised()
    assert world.loop.resolve(world.act(alert, ANA), what="Paid back.").ok
    run(*OPEN)
    assert world.alert(alert.id).policy_version == 1


def test_doing_it_again_does_nothing_again(run, world: World) -> None:
    alert = world.raised()
    run(*OPEN)
    once = world.kinds(alert)
    assert run(*OPEN).exit_code == 0
    assert world.kinds(alert) == once == ["raised", "repoliced"]


def test_a_run_that_stopped_halfway_goes_on_with_what_is_left(run, world: World) -> None:
    alerts = [world.raised() for _ in range(3)]
    assert run("policy", "apply", "--config", "new.yaml").exit_code == 0
    loop = world.loop_of(NEW)
    assert loop.repolicy(world.act(alerts[0], ELSA), version=2).ok
    assert "2 open alerts put under the newest version" in run(*OPEN).stdout
    assert [world.kinds(alert) for alert in alerts] == [["raised", "repoliced"]] * 3


def test_an_alert_on_which_somebody_acts_meanwhile_is_left_alone(world: World) -> None:
    mine, other = world.raised(), world.raised()
    config = loads(NEW, Path("new.yaml"))
    world.store.save_policies(config.policies(), at=T0)
    newest = {policy.name: policy for policy in world.store.newest_policies()}
    some = concerned(open_alerts(world.store), newest)
    found = list(effects(world.store, config.plan(), some, newest=newest, now=world.clock.now()))
    assert world.loop.acknowledge(world.act(mine, ANA)).ok
    outcomes = {effect.alert.id: done for effect, done in carry_out(world.loop_of(NEW), found, by=ELSA, run="one run")}
    assert (outcomes[mine.id].ok, outcomes[mine.id].code) == (False, "stale")
    assert plain(outcomes[mine.id].said).startswith("This changed meanwhile: Ana acknowledged")
    assert outcomes[other.id].ok
    assert (world.alert(mine.id).policy_version, world.alert(other.id).policy_version) == (1, 2)


def test_a_reminder_that_came_meanwhile_keeps_nobody_from_it(world: World) -> None:
    alert = world.raised()
    config = loads(NEW, Path("new.yaml"))
    world.store.save_policies(config.policies(), at=T0)
    newest = {policy.name: policy for policy in world.store.newest_policies()}
    found = list(effects(world.store, config.plan(), [alert], newest=newest, now=world.clock.now()))
    world.clock.forward(10)
    assert world.loop.wake(alert.id)
    ((_, done),) = carry_out(world.loop_of(NEW), found, by=ELSA, run="one run")
    assert done.ok
    assert (world.alert(alert.id).asked, world.alert(alert.id).due_at) == (1, T0 + minutes(40))


# ── who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--open", "--yes"), "say who does it: --by"),
        (("--open", "--yes", "--by", "ana@acme.example"), "ana@acme.example may not do this. Only an admin"),
        (("--open", "--by", "elsa@acme.example"), "nobody can be asked whether to change open alerts"),
        (("--config", "missing.yaml"), "missing.yaml: there is no such file"),
    ],
)
def test_a_refusal_is_one_line_and_stores_nothing(run, world: World, arguments: tuple[str, ...], told: str) -> None:
    alert = world.raised()
    before = world.store.newest_policies()
    Path("closeloop.yaml").write_text(NEW)
    result = run("policy", "apply", *arguments)
    assert result.exit_code == 1 and result.stderr.startswith(f"closeloop: {told}")
    assert len(result.stderr.splitlines()) == 1
    assert world.store.newest_policies() == before and world.kinds(alert) == ["raised"]


def test_an_admin_who_left_may_not(run, world: World) -> None:
    world.raised()
    world.store.save_people([Person(id=CLEO.id, name="Cleo", active=False)], at=T0)
    result = run(*OPEN[:-3], "--by", CLEO.id, "--yes")
    assert result.exit_code == 1 and "may not do this" in result.stderr


def test_whoever_says_no_changes_nothing(run, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    alert = world.raised()
    monkeypatch.setattr(policy_apply, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    before = world.store.newest_policies()
    refused = run(*OPEN[:-1], stdin="n\n")
    assert refused.exit_code == 1 and "nothing was changed" in refused.stderr
    assert world.store.newest_policies() == before and world.kinds(alert) == ["raised"]
    assert run(*OPEN[:-1], stdin="y\n").exit_code == 0
    assert world.kinds(alert) == ["raised", "repoliced"]


def test_open_alerts_never_get_another_policy_than_the_one_that_was_shown(
    run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = world.raised()
    between = loads(OLD.replace("nudge_every: 10m", "nudge_every: 1m"), Path("other.yaml"))

    def asked(*_: object, **__: object) -> bool:
        world.store.save_policies(between.policies(), at=T0)
        return True

    monkeypatch.setattr(policy_apply, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr(policy_apply.typer, "confirm", asked)
    result = run(*OPEN[:-1])
    assert result.exit_code == 1 and "somebody stored other policies at the same time" in result.stderr
    assert world.kinds(alert) == ["raised"]


@pytest.mark.parametrize(("by", "code"), [(ANA, "not_allowed"), (ELSA, "done"), (CLEO, "done")])
def test_the_loop_itself_keeps_the_right(world: World, by: Person, code: str) -> None:
    alert = world.raised()
    world.store.save_policies(loads(NEW, Path("new.yaml")).policies(), at=T0)
    assert world.loop.repolicy(world.act(alert, by), version=2).code == code
    assert (unfit(by, world.loop.plan) is None) == (code == "done")


def test_the_loop_knows_no_version_that_is_not_stored(world: World) -> None:
    alert = world.raised()
    assert world.loop.repolicy(world.act(alert, ELSA), version=7).code == "bad_input"
    assert world.loop.repolicy(world.act(alert, ELSA), version=1).code == "already"


def test_under_a_version_with_other_hours_it_still_ends_with_somebody(run, world: World) -> None:
    """Nothing goes quiet: whatever the new version says, the clock goes on from there to the top."""
    alert = world.raised()
    run(*OPEN)
    loop = world.loop_of(NEW)
    for _ in range(12):
        world.clock.at = world.alert(alert.id).due_at or T0
        assert loop.wake(alert.id)
    assert world.alert(alert.id).step == 2
    assert world.alert(alert.id).due_at == world.clock.at + timedelta(hours=4)
