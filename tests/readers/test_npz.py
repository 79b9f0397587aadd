import numpy as np
import pytest

from echodfkd.errors import EchoError
from echodfkd.readers import open_source, read_clip

VIDEO = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def save(tmp_path, **arrays):
    np.savez(tmp_path / "a.npz", **arrays)
    return tmp_path / "a.npz"


def test_everything_an_archive_can_hold(tmp_path):
    mask = (VIDEO > 5).astype(np.uint8)
    clip = read_clip(save(tmp_path, video=VIDEO, fps=50.0, spacing_mm=[0.2, 0.3], mask=mask, ef=61.5))
    np.testing.assert_array_equal(clip.frames, VIDEO)
    np.testing.assert_array_equal(clip.mask, mask)
    assert (clip.fps, clip.spacing_mm, clip.ef, clip.name, clip.notes) == (50.0, (0.2, 0.3), 61.5, "a", ())


def test_video_alone_is_enough(tmp_path):
    source = open_source(save(tmp_path, video=VIDEO))
    assert (source.fps, source.spacing_mm, source.ef, source.mask) == (None, None, None, None)
    assert (source.n_frames, source.shape) == (2, (3, 4))


def test_a_bool_mask_is_the_lv_and_one_spacing_counts_for_both(tmp_path):
    clip = read_clip(save(tmp_path, video=VIDEO, mask=VIDEO > 5, spacing_mm=0.4))
    assert clip.spacing_mm == (0.4, 0.4)
    np.testing.assert_array_equal(clip.lv, VIDEO > 5)


def test_the_users_word_wins(tmp_path):
    path = save(tmp_path, video=VIDEO, fps=50.0, spacing_mm=[0.2, 0.3])
    source = open_source(path, fps=30, spacing_mm=(1, 1))
    assert source.fps == 30 and source.spacing_mm == (1, 1)


def test_colour_video_becomes_grey(tmp_path):
    video = np.zeros((2, 3, 4, 3), np.uint8)
    video[..., 1] = 200
    assert (read_clip(save(tmp_path, video=video)).frames == 117).all()  # .587 * 200


def test_floats_of_unit_range(tmp_path):
    clip = read_clip(save(tmp_path, video=np.full((1, 2, 2), 0.5)))
    assert (clip.frames == 128).all() and clip.notes == ()


def test_deep_pixels_are_rescaled_with_a_note(tmp_path):
    clip = read_clip(save(tmp_path, video=np.array([[[0, 1000], [2000, 4000]]], np.uint16)))
    assert clip.frames.tolist() == [[[0, 64], [128, 255]]]
    assert clip.notes == ("Pixel values 0..4000 were rescaled to 0..255 over the whole clip.",)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"frames": VIDEO}, "holds no `video` array, only: frames"),
        ({"video": VIDEO[0]}, r"`video` must be \(T, H, W\) or \(T, H, W, 3\), got \(3, 4\)"),
        ({"video": VIDEO[..., None]}, r"got \(2, 3, 4, 1\)"),
        ({"video": VIDEO[:0]}, r"got \(0, 3, 4\)"),
        ({"video": np.full((1, 2, 2), np.nan)}, "NaN or infinite"),
        ({"video": np.array([[["a"]]])}, "must be real numbers"),
        ({"video": np.array([[[None]]])}, "pickled objects"),
        ({"video": VIDEO, "fps": -3}, "`fps` must be one number of 2 to 1000 Hz, got -3"),
        ({"video": VIDEO, "fps": np.nan}, "`fps` must be"),
        ({"video": VIDEO, "spacing_mm": [0.2, 0.0]}, r"`spacing_mm` must be \(row, column\)"),
        ({"video": VIDEO, "spacing_mm": [1, 1, 1]}, "`spacing_mm` must be"),
        ({"video": VIDEO, "mask": VIDEO[:1] > 3}, r"`mask` must be labels 0..5 of shape \(2, 3, 4\)"),
        ({"video": VIDEO, "mask": VIDEO * 0 + 6}, "`mask` must be labels 0..5"),
    ],
)
def test_bad_archives_are_one_clear_line(tmp_path, arrays, message):
    with pytest.raises(EchoError, match=message) as caught:
        open_source(save(tmp_path, **arrays))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"hello, no zip at all", b"PK\x03\x04 cut"])
def test_no_archive(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(EchoError, match=r"not a readable \.npz archive"):
        open_source(tmp_path / "a.npz")


def test_truncated(tmp_path):
    path = save(tmp_path, video=np.zeros((9, 50, 50), np.uint8))
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(EchoError, match="truncated or damaged"):
        open_source(path)
