"""Cards brought into libraries that people keep: files in place, and Zotero; each with a way back."""
