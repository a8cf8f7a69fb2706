"""Tokens of an app: asked of the stand-in's Entra through msal, renewed in time, shared, never asked for in vain."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from bot.ports import Later, Refusal
from connectors.microsoft.clouds import CLOUDS
from connectors.microsoft.credentials import Managed, Pem, Pfx, Secret, Workload, pems
from connectors.microsoft.tokens import SHARED
from connectors.microsoft.waiting import Pauses, seconds
from sandbox.microsoft.config import CLIENT
from sandbox.microsoft.entra import MANAGED_HEADER
from storage.vault import LocalVault
from tests.connectors.entra import BOT, GRAPH, Hand, Tenant, certificate, key, key_pem, pem, public_pem

WRONG = Secret(value="not the secret")


@pytest.fixture
def skewed(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves this machine's clock, as msal reads it; the stand-in's Entra keeps the right time."""
    right = time.time
    moved = [0.0]

    def now() -> float:
        return right() + moved[0]

    for module in ("msal.application", "msal.token_cache", "msal.oauth2cli.assertion"):
        monkeypatch.setattr(f"{module}.time", type("Clock", (), {"time": staticmethod(now), "sleep": time.sleep}))

    def move(by: float) -> None:
        moved[0] = by

    return move


def refused(tokens: Any, scope: str = GRAPH) -> Refusal:
    with pytest.raises(Refusal) as caught:
        tokens.token(scope)
    return caught.value


def told_to_wait(tokens: Any) -> Later:
    with pytest.raises(Later) as caught:
        tokens.token(GRAPH)
    return caught.value


# ── one token, while it is good ──────────────────────────────────────────────────────────────────────────────────────


def test_making_them_asks_nobody(tenant: Tenant) -> None:
    tenant.tokens()
    assert tenant.state()["calls"] == []


def test_a_token_is_asked_for_once_and_for_each_resource(tenant: Tenant) -> None:
    tokens = tenant.tokens()
    token = tokens.token(GRAPH)
    tenant.hand.seconds += 600
    assert tokens.token(GRAPH) == token
    other = tokens.token(BOT)
    assert tenant.issued == 2
    audiences = [jwt.decode(one, options={"verify_signature": False})["aud"] for one in (token, other)]
    assert audiences == ["https://graph.microsoft.com", "https://api.botframework.com"]


def test_many_threads_ask_once(tenant: Tenant) -> None:
    tokens = tenant.tokens()
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: tokens.token(GRAPH), range(16)))
    assert (len(found), tenant.issued) == (1, 1)


def test_a_token_that_ends_in_the_middle_of_the_work_is_renewed_in_time(
    tenant: Tenant, skewed: Callable[[float], None]
) -> None:
    tokens = tenant.tokens()
    token = tokens.token(GRAPH)
    for passed, expected in ((3200, token), (3400, None)):
        skewed(passed)
        tenant.hand.seconds += 100
        renewed = tokens.token(GRAPH)
        assert renewed == expected if expected else renewed != token
    assert tenant.issued == 2, "five minutes before its end, not before"


@pytest.mark.parametrize("status", [429, 503, 0])
def test_a_token_due_for_renewal_is_still_used_while_entra_is_away(
    tenant: Tenant, skewed: Callable[[float], None], status: int
) -> None:
    tenant.set(refresh_in=60)
    tokens = tenant.tokens()
    token = tokens.token(GRAPH)
    tenant.fault("oauth2/v2.0/token", status, times=None)
    skewed(120)
    tenant.hand.seconds += 120
    assert tokens.token(GRAPH) == token
    tenant.mend()
    tenant.hand.seconds += 120
    assert tokens.token(GRAPH) != token


# ── two workers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_workers_that_share_a_vault_make_one_call(tenant: Tenant) -> None:
    vault = LocalVault()
    first, second = tenant.tokens(vault=vault), tenant.tokens(vault=vault)
    assert first.token(GRAPH) == second.token(GRAPH)
    assert tenant.issued == 1
    assert second.token(BOT) == first.token(BOT)
    assert tenant.issued == 2


