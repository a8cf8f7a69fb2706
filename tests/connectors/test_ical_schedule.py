"""Who is on call by an iCalendar: real-looking exports, an address over loopback, and calendars that mean harm."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.oncall import Shift
from bot.ports import Unknown
from connectors.schedule import schedule
from connectors.schedule.fetching import LARGEST
from connectors.schedule.ical import WINDOW, IcalCalendar

FILES = Path(__file__).parent / "fixtures/ical"
A, B, C, E = (f"{name}@acme.example" for name in ("ana", "ben", "cleo", "elsa"))
PEOPLE = {"Ana": A, "Ana Alvarez": A, "Ben": B, "ben  bakker": B, "Cleo": C}
DAY = timedelta(days=1)
MARCH, APRIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
Told = tuple[datetime, datetime, str]


def utc(*parts: int) -> datetime:
    return datetime(2026, *parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def made(where: str | Path, **more: Any) -> IcalCalendar:
    calendar: Any = schedule("ical")(str(where), **({"people": PEOPLE} | more))
    return calendar


def told(shifts: list[Shift]) -> list[Told]:
    return [(one.start, one.until, one.person) for one in shifts]


def event(*lines: str, uid: str = "1", title: str = "Ana") -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{title}", *lines, "END:VEVENT", ""])


def calendar(*events: str, head: str = "") -> str:
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{head}{''.join(events)}END:VCALENDAR\r\n"


@pytest.fixture
def wrote(tmp_path: Path) -> Any:
    """What makes an IcalCalendar of a text, in a file."""

    def write(text: str | bytes, **more: Any) -> IcalCalendar:
        path = tmp_path / "calendar.ics"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return made(path, **more)

    return write


# ── exports ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_grafana_oncall_names_people_by_login_or_mail_and_an_override_covers() -> None:
    export = made(FILES / "grafana-oncall.ics")
    assert told(export.shifts(MARCH, APRIL)) == [
        (utc(3, 2, 9), utc(3, 4, 12), A),
        (utc(3, 4, 12), utc(3, 4, 18), C),
        (utc(3, 4, 18), utc(3, 9, 9), A),
        (utc(3, 9, 9), utc(3, 16, 9), B),
    ]
    assert export.unknown == []


def test_pagerduty_names_people_by_attendee_or_by_name_and_whom_nobody_knows_covers_nobody() -> None:
    export = made(FILES / "pagerduty.ics")
    assert told(export.shifts(MARCH, APRIL)) == [(utc(3, 2, 8), utc(3, 9, 8), A), (utc(3, 9, 8), utc(3, 16, 8), B)]
    assert export.unknown == ["On Call - Xaver Unbekannt - Payments Primary"]


def test_opsgenie_names_people_by_mail_in_the_title_and_brings_its_own_time_zone() -> None:
    export = made(FILES / "opsgenie.ics", people={})
    assert told(export.shifts(MARCH, APRIL + 9 * DAY)) == [
        (utc(3, 23, 8), utc(3, 30, 7), A),  # summer time since the 29th
        (utc(3, 30, 7), utc(4, 6, 7), B),
    ]


def test_google_calendar_repeats_leaves_out_moves_and_cancels() -> None:
    export = made(FILES / "google.ics")
    assert told(export.shifts(MARCH, utc(3, 10))) == [
        (utc(3, 2, 8), utc(3, 2, 16), A),
        (utc(3, 3, 8), utc(3, 3, 16), A),
        # the 4th is left out
        (utc(3, 5, 10), utc(3, 5, 14), B),  # moved, and somebody else
        # the 6th is cancelled
        (utc(3, 7, 21), utc(3, 8, 5), E),  # without a zone: the calendar's; the room and whoever declined do not count
        (utc(3, 9, 8), utc(3, 9, 16), A),
    ]
    assert export.unknown == []


def test_google_calendar_stays_at_nine_and_a_whole_day_begins_at_midnight_where_the_calendar_is() -> None:
    export = made(FILES / "google.ics")
    assert told(export.shifts(utc(3, 27), utc(3, 31)))[1:] == [
        (utc(3, 27, 23), utc(3, 29, 22), C),  # 47 hours: the clocks are changed
        (utc(3, 30, 7), utc(3, 30, 15), A),
    ]


def test_an_answer_is_about_the_window_and_nothing_beyond_it() -> None:
    export = made(FILES / "pagerduty.ics")
    assert told(export.shifts(utc(3, 8), utc(3, 10))) == [(utc(3, 8), utc(3, 9, 8), A), (utc(3, 9, 8), utc(3, 10), B)]
    assert export.unknown == []  # what lies beyond is not told either
    assert export.shifts(utc(3, 10), utc(3, 10)) == export.shifts(utc(3, 10), utc(3, 9)) == []


def test_at_most_sixty_days_are_looked_at(wrote: Any) -> None:
    endless = wrote(calendar(event("DTSTART:20200101T000000Z", "DTEND:20200102T000000Z", "RRULE:FREQ=DAILY")))
    assert told(endless.shifts(MARCH, MARCH + 1000 * DAY)) == [(MARCH, MARCH + WINDOW, A)]


# ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("title", "lines", "person"),
    [
        ("whatever", ("ATTENDEE:mailto:BEN@Acme.example",), B),
        ("Ana", ("ATTENDEE:MAILTO:ben@acme.example",), B),  # an attendee before a title
        ("Ana ben@acme.example", (), B),  # a mail before a name
        ("Ana", ("ATTENDEE:urn:uuid:4711", "ATTENDEE:mailto:ben@acme.example"), B),
        ("Ana", ("ATTENDEE;PARTSTAT=DECLINED:mailto:ben@acme.example",), A),
        ("<ben@acme.example>", (), B),
        ("on call: CLEO!", (), C),
        ("ana alvarez - Ben's schedule", (), A),  # the first name
        ("Ben   Bakker", (), B),
        ("Anabel", (), None),  # not a whole word
        ("Banana", (), None),
        ("", (), None),
    ],
)
def test_a_person_is_found_by_attendee_then_by_mail_then_by_name(
    wrote: Any, title: str, lines: tuple[str, ...], person: str | None
) -> None:
    one = wrote(calendar(event("DTSTART:20260302T090000Z", "DURATION:PT1H", *lines, title=title)))
    assert [shift.person for shift in one.shifts(MARCH, APRIL)] == ([person] if person else [])
    assert one.unknown == ([] if person else [title])


def test_of_two_names_at_one_place_the_longer_counts_and_a_mail_may_have_another_id(wrote: Any) -> None:
    people = {"Ana": B, "Ana Alvarez": C, "old@acme.example": E, " ": A}
    both = calendar(
        event("DTSTART:20260302T090000Z", "DURATION:PT1H", title="Ana Alvarez"),
        event("DTSTART:20260303T090000Z", "DURATION:PT1H", "ATTENDEE:mailto:Old@acme.example", uid="2"),
    )
    assert [shift.person for shift in wrote(both, people=people).shifts(MARCH, APRIL)] == [C, E]


def test_without_names_only_mails_count(wrote: Any) -> None:
    one = wrote(calendar(event("DTSTART:20260302T090000Z", "DURATION:PT1H")), people={})
    assert (one.shifts(MARCH, APRIL), one.unknown) == ([], ["Ana"])


def test_what_nobody_knows_is_told_once_shortened_and_not_for_ever(wrote: Any) -> None:
    lines = ("DTSTART:20260302T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2")
    many = calendar(event(*lines, title="x" * 9000), *(event(*lines, uid=f"u{n}", title=f"N{n}") for n in range(150)))
    one = wrote(many)
    for _ in range(2):
        assert one.shifts(MARCH, APRIL) == []
        assert len(one.unknown) == 100
        assert one.unknown[0] == "x" * 200


# ── times ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_entry_that_starts_later_covers_and_of_two_that_start_together_the_shorter(wrote: Any) -> None:
    events = [
        event("DTSTART:20260302T000000Z", "DTEND:20260309T000000Z", uid="1", title="Ana"),
        event("DTSTART:20260304T000000Z", "DTEND:20260320T000000Z", uid="2", title="Ben"),
        event("DTSTART:20260304T000000Z", "DTEND:20260305T000000Z", uid="3", title="Cleo"),
    ]
    for order in (events, events[::-1]):
        assert told(wrote(calendar(*order)).shifts(MARCH, APRIL)) == [
            (utc(3, 2), utc(3, 4), A),
            (utc(3, 4), utc(3, 5), C),
            (utc(3, 5), utc(3, 20), B),
        ]


@pytest.mark.parametrize(
    ("lines", "start", "until"),
    [
        (("DTSTART:20260302T090000", "DTEND:20260302T170000"), utc(3, 2), utc(3, 2, 8)),  # Tokyo's
        (("DTSTART;VALUE=DATE:20260302",), utc(3, 1, 15), utc(3, 2, 15)),
        (("DTSTART;TZID=W. Europe Standard Time:20260302T090000", "DURATION:PT8H"), utc(3, 2, 8), utc(3, 2, 16)),
        (("DTSTART;TZID=America/New_York:20260302T090000", "DURATION:P1D"), utc(3, 2, 14), utc(3, 3, 14)),
    ],
)
def test_a_time_without_a_zone_is_of_the_schedules_zone(
    wrote: Any, lines: tuple[str, ...], start: datetime, until: datetime
) -> None:
    assert told(wrote(calendar(event(*lines)), time_zone="Asia/Tokyo").shifts(MARCH, APRIL)) == [(start, until, A)]


@pytest.mark.parametrize(
    ("zone", "local", "start"),
    [
        ("America/Los_Angeles", "20260228T200000", utc(3, 1, 4)),
        ("Pacific/Kiritimati", "20260401T080000", utc(3, 31, 18)),
    ],
)
def test_a_time_without_a_zone_belongs_to_the_window_by_its_instant(
    wrote: Any, zone: str, local: str, start: datetime
) -> None:
    one = wrote(calendar(event(f"DTSTART:{local}", "DURATION:PT1H")), time_zone=zone)
    assert [shift.start for shift in one.shifts(MARCH, APRIL)] == [start]


def test_a_calendars_own_zone_wins_over_the_schedules(wrote: Any) -> None:
    text = calendar(event("DTSTART:20260302T090000", "DURATION:PT1H"), head="X-WR-TIMEZONE:America/New_York\r\n")
    assert told(wrote(text, time_zone="Asia/Tokyo").shifts(MARCH, APRIL)) == [(utc(3, 2, 14), utc(3, 2, 15), A)]


def test_a_zone_of_one_calendar_is_not_the_next_ones(tmp_path: Path) -> None:
    def file(name: str, offset: str) -> Path:
        zone = f"BEGIN:VTIMEZONE\r\nTZID:Ours\r\nBEGIN:STANDARD\r\nDTSTART:20000101T000000\r\nTZOFFSETFROM:{offset}\r\n"
        zone += f"TZOFFSETTO:{offset}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
        path = tmp_path / name
        path.write_text(calendar(event("DTSTART;TZID=Ours:20260302T120000", "DURATION:PT1H"), head=zone), newline="")
        return path

    for name, offset, hour in (("east.ics", "+0300", 9), ("west.ics", "-0300", 15)):
        assert made(file(name, offset)).shifts(MARCH, APRIL)[0].start == utc(3, 2, hour)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("DTSTART:garbage",),
        ("DTSTART:20260302T090000Z", "DTEND:garbage"),
        ("DTSTART:20260302T090000Z", "DTSTART:20260303T090000Z"),
        ("DTSTART;TZID=Nowhere/Land:20260302T090000", "DURATION:PT1H"),
        ("DTSTART:20260302T090000Z", "DURATION:PT1H", "RRULE:FREQ=SOMETIMES"),
        ("DTSTART:20260302T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;BYHOUR=99"),
        ("DTSTART:20260302T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY", "EXDATE:garbage"),
        ("DTSTART:99991231T235959Z", "DURATION:P99999999D"),
    ],
)
def test_an_entry_that_cannot_be_read_covers_nobody_is_told_and_hides_no_other(
    wrote: Any, lines: tuple[str, ...]
) -> None:
    fine = event("DTSTART:20260305T090000Z", "DURATION:PT1H", uid="2", title="Ben")
    one = wrote(calendar(event(*lines, title="Ana, broken"), fine))
    assert told(one.shifts(MARCH, APRIL)) == [(utc(3, 5, 9), utc(3, 5, 10), B)]
    assert one.unknown == ["Ana, broken"]


def test_entries_without_length_and_cancelled_ones_cover_nobody(wrote: Any) -> None:
    one = wrote(
        calendar(
            event("DTSTART:20260302T090000Z"),
            event("DTSTART:20260303T090000Z", "DURATION:PT1H", "STATUS:cancelled", uid="2"),
        )
    )
    assert (one.shifts(MARCH, APRIL), one.unknown) == ([], [])


def test_lines_are_unfolded_even_within_a_letter_and_another_letters_line_break_is_none(wrote: Any) -> None:
    title = "Zoë\u2028ATTENDEE:mailto:ben@acme.example"
    text = calendar(event("DTSTART:20260302T090000Z", "DURATION:PT1H", title=title)).encode()
    cut = text.index("ë".encode()) + 1
    one = wrote(b"\xef\xbb\xbf" + text[:cut] + b"\r\n " + text[cut:], people={"Zoë": C})
    assert [shift.person for shift in one.shifts(MARCH, APRIL)] == [B]  # a mail in the title, not an attendee
    assert wrote(text.replace(b"ben@acme.example", b"nobody"), people={"Zoë": C}).shifts(MARCH, APRIL)[0].person == C


def test_several_calendars_in_one_file_are_one(wrote: Any) -> None:
    text = calendar(event("DTSTART:20260302T090000Z", "DURATION:PT1H")) + calendar(
        event("DTSTART:20260303T090000Z", "DURATION:PT1H", title="Ben")
    )
    assert [shift.person for shift in wrote(text).shifts(MARCH, APRIL)] == [A, B]


# ── harm ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def refused(one: IcalCalendar) -> str:
    with pytest.raises(Unknown) as caught:
        one.shifts(MARCH, APRIL)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.code


SHIFT = ("DTSTART:20260101T000000Z", "DURATION:PT1H")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "not_a_calendar"),
        (b"<!doctype html><title>Sign in</title>", "not_a_calendar"),
        (b'{"error": "not found"}', "not_a_calendar"),
        (b"\xff\xfeB\x00E\x00G\x00I\x00N\x00", "not_a_calendar"),
        (b"BEGIN:VCALENDAR\r\n", "not_a_calendar"),
        (b"BEGIN:VCALENDAR\r\nEND:VEVENT\r\n", "not_a_calendar"),
        (event(*SHIFT), "not_a_calendar"),
        (calendar(event(*SHIFT)) + event(*SHIFT), "not_a_calendar"),
        (calendar(event(*SHIFT), head="X-WR-TIMEZONE:../../etc/passwd\r\n"), "unknown_time_zone"),
        (calendar(event(*SHIFT), head="X-WR-TIMEZONE:Mars/Olympus\r\n"), "unknown_time_zone"),
        (calendar(*[event(*SHIFT, uid=str(n)) for n in range(5001)]), "too_many_entries"),
        (calendar(*[event(*SHIFT, "RRULE:FREQ=HOURLY", uid=str(n)) for n in range(9)]), "too_many_entries"),
        (calendar(event(*SHIFT, "RRULE:FREQ=SECONDLY")), "rule_too_fine"),
        (calendar(event(*SHIFT, "RRULE:FREQ=DAI\r\n LY;BYSEC\r\n OND=1,2")), "rule_too_fine"),
        (calendar(event(*SHIFT, "rrule;x=y:count=9;freq=minutely")), "rule_too_fine"),
        (calendar(event(*SHIFT, f"RRULE:FREQ=DAILY;BYMINUTE={','.join(map(str, range(60)))}")), "rule_too_fine"),
        (calendar(event(*SHIFT), head="BEGIN:VTIMEZONE\r\n" * 2000), "not_a_calendar"),
        ("BEGIN:VCALENDAR\r\n" + "BEGIN:VEVENT\r\n" * 4999, "not_a_calendar"),
        ("BEGIN:VCALENDAR\r\n" * 200_000, "not_a_calendar"),
        ("BEGIN:VCALENDAR\r\n" * 2000 + "END:VCALENDAR\r\n" * 2000, "not_a_calendar"),
        (calendar(event(*SHIFT, "RRULE:FREQ=YEARLY;INTERVAL=0")), "rule_too_fine"),
        (calendar(event(*SHIFT, "RRULE:INTERVAL=00;FREQ=DAILY")), "rule_too_fine"),
        (b"x" * (LARGEST + 1), "too_large"),
    ],
    ids=range(23),
)
def test_what_is_no_calendar_or_too_much_of_one_ends_with_a_word(wrote: Any, text: str | bytes, code: str) -> None:
    assert refused(wrote(text)) == code


@pytest.mark.parametrize(
    "text",
    [
        calendar(event("DTSTART:00010101T000000Z", "RRULE:FREQ=HOURLY;COUNT=999999999")),
        calendar(event(*SHIFT, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")),
        calendar(event(*SHIFT, "RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30;BYDAY=MO")),
        calendar(event(*SHIFT, "RRULE:FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6")),
        calendar(event(*SHIFT, f"RDATE:{','.join(['20260302T090000Z'] * 50_000)}")),
        calendar(*[event(*SHIFT, "ATTENDEE:mailto:a@b.example", uid=str(n)) for n in range(5000)]),
    ],
    ids=["long ago", "30 February", "hourly", "week 53 in June", "dates", "entries"],
)
def test_a_calendar_that_would_keep_us_busy_is_left(wrote: Any, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.schedule.entries.EFFORT", 0.05)
    assert refused(wrote(text)) == "too_much_work"


def test_an_honest_calendar_at_its_limits_is_read(wrote: Any) -> None:
    lines = ("DTSTART;TZID=Europe/Amsterdam:20260105T090000", "DTEND;TZID=Europe/Amsterdam:20260112T090000")
    notes = "DESCRIPTION:" + "all that was said about it " * 30
    weeks = [event(*lines, "ATTENDEE;CN=Ana:mailto:ana@acme.example", notes, uid=str(n)) for n in range(4500)]
    late = event("DTSTART:20260302T090000Z", "DURATION:PT1H", uid="late", title="Ben")
    text = calendar(*weeks, late)
    assert 4_500_000 < len(text) < LARGEST
    assert [shift.person for shift in wrote(text).shifts(MARCH, APRIL)] == [B]


WORDS = """
    BEGIN:VEVENT END:VEVENT BEGIN:VTIMEZONE END:VTIMEZONE BEGIN:STANDARD END:STANDARD UID:1 UID:2 SUMMARY:Ana : ;
    SUMMARY DTSTART:20260302T090000Z DTSTART;VALUE=DATE:20260302 DTSTART:1 DTEND:20260303T000000 DURATION:-P1D TZID:X
    SEQUENCE:x RRULE:FREQ=DAILY RRULE:FREQ=YEARLY;INTERVAL=0 RRULE: EXDATE:20260302T090000Z RDATE:20260304,20260305
    STATUS:CANCELLED RECURRENCE-ID;RANGE=THISANDFUTURE:20260303T090000Z ATTENDEE ATTENDEE;CUTYPE:mailto:@
    CALSCALE:HEBREW TZOFFSETFROM:+9999 TZOFFSETTO:0
