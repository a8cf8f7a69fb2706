"""What the environment says of Microsoft 365, as parts: who we are there, our tokens, the way to Graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.config.mistakes import ConfigError
from bot.environment import Environment
from bot.ports import Chat
from bot.ports.vault import Vault
from bot.settings import Config
from connectors.chat import platform
from connectors.microsoft.asking import TIMEOUT
from connectors.microsoft.check import Use, problems
from connectors.microsoft.clouds import CLOUDS
from connectors.microsoft.credentials import Credential, Managed, Pfx, Secret, Workload, pems
from connectors.microsoft.rest import Graph
from connectors.microsoft.tokens import App, Tokens
from connectors.workflow import tool
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


def tools(env: Environment, config: Config, tokens: Callable[[], Tokens]) -> dict[str, Chat]:
    """What is written there beside the chat: the tool for work items, and mail; each by the name of its places.

    `tokens`: asked only where there is one of them.
    """
    wanted = config.file.work_items
    if wanted is None and not env.microsoft_mail_from:
        return {}
    graph_ = graph(env, tokens(), timeout=TIMEOUT)
    found: dict[str, Chat] = {}
    if wanted is not None:
        known = {"bucket": wanted.bucket or ""} if wanted.tool == "planner" else {}
        found[wanted.tool] = tool(wanted.tool)(graph_, **known)
    if env.microsoft_mail_from:
        found["mail"] = platform("mail")(graph_, mailbox=env.microsoft_mail_from)
    return found


def check(env: Environment, config: Config) -> list[tuple[str, str, str]]:
    """(id, what is wrong, what to do) of each problem with the app, what it may do, and what stands in between."""
    try:
        made = fresh(env)
    except ConfigError as error:
        return [unreadable(error)]
    return [(found.id, found.what, found.do) for found in problems(made, graph(env, made), _use(env, config))]


def _use(env: Environment, config: Config) -> Use:
    work = config.file.work_items
    return Use(
        directory="graph" in config.directories,
        plan=(work.plan or "") if work else "",
        todo=work is not None and work.tool == "todo",
        mail=env.microsoft_mail_from,
    )


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
