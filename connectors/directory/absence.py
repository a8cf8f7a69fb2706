"""Whether a status in a chat says that somebody is away: one table of words, in five languages.

In doubt they are there: who is asked in vain is passed over by the policy, who is taken for away is not asked at all.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bot.core.people import Away
from bot.core.text import one_line

OPEN_ENDED = timedelta(hours=24)
"""how long a status without an end counts; it is asked again long before"""
EARLIER = timedelta(hours=1)
"""nobody says since when a status stands: a decision that looked at its clock a little earlier has to see it too"""

_SIGNS = frozenset((":palm_tree:", ":face_with_thermometer:"))
"""Slack's own for vacationing and out sick"""

# Words for a leave. They alone do not say that somebody is on it: "holiday party", "planning my vacation".
_LEAVE = (
    r"vacations?|holidays?|pto|(?:annual|parental|maternity|paternity|sick) leave|"
    r"(?:jahres)?urlaub|elternzeit|mutterschutz|ferien|"
    r"vakantie|verlof|(?:ouderschaps|zwangerschaps|ziekte)verlof|"
    r"vacances|congés?(?: (?:parental|maternité|paternité|maladie))?|arrêt(?: maladie)?|"
    r"vacaciones|permiso(?: parental)?|baja(?: (?:médica|maternal|paternal))?"
)
_BARE = "sick|krank|away|off|leave"
_TO = r"(?:until|till?|through|thru|bis|tot|t/m|jusqu|hasta|\d)"
_AWAY = re.compile(
    # what says it by itself
    r"\bo\.?o\.?o\b|\bout of (?:the )?office\b|\b(?:out|off|home) sick\b|\bsick at home\b|\bvacationing\b"
    r"|\babwesend\b|\bkrank(?:geschrieben|gemeldet)\b|\bbin krank\b|\bausser haus\b"
    r"|\bafwezig\b|\bziek(?:gemeld)?\b|\babsente?\b(?!-)|\bmalade\b"
    r"|\bausente\b|\bfuera de (?:la )?oficina\b|\benferm[oa]\b"
    # on a leave; a leave and nothing beside it; a leave and its end
    rf"|\b(?:on|in|im|op|met|en|de|auf)\s+(?:(?:my|paid|den|de|der|las|les)\s+)?(?:leave|{_LEAVE})\b"
    rf"|^\W*(?:{_LEAVE}|{_BARE})\W*$"
    rf"|\b(?:{_LEAVE})\s*(?:{_TO}|[-–—:(,;])"
    rf"|\b(?:{_BARE})\s+{_TO}"
)
_THERE = re.compile(
    r"\bmeetings?\b|\bcommut|\bremote|\blunch\b|\bworking\b|\bwfh\b|\bhome ?office\b|\bparty\b|\bhappy\b"
    r"|\bplanning\b|\bafk\b|\bback from\b|\bno longer\b|\bnot (?:ooo|out|away|sick)\b"
    r"|\bnot on (?:vacation|holiday|leave|pto)"
    r"|\bbesprechung\b|\bunterwegs\b|\bpause\b|\bnicht (?:im|krank|abwesend)\b|\bzurück aus\b"
    r"|\bvergadering\b|\bthuiswerk|\bniet (?:op|ziek|afwezig)\b"
    r"|\bréunion\b|\btélétravail\b|\bretour de\b|\bpas (?:en|malade|absente?)\b"
    r"|\breunión\b|\bteletrabajo\b|\bde vuelta\b|\bvuelta de\b|\bno (?:estoy|de)\b"
)
_AHEAD = re.compile(r"\b(?:tomorrow|next week|starting|upcoming|soon|ab \S+|nächste|morgen|volgende|demain|mañana)\b")
_RETURN = re.compile(r"\b(?:until|till?|back|return\w*|bis|zurück|wieder|tot|terug|jusqu\w*|retour|hasta|vuelvo)\b")


def absence(text: str, emoji: str, ends: float, *, now: datetime) -> Away | None:
    """The absence that a status speaks of. `ends`: Unix seconds, 0 where it stands until it is changed."""
    if not is_away(text, emoji):
        return None
    # To the hour: what is asked again and says the same stays the same.
    hour = now.replace(minute=0, second=0, microsecond=0)
    until = _ending(ends, now) if ends else hour + OPEN_ENDED
    if until is None or until <= now:
        return None
    why = one_line(text, 100) or one_line(emoji.strip(":").replace("_", " "), 100)
    return Away(start=hour - EARLIER, until=until, why=why)


def _ending(ends: float, now: datetime) -> datetime | None:
    try:
        return datetime.fromtimestamp(ends, now.tzinfo)
    except (ValueError, OverflowError, OSError):
        return None


def is_away(text: str, emoji: str) -> bool:
    said = " ".join(text[:200].casefold().replace("’", "'").split())
    if _THERE.search(said) or (_AHEAD.search(said) and not _RETURN.search(said)):
        return False
    return bool(_AWAY.search(said)) or emoji in _SIGNS
