"""The index of cards behind the pages: a database, its search, and how it follows a growing file.

Must not know HTTP or HTML.
"""
