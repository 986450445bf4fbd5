"""What keeps secrets in and strangers out: redaction, child processes without keys, careful files and locks.

Everything that shows an address, starts a process or opens a file under a derived name uses this; no policy
about settings or papers belongs here.
"""
