"""What people add to cards and papers: corrections of cards, labels, and files made from both.

Everything is stored as appended lines, each flushed to disk before it is confirmed.

Knows cards, papers and label files. Knows no models and no web.
"""
