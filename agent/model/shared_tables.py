"""Helps with SQLite files that several processes open at the same time.

Knows connections. Knows no tables.
"""

import sqlite3
import time


def patiently(rows: sqlite3.Connection, statement: str, wait_s: float = 60.0) -> None:
    """Run a statement, and retry while SQLite refuses it because another process runs the same.

    Changing the journal mode is such a statement: the timeout of the connection does not apply to it. Raises
    sqlite3.OperationalError if it is still refused after `wait_s` seconds.
    """
    end = time.monotonic() + wait_s
    while True:
        try:
            rows.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)
