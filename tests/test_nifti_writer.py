from pathlib import Path

import nibabel
import numpy as np
import pytest

from echodfkd.clip import Clip
from echodfkd.nifti_writer import write_nifti
from echodfkd.readers import read_clip

FRAMES = np.arange(3 * 20 * 30).reshape(3, 20, 30).astype(np.uint8)


def test_a_clip_reads_back_with_rate_and_spacing(tmp_path: Path) -> None:
    clip = Clip(FRAMES, fps=32.0, name="a", spacing_mm=(0.308, 0.154))
    write_nifti(tmp_path / "a.nii", clip)
    back = read_clip(tmp_path / "a.nii")
    assert np.array_equal(back.frames, FRAMES)
    assert (back.fps, back.spacing_mm) == (32.0, (0.308, 0.154))
    write_nifti(tmp_path / "b.nii", clip)
    assert (tmp_path / "a.nii").read_bytes() == (tmp_path / "b.nii").read_bytes()


@pytest.mark.parametrize("clip", [Clip(FRAMES, fps=50.0), Clip(FRAMES)])
def test_what_is_unknown_stays_so(tmp_path: Path, clip: Clip) -> None:
    write_nifti(tmp_path / "a.nii", clip)
    header = nibabel.load(tmp_path / "a.nii").header
    assert header.get_xyzt_units() == ("unknown", "sec" if clip.fps else "unknown")
    assert read_clip(tmp_path / "a.nii").fps == clip.fps


def test_a_volume_keeps_the_distance_of_its_slices(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", Clip(FRAMES, spacing_mm=(0.8, 0.9), slice_mm=2.5))
    image = nibabel.load(tmp_path / "a.nii")
    assert image.shape == (30, 20, 3)
    assert image.header.get_zooms() == pytest.approx((0.9, 0.8, 2.5))
    assert nibabel.aff2axcodes(image.affine) == ("R", "A", "S")
