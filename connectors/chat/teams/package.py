"""The app package of Teams: manifest and icons in a zip, the same bytes for the same bot."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from PIL import Image, ImageDraw

from connectors.chat.teams.text import manifest_id

SCHEMA = "1.19"
"""old enough for tenants that lag behind"""
RIGHTS = ("TeamMember.Read.Group",)
"""who is in a channel, because rights depend on it; nothing is read of what people write"""
ACCENT = "#1F6F54"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBERS = re.compile(r"(\d{1,4})\.(\d{1,4})\.(\d{1,4})")
_STAMP = (2026, 1, 1, 0, 0, 0)
COMMANDS = (
    ("mine", "My open alerts, overdue first"),
    ("open", "Open alerts that I can see"),
    ("status", "One alert by its number, like: status 8F3K2Q"),
    ("find", "Alerts by entity or by words"),
    ("exceptions", "What only a human can settle"),
    ("help", "Everything that can be asked"),
)


@dataclass(frozen=True, kw_only=True)
class Package:
    app_id: str
    url: str
    """where this installation is reached from outside"""
    name: str = "Closeloop"
    product: str = ""
    """the product's own version: whatever changes in a manifest has a higher one than before, or Teams refuses it"""

    @property
    def version(self) -> str:
        """One ahead of the product's: Teams begins at 1.0.0."""
        numbers = _NUMBERS.match(self.product)
        return f"{int(numbers[1]) + 1}.{numbers[2]}.{numbers[3]}" if numbers else "1.0.0"


def written(package: Package) -> bytes:
    """The zip. Raises ValueError where the bot's id is none."""
    files = {
        "manifest.json": json.dumps(manifest(package), indent=2, ensure_ascii=False).encode() + b"\n",
        "color.png": _png(_color()),
        "outline.png": _png(_outline()),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(zipfile.ZipInfo(name, _STAMP), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def manifest(package: Package) -> dict[str, Any]:
    """Raises ValueError where the bot's id is none."""
    app_id = package.app_id.lower()
    if not _ID.fullmatch(app_id):
        raise ValueError("MICROSOFT_CLIENT_ID is not an id of Entra")
    commands = [{"title": title, "description": said} for title, said in COMMANDS]
    return {
        "$schema": f"https://developer.microsoft.com/json-schemas/teams/v{SCHEMA}/MicrosoftTeams.schema.json",
        "manifestVersion": SCHEMA,
        "version": package.version,
        "id": manifest_id(app_id),
        "developer": _developer(package.url),
        "name": {"short": package.name[:30], "full": f"{package.name}: every AI alert closed by a human"[:100]},
        "description": {
            "short": "Every AI alert gets one owner and is chased until it is closed.",
            "full": "Closeloop gives every alert of an AI system one named owner, reminds them on a clock, escalates "
            "to their manager, and keeps a trail of who did what. It reads nothing of what people write.",
        },
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": ACCENT,
        "bots": [
            {
                "botId": app_id,
                "scopes": ["personal", "team"],
                "isNotificationOnly": False,
                "supportsFiles": False,
                "commandLists": [{"scopes": ["personal", "team"], "commands": commands}],
            }
        ],
        "composeExtensions": [_extension(app_id)],
        "permissions": ["identity", "messageTeamMembers"],
        "validDomains": [],
        "webApplicationInfo": {"id": app_id, "resource": f"api://{app_id}"},
        "authorization": {
            "permissions": {"resourceSpecific": [{"name": name, "type": "Application"} for name in RIGHTS]}
        },
    }


def _developer(url: str) -> dict[str, str]:
    """Teams wants https addresses; of an installation on this machine nobody could open any."""
    parts = urlsplit(url)
    site = url if parts.scheme == "https" else "https://closeloop.example"
    return {"name": "Closeloop", "websiteUrl": site, "privacyUrl": site, "termsOfUseUrl": site}


def _extension(app_id: str) -> dict[str, Any]:
    """Find an alert to share it; raise one from a message."""
    words = {"name": "words", "title": "Words", "description": "A number, an entity, or words", "inputType": "text"}
    find = {
        "id": "find",
        "type": "query",
        "title": "Find an alert",
        "description": "Share an alert in this conversation",
        "initialRun": True,
        "context": ["compose", "commandBox"],
        "parameters": [words],
    }
    raising = {
        "id": "raise",
        "type": "action",
        "title": "Raise as alert",
        "description": "Somebody becomes the owner of what this message says",
        "context": ["message"],
        "fetchTask": True,
    }
    return {"botId": app_id, "commands": [find, raising]}


def _color() -> Image.Image:
    """192 by 192: a ring that is closed."""
    big = Image.new("RGBA", (768, 768), ACCENT)
    _ring(ImageDraw.Draw(big), 768, "white")
    return big.resize((192, 192), Image.Resampling.LANCZOS)


def _outline() -> Image.Image:
    """32 by 32: white on nothing."""
    big = Image.new("RGBA", (512, 512), (255, 255, 255, 0))
    _ring(ImageDraw.Draw(big), 512, "white")
    return big.resize((32, 32), Image.Resampling.LANCZOS)


def _ring(draw: ImageDraw.ImageDraw, size: int, color: str) -> None:
    edge, width = size // 5, size // 9
    draw.ellipse((edge, edge, size - edge, size - edge), outline=color, width=width)
    tick = [(size * 0.36, size * 0.5), (size * 0.47, size * 0.61), (size * 0.66, size * 0.38)]
    draw.line(tick, fill=color, width=size // 14, joint="curve")


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
