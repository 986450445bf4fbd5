"""Fits the parameters that ship, on the labels of the train split.

Must not look at dev or test.
"""
