"""What is counted and timed, for Prometheus. Labels are our own words, never what somebody sent."""

from __future__ import annotations

import os
from collections import Counter as Tally
from collections.abc import Iterator, Mapping

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from bot import health
from bot.ports import Away, Clock, Store

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 28800)

INTAKE = Counter("closeloop_intake_total", "Raises at the door", ["result"])
AUTH_REFUSED = Counter("closeloop_auth_refused_total", "Requests without a valid key")
SLACK_REQUESTS = Counter("closeloop_slack_requests_total", "Requests of Slack", ["result"])
TEAMS_REQUESTS = Counter("closeloop_teams_requests_total", "Requests of Teams", ["result"])
ACTS = Counter("closeloop_acts_total", "What people did, by act and outcome", ["act", "result"])
WAKE_LATENESS = Histogram("closeloop_wake_lateness_seconds", "From due to done", buckets=_SECONDS)
SHOWN_AFTER = Histogram("closeloop_delivery_seconds", "From owed to shown", ["kind"], buckets=_SECONDS)
DELIVERIES = Counter("closeloop_deliveries_total", "Attempted deliveries, by what became of them", ["kind", "state"])
TWINS = Counter("closeloop_twins_removed_total", "Messages removed because they had arrived twice")


def exposition(store: Store, clock: Clock) -> bytes:
    """Everything counted by this process (or by all, where they share a folder), and what the database knows."""
    shared = "PROMETHEUS_MULTIPROC_DIR" in os.environ
    counted = CollectorRegistry()
    if shared:
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    stored = CollectorRegistry()
    stored.register(_Stored(store, clock))
    return generate_latest(counted if shared else REGISTRY) + generate_latest(stored)


class _Stored(Collector):
    """Gauges read from the database at each scrape: the same from every process."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            known = list(self._known())
        except Away:
            known = []
        yield GaugeMetricFamily("closeloop_database_up", "1 while the database answers", value=1 if known else 0)
        yield from known

    def _known(self) -> Iterator[GaugeMetricFamily]:
        machine, counts = self._clock.machine(), self._store.counts()
        yield from _counted(counts)
        unknown = counts.get("delivery.unknown", 0)
        yield GaugeMetricFamily("closeloop_unknown_outcomes", "Messages that may or may not be shown", value=unknown)
        ages = {kind: max(machine - at, 0.0) for kind, at in self._store.beats().items()}
        yield _labelled("closeloop_heartbeat_age_seconds", "Since a process last beat", "process", ages)
        waiting = health.oldest(self._store, machine)
        yield _labelled("closeloop_oldest_waiting_seconds", "Since when a lane's oldest may be served", "lane", waiting)
        longest = health.overdue(self._store, self._clock)
        yield GaugeMetricFamily("closeloop_overdue_seconds", "Since the longest overdue alert was due", value=longest)
        open_ = Tally(incident.kind for incident in self._store.incidents())
        yield _labelled("closeloop_incidents", "What only an operator can mend", "kind", open_)


def _labelled(name: str, what: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _counted(counts: dict[str, int]) -> Iterator[GaugeMetricFamily]:
    alerts = GaugeMetricFamily("closeloop_alerts", "Unfinished alerts", labels=["status"])
    waiting = GaugeMetricFamily("closeloop_deliveries_waiting", "Deliveries not yet settled", labels=["state"])
    for name, number in counts.items():
        what, _, state = name.rpartition(".")
        (waiting if what == "delivery" else alerts).add_metric([state], number)
    yield alerts
    yield waiting
