"""Label files: checked, converted, split, sampled, compared between passes.

Must not draw or print.
"""
