"""Fields of one's own: what is asked, the file that says so, and how an answer is checked against the paper.

A field never changes what a model is asked for other fields: each has a spec, and an answer belongs to it.
"""
