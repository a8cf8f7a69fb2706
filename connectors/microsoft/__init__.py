"""What everything that talks to Microsoft shares: clouds, tokens, Graph's REST, the names of time zones.

Lives here: what a directory, a chat and a tool of Microsoft 365 would each have to know. No connector by itself.
Never here: who people are, what is said to them.
"""
