"""A real browser for the tests of the pages, and what is asked of every page in it."""

import shutil
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = Path(__file__).parents[1] / "browser/node_modules/axe-core/axe.min.js"

Open = Callable[..., Page]


def narrow_enough(page: Page) -> bool:
    fits: bool = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return fits


def faults(page: Page, rules: dict[str, list[str]]) -> list[str]:
    page.add_script_tag(path=AXE)
    found = page.evaluate("rules => axe.run({resultTypes: ['violations'], preload: false, ...rules})", rules)
    return [
        f"{one['id']}: {one['nodes'][0]['html']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
