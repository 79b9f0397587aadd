"""The manifest beside the labels: who made them, which clips are unreadable, whether it came to the end."""

from pathlib import Path
from typing import Any

from echodfkd.clipset_records import MANIFEST
from echodfkd.clipset_writer import software_versions
from echodfkd.errors import EchoError
from echodfkd.files import read_json, write_json
from echodfkd.segmenter import Segmenter

FORMAT = "echodfkd labels"


class LabelManifest:
    """Writes the manifest of one run, which may be the next of several.

    Args:
        folder: of the labels. teacher: what labels. clips: how many the set has.

    Raises:
        EchoError: when the folder holds labels of other weights.
    """

    def __init__(self, folder: Path, teacher: Segmenter, clips: int, spread: bool) -> None:
        self._path = folder / MANIFEST
        earlier = _earlier(self._path, teacher)
        self._earlier_s = float(earlier.get("wall_time_s", 0.0))
        self._facts = {
            "format": FORMAT,
            "teacher": teacher.name,
            "teacher_sha256": teacher.digest,
            "claim": teacher.claim,
            "convention": teacher.convention,
            "size": teacher.size,
            "spread": spread,
            "clips": clips,
            "software": software_versions(),
        }

    def begin(self) -> None:
        """Note that labels are being made."""
        write_json(self._path, self._facts | {"wall_time_s": self._earlier_s, "complete": False})

    def end(self, labelled: int, corrupt: dict[str, str], seconds: float) -> None:
        """Note what came out.

        Args:
            labelled: clips that have their label now.
            corrupt: what is wrong with each unreadable clip, by name.
            seconds: this run took; those of earlier runs are added.
        """
        outcome: dict[str, Any] = {"complete": True, "labelled": labelled, "corrupt": corrupt}
        outcome["wall_time_s"] = round(self._earlier_s + seconds, 3)
        write_json(self._path, self._facts | outcome)


def _earlier(path: Path, teacher: Segmenter) -> dict[str, Any]:
    """The manifest of an earlier run with the very same weights; empty when there was none."""
    if not path.is_file():
        return {}
    earlier = dict(read_json(path))
    if earlier.get("teacher_sha256") != teacher.digest:
        raise EchoError(f"{path.parent} holds labels of other weights: move it away and run again")
    return earlier
