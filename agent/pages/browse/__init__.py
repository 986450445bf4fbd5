"""The Browse room: search, facets, charts, the page of a paper.

Must not write anything.
"""
