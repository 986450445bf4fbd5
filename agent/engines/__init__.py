"""Runs on more than one machine: papers are spread over workers, each with a reader as one process has it.

Nothing here imports an engine before it is asked for.
"""