"""
LINES = st.sampled_from(WORDS.split())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(LINES | st.text(max_size=30), max_size=25), st.lists(LINES, max_size=12))
def test_whatever_stands_in_a_calendar_is_an_answer_or_a_refusal(
    wrote: Any, monkeypatch: pytest.MonkeyPatch, lines: list[str], within: list[str]
) -> None:
    monkeypatch.setattr("connectors.schedule.entries.EFFORT", 0.5)
    entry = [line for line in within if not line.startswith(("BEGIN", "END"))]
    entries = ["BEGIN:VEVENT", "DTSTART:20260302T090000Z", *entry, "END:VEVENT"] * bool(within)
    text = "\r\n".join(["BEGIN:VCALENDAR", *entries, *lines, "END:VCALENDAR", ""])
    one = wrote(text.encode(errors="replace"))
    try:
        shifts = one.shifts(MARCH, APRIL)
    except Unknown as error:
        assert error.code
    else:
        assert all(MARCH <= shift.start < shift.until <= APRIL for shift in shifts)


# ── files and addresses ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Stand:
    """A server that gives what it is told to give and keeps what it heard."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: list[bytes] = field(default_factory=list)
    heard: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    patience: threading.Event = field(default_factory=threading.Event)
    """set: whoever waits before a further piece goes on"""


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand(body=[(FILES / "pagerduty.ics").read_bytes()])

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stand.heard.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(stand.status)
            for name, value in stand.headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for number, piece in enumerate(stand.body):
                    if number:
                        stand.patience.wait(0.05)
                    self.wfile.write(piece)
            except OSError:
                return  # whoever asked has gone

        def log_message(self, *_: Any) -> None:
            """Tests say what they heard."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    stand.url = f"http://127.0.0.1:{server.server_port}/calendar/s3cret.ics"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield stand
    stand.patience.set()
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_an_address_is_asked_once_without_proxy_or_compression(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, free_port: Any
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    assert [shift.person for shift in made(stand.url).shifts(MARCH, APRIL)] == [A, B]
    [(path, headers)] = stand.heard
    assert (path, headers["accept-encoding"]) == ("/calendar/s3cret.ics", "identity")


@pytest.mark.parametrize("status", [204, 301, 302, 307, 401, 403, 404, 429, 500, 503])
def test_every_other_answer_is_told_and_no_redirect_is_followed(stand: Stand, status: int) -> None:
    stand.status, stand.headers, stand.body = status, {"Location": "/elsewhere", "Content-Length": "0"}, []
    assert refused(made(stand.url)) == f"http_{status}"
    assert len(stand.heard) == 1


def test_a_calendar_that_never_ends_is_left_at_five_megabytes(stand: Stand) -> None:
    stand.body = [b"x" * 1_000_000] * 50
    stand.patience.set()
    assert refused(made(stand.url)) == "too_large"


def test_what_nobody_asked_to_be_compressed_is_not_unpacked(stand: Stand) -> None:
    stand.headers = {"Content-Encoding": "gzip"}
    assert refused(made(stand.url)) == "compressed"


def test_a_server_that_drips_is_left_when_the_time_is_up(stand: Stand) -> None:
    stand.body = [b"x"] * 1000
    assert refused(made(stand.url, timeout=0.3)) == "timeout"


def test_a_server_that_says_nothing_is_left_when_the_time_is_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert refused(made(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.2)) == "timeout"


def test_a_server_that_breaks_off_gave_no_calendar(stand: Stand) -> None:
    stand.headers = {"Content-Length": "100000"}
    assert refused(made(stand.url)) == "RemoteProtocolError"


def test_where_nobody_listens_the_address_is_not_repeated(free_port: Any) -> None:
    with pytest.raises(Unknown) as caught:
        made(f"http://127.0.0.1:{free_port()}/s3cret.ics").shifts(MARCH, APRIL)
    assert (caught.value.code, "s3cret" in repr(caught.value)) == ("unreachable", False)


@pytest.mark.parametrize("where", ["ftp://acme.example/a.ics", "file:///etc/passwd", "http://", "gopher://x/"])
def test_what_is_no_address_of_the_web_is_refused(where: str) -> None:
    assert refused(made(where)) == "not_an_address"


def test_a_webcal_address_is_asked_over_tls(stand: Stand) -> None:
    assert refused(made(stand.url.replace("http://", "webcal://"), timeout=1)) in ("unreachable", "timeout")
    assert stand.heard == []


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    for where in (tmp_path, tmp_path / "missing.ics", "/dev/zero", "a\0b"):
        assert refused(made(where)) in ("no_such_file", "unreadable_file")
