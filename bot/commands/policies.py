"""Policies, explained before anyone is asked by them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import simulate
from bot.commands.say import AsJson, Failed, as_json, clean, out, tell

if TYPE_CHECKING:
    from bot.core.policy import Policy, Step
    from bot.core.signal import Signal
    from bot.settings import Config
    from bot.timetable import Ask

app = typer.Typer(help="Who is asked, and when.", no_args_is_help=True, epilog="Example: closeloop policy check")
simulate.add_to(app)


@app.command(epilog="Example: closeloop policy check --alert alert.json --source ap-auditor")
def check(
    *,
    alert: Annotated[str, typer.Option(help="JSON body of an alert: say where it goes and who is asked when.")] = "",
    source: Annotated[str, typer.Option(help="The source that raises it.")] = "",
    config: Annotated[str, typer.Option(help="Another file than CLOSELOOP_CONFIG.")] = "",
    json: AsJson = False,
) -> None:
    """Read closeloop.yaml and explain its policies, or what would become of one alert. Nothing is sent or stored."""
    from bot.environment import environment
    from bot.settings import load

    found = load(Path(config) if config else environment().config)
    for warning in found.warnings:
        tell(f"warning: {warning}")
    if alert:
        _foretell(found, _signal(alert, source), json=json)
    elif json:
        as_json([_policy(policy) for policy in found.policies()])
    else:
        out("\n\n".join("\n".join(_explained(policy)) for policy in found.policies()))


def _foretell(config: Config, signal: Signal, *, json: bool) -> None:
    from datetime import UTC, datetime

    from bot.timetable import placed, timetable

    if signal.owner and not config.may_name_owner(signal.source):
        raise Failed(f"{signal.source} may not name the owner: such an alert is refused")
    now = datetime.now(UTC)
    route, found = placed(signal, config, now=now)
    owner, why = found.person, found.why
    asks = timetable(signal, config, now=now)
    if json:
        facts = {"owner": owner, "why": why, "channel": route.channel, "policy": route.policy}
        as_json(facts | {"asks": [_ask(ask) for ask in asks]})
        return
    out(f"owner    {owner} ({why})\nchannel  {route.channel}\npolicy   {route.policy}\n")
    out("If nobody reacts:")
    for ask in asks:
        over = f" (stepped over {'; '.join(ask.over)})" if ask.over else ""
        out(f"  {_span(ask.after):>8}  {ask.what:<10} {', '.join(ask.asked)}{over}")
    last = config.policy(route.policy).steps[-1]
    out(f"  then every {_span(last.nudge_every)} again, until somebody acknowledges")


def _signal(file: str, source: str) -> Signal:
    from bot.ports import BadPayload
    from connectors.intake import format_named

    try:
        return format_named("native").parse(Path(file).read_bytes(), source)
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}") from None
    except BadPayload as error:
        raise Failed(f"{file}: {clean(error, 1000)}") from None


def _explained(policy: Policy) -> Iterator[str]:
    yield f"{policy.name}: until somebody acknowledges,"
    for n, step in enumerate(policy.steps):
        yield f"  {n + 1}. {_step(step, first=n == 0, last=n == len(policy.steps) - 1)}"
    within = ", ".join(f"{severity} {_span(span)}" for severity, span in policy.within.items())
    yield f"  once acknowledged, it must be resolved within: {within};"
    yield f"  the owner is asked every {_span(policy.check_in_every)} whether they are still on it,"
    yield f"  and after {policy.check_ins} unanswered times it is open again and goes one step up"
    over = "it closes" if policy.cleared == "close" else "the owner is asked to confirm"
    yield f"  when its source says that it is over, {over}"
    snooze, window = _span(policy.snooze_at_most), _span(policy.reopen_window)
    yield f"  snoozed for {snooze} at most; raised again within {window} of its end, it reopens"


def _step(step: Step, *, first: bool, last: bool) -> str:
    how = "" if step.is_channel or first else " by direct message"
    every = _span(step.nudge_every)
    if last:
        return f"{step.named} is told{how}, and again every {every}"
    times = f"{step.nudges} time{'' if step.nudges == 1 else 's'}"
    if first and step.who == ("owner",):
        return f"the owner is nudged every {every}, {times}"
    if not step.nudges:
        return f"{step.named} is told{how}, and has {every}"
    return f"{step.named} is told{how}, then nudged every {every}, {times}"


def _policy(policy: Policy) -> dict[str, Any]:
    return {
        "name": policy.name,
        "steps": [{"who": list(s.who), "nudge_every": _span(s.nudge_every), "nudges": s.nudges} for s in policy.steps],
        "within": {severity.value: _span(span) for severity, span in policy.within.items()},
        "check_in_every": _span(policy.check_in_every),
        "check_ins": policy.check_ins,
        "cleared": policy.cleared,
        "snooze_at_most": _span(policy.snooze_at_most),
        "reopen_window": _span(policy.reopen_window),
    }


def _ask(ask: Ask) -> dict[str, Any]:
    seconds = int(ask.after.total_seconds())
    return {"after_seconds": seconds, "what": ask.what, "asked": list(ask.asked), "stepped_over": list(ask.over)}


def _span(length: Any) -> str:
    from bot.config.values import span

    return span(length)
