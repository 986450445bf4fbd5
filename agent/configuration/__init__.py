"""What the user has set: settings and their files, which of these files are trusted, where data is kept.

Nothing here reads the command line or runs anything.
"""
