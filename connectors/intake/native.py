"""Our own format: the body of `POST /v1/alerts`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from bot.core.signal import Discrepancy, Entity, Evidence, Model, Scalar, Severity, Signal, Value
from bot.core.text import host
from bot.ports import BadPayload
from connectors.intake.reading import TOLD, pointer, read

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{1,63}")
_CHAT_ID = re.compile(r"[UW][A-Z0-9]{4,30}")
_OBJECT_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def parse(body: bytes, source: str, /) -> Signal:
    """The signal in `body`. Raises BadPayload with a pointer to every bad field."""
    data = read(body)
    if not isinstance(data, dict):
        raise BadPayload([("", "should be a JSON object")])
    try:
        payload = _PAYLOAD.validate_python(data)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise BadPayload(tuple(_told(details[:TOLD]))) from None
    return _signal(payload, source)


def schema() -> dict[str, Any]:
    """JSON Schema of the body, without references."""
    whole = Payload.model_json_schema()
    shapes = whole.pop("$defs", {})
    inlined: dict[str, Any] = _inlined(whole, shapes)
    return inlined


# ── checks that a type alone cannot say ──────────────────────────────────────────────────────────────────────────────


def _wrong(why: str) -> PydanticCustomError:
    return PydanticCustomError("closeloop", "{why}", {"why": why})


def _not_blank(text: str) -> str:
    if not text.strip():
        raise _wrong("should not be blank")
    return text


def _web_link(url: str) -> str:
    """Only what every chat can show with its host, so that nobody is led astray."""
    if any(c <= " " for c in url) or host(url) is None:
        raise _wrong("should be an http or https URL with a host and without a user name")
    return url


def _callback(url: str) -> str:
    scheme = urlsplit(_web_link(url)).scheme
    if scheme != "https" and not _is_loopback(host(url) or ""):
        raise _wrong("should be an https URL (http only to this very machine)")
    return url


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def _decimal(value: Any) -> str:
    """Money as text: floats lose cents."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > 40:
        raise _wrong("should be a decimal number, best as text")
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise _wrong('should be a decimal number, such as "1250.50"') from None
    if not amount.is_finite() or abs(amount.adjusted()) > 30:
        raise _wrong("should be a finite decimal number of a believable size")
    return f"{amount:f}"


def _scalar(value: Any) -> Scalar:
    if isinstance(value, dict | list) or (isinstance(value, str) and len(value) > 2_000):
        raise _wrong("should be a text of at most 2,000 characters, a number, true, false or null")
    scalar: Scalar = value
    return scalar


