"""Counts what cards say: shares of any field by any other, with intervals, as a table or a plot."""
