"""The Label room: blank labelling of papers for evaluation.

Must not show what a model said.
"""
