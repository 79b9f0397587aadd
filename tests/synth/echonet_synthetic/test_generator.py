"""Clips of small untrained networks: what a clip depends on, and what it does not."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from small_echonet_synthetic import SIZE, WINDOW, save_trained

from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.files import read_json
from echodfkd.synth import make_generator
from echodfkd.synth.base import BatchGenerator, Generator
from echodfkd.synth.diffusion import networks
from echodfkd.synth.echonet_synthetic.generator import EchoNetSyntheticGenerator
from echodfkd.synth.echonet_synthetic.parts import PARTS
from echodfkd.synth.write import write_clip_set

LONG = 2 * WINDOW  # frames of three windows, half over each other


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_trained(tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def generator(folder: Path) -> EchoNetSyntheticGenerator:
    return made(folder)


@pytest.fixture(scope="module")
def four(generator: EchoNetSyntheticGenerator) -> list[Clip]:
    return generator.clips(7, [0, 1, 2, 3])


def made(folder: Path, **options: object) -> EchoNetSyntheticGenerator:
    return EchoNetSyntheticGenerator(weights=str(folder), device="cpu", **{"steps": 2, **options})  # type: ignore[arg-type]


def apart(ours: Clip, theirs: Clip) -> int:
    """Largest difference in grey levels."""
    return int(np.abs(ours.frames.astype(int) - theirs.frames).max())


def test_a_clip_of_the_networks_own_length_rate_and_size(four: list[Clip]) -> None:
    clip = four[1]
    assert clip.frames.shape == (WINDOW, SIZE, SIZE)
    assert clip.frames.std() > 10, "the other tests compare pictures, not one grey"
    assert (clip.fps, clip.view, clip.name) == (32.0, "a4c", "echonet-synthetic-7-000001")
    assert (clip.mask, clip.sector, clip.edv_ml, clip.esv_ml, clip.ed_frames) == (None, None, None, None, ())


def test_batches_of_one_and_of_four_differ_by_a_grey_level_at_most(
    generator: EchoNetSyntheticGenerator, folder: Path, four: list[Clip]
) -> None:
    for index, clip in enumerate(four):
        assert apart(generator.clip(7, index), clip) <= 1
    pairs = made(folder, batch=2).clips(7, [3, 0, 1])
    assert [apart(pair, four[i]) for pair, i in zip(pairs, [3, 0, 1], strict=True)] <= [1, 1, 1]
    assert [pair.ef for pair in pairs] == [four[i].ef for i in (3, 0, 1)]


def test_every_clip_and_every_seed_is_another(generator: EchoNetSyntheticGenerator, four: list[Clip]) -> None:
    others = [*four, *generator.clips(8, [0, 1])]
    assert all(apart(a, b) > 10 for i, a in enumerate(others) for b in others[:i])
    assert len({clip.ef for clip in others}) == len(others)


def test_long_clips_are_told_their_own_ef_in_every_window(folder: Path) -> None:
    long = made(folder, frames=LONG, guidance=3.0)
    clips = long.clips(2, [0, 1, 2])
    assert {len(clip) for clip in clips} == {LONG}
    for index, clip in enumerate(clips):
        assert apart(long.clip(2, index), clip) <= 1
    assert clips[1].ef is not None
    other = made(folder, frames=LONG, guidance=3.0, ef=(80, 80)).clip(2, 1)
    moved = np.abs(other.frames.astype(int) - clips[1].frames).max(axis=(1, 2))
    assert (moved > 1).all(), f"an EF of {clips[1].ef:.0f} is not one of 80 in any frame"


def test_fewer_frames_are_the_beginning_of_a_window(folder: Path, four: list[Clip]) -> None:
    short = made(folder, frames=3).clip(7, 0)
    assert len(short) == 3
    assert apart(short, four[0].with_(frames=four[0].frames[:3])) <= 1
    assert len(made(folder, frames=1).clip(7, 0)) == 1
    odd = made(folder, frames=WINDOW + 3).clip(7, 0)
    assert len(odd) == WINDOW + 3


def test_guidance_and_steps_are_heard(folder: Path, four: list[Clip]) -> None:
    assert apart(made(folder, guidance=4.0).clip(7, 0), four[0]) > 1
    assert apart(made(folder, steps=3).clip(7, 0), four[0]) > 1
    assert apart(made(folder, guidance=1.5).clip(7, 0), four[0]) <= 1, "the weights' own"


def test_ef_is_drawn_from_the_range_and_goes_to_the_csv_whole(folder: Path, tmp_path: Path) -> None:
    narrow = made(folder, ef=(20, 30), frames=1)
    efs = [narrow.asked_ef(0, index) for index in range(200)]
    assert 20 <= min(efs) < 21 < 29 < max(efs) <= 30
    clinic = [made(folder).asked_ef(0, index) for index in range(300)]
    assert 10 <= min(clinic) < 25 < 70 < max(clinic) <= 80
    whole = [made(folder, ef=(ef, ef)).asked_ef(3, ef) for ef in range(10, 91)]
    assert whole == [*range(10, 91)]


@pytest.mark.parametrize("frames", [5, WINDOW + 2])
def test_a_set_says_what_is_in_it(folder: Path, tmp_path: Path, frames: int) -> None:
    generator = made(folder, frames=frames, ef=(53, 53), batch=2)
    write_clip_set(generator, tmp_path / "set", clips=3, seed=1)
    data = ClipSet.open(tmp_path / "set")
    assert [record.ef for record in data.records] == [53.0] * 3
    for record in data.records:
        loaded = data.load(record.name)
        assert (record.frames, record.height, record.width) == loaded.frames.shape == (frames, SIZE, SIZE)
        assert (record.fps, record.esv, record.edv, record.view) == (32.0, None, None, "a4c")
    manifest = read_json(tmp_path / "set" / "manifest.json")
    assert manifest["ef_source"] == "requested"
    assert (manifest["generator"], manifest["weights_sha256"]) == ("echonet-synthetic", generator.digest)
    assert manifest["parameters"] == json.loads(json.dumps(generator.parameters()))
    assert "weights" not in manifest["parameters"], "paths are not what a clip depends on"


@pytest.mark.timeout(900)  # two more processes import torch and diffusers: long on a busy machine
def test_one_process_and_two_differ_by_a_grey_level_at_most(folder: Path, tmp_path: Path) -> None:
    generator = made(folder, batch=1, steps=1)
    for workers in (1, 2):
        write_clip_set(generator, tmp_path / str(workers), clips=2, seed=4, lossless=True, workers=workers)
    one, two = (ClipSet.open(tmp_path / str(workers)) for workers in (1, 2))
    assert [apart(one.load(r.name), two.load(r.name)) for r in one.records] <= [1, 1]
    assert (one.root / "FileList.csv").read_bytes() == (two.root / "FileList.csv").read_bytes()


def test_a_copy_draws_the_same_and_carries_no_network(generator: EchoNetSyntheticGenerator) -> None:
    clip = generator.clip(5, 2)
    packed = pickle.dumps(generator)
    assert len(packed) < 20_000
    assert apart(pickle.loads(packed).clip(5, 2), clip) <= 1
    assert isinstance(generator, Generator)
    assert isinstance(generator, BatchGenerator)


def test_other_weights_have_another_digest(folder: Path, generator: EchoNetSyntheticGenerator) -> None:
    assert made(folder).digest == generator.digest
    assert len(generator.digest) == 64
    assert made(save_trained(folder / "runs", runs=True, window=4)).digest != generator.digest


def test_the_global_generator_of_torch_has_no_say(
    generator: EchoNetSyntheticGenerator, four: list[Clip]
) -> None:
    torch.manual_seed(99)
    state = torch.get_rng_state()
    assert apart(generator.clip(7, 3), four[3]) <= 1
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fps": 50.0}, "--fps 50: these weights draw 32 frames a second; leave --fps out"),
        ({"size": 64}, "--size 64: these weights draw 48 pixels a side; leave --size out"),
        ({"frames": 0}, "--frames must be at least 1, got 0"),
        ({"steps": 1001}, "--steps must be from 1 to 1000, got 1001"),
        ({"batch": 0}, "--batch must be at least 1, got 0"),
        ({"ef": (0, 50)}, r"ef must be within 5 to 90 percent, got \(0, 50\)"),
        ({"variant": "ped-a4c"}, "generator 'echonet-synthetic:ped-a4c' needs --weights with the published"),
        ({"variant": "foal"}, "unknown variant 'foal'; choose from: ped-a4c, ped-psax"),
        ({"weights": "/nowhere"}, "--weights /nowhere is no folder and no repository"),
    ],
)
def test_what_cannot_be_drawn_is_refused(folder: Path, options: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        EchoNetSyntheticGenerator(**{"weights": str(folder), "device": "cpu", **options})
    own = {"fps": 32.0, "size": SIZE}
    assert EchoNetSyntheticGenerator(weights=str(folder), device="cpu", **own).frames == WINDOW  # type: ignore[arg-type]


def test_options_of_other_generators_are_refused() -> None:
    with pytest.raises(UsageError, match="generator 'echonet-synthetic' has no option --preset, --mask"):
        make_generator("echonet-synthetic", preset="camus", mask=())
    with pytest.raises(UsageError, match="generator 'sim' has no option --steps"):
        make_generator("sim", steps=3)


def test_broken_weights_are_refused_before_anything_is_drawn(folder: Path, tmp_path: Path) -> None:
    other = save_trained(tmp_path / "other")
    vae = other / "generator-echonet-synthetic-vae.safetensors"
    vae.write_bytes(b"not a network at all")
    with pytest.raises(EchoError, match="is not a readable safetensors file"):
        made(other)
    vae.unlink()
    with pytest.raises(
        EchoError, match="holds no vae: looked for .*generator-echonet-synthetic-vae.safetensors"
    ):
        made(other)


def test_parts_of_different_trainings_are_refused(tmp_path: Path) -> None:
    folder = save_trained(tmp_path)
    path = folder / "generator-echonet-synthetic-vae.safetensors"
    lidm = folder / "generator-echonet-synthetic-lidm.safetensors"
    moved = lidm.rename(tmp_path / "lidm.safetensors")
    with pytest.raises(EchoError, match="holds no lidm"):
        made(folder)
    moved.rename(lidm)
    vae, known = networks.load(path)
    networks.save(vae, known | {"patch": 4}, path)
    with pytest.raises(EchoError, match="lidm.safetensors was not trained behind .*vae.safetensors"):
        made(folder)


def test_weights_are_found_in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHODFKD_HOME", str(tmp_path))
    monkeypatch.setattr("echodfkd.weights.FOLDER", tmp_path / "package")
    with pytest.raises(EchoError, match="generator 'echonet-synthetic' lacks weights: .*; train them"):
        make_generator("echonet-synthetic")
    save_trained(tmp_path)
    clip = make_generator("echonet-synthetic", device="cpu", steps=1).clip(0, 0)
    assert clip.frames.shape == (WINDOW, SIZE, SIZE)


def test_the_parts_can_be_trained_by_name() -> None:
    assert [*PARTS] == ["vae", "decoder", "lidm", "lvdm"]
