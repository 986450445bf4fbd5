"""A real Firefox, driven by Marionette: the protocol that it speaks itself, so that no driver is needed.

https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html: each message is its length, a colon,
and a JSON list.
"""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.pages.conftest import wait_for

FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)

_WORDS = ("--headless", "--marionette", "-remote-allow-system-access", "--no-remote")
_PREFERENCES: Mapping[str, object] = {
    "marionette.port": 0,
    "browser.shell.checkDefaultBrowser": False,
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.normandy.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "ui.prefersReducedMotion": 1,
}


class Firefox:
    """One window."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link.makefile("rwb")
        self._count = 0
        self._read()  # it says hello
        self.ask("WebDriver:NewSession", capabilities={})

    def ask(self, command: str, **parameters: object) -> Any:
        self._count += 1
        message = json.dumps([0, self._count, command, parameters]).encode()
        self._link.write(b"%d:%b" % (len(message), message))
        self._link.flush()
        _, _, error, result = self._read()
        assert error is None, f"{command}: {error}"
        return result

    def _read(self) -> Any:
        size = b""
        while (one := self._link.read(1)) != b":":
            size += one
        return json.loads(self._link.read(int(size)))

    def open(self, url: str) -> None:
        self.ask("WebDriver:Navigate", url=url)

    @property
    def url(self) -> str:
        return str(self.ask("WebDriver:GetCurrentURL")["value"])

    def run(self, script: str, *arguments: object) -> Any:
        """What the script returns, or what its promise is fulfilled with."""
        sent = {"script": script, "args": list(arguments), "newSandbox": False}
        return self.ask("WebDriver:ExecuteScript", **sent)["value"]

    def press(self, *keys: str) -> None:
        moves = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.ask("WebDriver:PerformActions", actions=[{"type": "key", "id": "keys", "actions": moves}])

    def show(self, *, width: int, dark: bool = False) -> None:
        """The width of the page in pixels; a window of its own has a least width, so the page is enlarged."""
        self.ask("Marionette:SetContext", value="chrome")
        self.run(
            "Services.prefs.setIntPref('layout.css.prefers-color-scheme.content-override', arguments[0]);"
            "gBrowser.selectedBrowser.fullZoom = arguments[1]",
            0 if dark else 1,
            1 if width >= 640 else 2,
        )
        self.ask("Marionette:SetContext", value="content")
        wanted = width if width >= 640 else 2 * width
        self.ask("WebDriver:SetWindowRect", width=wanted, height=1000)


@contextmanager
def firefox() -> Iterator[Firefox]:
    """A Firefox with a profile of its own."""
    assert FIREFOX is not None
    with TemporaryDirectory(prefix="papercards-firefox-") as folder:
        profile = Path(folder)
        pairs = (f"{json.dumps(name)}, {json.dumps(value)}" for name, value in _PREFERENCES.items())
        lines = (f"user_pref({pair});\n" for pair in pairs)
        (profile / "user.js").write_text("".join(lines))
        process = subprocess.Popen(
            [FIREFOX, *_WORDS, "--profile", folder],
            env={"HOME": folder, "PATH": "/usr/bin:/bin", "MOZ_HEADLESS_WIDTH": "1920"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            port = profile / "MarionetteActivePort"
            wait_for(lambda: port.exists() and bool(port.read_text().strip()), 60)
            with socket.create_connection(("127.0.0.1", int(port.read_text())), timeout=60) as link:
                yield Firefox(link)
        finally:
            process.terminate()
            process.wait(20)
