from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import video

from echodfkd.clip import Clip
from echodfkd.errors import EchoError
from echodfkd.eval.auxiliary.base import EFModel, kind_of, load_auxiliary
from echodfkd.eval.auxiliary.ef_network import EFNetwork, recognise

MEAN, STD = np.array([32.085175, 32.591923, 33.37932]), np.array([50.129288, 50.487717, 51.34619])


class Mean(nn.Module):
    """Answers with the mean of what it sees, scaled back to grey values; keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[torch.Tensor] = []

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        self.seen.append(window)
        return window.mean(dim=(1, 2, 3, 4))[:, None]


def clip(frames: int, value: int | None = None) -> Clip:
    ramp = np.arange(frames, dtype=np.uint8) if value is None else np.full(frames, value, np.uint8)
    return Clip(np.broadcast_to(ramp[:, None, None], (frames, 112, 112)).copy())


def test_windows_of_32_frames_every_second_one_normalised() -> None:
    network = Mean()
    model = EFNetwork(network, "mean", "ab" * 32, "cpu", windows=None)
    found = model.ef(clip(66))
    assert len(network.seen) == 66 - 62
    assert network.seen[0].shape == (1, 3, 32, 112, 112)
    for start, window in enumerate(network.seen):
        grey = np.arange(start, start + 64, 2)
        for channel in range(3):
            assert window[0, channel, :, 0, 0].numpy() == pytest.approx(
                (grey - MEAN[channel]) / STD[channel], abs=1e-5
            )
    assert found == pytest.approx(np.mean([((k - MEAN) / STD).mean() for k in (31, 32, 33, 34)]), abs=1e-5)


def test_short_clips_go_on_with_the_mean() -> None:
    network = Mean()
    EFNetwork(network, "mean", "ab" * 32, "cpu").ef(clip(10, 200))
    assert len(network.seen) == 2  # starts 0 and 1 of 64 frames
    first = network.seen[0][0, 0, :, 0, 0]
    assert (first[5:] == 0).all()
    assert first[:5].numpy() == pytest.approx(np.full(5, (200 - MEAN[0]) / STD[0]), abs=1e-5)


def test_long_clips_have_a_few_windows_evenly_spread() -> None:
    model = EFNetwork(Mean(), "mean", "ab" * 32, "cpu", windows=3)
    assert model.window_starts(163) == [0, 50, 100]
    assert model.window_starts(64) == [0, 1]


@pytest.mark.parametrize("name", ["r2plus1d_18", "r3d_18", "mc3_18"])
def test_networks_are_known_by_their_weights(name: str) -> None:
    with torch.device("meta"):
        network = getattr(video, name)(weights=None)
    assert recognise(network.state_dict()) == name


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as EchoNet-Dynamic's training code writes it."""
    torch.manual_seed(0)
    network = video.r2plus1d_18(weights=None)
    network.fc = nn.Linear(512, 1)
    nn.init.constant_(network.fc.bias, 55.6)
    state = {f"module.{name}": value for name, value in network.state_dict().items()}
    path = tmp_path_factory.mktemp("ef") / "r2plus1d_18_32_2.pt"
    torch.save({"epoch": 1, "state_dict": state, "period": 3, "frames": 4, "r2": np.float64(0.5)}, path)
    return path


def test_echonets_checkpoint_reads_the_ef(published: Path) -> None:
    model = load_auxiliary(str(published), "cpu")
    assert isinstance(model, EFNetwork)
    assert isinstance(model, EFModel)
    assert (kind_of(model), model.name, model.frames, model.period) == ("EF", published.stem, 4, 3)
    one = clip(10)
    assert np.isfinite(model.ef(one))
    network = video.r2plus1d_18(weights=None)
    network.fc = nn.Linear(512, 1)
    stored = torch.load(published, weights_only=False)["state_dict"]
    network.load_state_dict({name.removeprefix("module."): value for name, value in stored.items()})
    frames = np.stack([((one.frames[:10:3] - m) / s) for m, s in zip(MEAN, STD, strict=True)])
    model.windows = 1
    with torch.inference_mode():
        expected = float(network.eval()(torch.from_numpy(frames[None]).float()))
    assert model.ef(one) == pytest.approx(expected, abs=1e-3)


def test_another_architecture_is_one_clear_line(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.pt"
    torch.save({"conv.weight": torch.zeros(2, 3, 3, 3, 3), "head.weight": torch.zeros(1, 2)}, foreign)
    with pytest.raises(
        EchoError, match=r"another architecture \(conv.weight, head.weight, \.\.\.\); read are"
    ):
        load_auxiliary(str(foreign), "cpu")
    classes = tmp_path / "kinetics.pt"
    torch.save(
        {"layer1.0.conv1.0.0.weight": torch.zeros(1, 1, 1, 3, 3), "fc.weight": torch.zeros(400, 512)}, classes
    )
    with pytest.raises(EchoError, match="holds a r2plus1d_18 with 400 outputs; an EF network has one"):
        load_auxiliary(str(classes), "cpu")
    plain = tmp_path / "plain.pt"
    torch.save({"a.weight": torch.zeros(2, 2), "b.weight": torch.zeros(2)}, plain)
    with pytest.raises(EchoError, match="is no auxiliary model: neither an open_clip folder, nor a video"):
        load_auxiliary(str(plain), "cpu")
    bare = tmp_path / "weights.bin"
    torch.save({"a.weight": torch.zeros(2, 2), "b.weight": torch.zeros(2)}, bare)
    with pytest.raises(EchoError, match=r"a \.bin file needs open_clip_config\.json beside it"):
        load_auxiliary(str(bare), "cpu")
