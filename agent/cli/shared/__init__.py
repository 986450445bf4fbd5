"""What commands share: options, settings from flags and environment, the terminal, showing a run.

Must not know any command.
"""
