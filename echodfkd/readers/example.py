"""The embedded real input: pydicom's own apical four-chamber cine, which ships in its wheel."""

from pathlib import Path

import pydicom.data

from echodfkd.clip import Clip
from echodfkd.readers import read_clip
from echodfkd.sector import crop, find_sector

NAME = "examples_ybr_color.dcm"


def example_path() -> Path:
    """Path of the cine: SonoSite, 30 frames of 240x320, YBR, 33.3 ms a frame."""
    return Path(str(pydicom.data.get_testdata_file(NAME, download=False)))


def example_cine(size: int = 112) -> Clip:
    """The cine cut to its sector, (30, size, size)."""
    clip = read_clip(example_path())
    frames = crop(clip.frames, find_sector(clip.frames), size, clip.spacing_mm)
    return Clip(frames=frames, fps=clip.fps, name=example_path().stem)
