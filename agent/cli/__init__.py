"""The command line: options, exit codes, and how the parts are put together.

The only place that reads the environment, writes to the terminal and exits. A command chooses the parts,
calls one function and prints. Commands catch no errors; `main` turns an error into one line. Heavy imports
are inside the commands, so that `--help` stays fast.
"""
