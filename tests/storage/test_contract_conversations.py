"""Where people are reached: the same on every store. What is said of it now counts, what is not said stays."""

from __future__ import annotations

from typing import Any

from bot.ports.conversations import Conversation

ANA = Conversation(platform="teams", chat_id="ana", address="https://smba.example/emea", channel="a:1", member="29:ana")


def test_what_was_kept_is_found_and_nobody_else(world: Any) -> None:
    world.store.keep_conversation(ANA)
    world.store.keep_conversation(Conversation(platform="other", chat_id="ana", channel="z"))
    assert world.store.conversations("teams", ["ana", "ben"]) == {"ana": ANA}
    assert world.store.conversations("teams", []) == {}


def test_what_is_newer_counts_and_what_is_empty_leaves_what_was_known(world: Any) -> None:
    world.store.keep_conversation(ANA)
    world.store.keep_conversation(Conversation(platform="teams", chat_id="ana", address="https://smba.example/amer"))
    (found,) = world.store.conversations("teams", ["ana"]).values()
    assert (found.address, found.channel, found.member) == ("https://smba.example/amer", "a:1", "29:ana")


def test_what_is_forgotten_is_gone_and_may_come_again(world: Any) -> None:
    world.store.forget_conversation("teams", "ana")
    world.store.keep_conversation(ANA)
    world.store.forget_conversation("teams", "ana")
    assert world.store.conversations("teams", ["ana"]) == {}
    world.store.keep_conversation(ANA)
    assert world.store.conversations("teams", ["ana"]) == {"ana": ANA}


def test_the_workspace_as_a_whole_has_an_address_too(world: Any) -> None:
    world.store.keep_conversation(Conversation(platform="teams", address="https://smba.example/emea"))
    assert world.store.conversations("teams", [""])[""].address == "https://smba.example/emea"
