"""Uses a provider's batch API: requests are sent as files and answered within a day at half the price.

`requests` writes the request files, `service` talks to the endpoint, `submitting` sends the files in steps
that can be interrupted anywhere, `collecting` treats the answers like live ones, and `state` is the file that
records the progress.
"""
