"""What a status says of somebody: away only where it surely says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.directory.absence import absence, is_away

NOW = datetime(2026, 11, 20, 9, 20, tzinfo=UTC)
TALK, PALM, ILL = ":speech_balloon:", ":palm_tree:", ":face_with_thermometer:"

AWAY = [
    ("Vacationing", PALM),
    ("Out sick", ILL),
    ("", PALM),
    ("Im Urlaub", PALM),
    ("OOO", TALK),
    ("ooo until Monday", TALK),
    ("O.O.O. – back on the 3rd", TALK),
    ("Out of the office", TALK),
    ("out of office, back tomorrow", TALK),
    ("On vacation 🌴", TALK),
    ("on paid leave", TALK),
    ("On parental leave until March", ":baby:"),
    ("Holiday", ":airplane:"),
    ("Holidays till 7/1", TALK),
    ("PTO", TALK),
    ("sick", TALK),
    ("Sick today: off sick", TALK),
    ("away until Thursday", TALK),
    ("Away", TALK),
    ("Urlaub bis 3. Mai", TALK),
    ("bin krank", TALK),
    ("Krankgeschrieben", TALK),
    ("Elternzeit", TALK),
    ("Außer Haus", TALK),
    ("in den Ferien", TALK),
    ("Op vakantie", TALK),
    ("Verlof t/m 12 januari", TALK),
    ("Ziek", TALK),
    ("met ouderschapsverlof", TALK),
    ("En vacances jusqu’au 15", TALK),
    ("En congé parental", TALK),
    ("Arrêt maladie", TALK),
    ("malade 🤒", TALK),
    ("De vacaciones", TALK),
    ("De baja médica hasta el lunes", TALK),
    ("Fuera de la oficina", TALK),
    ("Enferma", TALK),
]


@pytest.mark.parametrize(("text", "emoji"), AWAY)
def test_who_says_they_are_away_is_away(text: str, emoji: str) -> None:
    assert is_away(text, emoji)


THERE = [
    ("", ""),
    ("In a meeting", ":spiral_calendar_pad:"),
    ("Commuting", ":bus:"),
    ("Working remotely", ":house_with_garden:"),
    ("Working from Lisbon", PALM),
    ("Lunch", ":hamburger:"),
    ("Happy holidays!", ":christmas_tree:"),
    ("Holiday party planning", ":tada:"),
    ("Planning my vacation", TALK),
    ("Back from vacation", PALM),
    ("No longer sick", TALK),
    ("not on vacation", TALK),
    ("OOO tomorrow", TALK),
    ("On leave starting next week", TALK),
    ("morgen op vakantie", TALK),
    ("Urlaub ab Montag", TALK),
    ("Besprechung", TALK),
    ("Home Office", TALK),
    ("Homeoffice", TALK),
    ("Nicht krank, nur leise", TALK),
    ("Zurück aus dem Urlaub", PALM),
    ("Thuiswerken", TALK),
    ("Retour de vacances", PALM),
    ("En réunion", TALK),
    ("Télétravail", TALK),
    ("De vuelta de vacaciones", PALM),
    ("Teletrabajo", TALK),
    ("sick of dashboards", TALK),
    ("absent-minded", TALK),
    ("hands off, please", TALK),
    ("away from keyboard", TALK),
    ("leave a message", TALK),
    ("right away", TALK),
    ("focus", ":headphones:"),
]


@pytest.mark.parametrize(("text", "emoji"), THERE)
def test_in_doubt_they_are_there(text: str, emoji: str) -> None:
    assert not is_away(text, emoji)


def test_a_status_with_an_end_counts_until_then() -> None:
    end = NOW + timedelta(days=5)
    found = absence("Vacationing", PALM, end.timestamp(), now=NOW)
    assert found is not None
    assert (found.until, found.why, found.delegate) == (end, "Vacationing", None)
    assert found.covers(NOW)
    assert found.covers(NOW - timedelta(minutes=20)), "a decision looked at its clock a little earlier"


def test_a_status_without_an_end_counts_for_a_day_and_says_the_same_all_hour() -> None:
    found = absence("", PALM, 0, now=NOW)
    assert found is not None
    assert timedelta(hours=23) < found.until - NOW <= timedelta(hours=24)
    assert found.why == "palm tree"
    assert absence("", PALM, 0, now=NOW + timedelta(minutes=39)) == found


@pytest.mark.parametrize("ends", [NOW.timestamp(), NOW.timestamp() - 1, 10**18, -1, float("nan")])
def test_a_status_that_is_over_or_ends_at_no_instant_says_nothing(ends: float) -> None:
    assert absence("OOO", PALM, ends, now=NOW) is None


@given(st.text(st.characters(exclude_categories=()), max_size=300) | st.just("OOO <!channel>\n\u202e" + "x" * 99_999))
def test_whatever_a_status_says_it_is_one_short_line(text: str) -> None:
    found = absence(f"ooo {text}", TALK, 0, now=NOW)
    if found is not None:
        assert len(found.why) <= 100
        assert not set("\n\u202e\u200b\x00") & set(found.why)
