"""The same story clicked through on the stand-in's page of Teams, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect
from story.teams_town import open_town
from story.town import Town

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def teams(chromium: str, tmp_path_factory: Any) -> Iterator[Town]:
    with httpx2.Client(trust_env=False, timeout=20) as client:
        opened = open_town(tmp_path_factory.mktemp("teams-page"), client, more={"work_items": {"tool": "todo"}})
        yield opened
        opened.close()


def test_an_alert_is_clicked_from_raised_to_closed(teams: Town, page: Page) -> None:
    alert = teams.raise_alert("ap-auditor", title="Invoice **4711** <b>is</b> above its order")
    page.goto(f"{teams.workspace.url}/teams?as=U0ANA")
    card = page.locator("article", has_text="Invoice **4711** <b>is</b> above its order")
    expect(card).to_be_visible()
    expect(card.locator(".at")).to_have_text("Ana Alvarez")

    card.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(card).to_contain_text("Acknowledged")
    card.get_by_role("button", name="Resolve", exact=True).click()
    form = page.locator("article", has=page.get_by_label("What was done?"))
    form.get_by_label("What was done?").fill("Credit note 9 was booked.")
    form.get_by_role("button", name="Resolve", exact=True).click()
    expect(card).to_contain_text("Credit note 9 was booked.")
    expect(card.get_by_role("button", name="Reopen", exact=True)).to_be_visible()
    assert teams.kinds(alert) == ["raised", "acknowledged", "resolved", "closed"]

    page.get_by_label("You are").select_option("U0BEN")
    expect(card).to_contain_text("CLOSED")
    page.get_by_role("button", name="Closeloop").click()
    page.get_by_label("Write a message").fill("help")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("article").last).to_contain_text("mine")


def test_tasks_and_mail_stand_beside_the_chats_and_a_task_can_be_ticked(teams: Town, page: Page) -> None:
    alert = teams.raise_alert("ap-auditor", title="A task with <b>its own</b> words")
    page.goto(f"{teams.workspace.url}/teams?as=U0ANA&room=tasks")
    task = page.locator("article", has_text=f"#{alert[-6:]}")
    expect(task).to_contain_text("A task with <b>its own</b> words")
    expect(task).to_contain_text("To finish it, resolve it on its card")
    task.get_by_role("checkbox").click()
    expect(task).to_have_class("done")
    expect(task.get_by_role("checkbox")).to_be_checked()
    expect(page.get_by_label("Write a message")).to_be_hidden()

    page.get_by_role("button", name="Mail").click()
    expect(page.locator("#posts")).to_have_text("Nothing here.")
    page.get_by_label("You are").select_option("U0BEN")
    page.get_by_role("button", name="Tasks").click()
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
    expect(task).to_be_hidden()
    page.get_by_role("button", name="Closeloop").click()
    expect(page.get_by_label("Write a message")).to_be_visible()
