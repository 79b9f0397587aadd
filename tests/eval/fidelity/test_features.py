"""Features of networks that are here, and of feature networks in files."""

from pathlib import Path

import numpy as np
import pytest
import torch
from foreign_networks import frames as speckle
from foreign_networks import save_onnx
from text_image import Tissues
from torch import Tensor, nn

from echodfkd.errors import EchoError, UsageError
from echodfkd.eval.fidelity.features import load_features, over_time
from echodfkd.eval.fidelity.network_features import auxiliary_features, segmenter_features
from echodfkd.teachers import load_teacher, load_teachers

VIDEO = speckle(5, 64)
GREY = '{"channels": 1, "scaling": "0..255", "layout": "%s", "size": 64}'


class MeanAndSpread(nn.Module):
    """Grey frames (N, 1, S, S) to their mean and standard deviation, or clips (N, 1, T, S, S) likewise."""

    def forward(self, x: Tensor) -> Tensor:
        axes = tuple(range(1, x.ndim))
        return torch.stack([x.mean(axes), (x - x.mean(axes, keepdim=True)).square().mean(axes).sqrt()], 1)


def save(folder: Path, suffix: str, clips: bool = False) -> Path:
    path = folder / f"inception{suffix}"
    x = torch.rand(2, 1, 16, 64, 64) if clips else torch.rand(2, 1, 64, 64)
    dynamic = {0: torch.export.Dim("n", min=1, max=64)}
    if suffix == ".pt2":
        program = torch.export.export(MeanAndSpread().eval(), (x,), dynamic_shapes=(dynamic,))
        torch.export.save(program, path)
    else:
        torch.onnx.export(
            MeanAndSpread().eval(), (x,), path, dynamic_shapes=(dynamic,), dynamo=True, verbose=False
        )
    path.with_suffix(".json").write_text(GREY % ("NCTHW" if clips else "NCHW"))
    return path


def test_the_teachers_encoder() -> None:
    features = load_features("sim", "cpu")
    found = features.both(VIDEO)
    assert found.frames is not None
    assert (found.frames.shape, found.clip.shape) == ((5, 192), (576,))
    assert found.frames.dtype == np.float32
    np.testing.assert_array_equal(features.clip(VIDEO), found.clip)
    np.testing.assert_array_equal(features.frames(VIDEO), found.frames)
    assert np.ptp(found.frames, axis=0).max() > 0.01
    assert features.name == "sim"
    assert "only ever seen simulated" in features.note


def test_the_mean_over_each_frame_is_taken() -> None:
    """The pooled input of the teacher's gate at 1/16 is what its deepest features are."""
    teacher = load_teacher("sim", device="cpu")
    caught: list[Tensor] = []
    network = teacher.network.network  # type: ignore[attr-defined]
    network.blocks[2][1].register_forward_hook(lambda *args: caught.append(args[-1]))
    found = segmenter_features(teacher).frames(VIDEO)
    np.testing.assert_allclose(found, caught[-1].mean((2, 3)).numpy(), rtol=1e-5)


def test_a_causal_student_and_an_image_text_model() -> None:
    assert load_features("tiny", "cpu").frames(VIDEO).shape[0] == 5  # type: ignore[union-attr]
    model = Tissues()
    features = auxiliary_features(model)
    np.testing.assert_array_equal(features.frames(VIDEO), model.embed_frames(VIDEO))
    assert features.note == model.note


def test_over_time_sees_motion() -> None:
    moving = np.array([[0.0, 1.0], [2.0, 1.0], [1.0, 1.0]], np.float32)
    found = over_time(moving)
    np.testing.assert_allclose(found, [1, 1, np.sqrt(2 / 3), 0, 1.5, 0], rtol=1e-6)
    np.testing.assert_array_equal(over_time(moving[:1])[2:], 0)


@pytest.mark.parametrize("suffix", [".onnx", ".pt2"])
def test_a_feature_network_of_frames_in_a_file(tmp_path: Path, suffix: str) -> None:
    features = load_features(str(save(tmp_path, suffix)), "cpu")
    found = features.frames(VIDEO)
    exact = VIDEO.reshape(5, -1).astype(float)
    np.testing.assert_allclose(found, np.stack([exact.mean(1), exact.std(1)], 1), rtol=1e-4)  # type: ignore[arg-type]
    assert features.clip(VIDEO).shape == (6,)
    assert (features.name, len(features.digest), features.remarks) == ("inception", 64, ())


def test_a_feature_network_of_clips_in_a_file(tmp_path: Path) -> None:
    features = load_features(str(save(tmp_path, ".onnx", clips=True)), "cpu")
    assert features.frames(VIDEO) is None
    video = speckle(40, 64)
    windows = [video[at : at + 16].astype(float) for at in (0, 16, 24)]
    exact = np.mean([[window.mean(), window.std()] for window in windows], axis=0)
    np.testing.assert_allclose(features.clip(video), exact, rtol=1e-4)
    short = np.concatenate([VIDEO, np.repeat(VIDEO[-1:], 11, 0)]).astype(float)  # goes on with its last frame
    np.testing.assert_allclose(features.clip(VIDEO), [short.mean(), short.std()], rtol=1e-4)


def test_what_is_guessed_of_a_file_is_told(tmp_path: Path) -> None:
    path = save(tmp_path, ".onnx")
    path.with_suffix(".json").unlink()
    assert "scaling is guessed: 0..1" in load_features(str(path), "cpu").remarks[0]


def test_models_that_show_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown features 'inception'; choose from: .*sim, simclip"):
        load_features("inception", "cpu")
    with pytest.raises(UsageError, match=r"sim\+tiny shows no features"):
        segmenter_features(load_teachers(["sim", "tiny"], "cpu"))
    with pytest.raises(EchoError, match=r"makes \[16, 1, 64, 64\] of 16 frames, not features"):
        load_features(str(save_onnx(tmp_path / "mask.onnx")), "cpu")
    script = tmp_path / "i3d.torchscript"
    script.write_bytes(b"PK")
    with pytest.raises(EchoError, match=r"may run code when it is read: export .* to \.onnx or \.pt2"):
        load_features(str(script), "cpu")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    with pytest.raises(EchoError, match="not a usable ONNX file"):
        load_features(str(broken), "cpu")
