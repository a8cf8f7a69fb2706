"""What the environment says of Microsoft 365, as parts: who we are there, our tokens, the way to Graph."""

from __future__ import annotations

from collections.abc import Iterator

from bot.config.mistakes import ConfigError
from bot.environment import Environment
from bot.ports.vault import Vault
from connectors.microsoft.check import problems
from connectors.microsoft.clouds import CLOUDS
from connectors.microsoft.credentials import Credential, Managed, Pfx, Secret, Workload, pems
from connectors.microsoft.rest import Graph
from connectors.microsoft.tokens import App, Tokens
from storage.vault import LocalVault, RedisVault

SECRET_KEY = 32
"""characters of CLOSELOOP_SECRET_KEY; with fewer nothing is shared: what anybody could guess encrypts nothing"""


def tokens(env: Environment) -> Tokens:
    """Raises ConfigError for a certificate that is none."""
    return Tokens(app(env), vault=_vault(env))


def fresh(env: Environment) -> Tokens:
    """Not what is shared: a token from before a consent does not know of it for an hour. Raises ConfigError."""
    return Tokens(app(env), vault=LocalVault())


def app(env: Environment) -> App:
    """Raises ConfigError for a certificate that is none."""
    return App(
        cloud=CLOUDS[env.microsoft_cloud],
        tenant=env.microsoft_tenant_id,
        client_id=env.microsoft_client_id,
        credentials=tuple(_credentials(env)),
        login_url=env.microsoft_login_url,
    )


def graph(env: Environment, tokens: Tokens, *, timeout: float = 5.0) -> Graph:
    return Graph(tokens, base_url=env.graph_api_url, timeout=timeout)


def check(env: Environment) -> list[tuple[str, str, str]]:
    """(id, what is wrong, what to do) of each problem with the app, what it may read, and what stands in between."""
    try:
        made = fresh(env)
    except ConfigError as error:
        return [unreadable(error)]
    return [(found.id, found.what, found.do) for found in problems(made, graph(env, made))]


def unreadable(error: ConfigError) -> tuple[str, str, str]:
    return "microsoft.credential", str(error), "docs/microsoft.md tells how a certificate is given."


def _credentials(env: Environment) -> Iterator[Credential]:
    """What lasts before what runs out: the first that Entra accepts is used."""
    if env.microsoft_managed_identity:
        own = env.microsoft_managed_identity
        yield Managed(client_id="" if own == "system" else own)
    if env.microsoft_federated_token_path:
        yield Workload(path=env.microsoft_federated_token_path)
    password = env.microsoft_certificate_password.get_secret_value()
    if pem := env.microsoft_certificate.get_secret_value():
        try:
            yield from pems(pem, password)
        except ValueError as error:
            raise ConfigError([f"MICROSOFT_CERTIFICATE {error}"]) from None
    if env.microsoft_pfx:
        yield Pfx(path=env.microsoft_pfx, password=password)
    if secret := env.microsoft_client_secret.get_secret_value():
        yield Secret(value=secret)


def _vault(env: Environment) -> Vault:
    key = env.secret_key.get_secret_value()
    if env.is_embedded or len(key) < SECRET_KEY:
        return LocalVault()
    return RedisVault(env.redis_url.get_secret_value(), key)
