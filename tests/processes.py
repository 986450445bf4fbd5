"""Processes of their own that start quickly: copies of one that has only imported what they need."""

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["pytest", "papercards.model.cache", "papercards.model.in_flight", "papercards.runs.card_lines"]
)
