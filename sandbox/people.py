"""The people of the workspace, in Slack's shape and in the page's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.config import APP_ID, BOT_ID, BOT_NAME, BOT_USER, TEAM_ID
from sandbox.errors import Json

MANAGER_FIELD = "Xf0MGR"
SLACKBOT = "USLACKBOT"


@dataclass(frozen=True, kw_only=True)
class Person:
    id: str
    name: str
    real_name: str
    email: str = ""
    tz: str = "Etc/UTC"
    title: str = ""
    manager: str | None = None
    deleted: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_admin: bool = False
    color: str = "4a154b"
    presence: str = "active"
    status_text: str = ""
    status_emoji: str = ""  # `:palm_tree:`
    status_expiration: int = 0  # business time, Unix seconds; 0: until it is changed
    updated: int = 0

    @property
    def is_human(self) -> bool:
        return not self.is_bot and self.id != SLACKBOT


CAST = (
    Person(
        id="U0ANA", name="ana", real_name="Ana Alvarez", email="ana@acme.example", tz="Europe/Amsterdam",
        title="Accounts payable lead", manager="U0CLEO", color="9f69e7",
    ),
    Person(
        id="U0BEN", name="ben", real_name="Ben Okafor", email="ben@acme.example", tz="Europe/London",
        title="Payments analyst", manager="U0CLEO", color="4bbe2e",
    ),
    Person(
        id="U0CLEO", name="cleo", real_name="Cleo Laurent", email="cleo@acme.example", tz="Europe/Paris",
        title="Head of finance operations", manager="U0ELSA", color="e7392d",
    ),
    Person(
        id="U0ELSA", name="elsa", real_name="Elsa Berg", email="elsa@acme.example", tz="America/New_York",
        title="CFO", color="3c989f",
    ),
    Person(
        id="U0DOV", name="dov", real_name="Dov Levi", email="dov@acme.example", tz="Asia/Jerusalem",
        title="Marketing", color="e0a729",
    ),
    Person(
        id="U0GUS", name="gus", real_name="Gus Guest", email="gus@partner.example", tz="Europe/Berlin",
        title="Auditor at a partner", is_restricted=True, color="674b1b",
    ),
    Person(id=BOT_USER, name="closeloop", real_name=BOT_NAME, is_bot=True, color="1f6f5c"),
    # Real workspaces have it, and it says is_bot: false.
    Person(id=SLACKBOT, name="slackbot", real_name="Slackbot", color="757575"),
)  # fmt: skip

STATUS_TEXT = 100


def status(person: Person, now: float) -> Json:
    """Gone once its time is over; no event tells of that."""
    over = 0 < person.status_expiration <= now
    return {
        "status_text": "" if over else person.status_text,
        "status_emoji": "" if over else person.status_emoji,
        "status_expiration": 0 if over else person.status_expiration,
    }


def profile(person: Person, now: float, *, with_email: bool) -> Json:
    first, _, last = person.real_name.partition(" ")
    shape: Json = {
        "title": person.title,
        "phone": "",
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "first_name": first,
        "last_name": last,
        **status(person, now),
        "status_emoji_display_info": [],
        "team": TEAM_ID,
    }
    if person.is_bot:
        shape |= {"bot_id": BOT_ID, "api_app_id": APP_ID}
    elif with_email and person.email:
        shape["email"] = person.email
    return shape


def as_slack_user(person: Person, now: float, *, with_email: bool) -> Json:
    shape: Json = {
        "id": person.id,
        "team_id": TEAM_ID,
        "name": person.name,
        "deleted": person.deleted,
        "profile": profile(person, now, with_email=with_email),
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": person.updated,
    }
    if person.deleted:
        return shape  # Slack leaves time zone and roles out for the deactivated
    local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(person.tz))
    return shape | {
        "color": person.color,
        "real_name": person.real_name,
        "tz": person.tz,
        "tz_label": local.tzname(),
        "tz_offset": int((local.utcoffset() or timedelta()).total_seconds()),
        "is_admin": person.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": False,
        "is_email_confirmed": True,
    }


def as_page_user(person: Person, now: float) -> Json:
    return {
        "id": person.id,
        "name": person.name,
        "real_name": person.real_name,
        "title": person.title,
        "tz": person.tz,
        "email": person.email,
        "manager": person.manager,
        "deleted": person.deleted,
        "is_bot": person.is_bot,
        "is_restricted": person.is_restricted,
        "initials": "".join(word[0] for word in person.real_name.split()[:2]).upper(),
        "color": f"#{person.color}",
        "presence": "away" if person.deleted else person.presence,
        **status(person, now),
    }


def custom_fields(person: Person, *, labels: bool = False) -> Json | None:
    """Slack answers null, not an empty object, for a person without any."""
    if person.manager is None:
        return None
    field: Json = {"value": person.manager, "alt": ""}
    return {MANAGER_FIELD: field | ({"label": "Manager"} if labels else {})}


def dnd(person: Person, now: float) -> Json:
    """Slack's default do-not-disturb: 22:00 to 08:00 of the person's own day; unix seconds."""
    local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(person.tz))
    end = local.replace(hour=8, minute=0, second=0, microsecond=0)
    if local >= end:
        end += timedelta(days=1)
    start = (end - timedelta(days=1)).replace(hour=22)
    return {
        "dnd_enabled": person.is_human,
        "next_dnd_start_ts": int(start.timestamp()),
        "next_dnd_end_ts": int(end.timestamp()),
        "snooze_enabled": False,
    }
