"""Clips of a small untrained network that follow masks."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from label_maps import lv_only
from small_generators import SIZE, WINDOW, save_free_echo

from echodfkd.clip import Clip, Label
from echodfkd.errors import EchoError, UsageError
from echodfkd.files import write_npz
from echodfkd.synth import make_generator
from echodfkd.synth.base import BatchGenerator
from echodfkd.synth.free_echo.generator import FreeEchoGenerator, start_step
from echodfkd.volume import disk_volume, ejection_fraction

LONG = 2 * WINDOW


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_free_echo(tmp_path_factory.mktemp("free-echo"))


def made(folder: Path, **options: object) -> FreeEchoGenerator:
    given = {"steps": 4, "frames": LONG, "ef": (55.0, 55.0), **options}
    return FreeEchoGenerator(weights=str(folder), device="cpu", **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def clips(folder: Path) -> list[Clip]:
    return made(folder).clips(3, [0, 1])


def apart(ours: Clip, theirs: Clip) -> int:
    return int(np.abs(ours.frames.astype(int) - theirs.frames).max())


def test_a_clip_has_masks_events_and_the_ef_that_was_asked_for(clips: list[Clip]) -> None:
    clip = clips[0]
    assert clip.frames.shape == (LONG, SIZE, SIZE)
    assert clip.mask is not None and clip.lv is not None and clip.ef == pytest.approx(55, abs=1.0)
    assert clip.ed_frames or clip.es_frames
    assert clip.sector is not None and not clip.frames[:, ~clip.sector].any()
    assert clip.frames.std() > 5


def test_the_masks_themselves_have_that_ef(folder: Path) -> None:
    video = made(folder, frames=64).masks(3, 0)
    assert video.ed_frames and video.es_frames
    volumes = [
        disk_volume(video.mask[f] == Label.LV, (1.0, 1.0)).volume_ml
        for f in (video.ed_frames[0], video.es_frames[0])
    ]
    assert ejection_fraction(*volumes) == pytest.approx(55, abs=1.5)


def test_batches_of_one_and_two_differ_by_a_grey_level_at_most(folder: Path, clips: list[Clip]) -> None:
    for index, clip in enumerate(clips):
        assert apart(made(folder, batch=1).clip(3, index), clip) <= 1
    assert apart(*clips) > 10


def test_clips_follow_their_masks_more_the_less_noise_they_start_from(folder: Path) -> None:
    def away(sigma: float) -> float:
        generator = made(folder, steps=8, start_sigma=sigma)
        clip = generator.clip(3, 0)
        pseudo = (generator.pseudo(generator.masks(3, 0))[0].numpy() + 1) * 127.5
        return float(np.abs(clip.frames - pseudo).mean())

    assert away(0.05) < away(2.0)


def test_the_static_variant_repeats_its_mask_and_claims_no_ef(folder: Path) -> None:
    generator = made(folder, variant="static")
    clip = generator.clip(3, 0)
    assert (clip.mask, clip.ef, clip.ed_frames, clip.name) == (None, None, (), "free-echo-static-3-000000")
    masks = generator.masks(3, 0).mask
    assert (masks == masks[0]).all()


def test_clips_shorter_than_a_window_are_its_beginning(folder: Path) -> None:
    assert len(made(folder, frames=3).clip(3, 0)) == 3


def test_files_of_masks_are_taken_in_turn(folder: Path, tmp_path: Path) -> None:
    paths = tmp_path / "a.png", tmp_path / "b.npz"
    cv2.imwrite(str(paths[0]), lv_only(0).classes * 255)
    write_npz(paths[1], mask=lv_only(1).classes)
    generator = made(folder, mask=paths)
    first, second, third = (generator.source.map(0, index).lv for index in range(3))
    assert np.array_equal(first, third) and not np.array_equal(first, second)
    assert generator.parameters() != made(folder).parameters()
    assert generator.clip(1, 1).mask is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ef": (2.0, 50.0)}, "5 to 90"),
        ({"size": 64}, "draw 48 pixels"),
        ({"steps": 1}, "--steps must be at least 2"),
    ],
)
def test_options_that_do_not_fit_are_refused(folder: Path, options: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        made(folder, **options)


def test_a_mask_without_an_lv_is_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "empty.png"
    cv2.imwrite(str(path), np.zeros((64, 64), np.uint8))
    with pytest.raises(EchoError, match=r"empty\.png.*LV"):
        made(folder, mask=(path,)).clip(0, 0)


def test_weights_of_another_system_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EchoError, match="generator-free-echo"):
        made(tmp_path)


def test_the_start_step_is_the_last_with_enough_noise() -> None:
    assert start_step(64, 4.0) == 28  # sigma 4.07, as the reference has it
    assert start_step(64, 19.0) == 14  # sigma_15 is 18.96
    assert start_step(64, 1e9) == 0


def test_the_registry_has_both_variants(folder: Path) -> None:
    generator = make_generator("free-echo:static", weights=str(folder), device="cpu")
    assert isinstance(generator, BatchGenerator) and generator.name == "free-echo:static"
