"""A card from a sentence encoder: the baseline, with a small network's view of the text beside its words.

all-MiniLM-L6-v2 (Wang et al. 2020; Reimers and Gurevych 2019) reads title and abstract once, in NumPy. For
each label a logistic regression over the mean state of the text says how well it fits, the likeness of the
label's definition does so for labels that nobody fitted, and both are stacked with what the baseline says.
Sentences are judged by their own states, which have seen the sentences around them. Nothing is written: the
summary is a sentence of the abstract.

    paper ─→ wordpiece ─→ bert ─→ embedding ─→ tagger, with the baseline ─→ draft
"""
