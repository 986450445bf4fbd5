"""The embedded model: its file, where to get it, and a llama.cpp server that runs it.

`store` finds files by content, `fetch` brings them, `server` starts llama.cpp in a child process,
which runs `serve`. A caller passes the folder; nothing here looks for one in the environment.

Knows models and files. Knows no papers, prompts or cards.
"""
