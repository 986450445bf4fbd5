"""Many papers: the job, the batch, finished cards, run records, provider batches, the ledger of a watch.

Knows sources and sinks by their interfaces. Must not know the command line.
"""
