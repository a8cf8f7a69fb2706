"""Reading closeloop.yaml: YAML with its lines ▶ shapes ▶ mistakes with line, field and the nearest right spelling.

What the file means to the product is decided in bot/settings.py; no database, chat or network is asked here.
"""
