from pathlib import Path

import cv2
import numpy as np
import pytest
from label_maps import heart
from PIL import Image

from echodfkd.clip import Label
from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.masks.read import read_map

OURS = heart(3).classes
CAMUS = np.where(OURS > 3, 0, OURS).astype(np.uint8)
CONE = heart(3).cone
assert CONE is not None
EDMLX = np.where(CONE, np.array([2, 1, 3, 4, 2, 2], np.uint8)[OURS], 0).astype(np.uint8)


def png(folder: Path, labels: np.ndarray, mode: str | None = None) -> Path:
    path = folder / "map.png"
    image = Image.fromarray(labels)
    (image.convert(mode) if mode else image).save(path)
    return path


def npz(folder: Path, **arrays: object) -> Path:
    path = folder / "map.npz"
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (OURS, OURS),
        (CAMUS, CAMUS),
        (CAMUS * 85, CAMUS),
        ((OURS == 1).astype(np.uint8), (OURS == 1)),
        ((OURS == 1) * np.uint8(255), (OURS == 1)),
        (OURS == 1, (OURS == 1)),
        (EDMLX, np.where(CONE, CAMUS, 0)),
    ],
)
def test_each_scheme_from_a_png_and_an_npz(tmp_path: Path, stored: np.ndarray, expected: np.ndarray) -> None:
    for path in (png(tmp_path, stored), npz(tmp_path, mask=stored)):
        assert np.array_equal(read_map(path).classes, expected.astype(np.uint8))


def test_the_cone_of_edmlx_and_of_a_stored_sector(tmp_path: Path) -> None:
    assert np.array_equal(read_map(png(tmp_path, EDMLX)).cone, CONE)
    assert np.array_equal(read_map(npz(tmp_path, mask=OURS, sector=CONE)).cone, CONE)
    assert read_map(png(tmp_path, OURS)).cone is None


def test_an_explicit_scheme_wins(tmp_path: Path) -> None:
    assert not (read_map(png(tmp_path, EDMLX)).classes == Label.RV).any()
    assert (read_map(png(tmp_path, EDMLX), labels="echodfkd").classes == Label.RV).any()
    with pytest.raises(UsageError, match="unknown label scheme 'mine'"):
        read_map(png(tmp_path, OURS), labels="mine")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_greys_stored_as_colours(tmp_path: Path, mode: str) -> None:
    assert np.array_equal(read_map(png(tmp_path, CAMUS * 85, mode)).classes, CAMUS)


def test_palettes(tmp_path: Path) -> None:
    image = Image.fromarray(CAMUS).convert("P")
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.save(tmp_path / "colours.png")
    assert np.array_equal(read_map(tmp_path / "colours.png").classes, CAMUS)
    shuffled = Image.fromarray(np.array([2, 0, 1], np.uint8)[np.minimum(CAMUS, 2)]).convert("P")
    shuffled.putpalette([85] * 3 + [170] * 3 + [0] * 3)  # LV, myocardium, background
    shuffled.save(tmp_path / "greys.png")
    assert np.array_equal(read_map(tmp_path / "greys.png").classes, np.where(CAMUS == 3, 2, CAMUS))
    image.putpalette([0] * 3 + [100] * 3 + [150] * 3 + [200] * 3)  # greys that mean nothing
    image.save(tmp_path / "others.png")
    assert np.array_equal(read_map(tmp_path / "others.png").classes, CAMUS)


def test_the_frame_of_a_sequence(tmp_path: Path) -> None:
    smaller = np.where(OURS == 1, 2, OURS).astype(np.uint8)
    smaller[50:60, 50:75] = OURS[50:60, 50:75]
    sequence = np.stack([smaller, OURS, smaller])
    assert np.array_equal(read_map(npz(tmp_path, mask=sequence)).classes, OURS)  # of the largest LV
    assert np.array_equal(read_map(npz(tmp_path, mask=sequence), frame=2).classes, smaller)
    assert np.array_equal(read_map(npz(tmp_path, mask=sequence, ed_frames=[2])).classes, smaller)
    with pytest.raises(UsageError, match="frame 3 is not among its 3"):
        read_map(npz(tmp_path, mask=sequence), frame=3)


