"""What comes in: HTTP, clicks, commands, jobs. Check, call the loop, answer.

Lives here: one file for each way in.
Never here: rules, SQL, Block Kit.
"""
