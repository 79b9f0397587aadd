"""The published layout, of small networks; their full size in counts and in one pass."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import huggingface_hub
import huggingface_hub.constants
import numpy as np
import pytest
import torch
from small_echonet_synthetic import FULL, SIZE, SMALL, WINDOW, save_published
from torch import nn

from echodfkd.cli import main
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.files import read_json, write_json
from echodfkd.synth import make_generator
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.codec import FrameKL
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.echonet_synthetic.generator import EchoNetSyntheticGenerator
from echodfkd.synth.echonet_synthetic.published import CONDITIONS, load

FULL_PASS_GB = 4.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_published(tmp_path_factory.mktemp("published"), scaling_factor=0.25)


def made(folder: Path, **options: Any) -> EchoNetSyntheticGenerator:
    return EchoNetSyntheticGenerator(weights=str(folder), device="cpu", **{"steps": 2, **options})


def free_gb() -> float:
    if not hasattr(os, "sysconf") or "SC_AVPHYS_PAGES" not in os.sysconf_names:
        return 0.0
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9


def test_a_published_folder_draws_clips_as_it_is(folder: Path) -> None:
    generator = made(folder, frames=WINDOW + 4, ef=(10, 90))
    known = generator.parameters()
    assert (known["window"], known["fps"], known["size"], known["solver"]) == (WINDOW, 32.0, SIZE, "ddpm")
    clips = generator.clips(3, [0, 1])
    assert [clip.frames.shape for clip in clips] == [(WINDOW + 4, SIZE, SIZE)] * 2
    assert clips[0].frames.std() > 10
    for index, clip in enumerate(clips):
        assert np.abs(generator.clip(3, index).frames.astype(int) - clip.frames).max() <= 1


def test_the_ef_moves_the_clip(folder: Path) -> None:
    low, high = (made(folder, ef=(ef, ef)).clip(0, 0) for ef in (10, 90))
    assert (low.ef, high.ef) == (10.0, 90.0)
    assert np.abs(low.frames.astype(int) - high.frames).max() > 1


def test_the_network_is_told_what_the_published_code_tells_it(folder: Path) -> None:
    networks_ = load(folder, ("vae", "lidm_dynamic", "lvdm"))
    seen: list[Any] = []
    clip_network: Any = networks_.clip.network
    clip_network.register_forward_hook(lambda module, args, output: seen.append(args))
    noisy, still = torch.randn(2, 4, WINDOW, 6, 6), torch.randn(2, 4, 1, 6, 6)
    values = {
        "reference": still.expand(-1, -1, WINDOW, -1, -1),
        "ef": networks_.tell(torch.tensor([35.0, 60])),
    }
    with torch.no_grad():
        output = networks_.clip(noisy, torch.tensor([3.0, 3.0]), values)
    sample, _, tokens, ids = seen[0]
    assert output.shape == noisy.shape
    assert sample.shape == (2, WINDOW, 8, 8, 8), "(B, T, C, h, w), noisy beside the reference, 6 padded to 8"
    torch.testing.assert_close(sample[:, :, :4, 1:7, 1:7], noisy.transpose(1, 2))
    torch.testing.assert_close(sample[:, 0, 4:, 1:7, 1:7], still[:, :, 0])
    torch.testing.assert_close(sample[..., 0, :], sample[..., 1, :], msg="padded by its edge")
    torch.testing.assert_close(tokens, torch.tensor([[[0.35]], [[0.6]]]))
    assert ids.tolist() == [[0.0], [0.0]]


def test_the_scale_of_latents_is_read_from_the_vae(folder: Path) -> None:
    codec = load(folder, ("vae", "lidm_dynamic", "lvdm")).codec
    frame = torch.rand(1, 1, 1, SIZE, SIZE) * 2 - 1
    own = codec.network.encode(frame[:, :, 0].expand(-1, 3, -1, -1)).latent_dist.mean
    torch.testing.assert_close(codec.encode(frame)[:, :, 0], own * 0.25)


def test_guidance_is_refused_where_nothing_was_learned_untold(folder: Path) -> None:
    with pytest.raises(UsageError, match="never learned to go untold; leave it out"):
        made(folder, guidance=2.0)
    assert made(folder, guidance=1.0).guidance == 1.0


def test_variants_take_another_image_model(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EchoError, match=r"lidm_ped_psax holds no config.json"):
        make_generator("echonet-synthetic:ped-psax", weights=str(folder))
    names = {"vae": SMALL["vae"], "lidm_ped_psax": SMALL["lidm_dynamic"], "lvdm": SMALL["lvdm"]}
    generator = make_generator(
        "echonet-synthetic:ped-psax", weights=str(save_published(tmp_path, names)), device="cpu", steps=1
    )
    clip = generator.clip(0, 3)
    assert (clip.name, clip.view) == ("echonet-synthetic-ped-psax-0-000003", "sax")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("lvdm", {"_class_name": "UNet9DModel"}, "a network of class 'UNet9DModel' is not known here"),
        ("lvdm", {"block_out_channels": [64, 64, 64, 96]}, "does not fit its configuration"),
        ("lvdm", {"in_channels": 9}, "they differ in latent channels"),
        ("vae", {"block_out_channels": None}, "does not hold the published networks"),
    ],
)
def test_a_configuration_that_does_not_fit_is_one_line(
    tmp_path: Path, name: str, change: dict[str, Any], message: str
) -> None:
    folder = save_published(tmp_path)
    path = folder / name / "config.json"
    write_json(path, read_json(path) | change)
    with pytest.raises(EchoError, match=message) as error:
        made(folder).clip(0, 0)
    assert "\n" not in str(error.value)


def test_pickles_are_refused(tmp_path: Path) -> None:
    folder = save_published(tmp_path)
    weights = folder / "lvdm" / networks.PUBLISHED
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(EchoError, match="diffusion_pytorch_model.bin is a pickle, which can run code"):
        made(folder)


def test_a_hub_id_fetches_weights_and_json_of_the_named_networks(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def snapshot(repository: str, allow_patterns: Iterable[str]) -> str:
        asked.append((repository, [*allow_patterns]))
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    assert made(Path("HReynaud/EchoNet-Synthetic")).digest == made(folder).digest
    ((repository, patterns),) = asked
    assert repository == "HReynaud/EchoNet-Synthetic"
    published = [p for p in patterns if "*" not in p]
    assert len(published) == 6
    assert {p.split("/")[0] for p in published} == {"vae", "lidm_dynamic", "lvdm"}
    assert {Path(p).suffix for p in patterns} == {".json", ".safetensors"}


def test_offline_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    options = ["--generator", "echonet-synthetic", "--weights", "HReynaud/EchoNet-Synthetic"]
    assert main(["synth", "clips", *options]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "the hub's HReynaud/EchoNet-Synthetic could not be fetched" in error
    assert not (tmp_path / "clips").exists()


def test_the_command_line_reads_a_published_folder(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--generator", "echonet-synthetic", "--weights", str(folder), "--steps", "1", "--batch", "2"]
    more = ["--clips", "3", "--frames", "4", "--ef", "30:40", "--device", "cpu", "--quiet"]
    assert main(["synth", str(tmp_path / "clips"), *options, *more]) == 0
    records = ClipSet.open(tmp_path / "clips").records
    assert [record.frames for record in records] == [4, 4, 4]
    assert all(record.ef is not None and 30 <= record.ef <= 40 for record in records)
    assert main(["synth", str(tmp_path / "no"), *options, "--guidance", "3"]) == 2
    assert "never learned to go untold" in capsys.readouterr().err


def count(network: nn.Module) -> float:
    return sum(parameter.numel() for parameter in network.parameters()) / 1e6


def test_the_published_sizes() -> None:
    with torch.device("meta"):
        sizes = {name: count(networks.build(config)) for name, config in FULL.items()}
    assert sizes["lidm_dynamic"] == pytest.approx(73.5, abs=0.05)
    assert sizes["lvdm"] == pytest.approx(143.8, abs=0.05)
    assert json.dumps(FULL), "they are what config.json can hold"


@pytest.mark.skipif(free_gb() < FULL_PASS_GB, reason=f"needs {FULL_PASS_GB:g} GB of free memory")
def test_one_pass_of_each_network_in_full_size() -> None:
    torch.manual_seed(0)
    noisy, time = torch.randn(1, 4, 16, 14, 14), torch.tensor([500.0])
    values = {"reference": torch.randn(1, 4, 16, 14, 14), "ef": torch.full((1, 1, 1), 0.55)}
    with torch.no_grad():
        clip = Denoiser(networks.build(FULL["lvdm"]).eval(), CONDITIONS, multiple=8, around=True)
        assert clip(noisy, time, values).shape == noisy.shape
        del clip
        picture = Denoiser(networks.build(FULL["lidm_dynamic"]).eval(), multiple=8, around=True)
        still = picture(noisy[:, :, :1], time, {})
        assert still.shape == (1, 4, 1, 14, 14)
        frames = FrameKL(networks.build(FULL["vae"])).decode(still)
    assert frames.shape == (1, 1, 1, 112, 112)
    assert torch.isfinite(frames).all()
