from pathlib import Path

import pytest
import torch
from small_medical_diffusion import taught_vqgan

from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.diffusion import networks
from echodfkd.synth.medical_diffusion.codec import VolumeVQ, load_volume_codec, padded, used_range
from echodfkd.synth.medical_diffusion.vqgan import Codebook


def clips(frames: int = 8, side: int = 16) -> torch.Tensor:
    return torch.rand(2, 1, frames, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(scope="module")
def codec() -> VolumeVQ:
    return VolumeVQ(taught_vqgan())


def test_latents_are_smaller_along_all_axes_and_not_quantised(codec: VolumeVQ) -> None:
    latents = codec.encode(clips())
    assert (codec.channels, codec.factor, codec.span) == (4, 4, 4)
    assert latents.shape == (2, 4, 2, 4, 4)
    raw = codec.network.encode(clips())
    assert torch.allclose(latents * codec.half + codec.middle, raw, atol=1e-5)
    assert len(latents.movedim(1, -1).reshape(-1, 4).unique(dim=0)) == 64
    other = clips()
    other[1] = -other[1]
    changed = (codec.encode(other) - latents).abs()
    assert float(changed[1].max()) > 1e-3 and float(changed[0].max()) < 1e-5


def test_what_is_decoded_is_made_of_codes(codec: VolumeVQ) -> None:
    latents = codec.encode(clips())
    z = codec.quantised(latents * codec.half + codec.middle)
    assert len(z.movedim(1, -1).reshape(-1, 4).unique(dim=0)) <= 16
    expected = codec.network(clips())[0]  # MONAI's own way through the network
    assert torch.allclose(codec.decode(latents), expected, atol=1e-5)
    assert torch.allclose(codec.decode(latents + 1e-6), expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(8, 16), (7, 13), (1, 30)])
def test_what_it_does_not_divide_comes_back_in_its_own_size(codec: VolumeVQ, shape: tuple[int, int]) -> None:
    some = clips(*shape)
    assert codec.again(some).shape == some.shape


def test_padding_repeats_edges_at_the_ends() -> None:
    some = clips(8, 16)
    assert padded(some, 4) is some
    odd = padded(clips(7, 13), 4)
    assert odd.shape == (2, 1, 8, 16, 16)
    assert torch.equal(odd[:, :, :7, :13, :13], clips(7, 13))
    assert torch.equal(odd[:, :, 7], odd[:, :, 6]) and torch.equal(odd[..., 15], odd[..., 12])


def test_a_stray_code_that_nobody_uses_does_not_set_the_scale() -> None:
    book = Codebook(101, 2)
    book.embedding.weight.data = torch.stack([torch.linspace(-1, 1, 101), torch.linspace(0, 10, 101)], 1)
    book.ema_cluster_size.fill_(1.0)
    low, high = used_range(book)
    assert torch.allclose(low, torch.tensor([-0.98, 0.1]), atol=0.03)
    assert torch.allclose(high, torch.tensor([0.98, 9.9]), atol=0.15)
    book.embedding.weight.data[50] = 1e4
    book.ema_cluster_size[50] = 1e-3
    assert torch.allclose(used_range(book)[1], high, atol=0.15)


def test_latents_with_nan_are_refused_in_one_line(codec: VolumeVQ) -> None:
    broken = clips()
    broken[0, 0, 0, 0, 0] = torch.nan
    with pytest.raises(EchoError, match="latents hold NaN or infinity"):
        codec.encode(broken)
    with pytest.raises(EchoError, match="latents hold NaN or infinity"):
        codec.decode(torch.full((1, 4, 2, 4, 4), torch.inf))


def test_files_are_loaded_and_others_refused(codec: VolumeVQ, tmp_path: Path) -> None:
    path = tmp_path / "generator.safetensors"
    networks.save({"vqgan": codec.network}, {}, path)
    for place in (path, tmp_path):
        loaded = load_volume_codec(place)
        assert torch.allclose(loaded.encode(clips()), codec.encode(clips()), atol=0.05)  # fp16
        assert loaded.digest() == load_volume_codec(path).digest()
    with torch.no_grad():
        loaded.network.codebook.embedding.weight += 0.5
    assert VolumeVQ(loaded.network).digest() != load_volume_codec(path).digest()
    with pytest.raises(UsageError, match="no such codec"):
        load_volume_codec(tmp_path / "none")
    from diffusion_material import vae

    networks.save({"vae": vae()}, {"patch": 2}, path)
    with pytest.raises(EchoError, match=r"holds no 3D VQ-GAN; train one: echodfkd train medical-diffusion"):
        load_volume_codec(path)
