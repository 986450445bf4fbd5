"""What people say of cards and papers: corrections laid over cards, labels, and files made of both.

Everything is kept as lines that are only ever added, each safe on the disk before anybody is told so.

Knows cards, papers and label files. Knows no models and no web.
"""
