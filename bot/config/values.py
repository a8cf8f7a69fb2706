"""The small notations of closeloop.yaml. Each parser takes the text that was written and raises ValueError."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

from bot import calendars
from bot.config.mistakes import did_you_mean, nearest
from bot.core import matching

_DURATION = re.compile(r"(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?\s*(?:(\d+)s)?")
_EMAIL = re.compile(r"[^\s@<>,;:]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_CHANNEL = re.compile(r"#[^\s#A-Z@<>&,;:.!?()\[\]{}|'\"`/\\]{1,80}")
_RATE = re.compile(r"([1-9]\d*)\s*/\s*(second|minute|hour|day)")
_HANDLE = re.compile(r"@[a-z0-9][a-z0-9._-]{0,79}")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

LONGEST = timedelta(days=365)


def duration(text: str) -> timedelta:
    """`30s`, `10m`, `4h`, `2d` or several from large to small, `1h30m`; at most a year."""
    found = _DURATION.fullmatch(text.strip().lower())
    if not text.strip() or not found:
        unit = f"; did you mean {text.strip()}m?" if text.strip().isdigit() else ""
        raise ValueError(f"not a duration: write it like 30s, 10m, 4h, 2d or 1h30m{unit}")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    if max(days, hours // 24, minutes // 1440, seconds // 86400) > LONGEST.days:
        raise ValueError("longer than 365 days")
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def span(length: timedelta) -> str:
    """A duration in the notation of the file: `1h30m`. The inverse of `duration` for whole seconds."""
    seconds, parts = int(length.total_seconds()), ""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, seconds = divmod(seconds, size)
        parts += f"{count}{unit}" if count else ""
    return parts or "0s"


def some_time(text: str) -> timedelta:
    """A duration of at least a second: what a clock needs to make headway."""
    length = duration(text)
    if length < timedelta(seconds=1):
        raise ValueError("must be at least 1s")
    return length


def email(text: str) -> str:
    """An e-mail address in lower case: what people are known by."""
    address = text.strip().lower()
    if not _EMAIL.fullmatch(address):
        raise ValueError("not an e-mail address: people are named by e-mail, like ana@acme.example")
    return address


def channel(text: str) -> str:
    """A channel's name in lower case, with its #."""
    name = text.strip().lower()
    if not name.startswith("#"):
        raise ValueError(f'a channel starts with #, in quotes: did you mean "#{name}"?')
    if not _CHANNEL.fullmatch(name):
        raise ValueError("not a channel's name: lower-case letters, digits, - and _, at most 80 of them")
    return name


def channel_of(text: str) -> str:
    """A channel, in the usual chat or (`teams:#name`) in that one."""
    chat, separator, name = text.strip().partition(":")
    if not separator:
        return channel(text)
    if chat.lower() not in CHATS:
        raise ValueError(f"unknown chat {chat}; {did_you_mean(chat, CHATS)}")
    return f"{chat.lower()}:{channel(name)}"


CHATS = ("slack", "teams")


_WHOM = ("owner", "manager", "manager of manager", "on call: <schedule>", "group: @<group>")


def who(text: str) -> str:
    """Whom a step asks, in one way: `owner`, `manager`, `manager of manager` …, an e-mail, a #channel,
    `on call: <schedule>`, `group: @<group>`.
    """
    words = " ".join(text.strip().split())
    kind, colon, named = words.partition(":")
    if colon and (match := nearest(kind, ("on call", "group"))):
        return f"{match}: {group(named) if match == 'group' else named.strip()}"
    return _who(words.lower())


def _who(words: str) -> str:
    if words.startswith("#"):
        return channel(words)
    if words.startswith("@"):
        raise ValueError(f'not somebody to ask; did you mean "group: {words}"?')
    if "@" in words:
        return email(words)
    if words == "owner" or re.fullmatch(r"manager( of manager){0,9}", words):
        return words
    match = nearest(words, _WHOM[:3])
    hint = f"did you mean {match}?" if match else "a channel starts with #, a person is named by e-mail"
    raise ValueError(f"not somebody to ask: one of {', '.join(_WHOM)}, an e-mail, a #channel; {hint}")


