from pathlib import Path

import numpy as np
import pytest
import torch
from small_medical_diffusion import FRAMES, PARTS, SIZE, TINY, blob, save_volume

from echodfkd.errors import UsageError
from echodfkd.synth import make_generator
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.run import WEIGHTS, Asked, train_part
from echodfkd.synth.diffusion.tasks import CLEAN, INSIDE, Denoising
from echodfkd.synth.diffusion.training import Training
from echodfkd.synth.medical_diffusion.codec import load_volume_codec
from echodfkd.synth.medical_diffusion.parts import PROCESS, SCALES, denoiser, vqgan


@pytest.fixture(scope="module")
def codec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("medical") / "vqgan"
    [*train_part(PARTS["vqgan"], TINY.vqgan, Asked(run, keep=run.parent / "kept", device="cpu"))]
    return run


def test_the_second_part_learns_latents_with_an_absolute_error(
    codec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks: list[Denoising] = []
    begin = Training.__init__
    monkeypatch.setattr(
        Training, "__init__", lambda self, task, *rest: (tasks.append(task), begin(self, task, *rest))[1]
    )
    asked = Asked(tmp_path / "ddpm", codec=codec, keep=codec.parent / "kept", device="cpu")
    rows = [*train_part(PARTS["ddpm"], TINY.ddpm, asked)]
    assert [row["step"] for row in rows] == [1, 2, 3]
    (task,) = tasks
    batch = task.batch(0, 2)
    assert batch[CLEAN].shape == (2, 4, 3, 8, 8)  # 10 frames of 30 x 30, padded to 12 of 32 x 32
    assert batch[INSIDE].tolist() == [[1, 1, 1]] * 2
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        loss = float(task.losses(batch, 0, rng)["loss"])
    rng = torch.Generator().manual_seed(1)
    noised = task.process.noised(batch[CLEAN], task.noise(batch[CLEAN], rng), rng)
    with torch.no_grad():
        said = task.denoiser(noised.sample, noised.time, {})
    assert loss == pytest.approx(float((said - noised.target).abs().mean()), rel=1e-4)
    known = networks.load(tmp_path / "ddpm" / WEIGHTS)[1]
    assert known["codec_sha256"] == load_volume_codec(codec).digest()
    assert (known["size"], known["frames"], known["spacing_mm"]) == (SIZE, FRAMES, None)
    assert known["view"] == "a4c"


def test_a_codec_of_another_kind_is_refused(codec: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from echodfkd.synth.medical_diffusion.parts import parts

    wider = replace(parts(replace(TINY, width=6))["ddpm"], clips=3)
    asked = Asked(tmp_path / "ddpm", codec=codec, keep=codec.parent / "kept", device="cpu")
    with pytest.raises(UsageError, match="works behind latents of 6 channels"):
        [*train_part(wider, TINY.ddpm, asked)]


def test_the_process_is_the_papers() -> None:
    assert (PROCESS.prediction, PROCESS.schedule, PROCESS.steps) == ("epsilon", "squaredcos_cap_v2", 300)
    cumulated = PROCESS.scheduler("ddpm", 300).alphas_cumprod
    t = torch.arange(1, 300) / 300
    f = [((one + 0.008) / 1.008 * torch.pi / 2).cos() ** 2 for one in (t, torch.zeros(()))]
    assert torch.allclose(cumulated[:298], (f[0] / f[1])[:298], atol=1e-4)


def test_the_papers_sizes_are_built_and_run_small() -> None:
    scale = SCALES["paper"]
    network = vqgan(scale).eval()
    assert network.codebook.embedding.weight.shape == (16_384, 8)
    with torch.no_grad():
        ours, _ = network(torch.rand(1, 1, 8, 16, 16))
        assert ours.shape == (1, 1, 8, 16, 16)
        assert network.encode(torch.rand(1, 1, 8, 16, 16)).shape == (1, 8, 1, 2, 2)
        with torch.device("meta"):
            model = denoiser(scale)
        assert sum(p.numel() for p in model.network.parameters()) > 50e6
        small = denoiser(SCALES[""]).eval()
        z = torch.rand(1, 8, 2, 6, 6)
        assert small(z, torch.tensor([5.0]), {}).shape == z.shape
        larger = torch.rand(1, 8, 3, 9, 9)  # its width has nothing to do with the size
        assert small(larger, torch.tensor([5.0]), {}).shape == larger.shape


def test_both_small_networks_are_small() -> None:
    with torch.device("meta"):
        counts = [
            sum(p.numel() for p in one.parameters()) for one in (vqgan(SCALES[""]), denoiser(SCALES[""]))
        ]
    assert max(counts) < 2e6


def test_volumes_in_volumes_out_with_their_spacing(tmp_path: Path) -> None:
    folder = tmp_path / "volumes"
    folder.mkdir()
    for number in range(3):
        save_volume(folder / f"v{number}.nii.gz", blob((33 + number, 28, 21)), (1.0, 1.5, 2.0))
    asked = Asked(tmp_path / "vqgan", data=folder, keep=tmp_path / "kept", device="cpu")
    [*train_part(PARTS["vqgan"], TINY.vqgan, asked)]
    asked = Asked(tmp_path / "ddpm", folder, codec=tmp_path / "vqgan", keep=tmp_path / "kept", device="cpu")
    [*train_part(PARTS["ddpm"], TINY.ddpm, asked)]
    generator = make_generator("medical-diffusion", weights=str(tmp_path), steps=2, device="cpu")
    volume = generator.clip(0, 0)
    assert volume.frames.shape == (FRAMES, SIZE, SIZE)
    assert volume.slice_mm == pytest.approx(21 * 2.0 / FRAMES)
    assert volume.spacing_mm == pytest.approx([28 * 1.5 / SIZE] * 2)
    assert volume.fps is None and volume.view is None
    assert np.ptp(volume.frames) > 0
