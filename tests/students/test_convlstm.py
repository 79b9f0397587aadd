"""The published students: golden counts, names and values, and the plain loop that they are faster than."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from golden_convlstm import GOLDEN, filled
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from echodfkd.export.run import export_model
from echodfkd.students import recurrence
from echodfkd.students.convlstm import ConvLSTM
from echodfkd.students.recurrence import Recurrence
from echodfkd.students.runtime import OnnxSegmenter, TorchSegmenter

GMACS = {  # of a 112 x 112 frame, as published: blocks -> layers 1..4
    1: (0.071, 0.201, 0.331, 0.461),
    2: (0.201, 0.461, 0.721, 0.981),
    3: (0.331, 0.721, 1.111, 1.501),
    4: (0.461, 0.981, 1.501, 2.021),
}
HEIGHT, WIDTH, FRAMES = 22, 28, 7


@pytest.mark.parametrize("size", GOLDEN["parameter_counts"])
def test_the_parameters_are_as_many_as_published(size: str) -> None:
    network = ConvLSTM(int(size[0]), int(size[1]))
    assert sum(p.numel() for p in network.parameters()) == GOLDEN["parameter_counts"][size]


@pytest.mark.parametrize("blocks", GMACS)
def test_the_work_is_as_much_as_published(blocks: int) -> None:
    for layers, published in enumerate(GMACS[blocks], 1):
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            ConvLSTM(blocks, layers).eval()(torch.empty(1, 1, 1, 16, 16))
        assert counter.get_total_flops() / 2e9 * (112 / 16) ** 2 == pytest.approx(published, abs=6e-4)


def test_the_weights_are_named_as_published_and_in_that_order() -> None:
    found = {name: list(value.shape) for name, value in ConvLSTM(2, 2).state_dict().items()}
    assert list(found.items()) == list(GOLDEN["state_dict_22"].items())


@torch.inference_mode()
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("case", GOLDEN["forward"], ids=lambda case: f"{case['blocks']}{case['layers']}")
def test_the_logits_are_the_published_ones(case: dict[str, Any], layout: torch.memory_format) -> None:
    """To 1e-4, or to what float32 leaves of the largest logit (80 in case 33, where the golden values
    themselves are 2e-4 off the same network in float64)."""
    network = filled(ConvLSTM(case["blocks"], case["layers"])).eval().to(memory_format=layout)  # type: ignore[call-overload]
    i = np.arange(math.prod(case["shape"]), dtype=np.float64)
    x = torch.from_numpy(0.5 + 0.5 * np.sin(0.11 * i) * np.cos(0.0071 * i)).float().view(case["shape"])
    logits = network(x)
    assert logits.shape == x.shape
    assert logits.std().item() == pytest.approx(case["std"], abs=1e-4)
    assert logits.mean((0, 2, 3, 4)).tolist() == pytest.approx(case["per_frame_mean"], abs=1e-4)
    found = [logits[0, p["t"], 0, p["y"], p["x"]].item() for p in case["points"]]
    tolerance = max(1e-4, 5e-6 * logits.abs().max().item())
    assert found == pytest.approx([p["value"] for p in case["points"]], abs=tolerance)


def plain(network: ConvLSTM, x: Tensor) -> Tensor:
    """The same layers as the paper has them: one frame after the other, one convolution over [x, h]."""
    model = network.model
    for scale in (*model.conv_lstm_blocks, *model.conv_lstm_upsampling):
        for layer in scale.conv_lstm_layers:
            if not isinstance(layer, Recurrence):
                x = layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])
                continue
            hidden = cell = x.new_zeros(len(x), layer.cell.conv.out_channels // 4, *x.shape[3:])
            seen = []
            for frame in x.unbind(1):
                i, f, o, g = layer.cell.conv(torch.cat([frame, hidden], 1)).chunk(4, 1)
                cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
                hidden = o.sigmoid() * cell.tanh()
                seen.append(hidden)
            x = torch.stack(seen, 1)
    return model.output_layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def learned(network: ConvLSTM, logits: Tensor) -> dict[str, Tensor]:
    """Logits, gradients and batch statistics after one step of learning."""
    logits.square().mean().backward()
    gradients = {f"d {name}": p.grad for name, p in network.named_parameters() if p.grad is not None}
    return {"logits": logits.detach(), **dict(network.named_buffers()), **gradients}


@pytest.mark.parametrize("cache", [1, 12_000, 1 << 20])
def test_learning_is_that_of_the_plain_loop(cache: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recurrence, "CACHE", cache)  # how many frames go at once must not matter
    x = torch.rand(2, 5, 1, 12, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    ours, theirs = filled(ConvLSTM(3, 2)).double(), filled(ConvLSTM(3, 2)).double()
    found, expected = learned(ours, ours(x)), learned(theirs, plain(theirs, x))
    assert found.keys() == expected.keys()
    assert len(found) > 50
    for name, value in expected.items():
        assert torch.allclose(found[name], value, rtol=1e-7, atol=1e-9), name


@pytest.fixture(scope="module")
def network() -> ConvLSTM:
    made = filled(ConvLSTM(3, 2)).eval()
    assert isinstance(made, ConvLSTM)
    return made


@pytest.fixture(scope="module")
def clips() -> Tensor:
    return torch.rand(2, FRAMES, 1, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0)) * 2


@torch.inference_mode()
def test_step_by_step_is_the_same_as_at_once(network: ConvLSTM, clips: Tensor) -> None:
    state, found = network.initial_state(2, HEIGHT, WIDTH), []
    for frame in clips.unbind(1):
        logits, state = network.step(frame, state)
        found.append(logits)
    assert torch.allclose(torch.stack(found, 1), network(clips), atol=1e-3)


@torch.inference_mode()
@pytest.mark.parametrize("cut", [1, 4, FRAMES - 1])
def test_pieces_with_their_state_are_the_same_as_the_whole(
    network: ConvLSTM, clips: Tensor, cut: int
) -> None:
    first, state = network.advance(clips[:, :cut], network.initial_state(2, HEIGHT, WIDTH))
    kept = [tensor.clone() for memory in state for tensor in memory]
    second, _ = network.advance(clips[:, cut:], state)
    assert torch.allclose(torch.cat([first, second], 1), network(clips), atol=1e-3)
    assert all(map(torch.equal, kept, [tensor for memory in state for tensor in memory]))


@torch.inference_mode()
def test_no_frame_depends_on_later_ones_but_on_earlier_ones(network: ConvLSTM, clips: Tensor) -> None:
    other = clips.clone()
    other[:, 3] = 2 - other[:, 3]
    before, after = network(clips), network(other)
    assert torch.allclose(before[:, :3], after[:, :3], atol=1e-3)
    assert not torch.allclose(before[:, 4:], after[:, 4:], atol=0.1)


@torch.inference_mode()
def test_clips_of_a_batch_do_not_mix(network: ConvLSTM, clips: Tensor) -> None:
    assert torch.allclose(network(clips)[1:], network(clips[1:]), atol=1e-3)


@torch.inference_mode()
def test_frames_are_padded_with_black_to_what_the_scales_need(network: ConvLSTM, clips: Tensor) -> None:
    x = clips[..., :21, :27]
    assert torch.allclose(network(x), network(nn.functional.pad(x, (0, 1, 0, 3)))[..., :21, :27], atol=1e-3)


def test_an_export_takes_any_number_of_frames(tmp_path: Path) -> None:
    model = TorchSegmenter(filled(ConvLSTM(2, 1)), {"size": 17}, "mine", "ab" * 32, "cpu")
    clips = {str(t): np.random.default_rng(t).integers(0, 255, (t, 17, 17), np.uint8) for t in (1, 6)}
    path, facts = export_model(model, "onnx", tmp_path, clips)
    assert facts["parity"]["largest_difference"] <= 1
    long = np.random.default_rng(0).integers(0, 255, (11, 17, 17), np.uint8)
    assert np.abs(OnnxSegmenter(path).predict(long).astype(int) - model.predict(long)).max() <= 1
