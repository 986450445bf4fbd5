"""The Review room: a queue of cards that deserve a look, and corrections.

Writes through `review`; must not touch cards.
"""