def test_other_sizes_and_spacing(tmp_path: Path) -> None:
    large = cv2.resize(OURS, (448, 448), interpolation=cv2.INTER_NEAREST)
    found = read_map(npz(tmp_path, mask=large, spacing_mm=(0.25, 0.25)))
    assert np.array_equal(found.classes, OURS)
    assert found.spacing_mm == 1.0
    assert not found.notes
    assert read_map(npz(tmp_path, mask=OURS), size=128).classes.shape == (128, 128)


def test_what_is_not_square_is_padded_and_said(tmp_path: Path) -> None:
    wide = np.pad(OURS, ((0, 0), (56, 56)))
    found = read_map(png(tmp_path, wide), size=224)
    assert found.notes == ("the label map of 224x112 was padded to a square",)
    assert np.array_equal(found.classes[:112], wide)
    assert not found.classes[112:].any()
    assert not read_map(png(tmp_path, wide[:, 56:169])).notes  # 113 by 112 is square enough


def test_crumbs_are_dropped_and_said(tmp_path: Path) -> None:
    crumbs = OURS.copy()
    crumbs[5, 5:8] = Label.LV
    found = read_map(png(tmp_path, crumbs))
    assert found.notes == ("3 pixels of LV apart from the rest were dropped",)
    assert np.array_equal(found.classes, OURS)


TWO = OURS.copy()
TWO[80:90, 90:105] = Label.LV
APART = np.zeros_like(OURS)
APART[20:50, 30:60], APART[70:80, 30:60] = Label.LV, Label.MYOCARDIUM


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.where(OURS == 1, 0, OURS).astype(np.uint8), "no LV in this label map"),
        (OURS * 40, "unknown labels 0, 40, 80, 120, 160, 200; known are: lv"),
        (TWO, "the LV is in 2 pieces"),
        (APART, "the LV touches neither myocardium nor left atrium: are these its labels"),
        (OURS[:31], "only 112x31 pixels; a label map needs 32x32"),
        (CAMUS[::-1].copy(), "upside down: the left atrium must lie below the LV"),
        (np.pad(np.ones((5, 5), np.uint8), 60), "an LV of only 16 pixels at 112x112"),
        (np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8), "a picture in colour"),
    ],
)
def test_bad_pictures(tmp_path: Path, labels: np.ndarray, message: str) -> None:
    path = png(tmp_path, labels)
    with pytest.raises(EchoError, match=message) as error:
        read_map(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"video": OURS}, "holds no `mask` array, only: video"),
        ({"mask": OURS[0]}, r"`mask` must be \(H, W\) or \(T, H, W\), got \(112,\)"),
        ({"mask": OURS, "sector": np.ones((2, 2), bool)}, "`sector` must be"),
        ({"mask": OURS / 2}, "labels must be whole numbers"),
        ({"mask": np.zeros((0, 112, 112), np.uint8)}, "got .0, 112, 112"),
    ],
)
def test_bad_archives(tmp_path: Path, arrays: dict[str, object], message: str) -> None:
    with pytest.raises(EchoError, match=message):
        read_map(npz(tmp_path, **arrays))


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
    with pytest.raises(EchoError, match=r"broken.png: not a readable picture"):
        read_map(tmp_path / "broken.png")
    (tmp_path / "broken.npz").write_bytes(b"PK no archive")
    with pytest.raises(EchoError, match=r"broken.npz"):
        read_map(tmp_path / "broken.npz")
    with pytest.raises(EchoError, match="there is no such file"):
        read_map(tmp_path / "absent.png")
    with pytest.raises(EchoError, match=r"a label map must be one of .png, .npz"):
        read_map(tmp_path / "map.mp4")
