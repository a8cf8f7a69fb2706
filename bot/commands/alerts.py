"""Alerts, sent to and read from the running bot."""

from __future__ import annotations

import json as codec
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.say import URL, AsJson, Failed, Key, Url, as_json, clean, out, table, tell

if TYPE_CHECKING:
    from bot.commands.http import Bot

app = typer.Typer(
    help="Raise alerts and look at them, over HTTP.",
    no_args_is_help=True,
    epilog='Example: closeloop alert send "Invoice 4711 does not match its order" --severity error',
)
SHOWN = ("id", "title", "severity", "status", "owner", "source", "channel", "count", "raised_at", "due_at")
# What has a type of its own; every other value is text, so that an invoice number keeps its zeros.
_TYPED = frozenset({"discrepancy.expected", "discrepancy.observed", "confidence"})


@app.command(epilog='Example: closeloop alert send "GPU bill doubled" --severity warning --set owner=ana@acme.example')
def send(  # noqa: PLR0913  a command's options are its parameters
    title: Annotated[str, typer.Argument(help="What it is, in one line; not needed with --file.")] = "",
    *,
    severity: Annotated[str, typer.Option(help="critical, error, warning or info.")] = "",
    field: Annotated[
        list[str],
        typer.Option("--set", help="PATH=VALUE, as often as needed: discrepancy.expected=100, labels.team=ap"),
    ] = [],  # noqa: B006  typer copies it
    file: Annotated[str, typer.Option(help="JSON body of the alert; - reads stdin. The rest is put over it.")] = "",
    repeat_key: Annotated[str, typer.Option("--idempotency-key", help="Sent twice with one key, raised once.")] = "",
    url: Url = URL,
    key: Key = "",
    json: AsJson = False,
) -> None:
    """Raise an alert. It is stored for good when this returns."""
    body = _body(file)
    body |= {name: value for name, value in (("title", title), ("severity", severity)) if value}
    for assignment in field:
        _put(body, assignment)
    body.setdefault("severity", "warning")
    answer = _bot(url, key).post("/v1/alerts", body, idempotency_key=repeat_key)
    if json:
        as_json(answer)
        return
    tell(f"{'Counted on the alert that is open already' if answer.get('duplicate') else 'Raised'}: {answer.get('url')}")
    out(str(answer["id"]))


@app.command("list", epilog="Example: closeloop alert list --status open --limit 20")
def list_(
    *,
    status: Annotated[str, typer.Option(help="open, acknowledged, resolved, closed or dismissed.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 50,
    url: Url = URL,
    key: Key = "",
    json: AsJson = False,
) -> None:
    """Alerts, newest first: a source's own ones, with an operator's key all."""
    query: dict[str, str | int] = {"limit": limit, **({"status": status} if status else {})}
    answer = _bot(url, key).get("/v1/alerts", **query)
    if json:
        as_json(answer)
        return
    table(("id", "severity", "status", "owner", "title"), (_row(item) for item in answer["items"]))


@app.command(epilog="Example: closeloop alert show 01JCV3M8Q2K7XW9D4RZ6T5B1NH")
def show(
    alert_id: Annotated[str, typer.Argument(metavar="ID", help="The alert's whole id.")],
    *,
    url: Url = URL,
    key: Key = "",
    json: AsJson = False,
) -> None:
    """One alert and everything that happened to it."""
    bot = _bot(url, key)
    alert = bot.get(f"/v1/alerts/{alert_id}")
    events = list(_trail(bot, alert_id))
    if json:
        as_json({"alert": alert, "events": events})
        return
    resolution = alert.get("resolution") or {}
    shown = {name: alert.get(name) for name in SHOWN} | {"resolution": resolution.get("what")}
    for name, value in shown.items():
        if value:
            out(f"{name:<11} {clean(value)}")
    out("")
    table(("at", "kind", "by", "reason"), (_event(event) for event in events))


def _bot(url: str, key: str) -> Bot:
    from bot.commands.http import Bot

    return Bot(url, key)


def _trail(bot: Bot, alert_id: str) -> Iterator[dict[str, Any]]:
    page: dict[str, Any] = {"next": "0"}
    while page["next"]:
        page = bot.get(f"/v1/alerts/{alert_id}/events", limit=500, cursor=page["next"])
        yield from page["items"]


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    return tuple(clean(item.get(name), 80) for name in ("id", "severity", "status", "owner", "title"))


def _event(event: dict[str, Any]) -> tuple[str, ...]:
    actor = event.get("actor") or {}
    who = actor.get("name") or actor.get("id") or actor.get("kind")
    asked = ", ".join(event.get("data", {}).get("asked", ()))
    why = event.get("reason") or (f"asked {asked}" if asked else "")
    return tuple(clean(part) for part in (event.get("at"), event.get("kind"), who, why))


def _body(file: str) -> dict[str, Any]:
    if not file:
        return {}
    try:
        text = typer.get_text_stream("stdin").read() if file == "-" else Path(file).read_text(encoding="utf-8")
        body = codec.loads(text)
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise Failed(f"{file} is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Failed(f"{file} must hold one JSON object")
    return body


def _put(body: dict[str, Any], assignment: str) -> None:
    """`discrepancy.entity.id=4711` into the body; `evidence=LABEL=URL` is added to the list."""
    path, equals, value = assignment.partition("=")
    if not equals or not path:
        raise Failed(f"--set {assignment}: write PATH=VALUE")
    if path == "evidence":
        label, _, link = value.partition("=")
        body.setdefault("evidence", []).append(
            {"label": label, "url": link} if link else {"label": value, "url": value}
        )
        return
    inner, names = body, path.split(".")
    # A label's name may hold dots itself.
    names = ["labels", path.removeprefix("labels.")] if names[0] == "labels" else names
    for name in names[:-1]:
        inner = inner.setdefault(name, {})
        if not isinstance(inner, dict):
            raise Failed(f"--set {assignment}: {name} holds a value already")
    inner[names[-1]] = _typed(value) if path in _TYPED else value


def _typed(value: str) -> Any:
    try:
        found = codec.loads(value)
    except ValueError:
        return value
    return value if isinstance(found, dict | list) else found
