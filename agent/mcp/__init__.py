"""A server for language-model agents, by the Model Context Protocol (https://modelcontextprotocol.io).

Agents make cards, look for them, and quote their evidence. Answers are short and bounded, errors say what to
do next, and text from papers is marked as data.

Knows cards, sources and the index of the pages. Knows no terminal.
"""
