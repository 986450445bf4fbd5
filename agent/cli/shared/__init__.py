"""What commands share: options, settings from flags and environment, the terminal, driving a run.

Must not know any command.
"""
