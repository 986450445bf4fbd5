"""One paper into one card: what is shown to a model, what it answers, what is made of that.

Knows papers and cards. Must not know sources, outputs or other papers.
"""
