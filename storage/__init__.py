"""What we remember: models, the store, the queue, migrations.

Lives here: SQL and Redis, behind the ports.
Never here: rules, chats, HTTP.
"""
