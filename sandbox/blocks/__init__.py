"""Block Kit as Slack checks it: here live the shapes, their limits and the surfaces they may appear on.
`check_message` and `check_view` say what Slack would refuse, with a JSON pointer to each mistake.
Never here: state, HTTP, or anything that mends what was sent."""

from sandbox.blocks.check import Findings, check_message, check_view, is_too_large, with_ids

__all__ = ["Findings", "check_message", "check_view", "is_too_large", "with_ids"]
