"""A file that leads a browser to the server, so that the token is in no command line.

A browser is started with an address, and everybody on the machine can read command lines. The address of a
file that only the user can read gives nothing away.

Knows files. Knows no server.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from markupsafe import escape


@contextmanager
def forwarding(url: str) -> Iterator[str]:
    """The address of a file that leads to `url`; it is there until the context ends."""
    with TemporaryDirectory(prefix="papercards-open-") as folder:
        path = Path(folder, "open.html")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(
                '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>papercards</title>'
                '<meta name="referrer" content="no-referrer">'
                f'<meta http-equiv="refresh" content="0;url={escape(url)}">'
                f'<p><a href="{escape(url)}">Open papercards</a></p></html>\n'
            )
        yield path.as_uri()
