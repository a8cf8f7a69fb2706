"""The reference pages of docs/ are the code's: keys, defaults, variables, endpoints, fields, errors, metrics."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import Route

from bot import checks, environment, health, operators
from bot.config import owners, policies, shapes
from bot.config.values import span
from bot.core.events import Kind
from bot.core.matching import FIELDS
from bot.core.state import Status
from bot.settings import loads
from connectors.chat.slack import check as slack_check
from connectors.chat.teams import check as teams_check
from connectors.intake import native
from connectors.microsoft import check as microsoft_check
from handlers import api, intake, meters, problems, web
from tests.house.pages import PAGES, ROOT, blocks, first_cells

# ── environment and configuration ────────────────────────────────────────────────────────────────────────────────────


def variables() -> set[str]:
    """Every variable of the product, and what its command line reads; a name that nothing reads is no variable."""
    read = "".join(path.read_text() for path in (ROOT / "bot").rglob("*.py") if path.name != "environment.py")
    return {*environment.names(), *(name for name in environment.OTHERS if f'"{name}"' in read)}


def test_every_environment_variable_in_the_docs_exists() -> None:
    ours = r"\b(?:CLOSELOOP|SLACK|MICROSOFT|GRAPH|TEAMS)_[A-Z_]+\b"
    assert {name for text in PAGES.values() for name in re.findall(ours, text)} - variables() == set()


def test_every_environment_variable_is_in_the_page_of_configuration() -> None:
    page = PAGES["docs/configuration.md"]
    assert {name for name in variables() if f"`{name}`" not in page} == set()


TOLD_ONCE = (owners.OwnerShape, policies.Ladder)
"""what stands in several places has its keys told in one"""


def keys_of(shape: type[BaseModel], path: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, default as the file has it) of every key that holds a value."""
    names = {"people": "<e-mail>"} | dict.fromkeys(("sources", "tables", "schedules", "policies"), "<name>")
    for python_name, field in shape.model_fields.items():
        name = field.alias or python_name
        inner = next((part for part in _parts(field.annotation) if issubclass(part, shapes.Shape)), None)
        several = f".{names[name]}" if name in names else "[]" if inner and "tuple" in str(field.annotation) else ""
        if inner and inner not in TOLD_ONCE:
            yield from keys_of(inner, f"{path}{name}{several}.")
        else:
            yield f"{path}{name}", field.get_default(call_default_factory=True)


def _parts(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type):
        yield annotation
    for argument in get_args(annotation):
        yield from _parts(argument)


def test_every_key_of_the_configuration_is_in_its_page_and_nothing_else_is() -> None:
    documented = first_cells("docs/configuration.md", "closeloop.yaml")
    assert {cell for cell in documented if cell.partition(".")[0].removesuffix("[]") in shapes.File.model_fields} == {
        key for key, _ in keys_of(shapes.File)
    }


def test_every_way_to_an_owner_is_told_and_nothing_else_is() -> None:
    told = {cell for cell in first_cells("docs/configuration.md", "closeloop.yaml") if cell.startswith("owner.")}
    assert told == {f"owner.{key}" for key, _ in keys_of(owners.OwnerShape)}


def test_every_field_that_a_rule_can_look_at_is_told() -> None:
    assert all(f"`{name}`" in PAGES["docs/configuration.md"] for name in FIELDS)


def test_the_defaults_of_the_configuration_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", PAGES["docs/configuration.md"], flags=re.MULTILINE)
    written = {key: cell.strip().strip("`") for key, cell in rows}
    for key, default in keys_of(shapes.File):
        if isinstance(default, bool | str | int | timedelta):
            shown = span(default) if isinstance(default, timedelta) else str(default).lower()
            assert written[key] == shown, key


@pytest.mark.parametrize(("page", "text"), blocks("yaml"))
def test_a_yaml_block_is_configuration_that_loads(page: str, text: str) -> None:
    """A part of a file gets the fallback that every file has."""
    part = yaml.safe_load(text)
    assert set(part) <= set(shapes.File.model_fields)
    whole = part if "fallback" in part else {**part, "fallback": {"owner": "elsa@example.com", "channel": "#x"}}
    names = {
        rule["policy"] for rule in [*part.get("sources", {}).values(), *part.get("routing", [])] if "policy" in rule
    }
    assert loads(yaml.safe_dump(whole), Path(page)).file.fallback.owner == "elsa@example.com"
    assert names <= {"default", *part.get("policies", {})}


def test_the_built_in_policy_is_written_out_as_it_is() -> None:
    whole = "policies:\n  default:\n"
    (text,) = (text for page, text in blocks("yaml") if page == "docs/configuration.md" and text.startswith(whole))
    fallback = 'fallback: {owner: elsa@example.com, channel: "#ai-exceptions"}\n'
    written, built_in = (loads(given, Path("x")) for given in (fallback + text, fallback))
    assert written.policies() == built_in.policies()
    said = yaml.safe_load(text)["policies"]["default"]
    left_out = set(policies.PolicyShape.model_fields) - set(said)
    left_out |= set(policies.Acknowledge.model_fields) - set(said["acknowledge"])
    assert left_out == {"critical", "error", "warning", "info", "snoozes"}


# ── HTTP ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def application() -> Any:
    nothing: Any = type("Nothing", (), {"receive": None})()
    return web.create_app(web.WebParts(loop=nothing, store=nothing, native=native, base_url="http://127.0.0.1:8080"))


def endpoints(routes: Any) -> Iterator[tuple[str, str]]:
    """An included router is one entry that holds its own routes."""
    for route in routes:
        if isinstance(route, APIRoute | Route):
            yield from ((method, route.path) for method in (route.methods or set()) - {"HEAD"})
        else:
            yield from endpoints(route.original_router.routes)


