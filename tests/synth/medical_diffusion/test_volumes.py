from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from small_medical_diffusion import blob, save_volume, taught_vqgan

from echodfkd.clip import Clip
from echodfkd.errors import EchoError, UsageError
from echodfkd.nifti_writer import write_nifti
from echodfkd.synth.diffusion.codec import to_frames, to_signal
from echodfkd.synth.diffusion.cuts import Shape, windows_of
from echodfkd.synth.medical_diffusion.codec import VolumeVQ
from echodfkd.synth.medical_diffusion.volumes import VolumeSet, open_clips, read_volume, resampled

SHAPE = Shape(10, 32.0, 30)


@pytest.mark.parametrize("flip", [False, True])
def test_a_volume_is_read_with_its_spacing_whatever_its_axes(tmp_path: Path, flip: bool) -> None:
    voxels = blob((9, 7, 5))
    clip = read_volume(save_volume(tmp_path / "one.nii.gz", voxels, (0.8, 1.2, 3.0), flip))
    assert np.array_equal(clip.frames, voxels.transpose(2, 1, 0))
    assert (clip.spacing_mm, clip.slice_mm, clip.name) == ((1.2, 0.8), 3.0, "one")


def test_a_volume_goes_through_the_codec_and_out_with_its_spacing_and_size(tmp_path: Path) -> None:
    volume = read_volume(save_volume(tmp_path / "in.nii", blob((14, 13, 7)), (0.8, 1.2, 3.0)))
    again = VolumeVQ(taught_vqgan()).again(to_signal(torch.from_numpy(volume.frames))[None, None])[0]
    write_nifti(tmp_path / "out.nii", volume.with_(frames=to_frames(again)))
    made = nibabel.load(tmp_path / "out.nii")
    assert made.shape == (14, 13, 7)
    assert made.header.get_zooms() == pytest.approx((0.8, 1.2, 3.0))
    back = read_volume(tmp_path / "out.nii")
    assert (back.spacing_mm, back.slice_mm) == (volume.spacing_mm, volume.slice_mm)


def test_greys_of_any_range_fill_theirs_and_outliers_do_not(tmp_path: Path) -> None:
    values = np.linspace(-1000, 1000, 20 * 20 * 20).reshape(20, 20, 20).astype(np.float32)
    values[0, 0, 0] = 1e6
    clip = read_volume(save_volume(tmp_path / "ct.nii", values, (1, 1, 1)))
    assert clip.frames.min() == 0 and clip.frames.max() == 255
    assert float(clip.frames.mean()) == pytest.approx(127.5, abs=2)


def test_resampling_keeps_places(tmp_path: Path) -> None:
    voxels = blob((41, 31, 21))
    volume = read_volume(save_volume(tmp_path / "fine.nii", voxels, (1.0, 1.0, 1.0)))
    coarse = resampled(volume, (11, 16, 21), (2.0, 2.0, 2.0))
    assert (coarse.frames.shape, coarse.spacing_mm, coarse.slice_mm) == ((11, 16, 21), (2.0, 2.0), 2.0)
    expected = volume.frames[::2, ::2, ::2].astype(int)
    assert np.abs(coarse.frames - expected)[1:-1, 1:-1, 1:-1].max() < 16
    same = resampled(volume, (21, 31, 41), (1.0, 1.0, 1.0))
    assert np.array_equal(same.frames, volume.frames)
    wider = resampled(volume, (25, 31, 41), (1.0, 1.0, 1.0))
    assert np.array_equal(wider.frames[2:-2], volume.frames) and not wider.frames[:2].any()


def test_a_folder_of_volumes_has_one_shape_and_spacing(tmp_path: Path) -> None:
    for number, extra in enumerate((0, 6, 0)):
        save_volume(tmp_path / f"v{number}.nii.gz", blob((30 + extra, 24, 20)), (1.0, 1.5, 2.0))
    found = open_clips(tmp_path, SHAPE)
    assert isinstance(found, VolumeSet)
    assert found.spacing == (4.0, 1.2, 1.2)  # 40 mm in 10 slices; 36 mm of 24 rows in 30 pixels
    assert [record.name for record in found.records] == ["v0", "v1", "v2"]
    assert found.manifest["spacing_mm"] == [4.0, 1.2, 1.2]
    clip = found.load("v1")
    (window,) = windows_of(clip, SHAPE)
    assert np.array_equal(window.frames, clip.frames) and window.clip == "v1"


def test_clips_are_opened_as_such(tmp_path: Path) -> None:
    clip = Clip(np.zeros((3, 8, 8), np.uint8), fps=25.0, name="a")
    write_nifti(tmp_path / "a.nii", clip)
    assert not isinstance(open_clips(tmp_path, SHAPE), VolumeSet)
    save_volume(tmp_path / "b.nii", blob((8, 8, 8)), (1, 1, 1))
    with pytest.raises(EchoError, match=r"a\.nii is no volume, though others in "):
        open_clips(tmp_path, SHAPE)
    with pytest.raises(UsageError, match="no such folder"):
        open_clips(tmp_path / "none", SHAPE)


def test_what_is_no_volume_is_refused(tmp_path: Path) -> None:
    broken = blob((6, 6, 6)).astype(np.float32)
    broken[0, 0, 0] = np.nan
    with pytest.raises(EchoError, match="NaN"):
        read_volume(save_volume(tmp_path / "nan.nii", broken, (1, 1, 1)))
    (tmp_path / "text.nii").write_text("no")
    with pytest.raises(EchoError, match="not a readable NIfTI image"):
        read_volume(tmp_path / "text.nii")
    write_nifti(tmp_path / "clip.nii", Clip(np.zeros((3, 8, 8), np.uint8), fps=25.0))
    with pytest.raises(EchoError, match="must be a volume"):
        read_volume(tmp_path / "clip.nii")
    whole = save_volume(tmp_path / "cut.nii", blob((20, 20, 20)), (1, 1, 1))
    whole.write_bytes(whole.read_bytes()[:2000])
    with pytest.raises(EchoError, match="truncated or damaged"):
        read_volume(whole)
