"""The app package: a zip that Teams takes, held against Microsoft's own schema."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from PIL import Image

from connectors.chat.teams.package import RIGHTS, Package, manifest, written
from handlers.commands import COMMANDS
from tests.connectors.teams import APP

SCHEMA = json.loads((Path(__file__).parent / "fixtures/teams/manifest-1.19.schema.json").read_text())
OURS = Package(app_id=APP, url="https://loop.acme.example")


def errors(document: Any) -> list[str]:
    return [error.message for error in jsonschema.Draft4Validator(SCHEMA).iter_errors(document)]


@pytest.mark.parametrize("url", ["https://loop.acme.example", "http://127.0.0.1:8080"])
@pytest.mark.parametrize("name", ["Closeloop", "A name that is much too long for a tile in Teams"])
def test_the_manifest_is_one_of_the_schema(url: str, name: str) -> None:
    assert errors(manifest(Package(app_id=APP, url=url, name=name))) == []


def test_the_schema_would_refuse_a_slip() -> None:
    assert errors(manifest(OURS) | {"acentColor": "#000000"}) or errors(manifest(OURS) | {"accentColor": "green"})


def test_the_zip_holds_manifest_and_icons_of_the_right_size() -> None:
    with zipfile.ZipFile(io.BytesIO(written(OURS))) as zipped:
        assert zipped.namelist() == ["manifest.json", "color.png", "outline.png"]
        assert json.loads(zipped.read("manifest.json")) == manifest(OURS)
        color, outline = (Image.open(io.BytesIO(zipped.read(name))) for name in ("color.png", "outline.png"))
    assert (color.size, outline.size) == ((192, 192), (32, 32))
    pixels = [outline.convert("RGBA").getpixel((x, y)) for x in range(32) for y in range(32)]
    shown = {pixel[:3] for pixel in pixels if isinstance(pixel, tuple) and pixel[3]}
    assert shown == {(255, 255, 255)}, "an outline is white on nothing"


def test_the_same_bot_gets_the_same_package() -> None:
    assert written(OURS) == written(OURS)
    other = manifest(Package(app_id=APP.replace("1", "2"), url=OURS.url))
    assert other["id"] != manifest(OURS)["id"] != APP


@pytest.mark.parametrize(
    ("product", "app"),
    [("0.1.0", "1.1.0"), ("0.12.3", "1.12.3"), ("1.0.0", "2.0.0"), ("0.2.0.dev3", "1.2.0"), ("", "1.0.0")],
)
def test_a_newer_product_has_a_newer_app_or_teams_would_refuse_it(product: str, app: str) -> None:
    found = manifest(Package(app_id=APP, url=OURS.url, product=product))
    assert found["version"] == app


def test_nothing_is_asked_for_but_who_is_in_a_channel() -> None:
    assert RIGHTS == ("TeamMember.Read.Group",)
    asked = manifest(OURS)["authorization"]["permissions"]["resourceSpecific"]
    assert asked == [{"name": "TeamMember.Read.Group", "type": "Application"}]


def test_every_command_of_the_menu_is_one_of_ours() -> None:
    offered = manifest(OURS)["bots"][0]["commandLists"][0]["commands"]
    assert {command["title"] for command in offered} <= COMMANDS.keys()


@pytest.mark.parametrize("app_id", ["", "not-an-id", "../../etc"])
def test_a_bot_without_an_id_gets_none(app_id: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        manifest(Package(app_id=app_id, url="https://x.example"))
