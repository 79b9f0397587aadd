import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_medical_diffusion import FRAMES, SIZE, save_medical

from echodfkd.cli import main
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.synth import make_generator
from echodfkd.synth.diffusion import networks
from echodfkd.synth.medical_diffusion.generator import MedicalDiffusionGenerator
from echodfkd.synth.medical_diffusion.volumes import read_volume


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_medical(tmp_path_factory.mktemp("medical"))


def made(folder: Path, **options: Any) -> MedicalDiffusionGenerator:
    options = {"steps": 3, "device": "cpu", **options}
    generator = make_generator("medical-diffusion", weights=str(folder), **options)
    assert isinstance(generator, MedicalDiffusionGenerator)
    return generator


def test_clips_have_their_own_size_and_no_labels(folder: Path) -> None:
    clips = made(folder).clips(3, [0, 1, 2])
    for index, clip in enumerate(clips):
        assert clip.frames.shape == (FRAMES, SIZE, SIZE)  # which the codec does not divide
        assert (clip.fps, clip.view, clip.name) == (32.0, "a4c", f"medical-diffusion-3-{index:06d}")
        assert clip.mask is None and clip.ef is None and clip.slice_mm is None
    assert not np.array_equal(clips[0].frames, clips[1].frames)


def test_a_clip_does_not_depend_on_its_batch(folder: Path) -> None:
    together = made(folder, batch=3).clips(3, [0, 1, 2])
    alone = [made(folder, batch=1).clip(3, index) for index in (0, 1, 2)]
    for one, other in zip(together, alone, strict=True):
        assert np.abs(one.frames.astype(int) - other.frames).max() <= 1


def test_shorter_and_longer_clips(folder: Path) -> None:
    whole, short = made(folder).clip(0, 0), made(folder, frames=5).clip(0, 0)
    assert np.array_equal(short.frames, whole.frames[:5])
    assert len(made(folder, frames=23).clip(0, 0)) == 23


def test_volumes_are_written_with_their_spacing(tmp_path: Path) -> None:
    save_medical(tmp_path / "weights", [3.0, 0.8, 0.9])
    line = ["synth", str(tmp_path / "set"), "--generator", "medical-diffusion", "--clips", "2", "--quiet"]
    line += ["--weights", str(tmp_path / "weights"), "--steps", "2", "--device", "cpu"]
    assert main([*line, "--format", "nifti"]) == 0
    volume = read_volume(tmp_path / "set" / "Videos" / "medical-diffusion-0-000001.nii")
    assert (volume.spacing_mm, volume.slice_mm) == ((0.8, 0.9), 3.0)
    expected = made(tmp_path / "weights", steps=2).clip(0, 1)
    assert np.abs(volume.frames.astype(int) - expected.frames).max() <= 1
    clips = ClipSet.open(tmp_path / "set")
    assert np.array_equal(clips.load(1).frames, volume.frames)
    assert main(line) == 2  # as videos: that is another set


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 64}, "these weights draw 30 pixels"),
        ({"fps": 50.0}, "these weights draw 32 frames"),
        ({"steps": 301}, "301 steps are more than the 300 of the training"),
        ({"frames": 0}, "--frames must be at least 1"),
        ({"mask": ()}, "has no option --mask"),
        ({"ef": (20.0, 30.0)}, "has no option --ef"),
    ],
)
def test_what_does_not_fit_is_refused(folder: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        made(folder, **options)


def test_parts_of_two_trainings_are_refused(tmp_path: Path) -> None:
    save_medical(tmp_path)
    path = tmp_path / "generator-medical-diffusion-vqgan.safetensors"
    parts, known = networks.load(path)
    with torch.no_grad():
        next(parts["vqgan"].encoder.parameters()).add_(0.1)  # type: ignore[union-attr, operator]
    networks.save(parts, known, path)
    with pytest.raises(EchoError, match="was not trained behind"):
        made(tmp_path)


class Bomb:
    def __reduce__(self) -> tuple[type[SystemExit], tuple[str]]:
        return SystemExit, ("the pickle was opened",)


@pytest.mark.parametrize("name", ["latest_checkpoint.ckpt", "model-10.pt"])
def test_published_pickles_are_refused_unopened(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
    for weights in (tmp_path, tmp_path / name):
        with pytest.raises(EchoError, match="is a pickle, which can run code .* train medical-diffusion:"):
            made(weights)


def test_too_little_memory_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = made(folder, batch=2)

    def refuse(*_: object) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(generator.networks.denoiser, "forward", refuse)
    with pytest.raises(EchoError, match=r"out of memory: lower --batch \(it is 2\)"):
        generator.clips(0, [0, 1])


def test_missing_weights_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHODFKD_HOME", str(tmp_path))
    monkeypatch.setattr("echodfkd.weights.FOLDER", tmp_path / "package")
    with pytest.raises(EchoError, match=r"echodfkd train medical-diffusion:vqgan"):
        make_generator("medical-diffusion")
