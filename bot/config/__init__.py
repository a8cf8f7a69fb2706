"""Reading closeloop.yaml: YAML with its lines ▶ shapes ▶ mistakes with line, field and the nearest right spelling.

One file for each part of the configuration: its shape, and what it is in the words of the core. The whole of it is
bot/settings.py; no database, chat or network is asked here.
"""
