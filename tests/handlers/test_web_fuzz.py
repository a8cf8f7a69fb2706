"""Whatever the API's own description allows, and much that it does not: never a 5xx, always what is described."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
OPERATIONS = [
    ("POST", "/v1/alerts"),
    ("POST", "/v1/alerts/{alert_id}/cleared"),
    ("GET", "/v1/alerts"),
    ("GET", "/v1/alerts/{alert_id}"),
    ("GET", "/v1/alerts/{alert_id}/events"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/healthz"),
]
# The last three take nothing that could be wrong.
CASES = [(*operation, GenerationMode.POSITIVE) for operation in OPERATIONS]
CASES += [(*operation, GenerationMode.NEGATIVE) for operation in OPERATIONS[:-3]]


def test_every_operation_that_is_described_is_tried(world: Any) -> None:
    described = world.app().openapi()["paths"]

    assert {(method.upper(), path) for path, methods in described.items() for method in methods} == set(OPERATIONS)


@pytest.mark.parametrize(("method", "path", "mode"), CASES)
def test_no_request_breaks_anything(world: Any, method: str, path: str, mode: GenerationMode) -> None:
    described = schemathesis.openapi.from_asgi("/openapi.json", world.app(per_source="1000000/minute"))
    operation = described[path][method]

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        case.validate_response(case.call(headers=world.as_("auditor")), checks=CHECKS)

    check()
