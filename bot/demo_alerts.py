"""A believable day of alerts, in the order they arrive. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One thing a source says: a raise, or (`over`) that what it raised under this dedup key is over."""

    source: str
    pause: float
    """seconds after the arrival before it"""
    body: Mapping[str, Any]
    over: bool = False


INVOICE: Mapping[str, Any] = {
    "title": "Invoice 4711 is 1,180.00 EUR above its purchase order",
    "severity": "error",
    "summary": "Northwind Metals billed 14,200.00 EUR; order PO-88213 and the goods receipt both say 13,020.00 EUR.",
    "dedup_key": "invoice:4711",
    "discrepancy": {
        "entity": {"type": "invoice", "id": "4711", "url": "https://erp.acme.example/invoices/4711"},
        "expected": 13020.00,
        "observed": 14200.00,
        "unit": "EUR",
    },
    "confidence": 0.97,
    "model": {"name": "ap-auditor", "version": "2026.11"},
    "evidence": [
        {"label": "Invoice as scanned", "url": "https://erp.acme.example/invoices/4711/scan.pdf"},
        {"label": "Purchase order PO-88213", "url": "https://erp.acme.example/orders/PO-88213"},
    ],
    "value": {"amount": "1180.00", "currency": "EUR"},
    "labels": {"team": "accounts-payable", "supplier": "Northwind Metals"},
}

FRAUD: Mapping[str, Any] = {
    "title": "Nine refunds to one card from seven accounts in 40 minutes",
    "severity": "critical",
    "summary": "All seven accounts were opened this week from one address block; each refund stays under the limit.",
    "dedup_key": "ring:card-5512",
    "discrepancy": {
        "entity": {"type": "card", "id": "•••• 5512", "url": "https://risk.acme.example/cards/5512"},
        "expected": 1,
        "observed": 9,
        "unit": "refunds an hour",
    },
    "confidence": 0.91,
    "model": {"name": "fraud-ring-detector", "version": "7.2.0"},
    "evidence": [
        {"label": "Graph of the accounts", "url": "https://risk.acme.example/rings/5512"},
        {"label": "The nine refunds", "url": "https://payments.acme.example/refunds?card=5512"},
    ],
    "value": {"amount": "4315.50", "currency": "EUR"},
    "labels": {"team": "payments", "region": "NL"},
}

DRIFT: Mapping[str, Any] = {
    "title": "Churn model: its inputs have drifted from what it was trained on",
    "severity": "warning",
    "summary": "The stability index of days_since_login passed 0.25 after the app's release of Monday.",
    "dedup_key": "drift:churn:days_since_login",
    "discrepancy": {
        "entity": {"type": "feature", "id": "churn/days_since_login", "url": "https://ml.acme.example/features/1093"},
        "expected": 0.1,
        "observed": 0.31,
        "unit": "PSI",
    },
    "confidence": 0.88,
    "model": {"name": "churn", "version": "41"},
    "evidence": [{"label": "Distributions, before and after", "url": "https://ml.acme.example/drift/churn/2026-47"}],
    "labels": {"team": "data-science"},
}

FORECAST: Mapping[str, Any] = {
    "title": "Demand forecast for Utrecht missed by 23 % three days in a row",
    "severity": "warning",
    "dedup_key": "forecast:utrecht",
    "discrepancy": {
        "entity": {"type": "site", "id": "utrecht-dc", "url": "https://plan.acme.example/sites/utrecht-dc"},
        "expected": 8400,
        "observed": 10330,
        "unit": "orders",
    },
    "confidence": 0.8,
    "model": {"name": "forecast-bot", "version": "3.9"},
    "evidence": [{"label": "Forecast and actuals", "url": "https://plan.acme.example/sites/utrecht-dc/forecast"}],
    "labels": {"team": "planning"},
}

