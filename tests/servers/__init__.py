"""Loopback servers that behave as real ones do: what they demand of a request, and how they word a refusal.

Each module copies one server and says which and where its behaviour is written down. `loopback` serves an
app and records what it was sent; `answers` makes right answers in the types of the OpenAI SDK.
"""
