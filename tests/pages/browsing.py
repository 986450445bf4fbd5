"""A real browser for the tests of the pages, and what is asked of every page in it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = Path(__file__).parents[1] / "browser/node_modules/axe-core/axe.min.js"

Open = Callable[..., Page]


def narrow_enough(page: Page) -> bool:
    fits: bool = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return fits


def faults(page: Page) -> list[str]:
    """What axe-core finds, in light and in dark, which differ in colours alone."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.add_script_tag(path=AXE)
    return [*_faults(page, "dark", {"runOnly": ["color-contrast"]}), *_faults(page, "light", {})]


def _faults(page: Page, scheme: Literal["dark", "light"], rules: dict[str, list[str]]) -> list[str]:
    # Without motion, so that no colour is on its way from one to the other.
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = page.evaluate("rules => axe.run({resultTypes: ['violations'], preload: false, ...rules})", rules)
    return [f"{scheme}: {one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]]
