import json
from pathlib import Path

import pytest

from echodfkd import weights
from echodfkd.errors import EchoError
from echodfkd.students.load import STUDENTS
from echodfkd.teachers import TEACHERS

AUXILIARY = "auxiliary-simclip"


def test_together_they_fit_the_budget_of_the_wheel() -> None:
    files = list(weights.FOLDER.glob("*.safetensors"))
    heads = {path.stem for path in weights.FOLDER.glob("heads-*.safetensors")}
    assert {path.stem for path in files} == {*STUDENTS.values(), *TEACHERS.values(), *heads, AUXILIARY}
    sizes = {path.stem: path.stat().st_size for path in files}
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
