"""Names of several teachers, and what is made of them."""

import shutil
from pathlib import Path

import foreign_networks
import numpy as np
import pytest

from echodfkd.errors import UsageError
from echodfkd.segmenter import Segmenter
from echodfkd.teachers import load_teacher, load_teachers
from echodfkd.teachers.names import members
from echodfkd.weights import embedded_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sim", [("sim", 1)]),
        ("sim+default", [("sim", 1), ("default", 1)]),
        ("sim*2+hf:a/b*0.5+c.pt", [("sim", 2), ("hf:a/b", 0.5), ("c.pt", 1)]),
        ("a+b.pt", [("a+b.pt", 1)]),
        ("sim+a+b.pt*3+a*2", [("sim", 1), ("a+b.pt", 3), ("a*2", 1)]),
        ("sim*two+tiny", [("sim*two", 1), ("tiny", 1)]),
    ],
)
def test_names_are_taken_apart_but_not_those_of_files(name: str, expected: list[tuple[str, float]]) -> None:
    assert members(name, {"a+b.pt", "a*2"}.__contains__) == expected


@pytest.mark.parametrize("name", ["", "+sim", "sim+", "sim++tiny"])
def test_an_empty_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"a name is empty: several together are written A\+B"):
        members(name, lambda _: False)


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf"])
def test_a_weight_is_positive(weight: str) -> None:
    with pytest.raises(UsageError, match="a weight is a positive number"):
        members(f"sim*{weight}+tiny", lambda _: False)


def masks(teacher: Segmenter) -> np.ndarray:
    return teacher.predict(foreign_networks.frames(2, 112)).astype(float)


def test_several_names_are_one_teacher_and_weights_count() -> None:
    equal, weighted = load_teachers(["tiny", "default"], "cpu"), load_teachers(["tiny*3", "default"], "cpu")
    assert equal.name == weighted.name == "tiny+default"
    assert equal.digest == load_teacher("tiny+default", device="cpu").digest
    assert weighted.digest == load_teacher("tiny*3+default", device="cpu").digest != equal.digest
    tiny, default = (masks(load_teacher(name, device="cpu")) for name in ("tiny", "default"))
    assert np.abs(masks(weighted) - (3 * tiny + default) / 4).max() <= 0.51
    assert np.abs(masks(equal) - masks(weighted)).max() > 1


def test_one_name_is_that_teacher() -> None:
    assert load_teachers(["tiny"], "cpu").digest == load_teacher("tiny", device="cpu").digest
    for alone in (["tiny*2"], ["tiny*1"]):
        with pytest.raises(
            UsageError, match=rf"a weight is for several together, as in tiny\*{alone[0][-1]}"
        ):
            load_teachers(alone, "cpu")
    with pytest.raises(UsageError, match=r"unknown model 'tiny\*two'"):
        load_teachers(["tiny*two"], "cpu", "model")
    with pytest.raises(UsageError, match="name at least one teacher"):
        load_teachers([], "cpu")


def test_a_file_with_a_plus_in_its_name(tmp_path: Path) -> None:
    path = Path(shutil.copy(embedded_path("student-tiny"), tmp_path / "a+b*2.safetensors"))
    assert load_teacher(str(path), device="cpu").name == "a+b*2"
    assert load_teachers([f"sim+{path}"], "cpu").name == "sim+a+b*2"
