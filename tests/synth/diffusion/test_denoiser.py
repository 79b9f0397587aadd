import pytest
import torch
from diffusion_material import EF, REFERENCE, image_unet, video_denoiser, video_unet
from torch import Tensor, nn

from echodfkd.errors import EchoError
from echodfkd.synth.diffusion import denoiser as module
from echodfkd.synth.diffusion.conditions import Conditioner
from echodfkd.synth.diffusion.denoiser import (
    Denoiser,
    TimeConv,
    Told,
    fold,
    grown,
    unfold,
    widen_norms,
    with_time_convs,
)


@pytest.mark.parametrize("patch", [1, 2, 4])
def test_unfolding_undoes_folding(patch: int) -> None:
    clips = torch.randn(2, 3, 5, 8, 12)
    folded = fold(clips, patch)
    assert folded.shape == (2, 3 * patch**2, 5, 8 // patch, 12 // patch)
    assert torch.equal(unfold(folded, patch), clips)


def test_clips_grow_by_their_edges() -> None:
    clips = torch.randn(1, 2, 3, 14, 15)
    padded = grown(clips, 4)
    assert padded.shape == (1, 2, 3, 16, 16)
    assert torch.equal(padded[..., :14, :15], clips)
    assert torch.equal(padded[..., 15, :15], clips[..., 13, :])
    assert torch.equal(padded[..., :14, 15], clips[..., 14])
    assert grown(clips[..., :12], 2).shape[-2:] == (14, 12)


@pytest.mark.parametrize("side", [14, 16])
@pytest.mark.parametrize(("multiple", "patch"), [(1, 1), (8, 1), (16, 1), (4, 2), (2, 4)])
def test_padding_and_cropping_are_the_identity(
    monkeypatch: pytest.MonkeyPatch, side: int, multiple: int, patch: int
) -> None:
    sides: list[int] = []

    def call(network: nn.Module, x: Tensor, time: Tensor, told: Told) -> Tensor:
        sides.append(x.shape[-1])
        return network(x)

    monkeypatch.setitem(module.CALLS, "Identity", call)
    clips = torch.randn(2, 1, 3, side, side)
    output = Denoiser(nn.Identity(), multiple=multiple, patch=patch)(clips, torch.zeros(2), {})
    assert torch.equal(output, clips)
    assert sides[0] % multiple == 0


def test_time_is_scaled_for_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.CALLS, "Identity", lambda _, x, time, told: x + time.view(-1, 1, 1, 1, 1))
    output = Denoiser(nn.Identity(), time_scale=100)(torch.zeros(2, 1, 1, 4, 4), torch.tensor([0.1, 0.2]), {})
    assert output[:, 0, 0, 0, 0].tolist() == pytest.approx([10, 20])


@torch.no_grad()
def test_an_image_network_sees_every_frame_by_itself() -> None:
    model = Denoiser(image_unet(1, 1), (REFERENCE,), multiple=2).eval()
    clips, time = torch.randn(2, 1, 3, 7, 8), torch.tensor([10.0, 700.0])
    values = {"reference": torch.randn(2, 1, 3, 7, 8)}
    whole = model(clips, time, values)
    assert whole.shape == clips.shape
    alone = model(clips[1:, :, 2:], time[1:], {"reference": values["reference"][1:, :, 2:]})
    assert torch.allclose(alone[0, :, 0], whole[1, :, 2], atol=1e-5)
    assert not torch.allclose(model(clips, time.flip(0), values), whole, atol=1e-3)


@torch.no_grad()
def test_a_video_network_hears_numbers_pictures_and_neighbours() -> None:
    model = video_denoiser()
    clips, time = torch.randn(2, 1, 4, 7, 8), torch.tensor([10.0, 700.0])
    values = {"reference": torch.randn(2, 1, 4, 7, 8), "ef": torch.tensor([[30.0], [60.0]])}
    whole = model(clips, time, values)
    assert whole.shape == clips.shape
    other = model(clips, time, values | {"ef": torch.tensor([[30.0], [20.0]])})
    assert torch.allclose(other[0], whole[0], atol=1e-6)
    assert not torch.allclose(other[1], whole[1], atol=1e-3)
    other = model(clips, time, values | {"reference": values["reference"].flip(0)})
    assert not torch.allclose(other, whole, atol=1e-4)
    changed = clips.clone()
    changed[:, :, 0] += 1
    assert not torch.allclose(model(changed, time, values)[:, :, 3], whole[:, :, 3], atol=1e-5)


def test_no_norm_of_a_small_network_spans_a_single_channel() -> None:
    network = video_unet()
    norms = [module for module in network.modules() if isinstance(module, nn.GroupNorm)]
    assert {norm.num_groups for norm in norms} == {32}
    shapes = {name: value.shape for name, value in network.state_dict().items()}
    model = Denoiser(network)
    assert min(norm.num_channels // norm.num_groups for norm in norms) == 4
    assert {name: value.shape for name, value in model.network.state_dict().items()} == shapes
    wide = nn.Sequential(nn.GroupNorm(32, 128), nn.GroupNorm(8, 24), nn.GroupNorm(2, 4), nn.GroupNorm(2, 2))
    assert [norm.num_groups for norm in widen_norms(wide)] == [32, 6, 1, 1]


@torch.no_grad()
def test_a_video_network_hears_tokens() -> None:
    text = Conditioner("text", "tokens", 4)
    model = Denoiser(video_unet(), (text,)).eval()
    clips, time = torch.randn(1, 1, 2, 8, 8), torch.tensor([500.0])
    one, two = (model(clips, time, {"text": tokens}) for tokens in torch.randn(2, 1, 3, 4))
    assert not torch.allclose(one, two, atol=1e-5)


def test_what_a_denoiser_must_be_told_is_checked() -> None:
    model, clips, time = video_denoiser(), torch.zeros(1, 1, 2, 8, 8), torch.zeros(1)
    with pytest.raises(EchoError, match="condition 'ef' is missing"):
        model(clips, time, {"reference": clips})
    with pytest.raises(EchoError, match=r"condition 'ef' must have 2 axes and 1 channels, got \(1, 3\)"):
        model(clips, time, {"reference": clips, "ef": torch.zeros(1, 3)})


def test_a_network_of_another_class_is_refused() -> None:
    with pytest.raises(EchoError, match="no denoiser can be made of Linear; known are UNetSpatioTemporal"):
        Denoiser(nn.Linear(2, 2), (EF,))


def test_convolutions_over_time_are_computed_as_pictures() -> None:
    conv, other = nn.Conv3d(3, 5, (3, 1, 1), padding=(1, 0, 0)), nn.Conv3d(5, 2, 3, padding=1)
    plain = nn.Sequential(conv, other)
    x = torch.randn(2, 3, 4, 6, 5)
    expected, names = plain(x), [*plain.state_dict()]
    fast = with_time_convs(plain)
    assert [type(module) for module in fast] == [TimeConv, nn.Conv3d]
    assert [*fast.state_dict()] == names
    torch.testing.assert_close(fast(x), expected)


def test_a_convolution_that_shortens_time_is_left_alone() -> None:
    conv = nn.Conv3d(1, 1, (3, 1, 1))
    assert with_time_convs(nn.Sequential(conv))[0] is conv
