"""The outside world, one file or folder each: translate, decide nothing.

Lives here: chats, intake formats, workflow tools, directories.
Never here: rules, SQL, anything of another connector.
"""
