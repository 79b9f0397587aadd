from pathlib import Path

import pytest
import torch
from diffusion_material import spade_unet
from monai.networks.blocks.spade_norm import SPADE

from echodfkd.errors import EchoError
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.conditions import Conditioner, windowed
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.spade import SpadeUNet

MASK = Conditioner("mask", "spade", 3)
VIEW = Conditioner("view", "embedding", 1)


def maps(side: int = 8, frames: int = 2) -> torch.Tensor:
    which = torch.randint(3, (2, frames, side, side), generator=torch.Generator().manual_seed(2))
    return torch.nn.functional.one_hot(which, 3).permute(0, 4, 1, 2, 3).float()


@torch.no_grad()
def test_a_norm_is_the_formula_of_the_paper() -> None:
    norm = next(m for m in spade_unet().modules() if isinstance(m, SPADE))
    x, side = torch.randn(2, norm.mlp_gamma.conv.out_channels, 4, 4), maps(8)[:, :, 0]
    nearest = side[:, :, ::2, ::2]
    seen = torch.nn.functional.leaky_relu(norm.mlp_shared.conv(nearest), 0.01)
    plain = torch.nn.functional.group_norm(x, norm.param_free_norm.num_groups, eps=1e-6)
    expected = plain * (1 + norm.mlp_gamma.conv(seen)) + norm.mlp_beta.conv(seen)
    assert torch.allclose(norm(x, side), expected, atol=1e-5)


@torch.no_grad()
def test_only_the_decoder_is_told_the_map() -> None:
    network = spade_unet().eval()
    x, time, view = torch.randn(2, 1, 8, 8), torch.tensor([1.0, 9.0]), torch.tensor([0, 1])
    inner: list[torch.Tensor] = []
    network.middle_block.register_forward_hook(lambda _, __, output: inner.append(output))
    one, two = (network(x, time, labels[:, :, 0], class_labels=view) for labels in (maps(), maps().flip(1)))
    assert torch.equal(*inner)
    assert float((one - two).abs().max()) > 1e-3


@torch.no_grad()
def test_what_is_the_same_all_over_a_map_is_told_too() -> None:
    network = spade_unet().eval()
    x, time, view = torch.randn(1, 1, 8, 8), torch.tensor([1.0]), torch.tensor([0])
    all_of_one = [torch.eye(3)[c].view(1, 3, 1, 1).expand(1, 3, 8, 8) for c in (0, 1)]
    one, two = (network(x, time, labels, class_labels=view) for labels in all_of_one)
    assert float((one - two).abs().max()) > 1e-3


@torch.no_grad()
def test_a_denoiser_tells_every_frame_its_map_and_view() -> None:
    model = Denoiser(spade_unet(), (MASK, VIEW), multiple=2).eval()
    clips, time = torch.randn(2, 1, 2, 7, 8), torch.tensor([10.0, 700.0])
    values = {"mask": maps()[..., :7, :], "view": torch.tensor([[0.0], [1.0]])}
    whole = model(clips, time, values)
    assert whole.shape == clips.shape
    alone = model(clips[1:, :, 1:], time[1:], {"mask": values["mask"][1:, :, 1:], "view": values["view"][1:]})
    assert torch.allclose(alone[0, :, 0], whole[1, :, 1], atol=1e-5)
    other = model(clips, time, values | {"view": torch.tensor([[1.0], [1.0]])})
    assert torch.allclose(other[1], whole[1], atol=1e-6) and not torch.allclose(other[0], whole[0], atol=1e-4)


@torch.no_grad()
def test_a_finer_map_is_padded_as_the_picture_is() -> None:
    model = Denoiser(spade_unet(), (MASK, VIEW), multiple=2).eval()
    seen: list[torch.Size] = []
    model.network.up_blocks[0].register_forward_pre_hook(  # type: ignore[union-attr, operator]
        lambda _, __, named: seen.append(named["seg"].shape), with_kwargs=True
    )
    values = {"mask": maps(28, 1), "view": torch.zeros(2, 1)}
    assert model(torch.randn(2, 1, 1, 7, 7), torch.ones(2), values).shape[-1] == 7
    assert seen[0][-2:] == (32, 32)


def test_maps_are_checked_and_cut_to_windows() -> None:
    with pytest.raises(EchoError, match="condition 'mask' must have 5 axes and 3 channels"):
        MASK.check(torch.zeros(2, 4, 1, 8, 8))
    cut = windowed([MASK], {"mask": maps(8, 4)}, [slice(0, 2), slice(2, 4)])["mask"]
    assert torch.equal(cut[1], maps(8, 4)[0, :, 2:4])
    with pytest.raises(EchoError, match="must be told label maps"):
        Denoiser(spade_unet())(torch.zeros(1, 1, 1, 8, 8), torch.zeros(1), {})


def test_a_network_comes_back_from_disk(tmp_path: Path) -> None:
    network = spade_unet()
    networks.save({"denoiser": network}, {}, tmp_path / "one.safetensors")
    again = networks.load(tmp_path / "one.safetensors")[0]["denoiser"]
    assert isinstance(again, SpadeUNet)
    assert networks.config_of(again) == networks.config_of(network)
    assert torch.equal(again.conv_in.conv.weight, network.conv_in.conv.weight.half().float())
    with pytest.raises(EchoError, match="the configuration does not build a SpadeUNet"):
        networks.build(networks.config_of(network) | {"groups": 3})
