"""Functions on text: sentences and links with positions, ids of papers, invisible characters, wording.

Nothing here opens a file, asks a model or knows what a card is.
"""
