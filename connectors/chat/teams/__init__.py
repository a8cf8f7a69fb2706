"""Teams: messages out (client.py), activities in (inbound.py), who may send them (verify.py), each cloud's addresses.

Lives here: Adaptive Cards, Teams' ids, errors and envelopes; only text.py makes text of a source visible.
Never here: a decision about an alert.
"""
