"""Pure rules: values in, values out; the instant is always an argument.

Lives here: what an alert is, how it changes, what that owes, how it reads.
Never here: a clock, I/O, a third-party package.
"""
