"""Where models are looked for."""

import sys
from pathlib import Path

import pytest

from echodfkd.home import model_folder


def test_named_folder_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ECHODFKD_HOME", str(tmp_path))
    assert model_folder() == tmp_path
    monkeypatch.setenv("ECHODFKD_HOME", "~/models")
    assert model_folder() == Path.home() / "models"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="freedesktop.org folders")
def test_default_is_the_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ECHODFKD_HOME", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert model_folder() == tmp_path / "echodfkd"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert model_folder() == Path.home() / ".cache" / "echodfkd"
