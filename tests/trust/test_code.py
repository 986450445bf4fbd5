"""No code of the working directory runs, and what children get and may do is little."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from papercards.local.wheels import _pip
from papercards.safety import child_process
from papercards.sources.confined import Child
from papercards.sources.full_text.pdf import _COMMAND
from tests.sources import pdfs

SHADOWS = (
    *("json", "typing", "signal", "contextlib", "re", "ctypes", "resource", "pydantic", "sitecustomize"),
    *(
        "usercustomize",
        "pypdfium2",
        "pypdfium2_raw",
        "numpy",
        "xllamacpp",
        "papercards",
        "encodings",
        "site",
        "pip",
    ),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory whose files say so when they run."""
    folder = tmp_path / "unpacked"
    folder.mkdir()
    for name in SHADOWS:
        (folder / f"{name}.py").write_text(
            f"open({str(tmp_path / 'ran')!r}, 'a').write('{name} ')\nraise SystemExit\n"
        )
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("python_path", [None, "", ".", ":{folder}:", ":"])
def test_the_reader_of_pdfs_imports_nothing_of_the_working_directory(
    python_path: str | None, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if python_path is not None:
        monkeypatch.setenv("PYTHONPATH", python_path.format(folder=folder))
    Path("paper.pdf").write_bytes(pdfs.one_column())
    child = Child(_COMMAND, 1 << 30)
    try:
        answer = child.ask({"path": str(Path("paper.pdf").absolute()), "sections": []})
    finally:
        child.close()
    assert not (tmp_path / "ran").exists() and answer["abstract"]


@pytest.mark.parametrize("module", ["papercards.local.serve", "pip"])
def test_no_other_child_imports_anything_of_it(
    module: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", ".")
    arguments = [*child_process.python(module), *(["--version"] if module == "pip" else [])]
    subprocess.run(
        arguments,
        env=child_process.environment() if module != "pip" else child_process.without_secrets(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert not (tmp_path / "ran").exists()


def test_the_whole_program_reads_a_pdf_among_files_that_look_like_modules(
    folder: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    """As a user runs it: the script itself, in a folder that was unpacked."""
    (folder / "a.pdf").write_bytes(b"%PDF-1.4\n")
    done = subprocess.run(
        [*child_process.python("papercards"), "enrich", "a.pdf", "-m", "baseline", "-o", "x.jsonl"],
        env=environment | {"OPENAI_API_KEY": "sk-0123456789"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and not (tmp_path / "ran").exists(), done.stderr


def test_the_program_pip_is_never_taken_from_the_working_directory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pip", "pip3"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for path in (".", "", str(folder), f".{os.pathsep}{folder}"):
        monkeypatch.setenv("PATH", path)
        with pytest.raises(Exception, match="pip is not installed"):
            _pip()


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY",
        "PAPERCARDS_API_KEY",
        "HF_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "GGML_SECRET",
        "PGPASSWORD",
    ],
)
def test_children_get_no_keys(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "secret-0123456789")
    assert name not in child_process.environment("CUDA_", "GGML_", "OMP_")
    assert name not in child_process.without_secrets() and "PATH" in child_process.without_secrets()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_reader_of_pdfs_has_no_keys_in_its_memory_and_works_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret-0123456789")
    child = Child(_COMMAND, 1 << 30)
    try:
        child.ask({"path": "/nonexistent.pdf", "sections": []})
        assert child._process is not None
        place = Path(f"/proc/{child._process.pid}")
        assert b"secret-0123456789" not in (place / "environ").read_bytes()
        assert str((place / "cwd").readlink()) == child_process.NOWHERE
    finally:
        child.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other bounds, or none")
def test_the_reader_of_pdfs_writes_no_file_starts_no_process_and_reaches_no_server(tmp_path: Path) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer

    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    script = f"""
        import json, os, socket
        from papercards.sources import confined as child
        child.leave_network(); child.bound_memory(1 << 30); child.bound_deeds()
        said = {{}}
        try:
            with open({str(tmp_path / "written")!r}, "w") as file:
                file.write("x")
        except OSError as error:
            said["write"] = error.errno
        try:
            socket.create_connection(("127.0.0.1", {server.server_address[1]}), 5)
        except OSError as error:
            said["net"] = error.errno
        print(json.dumps(said))
    """
    try:
        ran = subprocess.run(
            [sys.executable, "-P", "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
        )
    finally:
        server.server_close()
    said = json.loads(ran.stdout)
    assert "write" in said and (tmp_path / "written").stat().st_size == 0
    if "net" not in said:
        pytest.skip("this kernel gives no network name spaces here")
