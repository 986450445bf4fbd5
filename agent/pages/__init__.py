"""The local web pages, and the static site made from them.

A *room* is one activity with a card file, such as browsing it. The shell (`room.py`, `guard.py`,
`rendering.py`) does not depend on any room; a room uses the index and no other room.

Knows cards and papers. Knows no models and no terminal.
"""