def group(text: str) -> str:
    """A user group by its handle, `@ap-team`, in lower case."""
    handle = text.strip().lower()
    if not handle.startswith("@"):
        raise ValueError(f'a group starts with @, in quotes: did you mean "@{handle}"?')
    if not _HANDLE.fullmatch(handle):
        raise ValueError("not a group: its handle in Slack, like @ap-team")
    return handle


def code_owner(text: str) -> str:
    """A user or a team as CODEOWNERS names them: `@ana`, `@acme/payments`."""
    if not re.fullmatch(r"@[^\s@]{1,100}", text.strip()):
        raise ValueError('not a name in CODEOWNERS: it starts with @, in quotes, like "@ana"')
    return text.strip()


def name(text: str) -> str:
    """What people type to speak of a rule, a schedule or a table."""
    if not _NAME.fullmatch(text.strip()):
        raise ValueError("not a name: lower-case letters, digits, . _ and -, at most 64 of them")
    return text.strip()


def accepted(text: str) -> str:
    """A value that a rule accepts: itself, with `*` for anything, or compared, `>= 1000`, `!= us`."""
    value = text.strip()
    if value in (">", "<", ">=", "<=", "!=", "="):
        raise ValueError(f"{value} compares with nothing: write it like >= 1000 or != us")
    if re.match(r"={1,2}\s", value):
        raise ValueError(f"a value without a sign is compared as it is: did you mean {value.lstrip('= ')}?")
    try:
        matching.test(value)
    except ValueError:
        raise ValueError(f"{value} compares with no number: write it like >= 1000") from None
    return value


def country(text: str) -> str:
    """Whose public holidays somebody keeps: `NL`, `DE-BY`, `US-CA`."""
    code = text.strip()
    if calendars.known(code):
        return code
    meant = calendars.alike(code)
    match = nearest(code, meant)
    raise ValueError(f"unknown country; {f'did you mean {meant[match]}?' if match else 'write it like NL or DE-BY'}")


def address(text: str) -> str:
    """Where a table of owners is asked: an http or https address with {key} in its path or query."""
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not an http or https address")
    where = f"{parts.path}?{parts.query}"
    if "{key}" not in where or text.count("{key}") != where.count("{key}"):
        raise ValueError("the address needs {key} in its path or query, and nowhere else")
    return text.strip()


def calendar(text: str) -> str:
    """Where an iCalendar is: an http, https or webcal address, or a file."""
    scheme, colon, _ = text.strip().partition("://")
    if colon and scheme.lower() not in ("http", "https", "webcal"):
        raise ValueError("not an http, https or webcal address, and not a file")
    return text.strip()


def variable(text: str) -> str:
    """The name of an environment variable, never a secret itself."""
    if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,99}", text.strip()):
        raise ValueError("not the name of an environment variable, like CMDB_TOKEN; the secret itself stands there")
    return text.strip()


def rate(text: str) -> str:
    """So many in a period: `1200/minute`."""
    found = _RATE.fullmatch(text.strip().lower().removesuffix("s"))
    if not found:
        raise ValueError("not a rate: write it like 1200/minute (second, minute, hour or day)")
    return f"{found[1]}/{found[2]}"


def per(text: str) -> tuple[int, int]:
    """(how many, in how many seconds) of a rate."""
    count, _, period = rate(text).partition("/")
    return int(count), {"second": 1, "minute": 60, "hour": 3600, "day": 86400}[period]


def slack_id(text: str) -> str:
    """A member's id in Slack, `U0123ABCD`."""
    if not re.fullmatch(r"[UW][A-Z0-9]{3,20}", text):
        raise ValueError("not a Slack member ID: it starts with U or W, like U0123ABCD (profile ▸ ⋮ ▸ Copy member ID)")
    return text


def source_name(text: str) -> str:
    """The name of a source: what its key is issued for."""
    if not _NAME.fullmatch(text):
        raise ValueError("not a source's name: lower-case letters, digits, . _ and -, at most 64 of them")
    return text