SUPPLIER: Mapping[str, Any] = {
    "title": "Two supplier records share one bank account",
    "severity": "error",
    "summary": "Halden Logistics BV and Halden Logistiek were created by different people; both were paid this month.",
    "dedup_key": "supplier:30991:31447",
    "discrepancy": {
        "entity": {"type": "supplier", "id": "31447", "url": "https://erp.acme.example/suppliers/31447"},
        "expected": "one record for each bank account",
        "observed": "30991 and 31447 share NL•• •••• 0417",
    },
    "confidence": 0.94,
    "model": {"name": "supplier-matcher", "version": "1.14"},
    "evidence": [
        {"label": "Both records side by side", "url": "https://erp.acme.example/suppliers/compare/30991/31447"}
    ],
    "value": {"amount": "26480.00", "currency": "EUR"},
    "labels": {"team": "accounts-payable"},
}

CONTRACT: Mapping[str, Any] = {
    "title": "Liability clause differs from the agreed template",
    "severity": "warning",
    "summary": "Clause 11.2 of the Orbis renewal caps liability at three months of fees; the template says twelve.",
    "dedup_key": "contract:orbis-2026:11.2",
    "discrepancy": {
        "entity": {"type": "contract", "id": "orbis-2026", "url": "https://legal.acme.example/contracts/orbis-2026"},
        "expected": "12 months of fees",
        "observed": "3 months of fees",
    },
    "confidence": 0.86,
    "model": {"name": "contract-reader", "version": "5.1"},
    "evidence": [{"label": "Clause 11.2, marked", "url": "https://legal.acme.example/contracts/orbis-2026#11.2"}],
    "labels": {"team": "legal"},
}

STOCK: Mapping[str, Any] = {
    "title": "Camera count and stock system disagree on aisle 14",
    "severity": "info",
    "dedup_key": "stock:aisle-14",
    "discrepancy": {
        "entity": {"type": "location", "id": "DC2/aisle-14", "url": "https://wms.acme.example/locations/aisle-14"},
        "expected": 412,
        "observed": 397,
        "unit": "boxes",
    },
    "confidence": 0.72,
    "model": {"name": "stock-counter", "version": "0.9.3"},
    "evidence": [{"label": "Still of 06:12", "url": "https://wms.acme.example/stills/aisle-14/0612.jpg"}],
    "labels": {"team": "warehouse"},
}

PRICES: Mapping[str, Any] = {
    "title": "The EUR/USD feed has not moved for 14 minutes",
    "severity": "critical",
    "summary": "Quotes go on being made with the last price. The second feed moved by 0.6 % in that time.",
    "dedup_key": "feed:eurusd",
    "discrepancy": {
        "entity": {"type": "feed", "id": "eurusd-primary", "url": "https://md.acme.example/feeds/eurusd-primary"},
        "expected": 5,
        "observed": 842,
        "unit": "seconds since the last price",
    },
    "confidence": 0.99,
    "model": {"name": "price-feed-watch", "version": "12"},
    "evidence": [{"label": "Both feeds", "url": "https://md.acme.example/feeds/compare?pair=EURUSD"}],
    "labels": {"team": "treasury"},
}

PROMPTS: Mapping[str, Any] = {
    "title": "Personal data in the prompt log of the support assistant",
    "severity": "critical",
    "summary": "17 prompts of this morning hold full passport numbers; the new route skips the redaction step.",
    "dedup_key": "pii:support-assistant:route-b",
    "discrepancy": {
        "entity": {"type": "log", "id": "support-assistant/prompts", "url": "https://ai.acme.example/logs/prompts"},
        "expected": 0,
        "observed": 17,
        "unit": "prompts with passport numbers",
    },
    "confidence": 0.93,
    "model": {"name": "prompt-guard", "version": "2.0.4"},
    "evidence": [{"label": "The prompts, masked", "url": "https://ai.acme.example/logs/prompts?finding=8812"}],
    "labels": {"team": "platform", "law": "GDPR"},
}

