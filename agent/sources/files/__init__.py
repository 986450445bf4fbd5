"""Papers in files, a module for each format.

A format must not know another one.
"""
