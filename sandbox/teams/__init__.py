"""The stand-in of Teams: a Bot Connector over real HTTP, with people, channels and a page to click in.

Lives here: what the Connector documents, as strict as it; its own signing keys. Never here: anything of the product.
"""
