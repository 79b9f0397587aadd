"""Writes a clip set so that a killed run, started again, ends with the very same bytes.

Each clip's video and masks are written whole, then a hidden record `.records/NAME.json` with its lines
of the CSV files says that it is finished. The CSV files are put together in the end, in the set's order.
"""

import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from echodfkd import filelist, tracings
from echodfkd.clip import BoolMask, Clip
from echodfkd.clipset import FORMAT, is_ours
from echodfkd.clipset_lists import listed_names, write_lists
from echodfkd.clipset_records import MANIFEST, MASKS, VIDEOS
from echodfkd.errors import EchoError, UsageError
from echodfkd.files import TEMPORARY, read_json, remove_leftovers, write_json, write_npz
from echodfkd.nifti_writer import write_nifti
from echodfkd.video_writer import write_avi

RECORDS = ".records"
NOMINAL_FPS = 50.0  # of the AVI file when a clip has no frame rate, since AVI must have one
# Every eighth clip each is VAL and TEST: any set of three or more has all splits, and a longer set
# keeps the splits of a shorter one.
_SPLIT_PATTERN = ("TRAIN", "VAL", "TEST", "TRAIN", "TRAIN", "TRAIN", "TRAIN", "TRAIN")


def split_of(index: int) -> str:
    """Split of clip number `index` (0-based): 75% TRAIN, 12.5% VAL, 12.5% TEST."""
    return _SPLIT_PATTERN[index % len(_SPLIT_PATTERN)]


def traced_rows(clip: Clip) -> list[list[str]]:
    """Rows of VolumeTracings.csv for the clip's first beat: those of its ES frame, then of its ED frame.

    EchoNet-Dynamic's loader takes the first traced frame as the small one and the last as the large one.
    Empty without a mask or events; a frame whose LV is out of the picture has no rows.
    """
    if clip.lv is None or not clip.ed_frames or not clip.es_frames:
        return []
    ed = clip.ed_frames[0]
    es = next((frame for frame in clip.es_frames if frame > ed), clip.es_frames[0])
    return [row for frame in dict.fromkeys((es, ed)) for row in _frame_rows(clip.name, frame, clip.lv[frame])]


def _frame_rows(name: str, frame: int, lv: BoolMask) -> list[list[str]]:
    try:
        lines = tracings.mask_to_tracing(lv)
    except EchoError:  # too little LV in the picture to have a long axis
        return []
    return [list(row) for row in tracings.tracing_rows(tracings.Tracing(name, frame, lines))]


def software_versions() -> dict[str, str]:
    """Versions of what shapes the bytes of a set."""
    packages = ("echodfkd", "numpy", "scipy", "opencv-python-headless", "av")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


@dataclass(frozen=True)
class ClipSetWriter:
    """Writes one set. Small and picklable: worker processes each hold a copy and call `add`.

    Args:
        root: the set's folder.
        lossless: FFV1 instead of MJPG.
        nifti: Videos/NAME.nii instead of .avi, which keeps the spacing of a volume along all axes.
    """

    root: Path
    lossless: bool = False
    nifti: bool = False

    def begin(self, request: dict[str, Any], clips: int) -> None:
        """Claim the folder for the set described by `request`, or take up an earlier run of the same.

        Args:
            request: JSON-ready description of all that shapes the clips.
            clips: how many the set shall have.

        Raises:
            UsageError: when the folder holds anything else, or the same set with more clips.
        """
        before = self._manifest_before()
        changed = [key for key in request if before and before.get(key) != request[key]]
        if changed:
            raise UsageError(
                f"{self.root} holds a set of another {', '.join(changed)}; choose another OUTPUT"
            )
        if before and before["clips"] > clips:
            raise UsageError(
                f"{self.root} holds {before['clips']} such clips, more than {clips}; choose another OUTPUT"
            )
        self.remove_leftovers()
        if not before or before["clips"] < clips:
            state = {"clips": clips, "complete": False, "wall_time_s": before.get("wall_time_s", 0.0)}
            write_json(self.root / MANIFEST, {"format": FORMAT} | request | state)

    def _manifest_before(self) -> dict[str, Any]:
        """The manifest of an earlier run; empty for a new folder."""
        if self.root.exists() and not self.root.is_dir():
            raise UsageError(f"{self.root} is a file; choose another OUTPUT")
        if self.root.is_dir() and is_ours(self.root):
            return dict(read_json(self.root / MANIFEST))
        if self.root.is_dir() and any(not path.name.startswith(TEMPORARY) for path in self.root.iterdir()):
            raise UsageError(f"{self.root} is not empty and holds no clip set; choose another OUTPUT")
        return {}

    def finished(self) -> set[str]:
        """Names of the clips that need no more work."""
        records = (path.stem for path in (self.root / RECORDS).glob("[!.]*.json"))
        described = listed_names(self.root).union(records)
        videos = {path.stem for path in (self.root / VIDEOS).glob(f"[!.]*{self._suffix}")}
        masks = self.root / MASKS
        return described & videos & ({path.stem for path in masks.iterdir()} if masks.is_dir() else videos)

    def add(self, clip: Clip, split: str) -> None:
        """Write one clip; may be called in any order and from any process."""
        video = self.root / VIDEOS / f"{clip.name}{self._suffix}"
        if self.nifti:
            write_nifti(video, clip)
        else:
            write_avi(video, clip.frames, clip.fps or NOMINAL_FPS, lossless=self.lossless)
        arrays = {key: value for key in ("mask", "sector") if (value := getattr(clip, key)) is not None}
        if arrays:
            write_npz(self.root / MASKS / f"{clip.name}.npz", **arrays)
        lines = {"row": filelist.row_of(clip, split), "tracings": traced_rows(clip)}
        write_json(self.root / RECORDS / f"{clip.name}.json", lines)

    @property
    def _suffix(self) -> str:
        return ".nii" if self.nifti else ".avi"

    def finish(self, names: list[str], wall_time_s: float) -> None:
        """Write the lists, in the order of `names`, and complete the manifest.

        Args:
            names: every clip of the set; all must be in `finished()`.
            wall_time_s: seconds that this run took, added to those of earlier runs.

        Raises:
            EchoError: when a clip has no record, or the lists of an earlier run were put in another order.
        """
        write_lists(self.root, names, self.root / RECORDS)
        shutil.rmtree(self.root / RECORDS, ignore_errors=True)
        manifest = read_json(self.root / MANIFEST)
        wall_time = round(manifest["wall_time_s"] + wall_time_s, 3)
        changes = {"complete": True, "wall_time_s": wall_time, "software": software_versions()}
        write_json(self.root / MANIFEST, manifest | changes)

    def is_complete(self) -> bool:
        """Whether an earlier run came to its end."""
        return bool(read_json(self.root / MANIFEST)["complete"])

    def remove_leftovers(self) -> None:
        """Delete the temporary files of a killed run."""
        for folder in (self.root, self.root / VIDEOS, self.root / MASKS, self.root / RECORDS):
            remove_leftovers(folder)