def _instant(text: str) -> datetime:
    """Aware UTC."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _wrong("should be an ISO 8601 instant with a time zone, such as 2026-11-20T14:05:00+01:00")


def _person(ref: str) -> str:
    """The id of a person: their e-mail in lower case, or `<platform>:<chat id>`."""
    if _EMAIL.fullmatch(ref):
        return ref.lower()
    if _CHAT_ID.fullmatch(ref):
        return f"slack:{ref}"
    if _OBJECT_ID.fullmatch(ref):
        return f"teams:{ref.lower()}"
    raise _wrong("should be an e-mail address, a Slack member id such as U0ANA123 or an Entra object id")


# ── the shape ────────────────────────────────────────────────────────────────────────────────────────────────────────

_DECIMAL_SCHEMA = {"anyOf": [{"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "maxLength": 40}, {"type": "number"}]}
_SCALAR_SCHEMA = {"type": ["string", "number", "boolean", "null"], "maxLength": 2_000}
_INSTANT_SCHEMA = {"type": "string", "format": "date-time"}

Title = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_not_blank)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_not_blank)]
Url = Annotated[
    str, Field(max_length=2_000), AfterValidator(_web_link), WithJsonSchema({"type": "string", "format": "uri"})
]
CallbackUrl = Annotated[
    str, Field(max_length=2_000), AfterValidator(_callback), WithJsonSchema({"type": "string", "format": "uri"})
]
Amount = Annotated[Any, AfterValidator(_decimal), WithJsonSchema(_DECIMAL_SCHEMA)]
AnyScalar = Annotated[Any, AfterValidator(_scalar), WithJsonSchema(_SCALAR_SCHEMA)]
Instant = Annotated[str, Field(max_length=64), AfterValidator(_instant), WithJsonSchema(_INSTANT_SCHEMA)]
PersonRef = Annotated[str, Field(max_length=254), AfterValidator(_person)]
LabelName = Annotated[str, Field(min_length=1, max_length=64)]
LabelValue = Annotated[str, Field(max_length=500)]
Objects = Annotated[list[dict[str, Any]], Field(max_length=20)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class EntityPayload(_Shape):
    type: Name
    id: Annotated[str, Field(min_length=1, max_length=500)]
    url: Url | None = None


class DiscrepancyPayload(_Shape):
    entity: EntityPayload | None = None
    expected: AnyScalar = None
    observed: AnyScalar = None
    unit: Annotated[str, Field(max_length=64)] | None = None


class ModelPayload(_Shape):
    name: Name
    version: Annotated[str, Field(max_length=200)] | None = None


class EvidencePayload(_Shape):
    label: Title
    url: Url


class ValuePayload(_Shape):
    amount: Amount
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Payload(_Shape):
    """Raise an alert. Only `title` and `severity` are required."""

    title: Title
    severity: Literal["critical", "error", "warning", "info"]
    summary: Annotated[str, Field(max_length=100_000)] | None = None
    dedup_key: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    discrepancy: DiscrepancyPayload | None = None
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    model: ModelPayload | None = None
    evidence: Annotated[list[EvidencePayload], Field(max_length=20)] = []
    value: ValuePayload | None = None
    owner: PersonRef | None = None
    labels: Annotated[dict[LabelName, LabelValue], Field(max_length=50)] = {}
    occurred_at: Instant | None = None
    checks: Objects = []
    actions: Objects = []
    callback_url: CallbackUrl | None = None


_PAYLOAD = TypeAdapter(Payload)
_SHAPES: dict[tuple[str, ...], type[BaseModel]] = {
    (): Payload,
    ("discrepancy",): DiscrepancyPayload,
    ("discrepancy", "entity"): EntityPayload,
    ("model",): ModelPayload,
    ("evidence",): EvidencePayload,
    ("value",): ValuePayload,
}

# ── shape ▶ Signal ───────────────────────────────────────────────────────────────────────────────────────────────────


def _signal(payload: Payload, source: str) -> Signal:
    found, model, value = payload.discrepancy, payload.model, payload.value
    # `occurred_at` is declared by what is sent, a text; its check has made an instant of it.
    occurred_at: Any = payload.occurred_at
    return Signal(
        source=source,
        title=payload.title,
        severity=Severity(payload.severity),
        summary=payload.summary,
        dedup_key=payload.dedup_key,
        discrepancy=_discrepancy(found) if found else None,
        confidence=payload.confidence,
        model=Model(name=model.name, version=model.version) if model else None,
        evidence=tuple(Evidence(label=item.label, url=item.url) for item in payload.evidence),
        value=Value(amount=value.amount, currency=value.currency) if value else None,
        owner=payload.owner,
        labels=payload.labels,
        occurred_at=occurred_at,
        checks=tuple(payload.checks),
        actions=tuple(payload.actions),
        callback_url=payload.callback_url,
    )


def _discrepancy(found: DiscrepancyPayload) -> Discrepancy:
    about = found.entity
    return Discrepancy(
        entity=Entity(type=about.type, id=about.id, url=about.url) if about else None,
        expected=found.expected,
        observed=found.observed,
        unit=found.unit,
    )


# ── what is told of mistakes ─────────────────────────────────────────────────────────────────────────────────────────


def _told(details: list[ErrorDetails]) -> Iterator[tuple[str, str]]:
    for detail in details:
        path = tuple(part for part in detail["loc"] if part != "[key]")
        yield pointer(path), _why(detail, path)


def _why(detail: ErrorDetails, path: tuple[str | int, ...]) -> str:
    if detail["type"] == "missing":
        return "is required"
    if detail["type"] == "extra_forbidden":
        return f"is not a known field{_nearest(path)}"
    if detail["type"] in ("model_type", "dict_type"):
        return "should be an object"
    message = detail["msg"].removeprefix("Input ")
    return message[:1].lower() + message[1:]


def _nearest(path: tuple[str | int, ...]) -> str:
    shape = _SHAPES.get(tuple(part for part in path[:-1] if isinstance(part, str)))
    near = get_close_matches(str(path[-1])[:64], shape.model_fields, n=1) if shape else []
    return f"; did you mean {near[0]}?" if near else ""


def _inlined(part: Any, shapes: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_inlined(item, shapes) for item in part]
    if not isinstance(part, dict):
        return part
    if reference := part.get("$ref"):
        return _inlined(shapes[reference.rsplit("/", 1)[1]], shapes)
    return {key: _inlined(item, shapes) for key, item in part.items()}
