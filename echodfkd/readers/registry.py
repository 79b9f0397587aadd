"""Which reader opens which file."""

from collections.abc import Callable
from pathlib import Path

from echodfkd.errors import EchoError
from echodfkd.readers import dicom, nifti, npz, video
from echodfkd.readers.base import Given, Source

Reader = Callable[[Path, Given], Source]

READERS: dict[str, Reader] = {
    **dict.fromkeys(video.SUFFIXES, video.read_video),
    **dict.fromkeys(dicom.SUFFIXES, dicom.read_dicom),
    **dict.fromkeys(nifti.SUFFIXES, nifti.read_nifti),
    **dict.fromkeys(npz.SUFFIXES, npz.read_npz),
}


def suffix(path: Path) -> str:
    """The part of the file name that decides, in lower case: ".nii.gz" counts as one.

    >>> suffix(Path("a.NII.GZ")), suffix(Path("b.avi")), suffix(Path("IM0001"))
    ('.nii.gz', '.avi', '')
    """
    return ".nii.gz" if path.name.lower().endswith(".nii.gz") else path.suffix.lower()


def reader_for(path: Path) -> Reader:
    """The reader of a file: by its suffix, or DICOM's magic where the suffix says nothing.

    Raises:
        EchoError: when neither is known.
    """
    if reader := READERS.get(suffix(path)):
        return reader
    if dicom.is_dicom(path):
        return dicom.read_dicom
    raise EchoError(f"{path}: unknown kind of file; readable are DICOM and {', '.join(sorted(READERS))}")
