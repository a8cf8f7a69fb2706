"""What random interleavings found, told again as what it is."""

from __future__ import annotations

from faults.late_chat import LateChat
from loop.conftest import World


def test_a_reply_under_a_card_that_can_be_shown_nowhere_does_not_wait_for_ever() -> None:
    """The content of the card is refused twice, so it is given up; the owner was to be nudged under it."""
    chat = LateChat()
    world = World(chat=chat)
    chat.clock = world.clock
    alert = world.raised()
    world.sleep(11)
    for _ in range(2):
        for one in world.store.waiting(world.clock.machine()):
            claimed = world.courier.take(one.delivery)
            if claimed is not None and claimed.delivery.kind == "card":
                chat.fate = "content"
                world.courier.settle(claimed, world.courier.attempt(claimed))
                chat.fate = "ok"
        world.clock.ahead += 5
    for _ in range(60):
        world.deliver()
        world.clock.ahead += 60
    waits = [(row.key, row.state) for row in world.owed(alert) if row.state not in ("shown", "superseded", "dead")]
    assert waits == []
