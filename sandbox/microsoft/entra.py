"""Entra as an app meets it: discovery, keys, and a token for whoever proves to be the app."""

from __future__ import annotations

import time
import uuid
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.errors import Json
from sandbox.microsoft.config import DOMAIN
from sandbox.microsoft.keys import assertion_problem, federated_problem
from sandbox.microsoft.serving import answered, tenant_of
from sandbox.microsoft.tenant import Tenant

BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MANAGED_HEADER = "the-header-of-the-sandbox"
WHY = {
    "AADSTS90002": (400, "invalid_tenant", "Tenant not found. Check to make sure you have the correct tenant ID."),
    "AADSTS700016": (400, "unauthorized_client", "Application was not found in the directory 'Acme'."),
    "AADSTS7000215": (401, "invalid_client", "Invalid client secret provided."),
    "AADSTS7000216": (401, "invalid_client", "'client_assertion' or 'client_secret' is required."),
    "AADSTS700027": (401, "invalid_client", "The certificate with identifier used to sign is not registered."),
    "AADSTS700024": (401, "invalid_client", "Client assertion is not within its valid time range."),
    "AADSTS700021": (401, "invalid_client", "Client assertion application identifier doesn't match 'client_id'."),
    "AADSTS700023": (401, "invalid_client", "Client assertion audience claim does not match Realm issuer."),
    "AADSTS50027": (400, "invalid_request", "JWT token is invalid or malformed."),
    "AADSTS700211": (401, "invalid_client", "No matching federated identity record found for presented issuer."),
    "AADSTS700213": (401, "invalid_client", "No matching federated identity record found for presented subject."),
    "AADSTS70003": (400, "unsupported_grant_type", "The app requested an unsupported grant type."),
    "AADSTS500011": (400, "invalid_resource", "The resource principal was not found in the tenant."),
    "AADSTS1002012": (400, "invalid_scope", "The provided value for scope is not valid: it needs /.default."),
}


def _refused(code: str) -> Response:
    status, error, text = WHY[code]
    trace = str(uuid.uuid4())
    shape = {
        "error": error,
        "error_description": f"{code}: {text} Trace ID: {trace} Timestamp: {time.strftime('%Y-%m-%d %H:%M:%SZ')}",
        "error_codes": [int(code.removeprefix("AADSTS"))],
        "timestamp": time.strftime("%Y-%m-%d %H:%M:%SZ"),
        "trace_id": trace,
        "correlation_id": str(uuid.uuid4()),
    }
    return JSONResponse(shape, status_code=status)


async def discovery(request: Request) -> Response:
    tenant = tenant_of(request)
    return await answered(request, tenant, lambda: _discovery(tenant, request.path_params["tenant"]))


def _discovery(tenant: Tenant, asked: str) -> Response:
    if asked not in (tenant.config.tenant_id, DOMAIN):
        return _refused("AADSTS90002")
    base = f"{tenant.config.login}/{tenant.config.tenant_id}"
    return JSONResponse(
        {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
    )


async def instances(request: Request) -> Response:
    tenant = tenant_of(request)
    return await answered(request, tenant, lambda: JSONResponse({"metadata": []}))


async def keys(request: Request) -> Response:
    tenant = tenant_of(request)
    return await answered(request, tenant, lambda: JSONResponse(tenant.keys.jwks()))


async def token(request: Request) -> Response:
    form = dict(parse_qsl((await request.body()).decode(errors="replace")))
    tenant = tenant_of(request)
    return await answered(request, tenant, lambda: _token(tenant, request.path_params["tenant"], form))


def _token(tenant: Tenant, asked: str, form: dict[str, str]) -> Response:
    if asked not in (tenant.config.tenant_id, DOMAIN):
        return _refused("AADSTS90002")
    resource, _, rest = form.get("scope", "").rpartition("/")
    if problem := _problem(tenant, form, resource, rest):
        return _refused(problem)
    app = tenant.app
    shape: Json = {"token_type": "Bearer", "expires_in": app.lifetime, "ext_expires_in": app.lifetime}
    if app.refresh_in is not None:
        shape["refresh_in"] = app.refresh_in
    return JSONResponse({**shape, "access_token": _issued(tenant, resource)})


def _problem(tenant: Tenant, form: dict[str, str], resource: str, rest: str) -> str | None:
    if form.get("grant_type") != "client_credentials":
        return "AADSTS70003"
    if form.get("client_id") != tenant.config.client_id:
        return "AADSTS700016"
    if rest != ".default":
        return "AADSTS1002012"
    if resource not in (tenant.config.graph, tenant.config.bot):
        return "AADSTS500011"
    return _unproven(tenant, form)


def _unproven(tenant: Tenant, form: dict[str, str]) -> str | None:
    app, assertion = tenant.app, form.get("client_assertion", "")
    if not assertion:
        known = form.get("client_secret") in app.secrets
        return None if known else "AADSTS7000215" if "client_secret" in form else "AADSTS7000216"
    if form.get("client_assertion_type") != BEARER:
        return "AADSTS50027"
    audience = f"{tenant.config.login}/{tenant.config.tenant_id}/oauth2/v2.0/token"
    found = assertion_problem(
        assertion, certificates=app.certificates, client=tenant.config.client_id, audience=audience
    )
    if found == "AADSTS700027" and app.federated_keys:
        return federated_problem(assertion, keys=app.federated_keys, subject=app.federated_subject)
    return found


def _issued(tenant: Tenant, resource: str) -> str:
    now, config = int(time.time()), tenant.config
    return tenant.keys.sign(
        {
            "aud": resource,
            "iss": f"https://sts.windows.net/{config.tenant_id}/",
            "appid": config.client_id,
            "tid": config.tenant_id,
            "roles": tenant.app.roles,
            "iat": now,
            "nbf": now,
            "exp": now + tenant.app.lifetime,
            "uti": uuid.uuid4().hex,
        }
    )


async def managed(request: Request) -> Response:
    """The endpoint that Azure gives to an app for its managed identity."""
    tenant = tenant_of(request)
    return await answered(request, tenant, lambda: _managed(request, tenant))


def _managed(request: Request, tenant: Tenant) -> Response:
    resource, wanted = request.query_params.get("resource", ""), request.query_params.get("client_id")
    if request.headers.get("x-identity-header") != MANAGED_HEADER:
        return JSONResponse({"statusCode": 401, "message": "The header is missing."}, status_code=401)
    if wanted not in (None, tenant.config.client_id) or resource not in (tenant.config.graph, tenant.config.bot):
        return JSONResponse({"statusCode": 400, "message": "No such identity or resource."}, status_code=400)
    shape = {"access_token": _issued(tenant, resource), "expires_on": str(int(time.time()) + tenant.app.lifetime)}
    return JSONResponse({**shape, "resource": resource, "token_type": "Bearer", "client_id": tenant.config.client_id})
