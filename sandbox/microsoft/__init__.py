"""A stand-in for what of Microsoft 365 the product talks to: Entra's token endpoint and Graph.

The people are the workspace's; what only Entra and Exchange know of them is kept here, and tests change it.
"""
