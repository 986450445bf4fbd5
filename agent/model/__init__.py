"""Asking a model: which there are, what they cost, requests, retries, limits, the cache of answers.

Knows endpoints and answers as text. Must not know papers, cards or files of either.
"""
