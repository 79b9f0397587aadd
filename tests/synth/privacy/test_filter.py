import itertools
from pathlib import Path

import numpy as np
import pytest
from hidden_copies import sim_clip

from echodfkd.clip import Frames
from echodfkd.clipset import ClipSet
from echodfkd.errors import UsageError
from echodfkd.synth.privacy.copies import ALTERATIONS, altered_copy
from echodfkd.synth.privacy.filter import PrivacyFilter, fit_filter
from echodfkd.video_writer import write_avi


def frames_of(training: ClipSet, index: int) -> Frames:
    return training.load(index, masks=False).frames


def test_hidden_copies_are_found_and_fresh_clips_pass(training: ClipSet, privacy: PrivacyFilter) -> None:
    """The requirement, small: three copies of each kind, 95% found, at most 5% of fresh rejected."""
    kinds = enumerate(itertools.product(ALTERATIONS.values(), range(3)))
    copies = [(2 * i, alter(frames_of(training, 2 * i), np.random.default_rng(i))) for i, (alter, _) in kinds]
    verdicts = [(number, privacy.judge(copy)) for number, copy in copies]
    assert [verdict.rejected for _, verdict in verdicts] == [True] * 12
    assert [v.nearest for _, v in verdicts] == [training.records[number].name for number, _ in verdicts]
    fresh = [privacy.judge(sim_clip(2, index).frames) for index in range(12)]
    assert [verdict.rejected for verdict in fresh] == [False] * 12


def test_all_alterations_at_once_are_found(training: ClipSet, privacy: PrivacyFilter) -> None:
    found = 0
    for index in range(12):
        copy = altered_copy(frames_of(training, index), np.random.default_rng((9, index)))
        found += privacy.judge(copy).rejected
    assert found == 12


def test_one_copied_frame_in_a_fresh_clip_is_found(training: ClipSet, privacy: PrivacyFilter) -> None:
    """Published code looks at each video's first frame; here one copied frame gives the clip away."""
    fresh = sim_clip(2, 0).frames
    hidden = np.concatenate([fresh, frames_of(training, 5)[7:8]])
    assert not privacy.judge(fresh).rejected
    assert privacy.judge(hidden).nearest == training.records[5].name
    assert privacy.judge(hidden).rejected


def test_a_still_is_judged_too(training: ClipSet, privacy: PrivacyFilter) -> None:
    assert privacy.judge(frames_of(training, 3)[4:5]).rejected
    assert not privacy.judge(sim_clip(2, 3).frames[4:5]).rejected


def test_threshold_lies_between_fresh_and_copied(privacy: PrivacyFilter) -> None:
    threshold = privacy.threshold
    assert len(threshold.fresh) == len(threshold.copies) == 24
    assert np.quantile(threshold.fresh, 0.95) < threshold.value < np.quantile(threshold.copies, 0.05)
    assert threshold.fresh_rejected == (0.0, pytest.approx(1 - 0.05 ** (1 / 24)))


def test_a_clip_is_not_its_own_neighbour(privacy: PrivacyFilter) -> None:
    assert privacy.threshold.fresh.max() < 0.9
    assert privacy.radii.max() < 0.9


def test_any_folder_of_videos_will_do(tmp_path: Path) -> None:
    """Videos of no simulator: drifting clouds, each with its own pattern and speed."""
    for index in range(6):
        write_avi(tmp_path / "videos" / f"{index}.avi", clouds(index), 25.0)
    privacy = fit_filter(ClipSet.open(tmp_path / "videos"))
    rng = np.random.default_rng(0)
    copies = [alter(clouds(2), rng) for alter in ALTERATIONS.values()]
    assert [privacy.judge(copy).nearest for copy in copies] == ["2"] * 4
    assert all(privacy.judge(copy).rejected for copy in copies)
    assert not any(privacy.judge(clouds(index)).rejected for index in range(6, 18))


def clouds(index: int) -> Frames:
    """12 frames of 72x90."""
    rng = np.random.default_rng((4, index))
    spectrum = np.fft.rfft2(rng.standard_normal((128, 128)))
    steepness = 1 + np.hypot(np.fft.fftfreq(128)[:, None], np.fft.rfftfreq(128)[None]) * 40
    sky = np.fft.irfft2(spectrum / steepness)
    grey = np.clip(128 + 60 * sky / sky.std(), 0, 255).astype(np.uint8)
    return np.stack([np.roll(grey, index % 3 * time, 1)[:72, :90] for time in range(12)])


def test_a_set_that_repeats_itself_still_finds_copies(tmp_path: Path) -> None:
    """Each training clip twice: fresh clips cannot be told by the set, so copies decide."""
    for index in range(4):
        for twin in range(2):
            write_avi(tmp_path / "videos" / f"{index}-{twin}.avi", clouds(index), 25.0)
    privacy = fit_filter(ClipSet.open(tmp_path / "videos"))
    assert privacy.threshold.fresh_rejected[0] > 0.9
    assert privacy.judge(clouds(1)[3:]).rejected
    assert not privacy.judge(clouds(9)).rejected


def test_one_clip_is_too_few(tmp_path: Path) -> None:
    write_avi(tmp_path / "videos" / "only.avi", clouds(0), 25.0)
    with pytest.raises(UsageError, match="needs two clips at least, it holds 1"):
        fit_filter(ClipSet.open(tmp_path / "videos"))


def test_other_frames_give_another_hash(tmp_path: Path, privacy: PrivacyFilter) -> None:
    for index in range(2):
        write_avi(tmp_path / "videos" / f"{index}.avi", clouds(index), 25.0)
    first = fit_filter(ClipSet.open(tmp_path / "videos")).data_sha256
    assert first == fit_filter(ClipSet.open(tmp_path / "videos")).data_sha256
    write_avi(tmp_path / "videos" / "1.avi", clouds(7), 25.0)
    assert fit_filter(ClipSet.open(tmp_path / "videos")).data_sha256 != first