def test_workers_without_a_common_vault_ask_each_for_their_own(tenant: Tenant) -> None:
    assert tenant.tokens().token(GRAPH) != tenant.tokens().token(GRAPH)
    assert tenant.issued == 2


class Kept(LocalVault):
    def __init__(self) -> None:
        super().__init__()
        self.puts: list[tuple[str, int]] = []

    def put(self, name: str, value: str, /, *, seconds: int) -> None:
        self.puts.append((name, seconds))
        super().put(name, value, seconds=seconds)


def test_what_is_shared_has_the_cloud_the_tenant_and_the_app_as_its_name_and_an_hour_at_most(tenant: Tenant) -> None:
    vault = Kept()
    tokens = tenant.tokens(vault=vault)
    tokens.token(GRAPH)
    tenant.hand.seconds += 100
    tokens.token(GRAPH)
    assert vault.puts == [(f"microsoft:{tokens.app.name}", SHARED)], "written when something changed"
    assert SHARED <= 3600
    assert tokens.app.name == f"public:{tokens.app.tenant}:{CLIENT}"


@pytest.mark.parametrize("blob", ["nonsense", "[]", '{"AccessToken": {}}', '{"AccessToken": 7}'])
def test_nonsense_in_the_vault_costs_a_call_and_nothing_else(tenant: Tenant, blob: str) -> None:
    vault = LocalVault()
    tokens = tenant.tokens(vault=vault)
    vault.put(f"microsoft:{tokens.app.name}", blob, seconds=60)
    assert tokens.token(GRAPH)
    assert tenant.issued == 1


def test_a_token_that_was_not_accepted_is_forgotten_by_all(tenant: Tenant) -> None:
    vault = LocalVault()
    first, second = tenant.tokens(vault=vault), tenant.tokens(vault=vault)
    token, other = first.token(GRAPH), first.token(BOT)
    second.token(GRAPH)
    first.forget(token)
    fresh = first.token(GRAPH)
    tenant.hand.seconds += 100
    assert fresh == second.token(GRAPH) != token
    assert first.token(BOT) == other
    assert tenant.issued == 3


# ── away, and asking to wait ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("asked", ["7", None])
@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("what", ["oauth2/v2.0/token", "openid-configuration"])
def test_entra_is_left_alone_for_as_long_as_it_asks(tenant: Tenant, status: int, what: str, asked: str | None) -> None:
    tokens = tenant.tokens()
    tenant.fault(what, status, retry_after=asked)
    wait = told_to_wait(tokens)
    assert wait.seconds == (7 if asked else 5)
    calls = len(tenant.state()["calls"])
    tenant.hand.seconds += wait.seconds - 1
    assert told_to_wait(tokens).seconds == 1
    assert len(tenant.state()["calls"]) == calls, "nobody asked"
    tenant.hand.seconds += 1
    assert tokens.token(GRAPH)


@pytest.mark.parametrize("status", [0, 200, 404])
@pytest.mark.parametrize("what", ["oauth2/v2.0/token"])
def test_a_connection_that_breaks_or_a_page_in_between_is_no_refusal(tenant: Tenant, status: int, what: str) -> None:
    tokens = tenant.tokens()
    tenant.fault(what, status, body="<html>Sign in to the guest network</html>" if status else None)
    assert told_to_wait(tokens).seconds > 0
    tenant.hand.seconds += 10
    assert tokens.token(GRAPH)


def test_a_page_in_place_of_discovery_is_no_refusal(tenant: Tenant) -> None:
    tokens = tenant.tokens()
    tenant.fault("openid-configuration", 200, body="<html>")
    assert told_to_wait(tokens).code == "entra_away"
    assert tokens.token(GRAPH)


