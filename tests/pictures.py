"""Makes the pictures of docs/: terminal sessions as SVG, and screenshots of the pages.

`python -m tests.pictures` makes them again from real runs, `python -m tests.pictures NAME...` some of them.
Screenshots need Chromium, the card the embedded model. No picture loads anything from elsewhere.
"""

import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import platformdirs
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.conftest import SEED

DOCS = Path(__file__).parent.parent / "docs"
WIDTH = 104
SESSIONS = {
    "first-cards": (
        "papercards enrich library.bib -m baseline -o cards.jsonl -o cards.csv",
        "papercards show cards.jsonl --columns title,year,main_task,code --sort=-year",
        "papercards summarize library.bib --pick Questions -m baseline",
        "papercards verify cards.jsonl --source library.bib",
    ),
    "own-labels": (
        "cat mine.yaml",
        "papercards taxonomy check mine.yaml",
        "papercards enrich library.bib -m baseline --taxonomy mine.yaml -o mine.jsonl",
        "papercards show mine.jsonl --columns title,main_task,confidence",
    ),
    "card": (f"papercards summarize {SEED} --pick Xmodel-1.5",),
}
"""Name of a picture and what is typed, in a folder with the example library and docs/taxonomy.md's labels."""


def session(name: str, folder: Path) -> None:
    """Run the commands in a terminal, and draw it."""
    screen = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for command in SESSIONS[name]:
        typed = command.replace(str(SEED.parent) + "/", "")
        screen.print(Text.assemble(("$ ", "bold green"), (typed, "bold")))
        screen.print(Text.from_ansi(_in_terminal(command, folder).rstrip()), end="\n\n")
    svg = screen.export_svg(title="papercards", theme=MONOKAI)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # they would be loaded from elsewhere
    (DOCS / "images" / f"{name}.svg").write_text(svg.replace("Fira Code", "ui-monospace, Menlo, Consolas"))


def _in_terminal(command: str, folder: Path) -> str:
    """What a command leaves on a terminal.

    Left out are the progress bar, which it takes away at its end, and the seconds at the end of a card: a
    machine that makes pictures does other things, too.
    """
    ours, its = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    environment["XDG_CACHE_HOME"] = str(folder / "cache")
    environment["PAPERCARDS_MODELS"] = str(Path(platformdirs.user_cache_dir("papercards")) / "models")
    process = subprocess.Popen(
        command.split(), cwd=folder, env=environment, stdin=its, stdout=its, stderr=its, close_fds=True
    )
    os.close(its)
    written = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the terminal is gone with its last writer
            break
        if not part:
            break
        written += part
    os.close(ours)
    if process.wait():
        raise SystemExit(f"{command} ended with {process.returncode}:\n{written.decode()}")
    text = re.sub(r"\x1b\[\??[0-9;]*[A-HJKfhlsu]", "", written.decode().replace("\r\n", "\n"))
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    kept = "\n".join(line for line in lines if "━" not in line)
    return re.sub(r"(\d calls?) · [\dmin. ]+s\b", r"\1", kept)


def screenshots(folder: Path) -> None:
    """The list, the charts and the map of the seed corpus."""
    from playwright.sync_api import sync_playwright

    program = str(Path(sys.executable).parent / "papercards")
    subprocess.run(
        [program, "enrich", str(SEED), "-m", "baseline", "-o", "seed.jsonl"], cwd=folder, check=True
    )
    subprocess.run([program, "export", "site", "seed.jsonl", "-o", "site"], cwd=folder, check=True)
    with sync_playwright() as play:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        for name, part in (("browse", "#/"), ("charts", "#/charts"), ("map", "#/?view=map")):
            page.goto((folder / "site" / "index.html").as_uri() + part)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=DOCS / "images" / f"{name}.png")
        browser.close()


def main(*names: str) -> None:
    """Make these pictures, or all."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        shutil.copy(DOCS / "examples" / "library.bib", folder)
        page = (DOCS / "taxonomy.md").read_text(encoding="utf-8")
        (folder / "mine.yaml").write_text(page.split("```yaml\n")[1].split("```")[0])
        for one in names or (*SESSIONS, "browse"):
            if one == "browse":
                screenshots(folder)
            else:
                session(one, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
