"""The sandbox's page in a real browser: what a newcomer does in the first two minutes."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect
from story.town import Town

pytestmark = pytest.mark.browser

INVOICE: dict[str, Any] = {
    "title": "Invoice 4711 is 1,180.00 EUR above its order",
    "severity": "error",
    "summary": "Northwind Metals billed more than the order and the goods receipt say. " * 4,
    "discrepancy": {
        "entity": {"type": "invoice", "id": "4711", "url": "https://erp.acme.example/invoices/4711"},
        "expected": 13020.5,
        "observed": 14200.5,
        "unit": "EUR",
    },
    "evidence": [{"label": "Invoice as scanned", "url": "https://erp.acme.example/invoices/4711/" + "scan" * 40}],
}
PHONE: ViewportSize = {"width": 390, "height": 844}
SIDEWAYS = "node => node.scrollWidth - node.clientWidth"


@pytest.fixture(autouse=True)
def patience() -> None:
    expect.set_options(timeout=15_000)


def enter(page: Page, town: Town, person: str, place: str) -> None:
    """Sit down as somebody, somewhere, with nothing in front of them; from the product's own address."""
    town.person(person).close_modals()
    page.goto(f"{town.url}/sandbox#{person}/{place}")
    expect(page.locator("#app")).to_have_attribute("data-ready", "true")
    expect(page.get_by_test_id("pane-name")).to_contain_text("Closeloop" if place == "home" else place)


def card_of(page: Page, town: Town, alert: str) -> Locator:
    """The card of an alert, once the page shows it."""
    card = page.locator(f"[data-testid=message][data-ts='{town.card(alert).ts}']")
    expect(card).to_be_visible()
    return card


def press(on: Locator, label: str) -> None:
    """By the name a screen reader says: it tells the alerts of a page apart."""
    on.get_by_role("button", name=f"{label}: alert").first.click()


def test_a_card_is_acknowledged_resolved_through_the_modal_closed_and_its_trail_read(page: Page, town: Town) -> None:
    enter(page, town, "ana", "ai-alerts")
    alert = town.raise_alert("ap-auditor", **INVOICE)
    card = card_of(page, town, alert)
    expect(card).to_contain_text(INVOICE["title"])
    expect(card).to_contain_text("not acknowledged yet")

    press(card, "Acknowledge")
    expect(card).to_contain_text("Ana Alvarez acknowledged")
    expect(page.get_by_test_id("only-you").last).to_be_visible()

    press(card, "Resolve")
    modal = page.get_by_test_id("modal")
    expect(modal).to_be_visible()
    modal.get_by_test_id("modal-submit").click()
    expect(modal.get_by_test_id("field-error").first).to_contain_text("required")
    modal.get_by_label("What was done?").fill("Credit note 9 was booked.")
    modal.get_by_test_id("modal-submit").click()
    expect(modal).to_be_hidden()

    expect(card).to_contain_text("CLOSED")
    expect(card).to_contain_text("Credit note 9 was booked.")
    press(card, "History")
    for sentence in ("Raised by ap-auditor", "Ana Alvarez acknowledged", "Ana Alvarez resolved this", "Closed"):
        expect(modal).to_contain_text(sentence)
    town.happened(alert, "raised", "acknowledged", "resolved", "closed")


def test_a_nudge_stands_in_the_thread_and_home_lists_what_is_overdue(page: Page, town: Town) -> None:
    enter(page, town, "ana", "models")
    alert = town.raise_alert("model-watch", title="The churn model drifts")
    card = card_of(page, town, alert)
    town.forward(minutes=10)

    card.get_by_test_id("replies").click()
    expect(page.get_by_test_id("thread")).to_contain_text("this has been open for 10 minutes")
    page.get_by_test_id("nav-home").click()
    home = page.get_by_test_id("home")
    expect(home).to_contain_text("The churn model drifts")
    expect(home).to_contain_text("overdue")
    press(home, "Acknowledge")
    expect(home).to_contain_text("Acknowledged")
    assert town.cleared(alert).status_code == 202


def test_whoever_may_not_is_told_so_privately(page: Page, town: Town) -> None:
    alert = town.raise_alert("ap-auditor", title="Not for everybody")
    enter(page, town, "dov", "ai-alerts")
    press(card_of(page, town, alert), "Acknowledge")
    private = page.locator("[data-testid=message][data-ephemeral]")
    expect(private.last).to_contain_text("You may not acknowledge this alert")
    town.happened(alert, "raised")
    assert town.cleared(alert).status_code == 202


def test_on_a_phone_nothing_is_wider_than_the_screen(page: Page, town: Town) -> None:
    page.set_viewport_size(PHONE)
    enter(page, town, "ana", "ai-alerts")
    alert = town.raise_alert("ap-auditor", **INVOICE)
    card = card_of(page, town, alert)
    within(page, card)

    press(card, "Resolve")
    modal = page.get_by_test_id("modal")
    expect(modal).to_be_visible()
    within(page, modal)
    modal.get_by_test_id("modal-x").click()
    expect(modal).to_be_hidden()

    press(card, "History")
    expect(modal).to_contain_text("Raised by ap-auditor")
    within(page, modal)
    modal.get_by_test_id("modal-x").click()

    page.get_by_test_id("tab-home").click()
    home = page.get_by_test_id("home")
    expect(home).to_contain_text("Invoice 4711")
    within(page, home)
    assert town.cleared(alert).status_code == 202


def within(page: Page, node: Locator) -> None:
    """Nothing scrolls sideways, and every control of `node` can be seen whole."""
    assert page.locator("html").evaluate(SIDEWAYS) <= 0
    assert page.locator("body").evaluate(SIDEWAYS) <= 0
    assert node.evaluate(SIDEWAYS) <= 0
    width = PHONE["width"]
    boxes: list[Any] = [button.bounding_box() for button in node.get_by_role("button").all() if button.is_visible()]
    assert boxes and all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
