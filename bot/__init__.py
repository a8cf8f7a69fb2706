"""The product: the life of an alert, its clocks, what is owed, who may do what.

Lives here: rules (core), the loop, deliveries, settings, wiring.
Never here: Slack, SQL, Redis or HTTP, except in main.py, which wires them.
"""
