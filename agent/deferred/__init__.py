"""Answers by a provider's batch API: sent as files, answered within a day at half the price, fetched later.

`requests` writes the questions down, `service` speaks to the endpoint, `submitting` sends them in steps that
may break off anywhere, `collecting` brings the answers back as if they had been asked for live; `state` is
the file that remembers it all in between.
"""
