"""Slack: messages out (client.py), requests in (inbound.py, sockets.py), what is missing to start (check.py).

Lives here: Block Kit, Slack's ids, errors and envelopes; text.py is the only file that makes text of a source visible.
Never here: a decision about an alert.
"""
