import json
from pathlib import Path

import pytest

from echodfkd import weights
from echodfkd.catalogue import ENTRIES
from echodfkd.errors import EchoError
from echodfkd.students.load import STUDENTS
from echodfkd.teachers import TEACHERS

AUXILIARY = "auxiliary-simclip"


def test_together_they_fit_the_budget_of_the_wheel() -> None:
    files = list(weights.FOLDER.glob("*.safetensors"))
    heads = {path.stem for path in weights.FOLDER.glob("heads-*.safetensors")}
    parts = {part for entry in ENTRIES if entry.kind == "generator" for part in entry.parts}
    others = {*STUDENTS.values(), *TEACHERS.values(), *heads, AUXILIARY}
    assert others <= {path.stem for path in files} <= others | parts
    sizes = {path.stem: path.stat().st_size for path in files}
    assert sum(sizes.pop(part, 0) for part in parts) < 40e6
    assert sizes.pop(AUXILIARY) < 8e6
    assert sum(sizes.values()) < 25e6


def test_missing_weights_are_said() -> None:
    with pytest.raises(EchoError, match=r"weights nobody\.safetensors are missing from this installation"):
        weights.embedded_path("nobody")


def test_a_card_lies_beside_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    (tmp_path / "mine.safetensors").write_bytes(b"weights")
    (tmp_path / "mine.json").write_text(json.dumps({"name": "mine", "bytes": 7}))
    assert weights.card("mine") == {"name": "mine", "bytes": 7}


def test_the_first_folder_that_holds_all_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package, home = tmp_path / "package", tmp_path / "home"
    monkeypatch.setattr(weights, "FOLDER", package)
    monkeypatch.setenv("ECHODFKD_HOME", str(home))
    for folder, stem in ((package, "a"), (home, "a"), (home, "b")):
        folder.mkdir(exist_ok=True)
        (folder / f"{stem}.safetensors").write_bytes(b"weights")
    assert weights.folder_with(["a"]) == package
    assert weights.folder_with(["a", "b"]) == home
    assert weights.folder_with(["a", "c"]) is None
