"""A card from typed questions: a decision endpoint answers each with a probability for every option.

The paper with numbered sentences is what they are about; labels, roles of sentences and availability are the
questions. Nothing is generated, so every field has a confidence.
"""
