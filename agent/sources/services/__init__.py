"""Papers from services on the web: arXiv, Crossref, Europe PMC, Hugging Face, OpenAlex and more.

Every request goes through `web`. A service must not know another one.
"""
