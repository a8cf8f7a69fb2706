"""Finding alerts by what people remember of them, and where their cards are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from sqlalchemy import Connection, and_, select

from bot.core.state import Alert, card_key
from bot.ports import AlertFilter, Receipt
from storage import rows
from storage.models import deliveries
from storage.reading import page, storable

NEWEST = 5_000
"""alerts that one search looks through: an index over all words would cost every raise"""
BATCH = 500


def search(connection: Connection, words: str, limit: int) -> list[Alert]:
    """Those of the newest whose own words hold all of these, in any case; newest first."""
    wanted = words.casefold().split()
    if not wanted or not storable(words):
        return []
    return list(islice((alert for alert in _newest(connection) if mentions(alert, wanted)), limit))


def _newest(connection: Connection) -> Iterator[Alert]:
    """Page by page: PostgreSQL has no cursor outside of a transaction, and most searches end on the first page."""
    which = AlertFilter(limit=min(BATCH, NEWEST))
    for _ in range(0, NEWEST, which.limit):
        found = page(connection, which)
        yield from found.items
        if found.next is None:
            return
        which = replace(which, cursor=found.next)


def mentions(alert: Alert, wanted: Sequence[str]) -> bool:
    """Whether every word is in its title, its dedup key, its entity or its labels."""
    signal = alert.signal
    entity = signal.discrepancy.entity if signal.discrepancy else None
    said = (
        signal.title,
        alert.dedup_key,
        alert.source,
        *(vars(entity).values() if entity else ()),
        *signal.labels.values(),
    )
    text = " ".join(str(one)[:2000] for one in said if one).casefold()
    return all(word in text for word in wanted)


def cards(connection: Connection, places: Mapping[str, str]) -> dict[str, Receipt]:
    """(alert id ▶ one of its places) ▶ where its card is there, of those that have been shown"""
    keys = {card_key(alert_id, place): alert_id for alert_id, place in places.items()}
    here = and_(deliveries.c.key.in_(list(keys)), deliveries.c.receipt_ts.is_not(None))
    query = select(deliveries.c.key, deliveries.c.receipt_channel, deliveries.c.receipt_ts).where(here)
    found = {keys[row.key]: rows.receipt(row.receipt_channel, row.receipt_ts) for row in connection.execute(query)}
    return {alert_id: receipt for alert_id, receipt in found.items() if receipt}
