"""The local web pages, and the site that is made of them.

A *room* is one thing to do with a file of cards: to browse it is one. The shell (`shell.py`, `guard.py`,
`rendering.py`) knows no room from the inside; a room knows the index, and no other room.

Knows cards and papers. Knows no models and no terminal.
"""
