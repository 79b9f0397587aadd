from pathlib import Path

import numpy as np
import pytest
from moving_ellipse import MovingEllipse

from echodfkd import weights
from echodfkd.distill.data import HELD_OUT, GeneratorExamples
from echodfkd.distill.recipe import Recipe
from echodfkd.distill.run import Job, train
from echodfkd.errors import EchoError, UsageError
from echodfkd.segmenter import Segmenter
from echodfkd.students.checkpoint import load_network, sha256
from echodfkd.students.load import STUDENTS, load_student
from echodfkd.teachers import TEACHERS

EMBEDDED = sorted({*STUDENTS.values(), *TEACHERS.values()})
CONFIG = {"architecture": "default", "claim": "real-free", "convention": "ase", "size": 64}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a real run of two steps."""
    folder = tmp_path_factory.mktemp("load") / "my-run"
    sources = [MovingEllipse(frames=2)]
    learn, held_out = (GeneratorExamples(sources, seed, 2, 64, exact=True) for seed in (0, HELD_OUT))
    list(train(Job(CONFIG, {"task": "test"}, learn, held_out, None), Recipe(2, 1, workers=0), folder))
    return folder


def check(student: Segmenter, size: int) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (3, size, size), np.uint8)
    prob = student.predict(frames)
    assert (prob.shape, prob.dtype) == ((3, size, size), np.uint8)
    assert student.size == size


def test_the_embedded_student(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # it comes with the package, from wherever it is used
    student = load_student("default", "cpu")
    assert (student.name, student.claim, student.convention) == ("default", "real-free", "echonet")
    assert student.digest == sha256(weights.embedded_path("student-default"))
    check(student, 112)


def test_a_run_folder_and_its_file_are_the_same_student(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    student = load_student(str(run), "cpu")
    assert (student.name, student.convention) == ("my-run", "ase")
    check(student, 64)
    file = load_student(str(run / "student.safetensors"), "cpu")
    assert (file.name, file.digest) == ("student", student.digest)
    monkeypatch.chdir(run)
    assert load_student(".", "cpu").name == "my-run"


def test_what_is_no_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown model 'nobody'; choose from: .*default"):
        load_student("nobody")
    with pytest.raises(
        EchoError, match=r"holds no student\.safetensors; is it a folder that `distill` wrote"
    ):
        load_student(str(tmp_path))
    for name, kind in (("clip.avi", r"not \.avi"), ("model", "not this")):
        (tmp_path / name).write_bytes(b"x")
        with pytest.raises(EchoError, match=rf"run folders, \.safetensors, \.onnx and \.ckpt files, {kind}"):
            load_student(str(tmp_path / name))
    (tmp_path / "bad.safetensors").write_bytes(b"x")
    with pytest.raises(EchoError, match=r"bad\.safetensors is not a readable safetensors file"):
        load_student(str(tmp_path / "bad.safetensors"))
    (tmp_path / "bad.onnx").write_bytes(b"x")
    with pytest.raises(EchoError, match=r"bad\.onnx is not a usable ONNX file"):
        load_student(str(tmp_path / "bad.onnx"))


@pytest.mark.parametrize("stem", EMBEDDED)
def test_the_card_of_embedded_weights_is_true(stem: str) -> None:
    path = weights.embedded_path(stem)
    if not path.with_suffix(".json").is_file():
        pytest.skip(f"{stem} has no card yet")
    card = weights.card(stem)
    assert card["sha256"] == sha256(path)
    assert card["bytes"] == path.stat().st_size
    network, config = load_network(path)
    assert card["parameters"] == sum(parameter.numel() for parameter in network.parameters())
    told = ("architecture", "claim", "convention")
    assert {key: card[key] for key in told} == {key: config[key] for key in told}
    assert card["name"] in (TEACHERS if card["kind"] == "teacher" else STUDENTS)
