import json
from pathlib import Path

import pytest
from dark_cavity import DarkCavity
from text_image import Tissues

from echodfkd.errors import UsageError
from echodfkd.eval.auxiliary.base import AUXILIARIES, kind_of, load_auxiliary
from echodfkd.segmenter import Segmenter


def test_any_teacher_or_student_can_judge() -> None:
    model = load_auxiliary("tiny", "cpu")
    assert isinstance(model, Segmenter)
    assert (kind_of(model), model.name) == ("mask", "tiny")
    assert kind_of(DarkCavity()) == "mask"


def test_an_unknown_name_lists_the_choices() -> None:
    with pytest.raises(
        UsageError, match=r"unknown auxiliary model 'nobody'; choose from: .*echoclip"
    ) as error:
        load_auxiliary("nobody", "cpu")
    assert "\n" not in str(error.value)


def test_prompts_are_for_text_image_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "prompts.json"
    file.write_text(json.dumps({"wall": "muscle"}))
    with pytest.raises(UsageError, match="--prompts is for image-text models; tiny is of the kind 'mask'"):
        load_auxiliary("tiny", "cpu", prompts=file)
    monkeypatch.setitem(AUXILIARIES, "tissues", lambda weights, device: Tissues())
    model = load_auxiliary("tissues", "cpu", prompts=file)
    assert isinstance(model, Tissues)
    assert (model.prompts.wall, model.prompts.nothing) == ("muscle", "NOTHING")
