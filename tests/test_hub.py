from pathlib import Path

import pytest

from echodfkd.hub import is_repository


def test_what_can_be_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_repository("owner/name.v2-x")
    (tmp_path / "owner").mkdir()
    (tmp_path / "owner" / "name.v2-x").mkdir()
    assert not is_repository("owner/name.v2-x"), "a path here goes first"
    assert is_repository("hf:owner/name.v2-x")
    for name in ("sim", "a/b/c", "/a/b", "../b", "./b", "hf:sim", "a/", "https://x/y"):
        assert not is_repository(name)
