from pathlib import Path

import numpy as np
import pytest
import torch
from diffusion_material import vae

from echodfkd.errors import EchoError
from echodfkd.synth.diffusion import codec as module
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.codec import (
    FrameKL,
    GammaKL,
    Identity,
    gamma_posterior,
    gamma_scale,
    load_codec,
    to_frames,
    to_signal,
)


def clips(side: int = 16) -> torch.Tensor:
    return torch.rand(2, 1, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_grey_values_survive() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    signal = to_signal(torch.from_numpy(grey))
    assert (float(signal.min()), float(signal.max())) == (-1, 1)
    assert np.array_equal(to_frames(signal[None]), grey)
    assert to_frames(torch.tensor([[[[-3.0, 3.0]]]])).tolist() == [[[0, 255]]]


def test_identity_is_one() -> None:
    codec, some = Identity(), clips()
    assert codec.decode(codec.encode(some)) is some


@pytest.mark.parametrize(("patch", "factor"), [(1, 2), (2, 4)])
def test_latents_have_the_codecs_shape(patch: int, factor: int) -> None:
    codec = FrameKL(vae(patch), patch)
    assert (codec.channels, codec.factor) == (4, factor)
    latents = codec.encode(clips())
    assert latents.shape == (2, 4, 3, 16 // factor, 16 // factor)
    assert codec.decode(latents).shape == (2, 1, 3, 16, 16)


def test_latents_depend_on_the_image_of_their_frame_alone() -> None:
    codec, some = FrameKL(vae(), 2), clips()
    other = some.clone()
    other[1, :, 2] = -other[1, :, 2]
    before, after = codec.encode(some), codec.encode(other)
    assert float((before[1, :, 2] - after[1, :, 2]).abs().max()) > 1e-3
    assert torch.allclose(before[0], after[0], atol=1e-6)
    assert torch.allclose(before[1, :, :2], after[1, :, :2], atol=1e-6)
    assert torch.equal(codec.encode(some), before)  # the mean of the posterior: nothing is drawn


def test_frames_in_chunks_are_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    codec = FrameKL(vae(), 2)
    whole = codec.encode(clips())
    decoded = codec.decode(whole)
    monkeypatch.setattr(module, "CHUNK", 4)
    assert torch.allclose(codec.encode(clips()), whole, atol=1e-5)
    assert torch.allclose(codec.decode(whole), decoded, atol=1e-5)


def test_latents_are_scaled_as_the_configuration_says() -> None:
    plain = FrameKL(vae(scaling_factor=1.0), 2)
    raw = plain.encode(clips())
    factor = FrameKL(vae(scaling_factor=0.25), 2)
    assert torch.allclose(factor.encode(clips()), raw * 0.25, atol=1e-6)
    mean, std = [0.5, -0.5, 1.0, 0.0], [2.0, 1.0, 0.5, 4.0]
    named = FrameKL(vae(latents_mean=mean, latents_std=std), 2)
    shape = (1, 4, 1, 1, 1)
    expected = (raw - torch.tensor(mean).view(shape)) / torch.tensor(std).view(shape)
    assert torch.allclose(named.encode(clips()), expected, atol=1e-5)
    for codec in (factor, named):
        assert torch.allclose(codec.decode(codec.encode(clips())), plain.decode(raw), atol=1e-4)


def test_colours_of_a_published_one_become_grey() -> None:
    from diffusers import AutoencoderKL

    network = AutoencoderKL(in_channels=3, out_channels=3, block_out_channels=(8,), norm_num_groups=4)
    codec = FrameKL(network)
    decoded = codec.decode(codec.encode(clips(8)))
    assert decoded.shape == (2, 1, 3, 8, 8)
    frame = clips(8)[0, :, 0].expand(1, 3, -1, -1)
    with torch.no_grad():
        colours = network.decode(network.encode(frame).latent_dist.mean).sample
    assert torch.allclose(decoded[0, 0, 0], colours.mean(1)[0], atol=1e-4)


def gamma_codec() -> GammaKL:
    network = vae(2, latent_channels=1)
    gamma_scale(network)
    return GammaKL(network, 2)


def test_gamma_latents_depend_on_the_image_and_are_bounded() -> None:
    codec, some = gamma_codec(), clips()
    assert (codec.channels, codec.factor) == (1, 4)
    latents = codec.encode(some)
    assert latents.shape == (2, 1, 3, 4, 4)
    assert float(latents.abs().max()) <= 1
    other = some.clone()
    other[1, :, 2] = -other[1, :, 2]
    changed = (codec.encode(other) - latents).abs()
    assert float(changed[1, :, 2].max()) > 1e-3
    assert float(changed[0].max()) < 1e-6 and float(changed[1, :, :2].max()) < 1e-6
    assert torch.equal(codec.encode(some), latents)  # shape / rate: nothing is drawn
    with torch.no_grad():
        codec.network.quant_conv.bias += torch.tensor([9.0, -9.0])  # a mean far above 1
    assert torch.equal(codec.encode(some), torch.ones(2, 1, 3, 4, 4))


@torch.no_grad()
def test_a_gamma_posterior_is_softplus_of_two_maps_times_the_prior() -> None:
    codec = gamma_codec()
    folded = torch.pixel_unshuffle(clips()[0].transpose(0, 1), 2)
    posterior = gamma_posterior(codec.network, folded)
    maps = codec.network.quant_conv(codec.network.encoder(folded)).exp().log1p()
    assert torch.allclose(posterior.concentration, 3.75 * maps[:, :1], rtol=1e-4)
    assert torch.allclose(posterior.rate, 10.8 * maps[:, 1:], rtol=1e-4)
    latents = codec.encode(clips())[0].transpose(0, 1)
    assert torch.allclose(latents, (2 * posterior.mean - 1).clamp(-1, 1), atol=1e-5)
    decoded = codec.network.decode(posterior.mean).sample
    pictures = torch.pixel_shuffle(decoded, 2).transpose(0, 1)
    assert torch.allclose(codec.decode(latents.transpose(0, 1)[None])[0], pictures, atol=1e-4)


def test_a_file_says_which_posterior_it_has(tmp_path: Path) -> None:
    codec = gamma_codec()
    for posterior in ("gamma", "magic"):
        networks.save({"vae": codec.network}, {"patch": 2, "posterior": posterior}, tmp_path / posterior)
    loaded = load_codec(tmp_path / "gamma")
    assert isinstance(loaded, GammaKL)
    assert loaded.digest() != FrameKL(loaded.network, 2).digest()
    with pytest.raises(EchoError, match="posterior 'magic' is not known; known are normal, gamma"):
        load_codec(tmp_path / "magic")
