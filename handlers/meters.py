"""What is counted and timed, for Prometheus. Labels are our own words, never what somebody sent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from bot.ports import Away, Store

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)

INTAKE = Counter("closeloop_intake_total", "Raises at the door", ["result"])
AUTH_REFUSED = Counter("closeloop_auth_refused_total", "Requests without a valid key")
SLACK_REQUESTS = Counter("closeloop_slack_requests_total", "Requests of Slack", ["result"])
ACTS = Counter("closeloop_acts_total", "What people did, by act and outcome", ["act", "result"])
WAKE_LATENESS = Histogram("closeloop_wake_lateness_seconds", "From due to done", buckets=_SECONDS)
SHOWN_AFTER = Histogram("closeloop_delivery_seconds", "From accepted to shown", ["kind"], buckets=_SECONDS)
DELIVERIES = Counter("closeloop_deliveries_total", "Attempted deliveries, by what became of them", ["kind", "state"])


def exposition(store: Store, machine: Callable[[], float]) -> bytes:
    """Everything counted by this process (or by all, where they share a folder), and what the database knows."""
    shared = "PROMETHEUS_MULTIPROC_DIR" in os.environ
    counted = CollectorRegistry()
    if shared:
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    stored = CollectorRegistry()
    stored.register(_Stored(store, machine))
    return generate_latest(counted if shared else REGISTRY) + generate_latest(stored)


class _Stored(Collector):
    """Gauges read from the database at each scrape: the same from every process."""

    def __init__(self, store: Store, machine: Callable[[], float]) -> None:
        self._store = store
        self._machine = machine

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            counts, beats = self._store.counts(), self._store.beats()
        except Away:
            yield GaugeMetricFamily("closeloop_database_up", "1 while the database answers", value=0)
            return
        yield GaugeMetricFamily("closeloop_database_up", "1 while the database answers", value=1)
        yield from _counted(counts)
        ages = GaugeMetricFamily("closeloop_heartbeat_age_seconds", "Since a process last beat", labels=["process"])
        for kind, at in beats.items():
            ages.add_metric([kind], max(self._machine() - at, 0.0))
        yield ages


def _counted(counts: dict[str, int]) -> Iterator[GaugeMetricFamily]:
    alerts = GaugeMetricFamily("closeloop_alerts", "Unfinished alerts", labels=["status"])
    waiting = GaugeMetricFamily("closeloop_deliveries_waiting", "Deliveries not yet settled", labels=["state"])
    for name, number in counts.items():
        what, _, state = name.rpartition(".")
        (waiting if what == "delivery" else alerts).add_metric([state], number)
    yield alerts
    yield waiting
