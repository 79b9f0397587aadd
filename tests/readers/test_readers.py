from dataclasses import replace

import numpy as np
import pytest

from echodfkd.errors import EchoError, UsageError
from echodfkd.readers import READERS, Source, open_source
from echodfkd.readers.base import plausible_fps, plausible_spacing, stem


def test_every_promised_suffix_has_a_reader():
    assert {
        ".avi",
        ".mp4",
        ".mov",
        ".mkv",
        ".m4v",
        ".webm",
        ".gif",
        ".npz",
        ".nii",
        ".nii.gz",
        ".dcm",
    } <= set(READERS)


@pytest.mark.parametrize("name", ["a.avi", "a.mp4", "a.gif", "a.npz", "a.nii", "a.nii.gz", "a.dcm", "a"])
def test_an_empty_file_says_so(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(EchoError, match="the file is empty"):
        open_source(tmp_path / name)


def test_missing_folder_and_unknown_kind(tmp_path):
    with pytest.raises(EchoError, match=r"a\.avi: no such file"):
        open_source(tmp_path / "a.avi")
    with pytest.raises(EchoError, match="is a folder, not a clip"):
        open_source(tmp_path)
    (tmp_path / "a.xyz").write_text("?")
    with pytest.raises(EchoError, match=r"unknown kind of file; readable are DICOM and \.avi, "):
        open_source(tmp_path / "a.xyz")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fps": 0}, "fps must be between 0 and 10000 Hz, got 0"),
        ({"fps": float("nan")}, "fps must be"),
        ({"spacing_mm": (0.3, -1)}, "spacing must be two lengths"),
        ({"spacing_mm": (99, 0.001)}, "may differ 50 times at most"),
    ],
)
def test_nonsense_from_the_user_is_a_usage_error(tmp_path, given, message):
    with pytest.raises(UsageError, match=message):
        open_source(tmp_path / "a.avi", **given)


def source(tmp_path, frames, n_frames):
    return Source(path=tmp_path, name="a", shape=(2, 3), n_frames=n_frames, opener=lambda: iter(frames))


@pytest.mark.parametrize(
    ("held", "promised", "cut"), [(98, 100, False), (94, 100, True), (5, None, False), (0, None, True)]
)
def test_fewer_frames_than_promised_is_a_cut_file(tmp_path, held, promised, cut):
    clip = source(tmp_path, [np.zeros((2, 3), np.uint8)] * held, promised)
    if not cut:
        assert len(list(clip.frames())) == held
        return
    with pytest.raises(EchoError, match=f"truncated, holds {held} of "):
        list(clip.frames())


def test_a_frame_of_another_size_is_refused(tmp_path):
    clip = source(tmp_path, [np.zeros((2, 3), np.uint8), np.zeros((4, 3), np.uint8)], 2)
    with pytest.raises(EchoError, match=r"frame 1 is \(4, 3\), the frames before are \(2, 3\)"):
        list(clip.frames())
    assert len(list(replace(clip, opener=lambda: iter([np.zeros((2, 3), np.uint8)] * 2)).frames())) == 2


@pytest.mark.parametrize("value", [0, -5, 1.9, 1001, float("nan"), float("inf"), None, "fast"])
def test_implausible_rates(value):
    assert plausible_fps(value) is None
    assert plausible_fps(49.5) == 49.5


def test_implausible_spacing():
    assert plausible_spacing(0.2, 0.3) == (0.2, 0.3)
    assert plausible_spacing(0.2, 0) is None and plausible_spacing(9, 0.2) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.b.avi", "a.b"), ("a.NII.GZ", "a"), ("a.nii", "a"), ("1.2.840.5", "1.2.840.5"), ("IM01", "IM01")],
)
def test_stem(tmp_path, name, expected):
    assert stem(tmp_path / name) == expected
