"""Papers from services on the web: arXiv, Hugging Face, OpenAlex, Semantic Scholar, Zotero.

Every request goes through `web`. A service must not know another one.
"""
