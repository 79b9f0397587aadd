from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from echodfkd.clip import Frames
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.privacy.filter import fit_filter
from echodfkd.synth.privacy.published import (
    LatentFingerprint,
    load_reidentification,
    reidentification_network,
)
from echodfkd.video_writer import write_avi

Weights = dict[str, Tensor]
NOISE = np.random.default_rng(0).integers(0, 255, (3, 112, 112))
FRAMES = (NOISE * [[[0.3]], [[0.6]], [[1.0]]]).astype(np.uint8)  # of three brightnesses


def encode(frames: Frames) -> Tensor:
    """A real map to (T, 4, 14, 14) that keeps 8x8 means and their differences."""
    small = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(frames.copy()).float()[:, None], 28)
    return torch.nn.functional.pixel_unshuffle(small / 127.5 - 1, 2)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """Of weights that fill little of a file: filters of the same numbers everywhere, each of its own."""
    torch.manual_seed(0)
    network = reidentification_network().eval()
    network.load_state_dict({name: compact(value) for name, value in network.state_dict().items()})
    with torch.inference_mode():
        network.fc.weight /= network(encode(FRAMES)).abs().max() / 3  # keeps the sigmoid from saturating
    return network


def compact(value: Tensor) -> Tensor:
    """Random weights of which each filter averages what it sees; biases and norms stay as they are."""
    if value.ndim < 2:
        return value
    drawn = torch.randn(len(value), *[1] * (value.ndim - 1))
    return (drawn / value[0].numel()).expand_as(value)


def thin(value: Tensor) -> Tensor:
    """The same `compact` tensor with one number a filter in memory, and so on disk."""
    one = value[(slice(None), *[slice(1)] * (value.ndim - 1))] if value.ndim > 1 else value
    return one.clone().expand_as(value)


@pytest.fixture(scope="module")
def weights(network: nn.Module) -> Weights:
    """The exact published layout: ResNet-50 under `model.`, the classifier of pairs as `fc_end`."""
    stored = {f"model.{name}": thin(value) for name, value in network.state_dict().items()}
    return stored | {"fc_end.weight": torch.zeros(1, 128), "fc_end.bias": torch.zeros(1)}


def save(folder: Path, content: object, name: str = "reidentification_dynamic_best_network.pth") -> Path:
    folder.mkdir(exist_ok=True)
    torch.save(content, folder / name)
    return folder


def test_published_folder_is_loaded_and_its_features_are_the_networks(
    tmp_path: Path, network: nn.Module, weights: Weights
) -> None:
    make = load_reidentification(save(tmp_path / "reidentification_dynamic", weights), encode)
    with torch.inference_mode():
        expected = network(encode(FRAMES)).sigmoid().numpy()
    found = make(FRAMES)
    assert found.shape == (3, 128)
    assert found.std(axis=0).max() > 1e-3  # frames differ by more than what is passed over below
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (make.rule, len(make.digest)) == ("published", 64)


def test_plain_names_of_torchvision_do_too(tmp_path: Path, weights: Weights) -> None:
    plain = {name.removeprefix("model."): value for name, value in weights.items() if "fc_end" not in name}
    folder = save(tmp_path / "plain", plain)
    assert isinstance(load_reidentification(next(folder.iterdir()), encode), LatentFingerprint)


def test_published_rule_is_the_95th_percentile(tmp_path: Path, weights: Weights) -> None:
    rng = np.random.default_rng(1)
    for index in range(5):
        write_avi(
            tmp_path / "videos" / f"{index}.avi", rng.integers(0, 255, (2, 32, 32), dtype=np.uint8), 25.0
        )
    make = load_reidentification(save(tmp_path / "weights", weights), encode)
    threshold = fit_filter(ClipSet.open(tmp_path / "videos"), make).threshold
    assert threshold.value == pytest.approx(np.quantile(threshold.fresh, 0.95), abs=1e-4)


def test_names_that_miss_or_are_foreign_are_listed_ten_at_most(tmp_path: Path, weights: Weights) -> None:
    odd = {name: value for name, value in weights.items() if ".layer4." not in name}
    odd["model.head.weight"] = torch.zeros(1)
    odd["model.fc.weight"] = torch.zeros(7, 2048)
    with pytest.raises(EchoError) as caught:
        load_reidentification(save(tmp_path / "odd", odd), encode)
    message = str(caught.value)
    assert "it lacks layer4.0.conv1.weight, " in message
    assert message.count("layer4.") == 10
    assert " more; it has besides head.weight" in message
    assert "it has in another shape fc.weight" in message
    assert "\n" not in message


def test_a_pickle_that_runs_code_is_refused_unrun(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (Path(tmp_path / "ran"),))  # type: ignore[return-value]

    folder = save(tmp_path / "evil", {"model.conv1.weight": Evil()})
    with pytest.raises(EchoError, match="is refused: to load it would call .*, which can run code$"):
        load_reidentification(folder, encode)
    assert not (tmp_path / "ran").exists()


def test_broken_weights_are_refused(tmp_path: Path, weights: Weights) -> None:
    broken = weights | {"model.fc.bias": torch.full((128,), float("nan"))}
    with pytest.raises(EchoError, match="it has with NaN or infinity fc.bias$"):
        load_reidentification(save(tmp_path / "nan", broken), encode)
    with pytest.raises(EchoError, match="is no state dict"):
        load_reidentification(save(tmp_path / "list", [1, 2]), encode)
    file = tmp_path / "text_best_network.pth"
    file.write_text("hello")
    with pytest.raises(EchoError, match="is not a readable torch file"):
        load_reidentification(file, encode)


def test_folder_without_one_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EchoError, match=r"holds 0 files \*_best_network.pth"):
        load_reidentification(tmp_path, encode)
    with pytest.raises(UsageError, match="no such file or folder"):
        load_reidentification(tmp_path / "nowhere", encode)


def test_latents_of_another_codec_are_refused() -> None:
    make = LatentFingerprint(nn.Identity(), lambda f: torch.zeros(len(f), 16, 14, 14), "00")
    with pytest.raises(EchoError, match=r"latents \(2, 16, 14, 14\) of 2 frames"):
        make(np.zeros((2, 32, 32), np.uint8))
