"""A real headless browser for tests of pages: what a page logs, asks for and looks like."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VARIABLE = "ECHODFKD_BROWSER"
PATIENCE = 120_000  # ms, for machines that do much else


@dataclass
class Visit:
    """A page that was opened.

    Attributes:
        page: Playwright's, for clicks, uploads and downloads. errors: what the console logged as an error,
            scripts that failed and requests that got no answer. requests: every address asked for, in order;
            data: and blob: ask nobody and are left out.
    """

    page: "Page"
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Write down what happens from here on."""
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("requestfailed", lambda request: self.errors.append(f"no answer: {request.url}"))
        self.page.on("request", self._asked)

    def _asked(self, request: "Request") -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.requests.append(request.url)


@dataclass
class HeadlessBrowser:
    """A browser without a window; every visit is a fresh profile."""

    browser: "Browser"

    @contextmanager
    def visit(
        self, url: str, *, width: int = 1200, height: int = 900, dark: bool = False, still: bool = False
    ) -> Iterator[Visit]:
        """Open a page in a window of so many pixels; `still`: the reader wants no motion."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if still else "no-preference",
        )
        context.set_default_timeout(PATIENCE)
        try:
            visit = Visit(context.new_page())
            visit.listen()
            visit.page.goto(url, wait_until="load")
            yield visit
        finally:
            context.close()


def browser_path() -> str | None:
    """The browser that `ECHODFKD_BROWSER` names, else the first of `NAMES` on the PATH."""
    named = os.environ.get(VARIABLE)
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[HeadlessBrowser]:
    """A headless Chromium, which is not downloaded but found; without one the test is skipped."""
    path = browser_path()
    if path is None:
        pytest.skip(f"no browser: install Debian's `chromium`, or name one by {VARIABLE}")
    playwright_api = pytest.importorskip("playwright.sync_api")
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium's sandbox refuses root
    with playwright_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"] if root else [], timeout=PATIENCE
        )
        yield HeadlessBrowser(found)
        found.close()
