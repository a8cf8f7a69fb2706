"""What can be typed, with examples: one table, for the help page, for suggestions and for the docs."""

from __future__ import annotations

from bot.core.pages import Row, Sheet
from bot.core.text import Typed, Words, sentence

USAGES: tuple[tuple[str, str], ...] = (
    ("mine", "your open alerts, overdue first"),
    ("open", "all open alerts you may see"),
    ("open #ai-alerts", "the open alerts of one channel"),
    ("status 8F3K2Q", "one alert by the number on its card"),
    ("find invoice 7731", "alerts by number, entity or words of their title"),
    ("exceptions", "what waits for somebody to settle it"),
    ("report", "how alerts were dealt with: four weeks against the four before, with pictures"),
    ("oncall", "who is on call now and next"),
    ("oncall swap payments @ben until friday 9:00", "somebody else is on call for a while"),
    ("away until monday delegate @ben", "you are away, and who stands in for you"),
    ("away for 2w", "the same without anybody to stand in: your manager is asked"),
    ("away", "who is away, as far as it concerns you"),
    ("back", "you are back"),
    ("quiet 22:00-07:00", "do not disturb me at these hours; quiet off ends it"),
    ("prefer digest", "tell me what is not urgent once an hour; prefer instant ends it"),
    ("mute drift-watch until 17:00 because migration", "hold back what a source raises, for a while"),
    ("mute", "what is muted, by whom and until when"),
    ("unmute drift-watch", "end it now"),
    ("help", "this page; help away for one command"),
)
"""what is typed (in Slack after /loop), and what it does; the first word is the command"""


def help_page(about: str = "") -> Sheet:
    """What can be typed, with an example each; of one command alone where `about` names it."""
    wanted = [(typed, what) for typed, what in USAGES if typed.split()[0] == about] or USAGES
    rows = tuple(Row(lines=((Typed(typed), Words(f" — {what}")),)) for typed, what in wanted)
    foot = "Times as you say them: friday, tomorrow 9:00, 17:30, 2026-12-24, 3d, 2w — in your own time zone."
    return Sheet(title="What you can type", rows=rows, foot=sentence(foot))