def test_entra_away_is_away() -> None:
    tokens = Tenant(url="http://127.0.0.1:9", http=None).tokens()  # type: ignore[arg-type]
    assert told_to_wait(tokens).code == "entra_away"


# ── refused ──────────────────────────────────────────────────────────────────────────────────────────────────────────

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"credentials": (WRONG,)}, "AADSTS7000215"),
    ({"client_id": "00000000-0000-0000-0000-000000000000"}, "AADSTS700016"),
    ({"tenant": "elsewhere.example"}, "tenant_unknown"),
    ({"credentials": (Workload(path=Path("there-is-no-such-file")),)}, "credential_unreadable"),
    ({"credentials": (Pfx(path=Path("there-is-no-such-file")),)}, "credential_unreadable"),
    ({"credentials": (Pem(key="x", certificate="y"),)}, "credential_unreadable"),
    ({"credentials": ()}, "no_credential"),
]


@pytest.mark.parametrize(("wrong", "code"), REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_a_person_has_to_mend_is_refused_in_entra_s_words(
    tenant: Tenant, wrong: dict[str, Any], code: str
) -> None:
    refusal = refused(tenant.tokens(**wrong))
    assert (refusal.code, refusal.kind) == (code, "workspace")


def test_a_refusal_stands_for_a_minute_and_what_was_mended_is_seen_after_it(tenant: Tenant) -> None:
    """Entra answers a wrong secret with 401, which msal asks again and again; a 400 it replays for a minute itself."""
    tokens = tenant.tokens(WRONG)
    refused(tokens)
    tenant.set(secrets=[WRONG.value])
    tenant.hand.seconds += 59
    refused(tokens)
    assert tenant.issued == 1
    tenant.hand.seconds += 1
    assert tokens.token(GRAPH)


def test_a_resource_that_is_refused_keeps_nobody_from_another(tenant: Tenant) -> None:
    tokens = tenant.tokens()
    assert refused(tokens, "https://elsewhere.example/.default").code == "AADSTS500011"
    assert tokens.token(GRAPH)


# ── who we are ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_certificate_proves_it(tenant: Tenant) -> None:
    private = key()
    registered = pem(certificate(private))
    tenant.set(certificates=[registered], secrets=[])
    assert refused(tenant.tokens(*pems(key_pem(private) + pem(certificate(key()))))).code == "AADSTS700027"
    assert tenant.tokens(*pems(key_pem(private) + registered)).token(GRAPH)
    assert tenant.tokens(*pems(registered + key_pem(private, "hunter2"), "hunter2")).token(GRAPH)


def test_a_pfx_file_proves_it(tenant: Tenant, tmp_path: Path) -> None:
    private = key()
    made = certificate(private)
    tenant.set(certificates=[pem(made)], secrets=[])
    path = tmp_path / "closeloop.pfx"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(b"closeloop", private, made, None, BestAvailableEncryption(b"hunter2"))
    )
    assert tenant.tokens(Pfx(path=path, password="hunter2")).token(GRAPH)
    assert refused(tenant.tokens(Pfx(path=path, password="wrong"))).code == "credential_unreadable"


def test_while_one_certificate_takes_another_s_place_either_is_enough(tenant: Tenant) -> None:
    old, new = key(), key()
    old_pem, new_pem = pem(certificate(old)), pem(certificate(new))
    both = pems(key_pem(new) + new_pem + key_pem(old) + old_pem)
    for registered in ([old_pem], [old_pem, new_pem], [new_pem]):
        tenant.set(certificates=registered, secrets=[])
        assert tenant.tokens(*both).token(GRAPH)


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----", key_pem(key())])
def test_a_key_without_its_certificate_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="private key and its certificate"):
        pems(text)


