"""A card from the embedded model, read once: what a small model knows it shows better than it says.

Asked to write a whole card, a model of 1.5 billion parameters is worse than rules. But the states that it
goes through while it reads tell a sentence's role and a paper's labels well (probing: Alain and Bengio 2016,
"Understanding intermediate layers using linear classifier probes"). So the paper is read in one pass, a few
linear functions of the states are taken, and each is put together with what the baseline says by a small
regression fitted on the `train` split (stacking: Wolpert 1992, "Stacked generalization"). What comes out is a
probability. The model writes one thing, the summary; links and availability are found by code.

    paper ─→ transcript ─→ engine (hidden states, summary) ─→ readout ─→ stack, with the baseline ─→ draft
"""
