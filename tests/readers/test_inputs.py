import numpy as np
import pytest

from echodfkd.errors import EchoError
from echodfkd.readers import find_inputs


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def names(folder, paths=None):
    return [path.relative_to(folder).as_posix() for path in find_inputs(paths or [folder])]


def test_a_folder_is_searched_in_sorted_order(tmp_path):
    touch(tmp_path, "b.avi", "a.MP4", "sub/c.nii.gz", "sub/d.dcm", "c.gif")
    assert names(tmp_path) == ["a.MP4", "b.avi", "c.gif", "sub/c.nii.gz", "sub/d.dcm"]


def test_what_is_no_clip_is_passed_over(tmp_path):
    touch(tmp_path, "a.avi", "a.txt", "b.csv", "c.json", "d.png", "README", "DICOMDIR")
    touch(tmp_path, ".hidden.avi", ".git/e.avi", "sub/._f.avi", "patient0001_4CH_ED_gt.nii.gz")
    assert names(tmp_path) == ["a.avi"]


def test_dicom_without_suffix_is_found_by_its_magic(tmp_path):
    for name in ("IM0001", "1.2.840.99", "notes"):
        (tmp_path / name).write_bytes(b"\0" * 128 + (b"DICM" if name != "notes" else b"NOPE"))
    assert names(tmp_path) == ["1.2.840.99", "IM0001"]


def test_only_npz_with_video_is_a_clip(tmp_path):
    np.savez(tmp_path / "clip.npz", video=np.zeros((1, 2, 2), np.uint8))
    np.savez(tmp_path / "mask.npz", mask=np.zeros((1, 2, 2), np.uint8))
    touch(tmp_path, "broken.npz")
    assert names(tmp_path) == ["clip.npz"]


def test_named_files_stay_in_their_order_and_come_once(tmp_path):
    touch(tmp_path, "b.avi", "a.avi", "odd.xyz")
    asked = [tmp_path / "odd.xyz", tmp_path / "b.avi", tmp_path]
    assert names(tmp_path, asked) == ["odd.xyz", "b.avi", "a.avi"]


def test_a_missing_path_and_a_folder_without_clips(tmp_path):
    with pytest.raises(EchoError, match="nowhere: no such file or folder"):
        find_inputs([tmp_path / "nowhere"])
    touch(tmp_path, "a.txt")
    with pytest.raises(EchoError, match="no readable clip in this folder"):
        find_inputs([tmp_path])
