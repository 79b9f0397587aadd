"""The exported page, made once and served from a sub-folder as static hosts do."""

import functools
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from browser import browser_path

import echodfkd.cli.export
from echodfkd.cli import main


@dataclass(frozen=True)
class Served:
    """A page and the address it is served from, which ends in a slash."""

    folder: Path
    address: str


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="session")
def web_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page of the embedded student; skipped without a browser to look at it."""
    if browser_path() is None:
        pytest.skip("no browser: install Debian's `chromium`, or name one by ECHODFKD_BROWSER")
    root = tmp_path_factory.mktemp("site")
    folder = root / "below" / "page"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(echodfkd.cli.export, "CHECK_CLIPS", 1)
        line = ["export", "default", "--format", "web", "--output", str(folder), "--device", "cpu", "--quiet"]
        assert main(line) == 0
    handler = functools.partial(Quiet, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Served(folder, f"http://127.0.0.1:{server.server_port}/below/page/")
        server.shutdown()
