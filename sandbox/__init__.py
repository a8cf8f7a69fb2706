"""A stand-in Slack workspace over real HTTP, with a page to click in: for trying, demos, tests and benches.
Here live the Web API methods the product calls, Slack's limits and refusals, signed requests, and faults on order.
Never here: anything of the product (nothing of ours is imported), and never a real workspace or a real token."""
