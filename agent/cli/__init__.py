"""The command line: options, exit codes, and which file feeds which stage.

The only place that reads the environment, writes to the terminal and ends the program. A command picks the
pieces, calls one function and prints; it catches nothing, `main` turns an error into one line. Heavy
imports stand inside the commands, so that `--help` costs nothing.
"""
