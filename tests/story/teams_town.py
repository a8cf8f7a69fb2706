"""What is Teams' own: the view that one person has of a card, as the stand-in's page shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import yaml
from story import house as houses
from story import town as towns
from story.town import Town
from story.workspace import until

ALERTS = "19:ai-alerts@thread.tacv2"


@dataclass
class Desk:
    """Teams as one person sees and uses it."""

    town: Town
    who: str

    def posts(self, alert: str = "", *, where: str = "") -> list[Any]:
        found = self.town.workspace.get("teams", **{"as": self.who})["posts"]
        return [one for one in found if alert in str(one["card"]) and (not where or one["conversation"] == where)]

    def card(self, alert: str, *, shows: str = "") -> Any:
        """The alert's one card in the channel, once it is there (and says `shows`)."""

        def there() -> Any:
            found = [one for one in self.posts(alert, where=ALERTS) if one["id"] == one["root"]]
            assert len(found) < 2, "two cards of one alert"
            return found[0] if found and shows in says(found[0]["card"]) else None

        return until(there, 15, why=lambda: f"no card shows {shows!r}: {[says(p['card']) for p in self.posts(alert)]}")

    def thread(self, card: Any) -> list[Any]:
        """What was said under a card."""
        return [one for one in self.posts() if one["root"] == card["id"] != one["id"]]

    def told(self, alert: str, count: int) -> list[Any]:
        """What they were told alone, once it is `count` messages."""
        own = f"a:{self.who}"
        until(lambda: len(self.posts(alert, where=own)) >= count, 15, why=f"{self.who} was not told {count} times")
        return self.posts(alert, where=own)

    def press(self, post: Any, label: str, **inputs: str) -> Any:
        """A button of the card as they see it, by its label."""
        (action,) = [one for one in actions(post["card"]) if one["title"] == label]
        body = {"conversation": post["conversation"], "id": post["id"], "verb": action["verb"], "data": action["data"]}
        filled = {f"field:{name}": value for name, value in inputs.items()}
        return self.town.workspace.post("teams/press", **{"as": self.who}, inputs=filled, **body)

    def look(self, post: Any) -> Any:
        return self.town.workspace.post(
            "teams/look", **{"as": self.who}, conversation=post["conversation"], id=post["id"]
        )

    def type(self, text: str, **where: str) -> Any:
        return self.town.workspace.post("teams/type", **{"as": self.who}, text=text, **where)


def elements(card: Any) -> Iterator[Any]:
    waiting = list(card["body"])
    while waiting:
        one = waiting.pop(0)
        yield one
        waiting = [*one.get("items", []), *waiting]


def says(card: Any) -> str:
    shown = []
    for one in elements(card):
        shown += [one["text"]] if one["type"] == "TextBlock" else [run["text"] for run in one.get("inlines", ())]
    return "\n".join(shown)


def actions(card: Any) -> list[Any]:
    return [action for one in elements(card) for action in one.get("actions", [])]


def titles(card: Any) -> list[str]:
    return [action["title"] for action in actions(card)]


def open_town(folder: Path, http: httpx2.Client, *, more: Any = None, **environment: str) -> Town:
    """The town of all stories in Teams, once more. `more`: what its closeloop.yaml has besides."""
    written = towns.CONFIGS["teams"] + (yaml.safe_dump(more) if more else "")
    url, env = houses.sqlite(folder), {"CLOSELOOP_HASTE": "10", **environment}
    return Town.open(folder, database_url=url, http=http, config=written, platform="teams", **env)