@pytest.mark.parametrize(("skew", "accepted"), [(-240, True), (240, True), (-1200, False), (1200, False)])
def test_a_clock_that_is_a_little_wrong_does_no_harm(
    tenant: Tenant, skewed: Callable[[float], None], skew: float, accepted: bool
) -> None:
    private = key()
    registered = pem(certificate(private))
    tenant.set(certificates=[registered], secrets=[])
    skewed(skew)
    tokens = tenant.tokens(*pems(key_pem(private) + registered))
    if accepted:
        assert tokens.token(GRAPH)
    else:
        assert refused(tokens).code == "AADSTS700024"


def test_a_workload_proves_it_with_the_file_that_its_platform_renews(tenant: Tenant, tmp_path: Path) -> None:
    platform, path = key(), tmp_path / "token"
    tenant.set(federated_keys=[public_pem(platform)], secrets=[])

    def renew(lifetime: float, subject: str = "system:serviceaccount:closeloop:closeloop") -> None:
        claims = {"aud": "api://AzureADTokenExchange", "sub": subject, "exp": time.time() + lifetime}
        path.write_text(jwt.encode(claims, platform, algorithm="RS256") + "\n")

    renew(-10)
    tokens = tenant.tokens(Workload(path=path))
    assert refused(tokens).code == "AADSTS700024"
    renew(600)
    tenant.hand.seconds += 60
    assert tokens.token(GRAPH), "the file is read anew for each token"
    renew(600, subject="system:serviceaccount:other:other")
    assert refused(tenant.tokens(Workload(path=path))).code == "AADSTS700213"


@pytest.mark.parametrize("own", ["", CLIENT])
def test_a_managed_identity_proves_it(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, own: str) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{tenant.url}/microsoft/managed/token")
    monkeypatch.setenv("IDENTITY_HEADER", MANAGED_HEADER)
    vault = LocalVault()
    token = tenant.tokens(Managed(client_id=own), vault=vault).token(GRAPH)
    assert tenant.tokens(Managed(client_id=own), vault=vault).token(GRAPH) == token
    assert jwt.decode(token, options={"verify_signature": False})["aud"] == "https://graph.microsoft.com"
    assert len(tenant.calls("/managed/token")) == 1


def test_no_secret_is_shown(tenant: Tenant) -> None:
    shown = repr(tenant.app(Secret(value="hunter2"), Pem(key="hunter2", certificate="c", password="hunter2")))
    assert "hunter2" not in shown


# ── clouds, and how long to wait ─────────────────────────────────────────────────────────────────────────────────────


def test_each_cloud_has_addresses_of_its_own() -> None:
    assert set(CLOUDS) == {"public", "gcch", "dod", "china"}
    assert len({cloud.graph for cloud in CLOUDS.values()}) == 4
    hosts = [getattr(cloud, name) for cloud in CLOUDS.values() for name in ("login", "graph", "bot", "bot_metadata")]
    assert all(host.startswith("https://") and not host.endswith("/") for host in hosts)
    page = CLOUDS["gcch"].consent("acme.example", "c1")
    assert page == "https://login.microsoftonline.us/acme.example/adminconsent?client_id=c1"


WAITS = [
    ("7", 7.0),
    ("0", 1.0),
    ("-3", 1.0),
    ("99999", 3600.0),
    ("1.5", 1.5),
    ("Fri, 20 Nov 2026 09:00:30 GMT", 30.0),
    ("Fri, 20 Nov 2026 08:00:00 GMT", 1.0),
    ("nan", 5.0),
    ("soon", 5.0),
    (None, 5.0),
]


@pytest.mark.parametrize(("said", "expected"), WAITS)
def test_a_wish_to_be_left_alone_is_in_seconds_or_a_date(said: str | None, expected: float) -> None:
    assert seconds(said, default=5.0, now=1795165200.0) == expected


def test_a_pause_is_never_shortened() -> None:
    hand = Hand()
    pauses = Pauses(hand)
    pauses.pause("a", 30)
    pauses.pause("a", 5)
    assert (pauses.left("a"), pauses.left("b")) == (30, 0)
    hand.seconds += 30
    assert pauses.left("a") == 0
