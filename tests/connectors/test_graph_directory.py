"""Who somebody is in Microsoft 365: as the stand-in knows them over real HTTP, with what Graph does besides."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from bot.core.hours import week
from bot.core.people import Away, Person
from bot.ports import Later, Refusal, Unknown
from bot.ports.directories import Directory, Groups, Roll
from connectors.directory import mailbox
from connectors.directory.graph import GraphDirectory
from connectors.microsoft import zones
from connectors.microsoft.check import OPTIONAL, PERMISSIONS, Use, problems
from connectors.microsoft.rest import literal, part
from sandbox.microsoft.config import MAILBOX, PLAN, ROLES
from tests.connectors.entra import NOW, Tenant

HOUR = timedelta(hours=1)


def known(directory: GraphDirectory, ref: str) -> Person:
    person = directory.find(ref)
    assert person is not None
    return person


# ── a person ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_ana_is_found_by_e_mail_and_by_id(tenant: Tenant) -> None:
    directory = tenant.directory()
    ana = directory.find("Ana@Acme.example")
    assert ana == Person(
        id="ana@acme.example",
        name="Ana Alvarez",
        manager="cleo@acme.example",
        time_zone="Europe/Berlin",
        working="Mon-Fri 08:00-17:00",
        chat={"teams": tenant.id("ana")},
    )
    assert directory.find(f"teams:{tenant.id('ana')}") == ana


def test_whom_nobody_knows_is_none(tenant: Tenant) -> None:
    directory = tenant.directory()
    strangers = ("nobody@acme.example", f"teams:{'0' * 8}-0000-0000-0000-{'0' * 12}", "no e-mail", "slack:U0ANA")
    assert [directory.find(ref) for ref in strangers] == [None] * 4


@pytest.mark.parametrize("ref", ["teams:../groups", "teams:me", "teams:", "o'brien@acme.example", "a' or mail eq 'b@c"])
def test_a_name_cannot_ask_for_anything_else(tenant: Tenant, ref: str) -> None:
    assert tenant.directory().find(ref) is None


def test_a_name_with_an_apostrophe_is_found(tenant: Tenant) -> None:
    tenant.change("ana", mail="ana.o'brien@acme.example")
    assert known(tenant.directory(), "ana.o'brien@acme.example").name == "Ana Alvarez"


def test_whoever_has_no_mailbox_goes_by_the_name_they_sign_in_with(tenant: Tenant) -> None:
    tenant.change("ana", mail=None, mailbox=None, upn="Ana@acme.onmicrosoft.com")
    assert known(tenant.directory(), "ana@acme.onmicrosoft.com").id == "ana@acme.onmicrosoft.com"


def test_an_account_that_was_disabled_is_not_active_and_nobody_asks_for_its_mailbox(tenant: Tenant) -> None:
    tenant.change("ana", enabled=False)
    ana = known(tenant.directory(), "ana@acme.example")
    assert (ana.active, ana.may_own, ana.manager) == (False, False, "cleo@acme.example")
    assert tenant.calls("mailboxSettings") == []


def test_a_guest_is_a_guest_by_the_address_they_were_invited_with(tenant: Tenant) -> None:
    gus = known(tenant.directory(), "gus@partner.example")
    assert (gus.id, gus.kind, gus.may_own) == ("gus@partner.example", "guest", False)


def test_of_two_with_one_address_a_member_in_use_is_meant(tenant: Tenant) -> None:
    tenant.change("gus", mail="ana@acme.example")
    tenant.change("dov", mail="ana@acme.example", enabled=False)
    assert known(tenant.directory(), "ana@acme.example").name == "Ana Alvarez"


# ── managers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

MANAGERS: list[tuple[str, dict[str, Any], str | None]] = [
    ("the next one up", {}, "cleo@acme.example"),
    ("nobody", {"manager": None}, None),
    ("themselves", {"manager": "U0ANA"}, None),
    ("a contact of another organisation", {"manager": "contact:boss@partner.example"}, None),
    ("somebody else", {"manager": "U0ELSA"}, "elsa@acme.example"),
]


@pytest.mark.parametrize(("what", "change", "expected"), MANAGERS, ids=[row[0] for row in MANAGERS])
def test_who_reports_to_whom(tenant: Tenant, what: str, change: dict[str, Any], expected: str | None) -> None:
    tenant.change("ana", **change)
    assert known(tenant.directory(), "ana@acme.example").manager == expected


def test_managers_are_read_up_the_whole_line_and_a_disabled_one_is_named_all_the_same(tenant: Tenant) -> None:
    tenant.change("cleo", enabled=False)
    directory = tenant.directory()
    found = [known(directory, f"{name}@acme.example") for name in ("ana", "cleo", "elsa")]
    assert [(one.manager, one.active) for one in found] == [
        ("cleo@acme.example", True),
        ("elsa@acme.example", False),
        (None, True),
    ]


# ── away ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

DAY = "2026-11-20T{:02}:00:00.0000000"
REPLIES: list[tuple[str, tuple[str, ...], tuple[datetime, datetime] | None]] = [
    ("none", ("disabled",), None),
    ("none, with an old span", ("disabled", DAY.format(8), DAY.format(18)), None),
    ("now", ("scheduled", DAY.format(8), DAY.format(18)), (NOW - HOUR, NOW + 9 * HOUR)),
    ("written otherwise", ("Scheduled", DAY.format(8), DAY.format(18)), (NOW - HOUR, NOW + 9 * HOUR)),
    ("over, and still scheduled", ("scheduled", DAY.format(7), DAY.format(8)), None),
    ("over this instant", ("scheduled", DAY.format(7), DAY.format(9)), None),
    ("ahead", ("scheduled", DAY.format(12), DAY.format(18)), (NOW + 3 * HOUR, NOW + 9 * HOUR)),
    ("backwards", ("scheduled", DAY.format(18), DAY.format(12)), None),
    ("in the zone of Windows", ("scheduled", DAY.format(9), DAY.format(18), "W. Europe Standard Time"),
     (NOW - HOUR, NOW + 8 * HOUR)),
    ("until somebody turns them off", ("alwaysEnabled",), (NOW - HOUR, NOW + 24 * HOUR)),
    ("the same, written otherwise", ("AlwaysEnabled",), (NOW - HOUR, NOW + 24 * HOUR)),
    ("scheduled without a span", ("scheduled",), None),
]  # fmt: skip


@pytest.mark.parametrize(("what", "said", "expected"), REPLIES, ids=[row[0] for row in REPLIES])
def test_automatic_replies_say_who_is_away(
    tenant: Tenant, what: str, said: tuple[str, ...], expected: tuple[datetime, datetime] | None
) -> None:
    tenant.replies("ana", *said)
    away = known(tenant.directory(), "ana@acme.example").away
    assert [(one.start, one.until) for one in away] == ([expected] if expected else [])
    assert all((one.why, one.by) == ("automatic replies", "graph") for one in away), "what they say is not told here"


def test_what_says_the_same_is_the_same_a_minute_later(tenant: Tenant) -> None:
    tenant.replies("ana", "alwaysEnabled")
    first, second = (tenant.directory(now=NOW + by) for by in (timedelta(), timedelta(minutes=1)))
    assert known(first, "ana@acme.example") == known(second, "ana@acme.example")


OUT = {"availability": "Away", "activity": "OutOfOffice", "outOfOfficeSettings": {"isOutOfOffice": True}}


def test_presence_is_a_hint_for_whoever_s_mailbox_cannot_be_read(tenant: Tenant) -> None:
    tenant.change("ana", mailbox=None, presence=OUT)
    tenant.change("ben", presence=OUT)
    directory = tenant.directory()
    (away,) = known(directory, "ana@acme.example").away
    assert away == Away(start=NOW - HOUR, until=NOW + 2 * HOUR, why="out of office", by="graph")
    assert known(directory, "ben@acme.example").away == (), "his mailbox says that he is there"


@pytest.mark.parametrize("lacking", ["MailboxSettings.Read", "Presence.Read.All"])
def test_what_the_app_may_not_read_is_said_once_and_everything_else_is_known(
    tenant: Tenant, caplog: pytest.LogCaptureFixture, lacking: str
) -> None:
    tenant.set(roles=[role for role in ROLES if role != lacking])
    tenant.replies("ana", "alwaysEnabled")
    directory = tenant.directory()
    found = [known(directory, f"{name}@acme.example") for name in ("ana", "ben")]
    assert [one.manager for one in found] == ["cleo@acme.example"] * 2
    assert [len(one.away) for one in found] == [0 if lacking == "MailboxSettings.Read" else 1, 0]
    assert caplog.text.count("the app may not") == 1
    what = "mailboxSettings" if lacking == "MailboxSettings.Read" else "presence"
    for _ in range(3):
        known(directory, "ana@acme.example")
    assert len(tenant.calls(what)) == 2, "of nobody it is asked again before an hour"
    tenant.hand.seconds += 3601
    known(directory, "ana@acme.example")
    assert len(tenant.calls(what)) == 3
    assert caplog.text.count("the app may not") == 1


def test_a_mailbox_that_the_app_may_not_read_hides_nobody_else_s(tenant: Tenant) -> None:
    """Exchange lets an administrator choose into which mailboxes an app may look."""
    tenant.fault(f"/users/{tenant.id('ben')}/mailboxSettings", 403, times=None)
    tenant.replies("ana", "alwaysEnabled")
    directory = tenant.directory()
    found = [known(directory, f"{name}@acme.example") for name in ("ben", "ana")]
    assert [len(one.away) for one in found] == [0, 1]


# ── hours and zones ──────────────────────────────────────────────────────────────────────────────────────────────────

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def hours(days: list[str], start: str, end: str, **zone: Any) -> dict[str, Any]:
    return {"daysOfWeek": days, "startTime": start, "endTime": end, "timeZone": zone or {"name": "UTC"}}


HOURS: list[tuple[Any, str]] = [
    (hours(DAYS[:5], "08:00:00.0000000", "17:30:00.0000000"), "Mon-Fri 08:00-17:30"),
    (
        hours(["Wednesday", "monday", "Tuesday", "friday"], "09:00:00", "12:00:00"),
        "Mon-Wed 09:00-12:00, Fri 09:00-12:00",
    ),
    (hours(["sunday", "monday"], "09:00", "17:00"), "Mon 09:00-17:00, Sun 09:00-17:00"),
    (hours(DAYS[:2], "22:00:00.0000000", "06:00:00.0000000"), "Mon-Tue 22:00-06:00"),
    (hours([], "08:00:00.0000000", "17:00:00.0000000"), ""),
    (hours(["someday"], "08:00:00.0000000", "17:00:00.0000000"), ""),
    (hours(DAYS[:5], "08:00:00.0000000", "08:00:00.0000000"), ""),
    (hours(DAYS[:5], "8 o'clock", "17:00:00.0000000"), ""),
    (None, ""),
    ({}, ""),
]


@pytest.mark.parametrize(("said", "expected"), HOURS)
def test_working_hours_are_the_product_s_own_notation(said: Any, expected: str) -> None:
    found = mailbox.working_hours({"workingHours": said})
    assert found == expected
    week(found)


def custom(bias: Any, *, more: int = 0, starts: int = 3, ends: int = 11) -> dict[str, Any]:
    zone: dict[str, Any] = {
        "@odata.type": "#microsoft.graph.customTimeZone",
        "name": "Customized Time Zone",
        "bias": bias,
    }
    if more:
        zone |= {"daylightOffset": {"daylightBias": more, "month": starts}, "standardOffset": {"month": ends}}
    return zone


ZONES: list[tuple[str, dict[str, Any], str | None]] = [
    ("of Windows", {"name": "W. Europe Standard Time"}, "Europe/Berlin"),
    ("of Windows in any case", {"name": "pacific standard time"}, "America/Los_Angeles"),
    ("of IANA", {"name": "Europe/Amsterdam"}, "Europe/Amsterdam"),
    ("unknown", {"name": "Middle-earth Standard Time"}, None),
    ("without a name", {}, None),
    ("custom, as Graph answers for the Pacific coast", custom(480, more=-60), "America/Los_Angeles"),
    ("custom, ahead of UTC", custom(-60, more=-60, starts=3, ends=10), "Europe/Budapest"),
    ("custom, in the south", custom(-600, more=-60, starts=10, ends=4), "Australia/Sydney"),
    ("custom, without summer time", custom(-60), "Etc/GMT-1"),
    ("custom, at UTC", custom(0), "UTC"),
    ("custom, of half hours", custom(-330), "Asia/Calcutta"),
    ("custom, of nowhere", custom(-17), None),
    ("custom, of nonsense", custom(99999), None),
    ("custom, without a bias", custom(None), None),
]


@pytest.mark.parametrize(("what", "zone", "expected"), ZONES, ids=[row[0] for row in ZONES])
def test_a_zone_of_exchange_is_one_of_iana(what: str, zone: dict[str, Any], expected: str | None) -> None:
    assert zones.of(zone, now=NOW, usual="") == expected


def test_a_custom_zone_is_the_mailbox_s_own_where_both_say_the_same() -> None:
    theirs = {"timeZone": "Romance Standard Time", "workingHours": {"timeZone": custom(-60, more=-60, ends=10)}}
    assert mailbox.zone_of(theirs, now=NOW) == "Europe/Paris"
    travelling = {"timeZone": "Tokyo Standard Time", "workingHours": {"timeZone": custom(-60, more=-60, ends=10)}}
    assert mailbox.zone_of(travelling, now=NOW) == "Europe/Budapest"


def test_hours_of_a_zone_that_nobody_knows_are_those_of_the_mailbox_s(tenant: Tenant) -> None:
    tenant.mailbox("ana", workingHours=hours(DAYS[:5], "08:00:00", "17:00:00", name="Middle-earth Standard Time"))
    ana = known(tenant.directory(), "ana@acme.example")
    assert (ana.time_zone, ana.working) == ("Europe/Berlin", "Mon-Fri 08:00-17:00")
    tenant.mailbox("ana", timeZone="Middle-earth Standard Time")
    ana = known(tenant.directory(), "ana@acme.example")
    assert (ana.time_zone, ana.working) == ("UTC", ""), "hours without a zone say nothing"


def test_the_table_of_zones_is_cldr_s_and_this_machine_knows_every_one() -> None:
    assert zones.WINDOWS == WINDOWS_TO_OLSON
    assert all(zones.iana(name) == zone for name, zone in zones.WINDOWS.items())


# ── groups, and everybody ────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_a_roll_and_knows_groups(tenant: Tenant) -> None:
    directory: Directory = tenant.directory()
    assert isinstance(directory, Roll)
    assert isinstance(directory, Groups)


@pytest.mark.parametrize("handle", ["@ap-team", "ap-team", "@AP-Team", "@Accounts payable"])
def test_a_group_is_known_by_its_nickname_or_its_name(tenant: Tenant, handle: str) -> None:
    directory = tenant.directory()
    assert directory.members(handle) == ("ana@acme.example", "ben@acme.example")
    calls = len(tenant.calls("/groups"))
    assert directory.members(handle) == ("ana@acme.example", "ben@acme.example")
    assert len(tenant.calls("/groups")) == calls, "remembered for a while"
    tenant.change("ben", enabled=False)
    tenant.hand.seconds += 601
    assert directory.members(handle) == ("ana@acme.example",)


def test_no_such_group_is_none(tenant: Tenant) -> None:
    assert tenant.directory().members("@nobody-here") is None


def everybody(directory: GraphDirectory) -> dict[str, Person]:
    return {person.id: person for person in directory.everybody()}


def test_everybody_is_told_of_once_with_their_managers_however_many_pages_there_are(tenant: Tenant) -> None:
    people = list(tenant.directory().everybody())
    assert sorted(person.id for person in people) == [
        *(f"{name}@acme.example" for name in ("ana", "ben", "cleo", "dov", "elsa")),
        "gus@partner.example",
    ]
    assert {person.id: person.manager for person in people}["ana@acme.example"] == "cleo@acme.example"
    assert len(tenant.calls("/users/delta")) > 2


def test_afterwards_only_what_changed_is_read_and_everybody_is_still_told_of(tenant: Tenant) -> None:
    directory = tenant.directory()
    before = everybody(directory)
    calls = len(tenant.calls("/users/delta"))
    tenant.change("ana", manager="U0ELSA")
    tenant.change("ben", enabled=False)
    tenant.change("dov", removed=True)
    after = everybody(directory)
    assert after.keys() == before.keys()
    assert after["ana@acme.example"].manager == "elsa@acme.example"
    assert [after[f"{name}@acme.example"].active for name in ("ana", "ben", "dov")] == [True, False, False]
    assert all("deltatoken" in path or "skiptoken" in path for path in tenant.calls("/users/delta")[calls:])
    tenant.change("dov", removed=False)
    assert everybody(directory)["dov@acme.example"].active, "whoever is restored is back"


def test_a_link_that_is_too_old_is_read_anew_and_whoever_left_meanwhile_is_told_of(tenant: Tenant) -> None:
    directory = tenant.directory()
    everybody(directory)
    tenant.change("dov", removed=True)
    tenant.expire_delta()
    after = everybody(directory)
    assert [after[f"{name}@acme.example"].active for name in ("ana", "dov")] == [True, False]
    assert any("$select" in path or "%24select" in path for path in tenant.calls("/users/delta")[-5:])
    calls = len(tenant.calls("/users/delta"))
    everybody(directory)
    assert len(tenant.calls("/users/delta")) - calls <= 2, "and kept up from there"


def test_a_list_that_breaks_off_is_not_everybody_and_is_begun_again(tenant: Tenant) -> None:
    directory = tenant.directory()
    everybody(directory)
    tenant.change("ana", enabled=False)
    tenant.fault("/users/delta", 500)
    with pytest.raises(Unknown):
        everybody(directory)
    assert not everybody(directory)["ana@acme.example"].active


def test_a_link_to_another_host_is_not_followed(tenant: Tenant) -> None:
    with pytest.raises(Refusal) as caught:
        list(tenant.graph().following("https://graph.microsoft.example/v1.0/users"))
    assert caught.value.code == "foreign_link"


# ── Graph away, and asking to wait ───────────────────────────────────────────────────────────────────────────────────

FAILURES: list[dict[str, Any]] = [
    *({"status": status} for status in (0, 429, 500, 502, 503, 504, 507)),
    {"status": 200, "body": "<html>"},
    {"status": 200, "body": "[]"},
    {"status": 404, "body": "<html>"},
    {"status": 400},
    {"status": 401, "times": None},
    {"status": 403},
]


@pytest.mark.parametrize("fault", FAILURES, ids=lambda fault: f"{fault['status']} {fault.get('body', '')}")
@pytest.mark.parametrize("path", [r"/v1\.0/users$", r"/\$batch$"])
def test_an_answer_that_did_not_come_is_not_a_no(tenant: Tenant, path: str, fault: dict[str, Any]) -> None:
    tenant.fault(path, **fault)
    with pytest.raises(Unknown):
        tenant.directory().find("ana@acme.example")


@pytest.mark.parametrize("status", [429, 500, 503, 504])
def test_one_refused_in_a_batch_that_went_well_is_not_a_no(tenant: Tenant, status: int) -> None:
    tenant.fault(r"\$batch/users/.*/mailboxSettings", status, retry_after="30")
    with pytest.raises(Unknown):
        tenant.directory().find("ana@acme.example")


@pytest.mark.parametrize("status", [429, 500])
def test_a_presence_that_cannot_be_had_now_keeps_nobody(tenant: Tenant, status: int) -> None:
    tenant.fault(r"\$batch/users/.*/presence", status)
    assert known(tenant.directory(), "ana@acme.example").working


def wait_of(call: Any) -> float:
    with pytest.raises(Later) as caught:
        call()
    return caught.value.seconds


@pytest.mark.parametrize("asked", ["30", "date", None])
def test_graph_is_left_alone_for_as_long_as_it_asks_and_nobody_sleeps(tenant: Tenant, asked: str | None) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=30)
    said = ends.strftime("%a, %d %b %Y %H:%M:%S GMT") if asked == "date" else asked
    graph = tenant.graph()
    tenant.fault(r"/v1\.0/users", 429, retry_after=said)
    wait = wait_of(lambda: graph.get("/users"))
    assert (28 < wait <= 30) if asked else wait == 10
    calls = len(tenant.state()["calls"])
    tenant.hand.seconds += wait - 1
    assert round(wait_of(lambda: graph.get("/groups"))) == 1, "a limit of the app holds for all it asks"
    assert len(tenant.state()["calls"]) == calls
    tenant.hand.seconds += 1.1
    assert graph.get("/users")


def test_one_mailbox_that_asks_to_wait_holds_up_no_other(tenant: Tenant) -> None:
    graph, directory_calls = tenant.graph(), 0
    ana, ben = (f"/users/{tenant.id(name)}/mailboxSettings" for name in ("ana", "ben"))
    tenant.fault(r"\$batch/users/.*/mailboxSettings", 429, retry_after="30")
    first = graph.batch([ben, ana])
    assert sorted(type(one).__name__ for one in first) == ["Later", "dict"], "the stand-in's order is its own"
    held = ben if isinstance(first[0], Later) else ana
    directory_calls = len(tenant.calls(held))
    again = graph.batch([ben, ana])
    assert [type(one).__name__ for one in again] == [type(one).__name__ for one in first]
    assert len(tenant.calls(held)) == directory_calls, "it was not asked"
    tenant.hand.seconds += 30
    assert all(isinstance(one, dict) for one in graph.batch([ben, ana]))


def test_a_batch_has_twenty_and_its_answers_are_in_the_order_of_the_questions(tenant: Tenant) -> None:
    names = [*("ana", "ben", "cleo", "dov", "elsa") * 9]
    graph = tenant.graph()
    answers = graph.batch([f"/users/{name}@acme.example" for name in names] + ["/users/nobody@acme.example"])
    assert [one and one["mail"] for one in answers if not isinstance(one, Exception)] == [
        *(f"{name}@acme.example" for name in names),
        None,
    ]
    assert len(tenant.calls("$batch")) == 3


def test_never_more_than_four_ask_one_mailbox_at_once(tenant: Tenant) -> None:
    graph, path = tenant.graph(), f"/users/{tenant.id('ana')}/mailboxSettings"
    tenant.fault("mailboxSettings", 200, slow=0.1, times=10)
    started = threading.Barrier(10)

    def ask(_: int) -> Any:
        started.wait()
        return graph.get(path)

    graph.get("/users")
    with ThreadPoolExecutor(10) as pool:
        assert all(pool.map(ask, range(10))), "the stand-in refuses a fifth"


def test_a_token_that_graph_does_not_accept_is_asked_for_anew_once(tenant: Tenant) -> None:
    graph = tenant.graph()
    graph.get("/users")
    tenant.fault(r"/v1\.0/users$", 401)
    assert graph.get("/users")
    assert tenant.issued == 2
    tenant.fault(r"/v1\.0/users$", 401, times=None)
    with pytest.raises(Refusal):
        graph.get("/users")
    assert tenant.issued == 3


def test_what_somebody_else_named_stays_one_part_of_a_path_and_one_literal() -> None:
    assert part("../users?$top=1#x") == "..%2Fusers%3F%24top%3D1%23x"
    assert literal("a' or mail eq 'b") == "'a'' or mail eq ''b'"


# ── what is wrong with the app ───────────────────────────────────────────────────────────────────────────────────────


ALL = Use(plan=PLAN, mail=MAILBOX)


def found(at: Tenant, use: Use = ALL, **other: Any) -> list[tuple[str, str]]:
    tokens = at.tokens(**other)
    return [(problem.id, f"{problem.what} {problem.do}") for problem in problems(tokens, at.graph(tokens), use)]


def test_nothing_is_wrong_where_all_is_granted(tenant: Tenant) -> None:
    assert found(tenant) == []


@pytest.mark.parametrize("lacking", PERMISSIONS)
def test_each_permission_that_is_missing_is_named_with_where_to_consent(tenant: Tenant, lacking: str) -> None:
    tenant.set(roles=[role for role in ROLES if role != lacking])
    ((id, said),) = found(tenant)
    assert id == ("microsoft.permission.optional" if lacking in OPTIONAL else "microsoft.permission")
    assert lacking in said
    assert f"/adminconsent?client_id={tenant.app().client_id}" in said


@pytest.mark.parametrize(
    ("use", "names"),
    [
        (Use(), {"MailboxSettings.Read", "Presence.Read.All", "GroupMember.Read.All"}),
        (Use(directory=False), set()),
        (Use(directory=False, todo=True), {"Tasks.ReadWrite.All"}),
        (Use(directory=False, plan=PLAN), {"Tasks.ReadWrite.All"}),
        (Use(directory=False, mail=MAILBOX), {"Mail.Send"}),
    ],
)
def test_only_what_is_used_is_asked_for(tenant: Tenant, use: Use, names: set[str]) -> None:
    tenant.set(roles=["User.Read.All"])
    told = [said for _, said in found(tenant, use)]
    assert len(told) == len(names) and all(any(name in said for said in told) for name in names)


def test_a_plan_that_nobody_knows_is_told(tenant: Tenant) -> None:
    ((id, said),) = found(tenant, Use(plan="no-such-plan-0000000000000000"))
    assert id == "microsoft.plan" and "no-such-plan" in said


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"tenant": "elsewhere.example"}, "microsoft.tenant"),
    ({"client_id": "00000000-0000-0000-0000-000000000000"}, "microsoft.app"),
    ({"login_url": "http://127.0.0.1:9"}, "microsoft.unreachable"),
    ({"credentials": ()}, "microsoft.refused"),
]


@pytest.mark.parametrize(("other", "id"), WRONG)
def test_a_wrong_tenant_app_or_address_is_told_apart(tenant: Tenant, other: dict[str, Any], id: str) -> None:
    assert [one for one, _ in found(tenant, **other)] == [id]


def test_a_secret_that_entra_does_not_know_is_told(tenant: Tenant) -> None:
    tenant.set(secrets=["another"])
    ((id, said),) = found(tenant)
    assert id == "microsoft.secret"
    assert "AADSTS7000215" in said


def test_graph_away_is_told(tenant: Tenant) -> None:
    tenant.fault("/graph/", 504, times=None)
    assert [one for one, _ in found(tenant)] == ["microsoft.unreachable"]
