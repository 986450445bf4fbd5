"""Papers with their text: PDF, JATS, web pages, and the outline of their sections.

Must not know services.
"""
