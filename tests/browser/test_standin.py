"""The bare stand-in's page in a real browser: shortcuts, files, statuses, menus and links, without the product."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_page import PHONE, SIDEWAYS
from tests.sandbox.test_choices import HOME, ROW, TEAM, option, plain, values
from tests.sandbox.test_files import png, uploaded

pytestmark = pytest.mark.browser

WIDE_PICTURE = png(900, 300)
MODAL = {"type": "modal", "title": plain("Raise"), "blocks": [{"type": "section", "text": plain("From a message")}]}


@pytest.fixture(autouse=True)
def patience() -> None:
    expect.set_options(timeout=15_000)


def enter(page: Page, box: Any, person: str = "ana", place: str = "ai-alerts") -> None:
    page.goto(f"{box.url}/sandbox#{person}/{place}")
    expect(page.locator("#app")).to_have_attribute("data-ready", "true")


def said(box: Any, text: str, who: str = "U0BEN") -> str:
    return str(box.post("message", **{"as": who}, channel="C0ALERTS", text=text)["ts"])


def message(page: Page, ts: str) -> Locator:
    return page.locator(f"[data-testid=message][data-ts='{ts}']")


def choose(page: Page, control: Locator, *options: str) -> None:
    control.click()
    for name in options:
        page.get_by_test_id("menu").get_by_role("option", name=name).click()


def whole(page: Page, node: Locator) -> None:
    """Nothing scrolls sideways and the node is on the screen from side to side."""
    assert page.locator("html").evaluate(SIDEWAYS) <= 0
    assert node.evaluate(SIDEWAYS) <= 0
    box: Any = node.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]


@pytest.mark.parametrize("phone", [False, True])
def test_a_message_offers_the_apps_shortcut_and_its_modal_opens(
    page: Page, box: Any, bot: Any, slack: Any, phone: bool
) -> None:
    if phone:
        page.set_viewport_size(PHONE)
    said(box, "The stock feed is late")
    ts = said(box, "For the third time this week")
    enter(page, box)
    shown = message(page, ts)
    shown.hover()
    shown.get_by_test_id("more-actions").click()
    page.get_by_role("menuitem", name="Raise as alert").click()
    expect(shown.get_by_test_id("more-actions")).not_to_have_attribute("aria-busy", "true")
    assert (bot.last["type"], bot.last["message"]["text"]) == ("message_action", "For the third time this week")
    slack.views_open(trigger_id=bot.last["trigger_id"], view=MODAL)
    expect(page.get_by_test_id("modal")).to_contain_text("From a message")


def test_boxes_people_and_menus_are_chosen_and_the_button_carries_them(
    page: Page, box: Any, bot: Any, slack: Any
) -> None:
    ts = slack.chat_postMessage(channel="C0ALERTS", text="x", blocks=[ROW, TEAM])["ts"]
    enter(page, box)
    card = message(page, ts)
    card.get_by_label("Mornings").check()
    card.get_by_label("Weekends").check()
    severity = card.locator("[data-action-id=severity]")
    severity.click()
    expect(page.get_by_test_id("menu")).to_contain_text("Quiet")
    page.get_by_role("option", name="Info").click()
    choose(page, card.locator("[data-action-id=told]"), "Ana Alvarez", "Cleo Laurent", "Dov Levi")
    page.get_by_test_id("menu-done").click()
    expect(card.locator("[data-action-id=told]")).to_contain_text("Cleo Laurent")
    slack.chat_postMessage(channel="C0ALERTS", text="a reply draws the card anew", thread_ts=ts)
    expect(card.get_by_test_id("replies")).to_be_visible()
    expect(card.get_by_label("Weekends")).to_be_checked()
    card.get_by_role("button", name="Save").click()
    expect(card.get_by_role("button", name="Save")).not_to_have_attribute("aria-busy", "true")
    state = values(bot.last)
    assert state["row"]["when"]["selected_options"] == [option("mornings"), option("weekends")]
    assert state["row"]["severity"]["selected_option"] == option("info")
    assert state["team"]["told"]["selected_users"] == ["U0ANA", "U0CLEO"], "two are the most"


def test_home_has_the_same_controls_and_keeps_what_is_typed(page: Page, box: Any, bot: Any, slack: Any) -> None:
    slack.views_publish(user_id="U0ANA", view={"type": "home", "blocks": HOME})
    enter(page, box, place="home")
    home = page.get_by_test_id("home")
    home.get_by_label("quiet").fill("half a thought")
    choose(page, home.locator("[data-action-id=owner]"), "Ben Okafor")
    slack.views_publish(user_id="U0ANA", view={"type": "home", "blocks": [*HOME, {"type": "divider"}]})
    expect(home.locator("hr")).to_be_visible()
    expect(home.get_by_label("quiet")).to_have_value("half a thought")
    home.get_by_role("button", name="Save").click()
    expect(home.get_by_role("button", name="Save")).not_to_have_attribute("aria-busy", "true")
    assert values(bot.last)["quiet"]["text"]["value"] == "half a thought"
    assert values(bot.last)["row"]["owner"]["selected_user"] == "U0BEN"


@pytest.mark.parametrize("phone", [False, True])
def test_a_shared_picture_is_shown_with_its_title_and_description(
    page: Page, box: Any, slack: Any, phone: bool
) -> None:
    if phone:
        page.set_viewport_size(PHONE)
    slack.files_upload_v2(
        channel="C0ALERTS", filename="ages.png", content=WIDE_PICTURE, title="Open alerts by age", alt_txt="Four bars"
    )
    file_id = uploaded(box, slack)
    slack.files_completeUploadExternal(files=[{"id": file_id}])
    block = {"type": "image", "alt_text": "A block's picture", "slack_file": {"id": file_id}}
    slack.chat_postMessage(channel="C0ALERTS", text="x", blocks=[block])
    enter(page, box)
    file = page.get_by_test_id("file")
    expect(file).to_contain_text("Open alerts by age")
    for alt, width in (("Four bars", 900), ("A block's picture", 4)):
        picture = page.get_by_alt_text(alt)
        expect(picture).to_be_visible()
        expect(picture).to_have_js_property("naturalWidth", width)
    if phone:
        whole(page, page.get_by_alt_text("Four bars"))


def test_a_status_is_set_on_the_page_and_read_by_the_bot(page: Page, box: Any, slack: Any) -> None:
    ts = said(box, "hello", who="U0ANA")
    enter(page, box)
    page.get_by_test_id("who").click()
    page.get_by_test_id("status-text").fill("Vacationing")
    page.get_by_test_id(f"status-for-{7 * 86400}").click()
    page.get_by_test_id("status-save").click()
    expect(page.get_by_test_id("profile-status")).to_contain_text("Vacationing until")
    profile = slack.users_info(user="U0ANA")["user"]["profile"]
    assert (profile["status_text"], profile["status_emoji"]) == ("Vacationing", ":palm_tree:")
    assert profile["status_expiration"] == pytest.approx(box.state()["clock"]["now"] + 7 * 86400, abs=120)
    expect(message(page, ts).get_by_test_id("status")).to_have_attribute("title", profile_title(page))
    page.get_by_test_id("manager").select_option("U0ELSA")
    page.get_by_test_id("group-ap-team").click()
    expect(page.get_by_test_id("group-ap-team")).to_have_attribute("aria-checked", "false")
    assert slack.usergroups_users_list(usergroup="S0APTEAM")["users"] == ["U0BEN"]
    assert box.state()["me"]["manager"] == "U0ELSA"
    page.get_by_test_id("status-clear").click()
    expect(page.get_by_test_id("profile-status")).to_have_text("No status")


def profile_title(page: Page) -> str:
    return page.get_by_test_id("profile-status").inner_text()


def test_the_profile_fits_on_a_phone(page: Page, box: Any) -> None:
    page.set_viewport_size(PHONE)
    enter(page, box)
    page.get_by_test_id("open-drawer").click()
    page.get_by_test_id("who").click()
    whole(page, page.get_by_test_id("panel-profile"))
    expect(page.get_by_test_id("status-save")).to_be_visible()


@pytest.mark.parametrize("reply", [False, True])
def test_a_permalink_opens_the_page_at_its_message(page: Page, box: Any, slack: Any, reply: bool) -> None:
    ts = slack.chat_postMessage(channel="C0ALERTS", text="long ago")["ts"]
    if reply:
        ts = slack.chat_postMessage(channel="C0ALERTS", text="an answer", thread_ts=ts)["ts"]
    for number in range(40):
        slack.chat_postMessage(channel="C0ALERTS", text=f"line {number}")
    page.goto(slack.chat_getPermalink(channel="C0ALERTS", message_ts=ts)["permalink"])
    pointed = page.locator("[data-testid=message].pointed")
    expect(pointed).to_have_attribute("data-ts", ts)
    expect(pointed).to_be_in_viewport()


def test_a_permalink_is_opened_as_whom_one_was_last(page: Page, box: Any, slack: Any) -> None:
    ts = slack.chat_postMessage(channel="C0EXC", text="only for a few")["ts"]
    enter(page, box, person="cleo")
    page.goto(slack.chat_getPermalink(channel="C0EXC", message_ts=ts)["permalink"])
    expect(message(page, ts)).to_be_visible()
    expect(page.get_by_test_id("person-cleo")).to_have_attribute("aria-pressed", "true")


def test_a_choice_that_a_changed_card_no_longer_offers_is_let_go(page: Page, box: Any, bot: Any, slack: Any) -> None:
    def row(*offered: str) -> Any:
        menu = {"type": "static_select", "action_id": "severity", "options": [option(value) for value in offered]}
        return [{"type": "actions", "block_id": "row", "elements": [menu, ROW["elements"][-1]]}]

    ts = slack.chat_postMessage(channel="C0ALERTS", text="x", blocks=row("critical", "info"))["ts"]
    enter(page, box)
    card = message(page, ts)
    choose(page, card.locator("[data-action-id=severity]"), "Info")
    expect(card.locator("[data-action-id=severity]")).to_have_text("Info")
    slack.chat_update(channel="C0ALERTS", ts=ts, text="x", blocks=row("critical", "error"))
    expect(card.locator("[data-action-id=severity]")).to_have_text("Choose")
    card.get_by_role("button", name="Save").click()
    expect(card.get_by_role("button", name="Save")).not_to_have_attribute("aria-busy", "true")
    assert values(bot.last)["row"]["severity"]["selected_option"] is None