COSTS: Mapping[str, Any] = {
    "title": "GPU bill of the nightly retraining jumped to three times its budget",
    "severity": "warning",
    "dedup_key": "cost:nightly-retraining",
    "discrepancy": {
        "entity": {"type": "job", "id": "nightly-retraining", "url": "https://cloud.acme.example/jobs/retraining"},
        "expected": 310.00,
        "observed": 948.40,
        "unit": "EUR a night",
    },
    "confidence": 1.0,
    "model": {"name": "cost-watch", "version": "1.3"},
    "evidence": [{"label": "Cost by job", "url": "https://cloud.acme.example/costs?job=retraining"}],
    "value": {"amount": "638.40", "currency": "EUR"},
    "labels": {"team": "data-science"},
}

PAYMENT: Mapping[str, Any] = {
    "title": "Payment run of Friday holds one invoice twice",
    "severity": "critical",
    "summary": "Invoice 4688 of Brandt & Sons is in the run under two document numbers; the run leaves at 16:00.",
    "dedup_key": "payment-run:2026-47:4688",
    "discrepancy": {
        "entity": {"type": "payment run", "id": "2026-47", "url": "https://erp.acme.example/payment-runs/2026-47"},
        "expected": 1,
        "observed": 2,
        "unit": "payments of invoice 4688",
    },
    "confidence": 0.98,
    "model": {"name": "ap-auditor", "version": "2026.11"},
    "evidence": [{"label": "Both documents", "url": "https://erp.acme.example/payment-runs/2026-47?invoice=4688"}],
    "value": {"amount": "8911.20", "currency": "EUR"},
    "labels": {"team": "payments", "supplier": "Brandt & Sons"},
}

ANSWERS: Mapping[str, Any] = {
    "title": "The support assistant promised refunds that the terms do not allow",
    "severity": "error",
    "summary": "Three answers since 09:30 grant a refund after 60 days; the terms say 30.",
    "dedup_key": "answers:refund-window",
    "discrepancy": {
        "entity": {"type": "answer", "id": "refund-window", "url": "https://ai.acme.example/answers/refund-window"},
        "expected": 30,
        "observed": 60,
        "unit": "days",
    },
    "confidence": 0.9,
    "model": {"name": "prompt-guard", "version": "2.0.4"},
    "evidence": [{"label": "The three conversations", "url": "https://support.acme.example/tickets?tag=refund-60"}],
    "labels": {"team": "support"},
}

DAY: tuple[Arrival, ...] = (
    Arrival(source="ap-auditor", pause=0.0, body=INVOICE),
    Arrival(source="drift-watch", pause=2.0, body=DRIFT),
    Arrival(source="stock-counter", pause=1.5, body=STOCK),
    Arrival(source="fraud-ring-detector", pause=2.0, body=FRAUD),
    Arrival(source="price-feed-watch", pause=2.5, body=PRICES),
    Arrival(source="forecast-bot", pause=1.5, body=FORECAST),
    Arrival(source="supplier-matcher", pause=2.0, body=SUPPLIER),
    # The same discrepancy, found again by the next run: counted on the card that is there.
    Arrival(source="ap-auditor", pause=1.5, body={**INVOICE, "confidence": 0.98}),
    Arrival(source="contract-reader", pause=2.0, body=CONTRACT),
    Arrival(source="cost-watch", pause=1.5, body=COSTS),
    Arrival(source="prompt-guard", pause=2.5, body=PROMPTS),
    # Worse than before: the severity of the card goes up.
    Arrival(
        source="drift-watch",
        pause=2.0,
        body={**DRIFT, "severity": "error", "discrepancy": {**DRIFT["discrepancy"], "observed": 0.44}},
    ),
    Arrival(source="ap-auditor", pause=2.0, body=PAYMENT),
    Arrival(source="prompt-guard", pause=1.5, body=ANSWERS),
    # The feed moves again: its source says that it is over.
    Arrival(source="price-feed-watch", pause=3.0, body=PRICES, over=True),
)
