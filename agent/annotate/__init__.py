"""Writes tags of cards into people's libraries, files and Zotero, in place and with undo."""
