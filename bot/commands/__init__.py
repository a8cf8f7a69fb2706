"""The commands of the command line, one file a subject. Each parses, calls, prints; what they do is done elsewhere.

What is heavy to import is imported inside the commands, so that --help answers at once.
"""
