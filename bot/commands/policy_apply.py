"""`closeloop policy apply`: changed policies are stored, and open alerts put under them by somebody who may."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.database import InSandbox, clock, opened
from bot.commands.policy_check import OtherFile, loaded
from bot.commands.policy_diff import described, facts
from bot.commands.repolicing import effect_facts, preview
from bot.commands.say import AsJson, Failed, as_json, out, plain, tell

if TYPE_CHECKING:
    from bot.core.people import Person
    from bot.core.policy import Policy
    from bot.core.policy_diff import Compared
    from bot.ports import Clock, Store
    from bot.repolicing import Effect
    from bot.settings import Config

OpenToo = Annotated[bool, typer.Option("--open", help="Put open alerts under the newest versions, too.")]
By = Annotated[
    str, typer.Option(help="Who does it, by e-mail: an admin or the owner of last resort. Needed by --open.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask whether to change open alerts.")]


def apply(  # noqa: PLR0913  each is an option of its own
    *,
    config: OtherFile = "",
    open_: OpenToo = False,
    by: By = "",
    yes: Yes = False,
    sandbox: InSandbox = False,
    json: AsJson = False,
) -> None:
    """Store the changed policies of closeloop.yaml as new versions, for alerts that are raised from now on.

    With --open also for those that are open: first it shows what changes for whom, and asks. Whoever stops it halfway
    may start it again; an alert on which somebody acts meanwhile is left as it is, and named.
    """
    found = loaded(config)
    store = opened(sandbox=sandbox)
    run = _Run(config=found, store=store, clock=clock(store, sandbox=sandbox), json=json)
    if open_:
        _with_open_alerts(run, by=by, yes=yes)
    else:
        _for_new_alerts(run)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What one call works with."""

    config: Config
    store: Store
    clock: Clock
    json: bool

    def compared(self) -> list[Compared]:
        from bot.core.policy_diff import compared

        return compared(self.store.newest_policies(), self.config.policies())

    def save(self) -> None:
        self.store.save_policies(self.config.policies(), at=self.clock.now())

    def say(self, text: str) -> None:
        """Where JSON is wanted it alone is the answer."""
        from bot.core.text import harmless

        (tell if self.json else out)(harmless(text, 10_000))


def _for_new_alerts(run: _Run) -> None:
    from bot.repolicing import open_alerts, pinned

    compared = run.compared()
    run.save()
    held = pinned(open_alerts(run.store))
    if run.json:
        as_json({"policies": [facts(one, held) for one in compared], "alerts": []})
        return
    _say_stored(run, compared)
    newest = {policy.name: policy.version for policy in run.store.newest_policies()}
    older = sum(sum(versions.values()) - versions[newest[name]] for name, versions in held.items())
    if older:
        out(f"{older} open alerts keep the version that they have; --open puts them under the newest one.")


def _say_stored(run: _Run, compared: Sequence[Compared]) -> None:
    changed = [one for one in compared if one.state in ("added", "changed")]
    for one in changed:
        run.say("\n".join(described(one, {})).replace(" once it is stored", " is stored for new alerts"))
    if not changed:
        run.say("Every policy of the file is stored as it is.")


def _with_open_alerts(run: _Run, *, by: str, yes: bool) -> None:
    from bot.repolicing import concerned, effects, open_alerts

    person = _entitled(run, by)
    if not yes and not sys.stdin.isatty():
        raise Failed("nobody can be asked whether to change open alerts; look at it on a terminal, or pass --yes")
    compared = run.compared()
    newest = _to_be(run.config, compared)
    found = list(
        effects(
            run.store,
            run.config.plan(),
            concerned(open_alerts(run.store), newest),
            newest=newest,
            now=run.clock.now(),
        )
    )
    for line in preview(found):
        run.say(line)
    if found and not yes and not typer.confirm("Put these alerts under the newest versions?", err=True):
        raise Failed("nothing was changed")
    run.save()
    _stored_as_shown(run, newest)
    _say_stored(run, compared)
    outcomes = _carried_out(run, found, person)
    if run.json:
        as_json({"policies": [facts(one, {}) for one in compared], "alerts": outcomes})


def _to_be(config: Config, compared: Sequence[Compared]) -> dict[str, Policy]:
    """The file's policies with the versions that they have once they are stored."""
    versions = {one.name: one.version for one in compared}
    return {policy.name: replace(policy, version=versions[policy.name]) for policy in config.policies()}


def _stored_as_shown(run: _Run, shown: dict[str, Policy]) -> None:
    """What was shown is what open alerts get: a process with another file may have stored that while it was read."""
    stored = {policy.name: policy for policy in run.store.newest_policies()}
    if any(stored.get(name) != policy for name, policy in shown.items()):
        raise Failed("somebody stored other policies at the same time; no open alert was changed: look at it again")


def _entitled(run: _Run, by: str) -> Person:
    """Nobody acts without the right, and every act carries the name of a person."""
    from bot.core.people import Person
    from bot.core.repolicy import unfit
    from bot.people import merge

    if not by:
        raise Failed("say who does it: --by and the e-mail of an admin or of the owner of last resort")
    ref = by.strip().lower()
    listed = {person.id: person for person in run.config.people()}.get(ref) or Person(id=ref, name=ref)
    remembered = run.store.people([ref]).get(ref)
    person = merge(listed, remembered[0]) if remembered else listed
    if refused := unfit(person, run.config.plan()):
        raise Failed(f"{ref} may not do this. {plain(refused.why)}")
    return person


def _carried_out(run: _Run, found: Sequence[Effect], person: Person) -> list[dict[str, Any]]:
    from bot.ids import new_id
    from bot.loop import Loop
    from bot.repolicing import Unheard, carry_out

    loop = Loop(store=run.store, queue=Unheard(), clock=run.clock, plan=run.config.plan(), new_id=new_id)
    outcomes, done = [], 0
    for effect, outcome in carry_out(loop, found, by=person, run=new_id()):
        done += outcome.ok
        said = "" if outcome.ok else plain(outcome.said)
        if said:
            run.say(f"#{effect.alert.short} was left as it is: {said}")
        outcomes.append(effect_facts(effect) | {"done": outcome.ok, "left_because": said or None})
    left = len(found) - done
    more = f"; {left} left as they are: run it again to look at them anew" if left else ""
    run.say(f"{done} open alert{'' if done == 1 else 's'} put under the newest version of their policy{more}.")
    return outcomes
