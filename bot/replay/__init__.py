"""One's own past run through a policy: recorded alerts and people's recorded reactions, on virtual time.

Here are the history as input, the simulation, what it counts, and how that is shown. What happens to an alert is
decided by the very functions of `bot.core` that run live; the one rule of its own is how a reaction follows a word.

Never here: SQL, HTTP, Slack, and the real clock.
"""