def test_every_endpoint_is_in_the_page_of_the_api_and_nothing_else_is(application: Any) -> None:
    served = set(endpoints(application.routes))
    assert len(served) >= 12
    told = set(re.findall(r"\b(GET|POST|PUT|PATCH|DELETE) (/[^\s`)\]?]*)", PAGES["docs/api.md"]))
    assert told == served


def test_every_endpoint_named_elsewhere_exists(application: Any) -> None:
    served = set(endpoints(application.routes))
    told = {found for text in PAGES.values() for found in re.findall(r"\b(GET|POST) (/[^\s`)\]?]*)", text)}
    assert told <= served


def test_every_error_is_told_with_its_status() -> None:
    told = re.findall(r"^\| (\d{3}) \| `(\w+)` \|", PAGES["docs/api.md"], flags=re.MULTILINE)
    assert {code: int(status) for status, code in told} == {
        code: status for code, (status, _) in problems.CODES.items()
    }


def fields_of(shape: type[BaseModel], path: str = "") -> Iterator[tuple[str, bool]]:
    for name, field in shape.model_fields.items():
        yield f"{path}{name}", field.is_required()
        inner = next((part for part in _parts(field.annotation) if issubclass(part, BaseModel)), None)
        if inner:
            yield from fields_of(inner, f"{path}{name}{'[]' if 'list' in str(field.annotation) else ''}.")


def test_every_field_of_an_alert_is_told_and_whether_it_is_required() -> None:
    section = PAGES["docs/api.md"].split("\n## POST /v1/alerts\n")[1].split("\n## ")[0]
    told = dict(re.findall(r"^\| `([^`]+)` \|([^|]*)\|", section, flags=re.MULTILINE))
    assert {name: bool(cell.strip()) for name, cell in told.items()} == dict(fields_of(native.Payload))


def test_every_field_of_an_answer_is_told() -> None:
    assert first_cells("docs/api.md", "GET /v1/alerts/{alert_id}") == set(api.AlertView.model_fields)
    assert first_cells("docs/api.md", "GET /v1/alerts") == set(api.Which.model_fields)
    shown = [set(json.loads(text)) for page, text in blocks("json") if page == "docs/api.md"]
    assert shown == [set(shape.model_fields) for shape in (intake.Accepted, api.EventView)] + [PROBLEM]


PROBLEM = set(problems.ProblemBody.model_fields)


def shown_bodies() -> list[tuple[str, bytes]]:
    """The bodies of the curl examples, and what the Python examples send."""
    sent = [(page, body) for page, text in blocks("bash") for body in re.findall(r"-d '([^']+)'", text)]
    literals = [
        (page, json.dumps(ast.literal_eval(node)))
        for page, text in blocks("python")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Dict)
        and any(isinstance(key, ast.Constant) and key.value == "title" for key in node.keys)
    ]
    return [(page, body.encode()) for page, body in sent + literals]


def test_the_alerts_of_the_examples_are_accepted() -> None:
    bodies = shown_bodies()
    assert [page for page, _ in bodies].count("README.md") == 2
    assert [native.parse(body, "ap-auditor").title for _, body in bodies if body]


# ── what the operator sees ───────────────────────────────────────────────────────────────────────────────────────────


def test_every_metric_in_the_docs_exists_with_its_labels_and_every_metric_is_told() -> None:
    code = (ROOT / "handlers/meters.py").read_text()
    known = set(re.findall(r'"(closeloop_\w+)"', code))
    assert {name for text in PAGES.values() for name in re.findall(r"\bcloseloop_[a-z_]+", text)} <= {
        *known,
        *(f"{name}_bucket" for name in known),
    }
    assert first_cells("docs/operations.md", "Metrics") == known
    for counted in (meters.INTAKE, meters.SLACK_REQUESTS, meters.ACTS, meters.DELIVERIES, meters.SHOWN_AFTER):
        (row,) = re.findall(
            rf"^\| `{counted._name}(?:_total)?` \| ([^|]+) \|", PAGES["docs/operations.md"], flags=re.MULTILINE
        )
        assert re.findall(r"`(\w+)`", row) == list(counted._labelnames)


def test_every_finding_of_the_check_is_told() -> None:
    ours = re.findall(r'"(CL\d{3})"', Path(checks.__file__).read_text())
    slacks = re.findall(r'Problem\("([\w.]+)"', Path(slack_check.__file__).read_text())
    microsofts = re.findall(r'"(microsoft\.[\w.]+)"', Path(microsoft_check.__file__).read_text())
    teams = re.findall(r'"(teams\.[\w.]+)"', Path(teams_check.__file__).read_text())
    assert first_cells("docs/operations.md", "What `closeloop check` finds") == {*ours, *slacks, *microsofts, *teams}


def test_every_permission_of_microsoft_is_told_and_no_other_is() -> None:
    assert first_cells("docs/microsoft.md", "What the app may do") == {
        *microsoft_check.PERMISSIONS,
        *microsoft_check.INSTALLING,
    }


def test_every_event_and_status_is_in_the_glossary() -> None:
    assert first_cells("docs/glossary.md", "Events") == {kind.value for kind in Kind}
    assert all(f"`{status}`" in PAGES["docs/glossary.md"] for status in Status)


def test_every_part_of_readiness_is_told_and_nothing_else_is() -> None:
    assert first_cells("docs/operations.md", "Readiness") == {"intake", *health.NAMES}


def test_every_kind_of_incident_is_told_and_nothing_else_is() -> None:
    kinds = {cell for cell in first_cells("docs/operations.md", "Incidents") if not cell.startswith("CLOSELOOP_")}
    assert kinds == set(operators._WHAT)
