"""Stills of small untrained models around label maps."""

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from small_semantic_diffusion import SIZE, file, save_semantic

from echodfkd.clip import Clip, Label
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.synth import make_generator
from echodfkd.synth.diffusion import networks
from echodfkd.synth.masks.draw import drawn_map
from echodfkd.synth.semantic_diffusion.generator import SemanticDiffusionGenerator
from echodfkd.synth.semantic_diffusion.variants import VARIANTS
from echodfkd.synth.write import write_clip_set


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_semantic(tmp_path_factory.mktemp("semantic"))


def made(folder: Path, **options: object) -> SemanticDiffusionGenerator:
    return SemanticDiffusionGenerator(weights=str(folder), device="cpu", **{"steps": 2, **options})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def clips(folder: Path) -> list[Clip]:
    return made(folder).clips(3, [0, 1])


def test_a_still_has_the_very_labels_that_it_was_told(folder: Path, clips: list[Clip]) -> None:
    clip, map_ = clips[1], made(folder).map(3, 1)
    assert clip.frames.shape == (1, SIZE, SIZE) and clip.frames.std() > 5
    assert clip.mask is not None and clip.sector is not None
    assert set(np.unique(clip.mask)) == {0, Label.LV, Label.MYOCARDIUM, Label.LA}
    for label in (Label.LV, Label.MYOCARDIUM, Label.LA):
        assert np.array_equal(clip.mask[0] == label, map_.classes == label)
    assert not clip.frames[:, ~clip.sector].any()
    assert (clip.view, clip.ef, clip.ed_frames, clip.fps) == ("a4c", None, (), None)


def test_batches_of_one_and_two_differ_by_a_grey_level_at_most(folder: Path, clips: list[Clip]) -> None:
    for index, clip in enumerate(clips):
        alone = made(folder, batch=1).clip(3, index)
        assert np.abs(alone.frames.astype(int) - clip.frames).max() <= 1
    assert np.abs(clips[0].frames.astype(int) - clips[1].frames).max() > 10


def test_the_view_is_told_and_drawn(folder: Path, clips: list[Clip]) -> None:
    other = made(folder, view="a2c").clip(3, 0)
    assert other.view == "a2c"
    assert other.mask is not None and clips[0].mask is not None
    assert not np.array_equal(other.mask, clips[0].mask)


def test_a_map_of_a_file_gives_many_hearts(folder: Path, tmp_path: Path) -> None:
    map_ = drawn_map(5, 2)
    cv2.imwrite(str(tmp_path / "one.png"), np.array([0, 85, 170, 255, 0, 0], np.uint8)[map_.classes])
    generator = made(folder, mask=(tmp_path / "one.png",))
    one, two = generator.map(0, 0), generator.map(0, 1)
    assert one.classes.shape == (SIZE, SIZE) and one.cone is not None
    assert not np.array_equal(one.classes, two.classes)
    both = (one.lv & two.lv).sum() / min(one.lv.sum(), two.lv.sum())
    assert both > 0.4
    assert generator.clip(0, 0).mask is not None


@pytest.mark.parametrize("variant", ["ve", "ddgm"])
def test_other_variants_draw_by_their_own_process(tmp_path: Path, variant: str) -> None:
    name = f"semantic-diffusion:{variant}"
    generator = make_generator(name, weights=str(save_semantic(tmp_path, variant)), steps=2, device="cpu")
    assert generator.name == name
    assert generator.clip(0, 0).frames.std() > 5
    assert [*generator.files] == ["denoiser"]  # type: ignore[attr-defined]


def test_a_set_on_disk_reads_back(folder: Path, tmp_path: Path) -> None:
    write_clip_set(made(folder), tmp_path / "set", clips=3, lossless=True)
    clip = ClipSet.open(tmp_path / "set").load("semantic-diffusion-0-000002")
    expected = made(folder).clip(0, 2)
    assert len(clip) == 1 and clip.view == "a4c" and clip.mask is not None
    assert np.abs(clip.frames.astype(int) - expected.frames).max() <= 1
    assert np.array_equal(clip.mask, expected.mask)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 64}, "these weights draw 32 pixels"),
        ({"view": "sax"}, "unknown view 'sax'; choose from: a2c, a4c"),
        ({"variant": "magic"}, "unknown variant 'magic'; choose from: ddgm, edm, "),
        ({"variant": "ddgm", "steps": 7}, "no ddgm"),
    ],
)
def test_what_does_not_fit_is_refused(folder: Path, options: dict, message: str) -> None:
    with pytest.raises((UsageError, EchoError), match=message):
        made(folder, **options)


def test_weights_of_another_variant_or_codec_are_refused(tmp_path: Path) -> None:
    save_semantic(tmp_path)
    vae = file(tmp_path, "vae-64")
    parts, known = networks.load(vae)
    with torch.no_grad():
        parts["vae"].encoder.conv_in.weight.add_(0.1)  # type: ignore[union-attr]
    networks.save(parts, known, vae)
    with pytest.raises(EchoError, match="was not trained behind"):
        made(tmp_path)
    file(tmp_path, "gamma-64").rename(file(tmp_path, "edm"))
    with pytest.raises(UsageError, match="holds weights of semantic-diffusion:gamma-64, not :edm"):
        made(tmp_path, variant="edm")


class Bomb:
    def __reduce__(self) -> tuple[type[SystemExit], tuple[str]]:
        return SystemExit, ("the pickle was opened",)


@pytest.mark.parametrize("name", ["network-snapshot-025000.pkl", "autoencoder_64.pth"])
def test_published_pickles_are_refused_unopened(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
    for weights in (tmp_path, tmp_path / name):
        with pytest.raises(EchoError, match="is a pickle, which can run code .* train semantic-diffusion"):
            made(weights)


def test_missing_weights_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHODFKD_HOME", str(tmp_path))
    monkeypatch.setattr("echodfkd.weights.FOLDER", tmp_path / "package")
    with pytest.raises(EchoError, match=r"echodfkd train semantic-diffusion:gamma-64"):
        make_generator("semantic-diffusion")


def test_every_variant_is_a_generator_and_in_the_catalogue() -> None:
    from echodfkd.catalogue import ENTRIES
    from echodfkd.synth import GENERATORS

    names = {"semantic-diffusion", *(f"semantic-diffusion:{name}" for name in VARIANTS)}
    assert names == {name for name in GENERATORS if name.startswith("semantic")}
    listed = {entry.name: entry.parts for entry in ENTRIES if entry.name in names}
    assert {*listed} == names
    for name, variant in VARIANTS.items():
        stems = {f"generator-semantic-diffusion-{part}" for part in (name, variant.behind) if part}
        assert {*listed[f"semantic-diffusion:{name}"]} == stems
