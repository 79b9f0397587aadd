"""Sets of clips on disk, read as they are: ours, EchoNet-Dynamic's own, or a folder of videos and cines.

Layout of ours: FileList.csv, VolumeTracings.csv, Videos/, Masks/, Labels/TEACHER/, manifest.json.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from echodfkd.clip import Clip
from echodfkd.clipset_records import (
    FILE_LIST,
    LABELS,
    MANIFEST,
    MASKS,
    TRACINGS,
    file_records,
    listed_records,
)
from echodfkd.errors import EchoError, UsageError, unknown_name
from echodfkd.filelist import SPLITS, Record
from echodfkd.files import read_json, read_npz
from echodfkd.segmenter import Prob
from echodfkd.tracings import Tracing, read_tracings

FORMAT = "echodfkd clip set"  # value of "format" in the manifest of a set of ours


@dataclass(frozen=True)
class ClipSet:
    """Clips with what is known of them; videos are opened only by `load`.

    Args:
        root: the folder; labels go below it.
        records: one per clip, in the file list's order, or sorted by path.
    """

    root: Path
    records: list[Record]

    @classmethod
    def open(cls, path: Path | str) -> "ClipSet":
        """Read a set's lists, not its videos.

        Raises:
            UsageError: when there is no such folder.
            EchoError: when the folder holds no clips, an unfinished set, or lists that do not fit.
        """
        root = Path(path)
        if not root.exists():
            raise UsageError(f"no such folder: {root}")
        if (root / FILE_LIST).is_file():
            return cls(root, listed_records(root))
        if is_ours(root):
            raise EchoError(
                f"{root} is unfinished: run the same `echodfkd synth` command again to complete it"
            )
        return cls(root if root.is_dir() else root.parent, file_records(root))

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.records)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What wrote the set; empty for sets that are not ours."""
        return read_json(self.root / MANIFEST) if is_ours(self.root) else {}

    @cached_property
    def _by_name(self) -> dict[str, Record]:
        return {record.name: record for record in self.records}

    def record(self, name: str) -> Record:
        """The record of a clip. Raises EchoError when the set has no such clip."""
        if name not in self._by_name:
            raise EchoError(f"{self.root} has no clip {name!r}")
        return self._by_name[name]

    def select(self, split: str) -> list[Record]:
        """Records of one split: "TRAIN", "VAL" or "TEST", in any case.

        Raises:
            UsageError: when there is no such split.
            EchoError: when the set has no clip of that split.
        """
        if split.upper() not in SPLITS:
            raise unknown_name("split", split, list(SPLITS))
        chosen = [record for record in self.records if record.split == split.upper()]
        if not chosen:
            raise EchoError(f"{self.root} has no {split.upper()} clips among its {len(self)}")
        return chosen

    def load(self, which: Record | str | int, *, masks: bool = True) -> Clip:
        """Decode a clip; what the file list says wins over what the file says.

        Args:
            which: a record of this set, a clip's name, or its number in `records`.
            masks: also read Masks/NAME.npz where the set has one.

        Raises:
            EchoError: when the video or its masks are unreadable or do not fit the file list.
        """
        from echodfkd.readers import read_clip

        record = self._resolve(which)
        clip = read_clip(record.path)
        if record.frames not in (None, len(clip)):
            raise EchoError(f"{record.path} holds {len(clip)} frames, {FILE_LIST} says {record.frames}")
        return clip.with_(**_known(record), **(self._load_masks(record) if masks else {}))

    def _resolve(self, which: Record | str | int) -> Record:
        if isinstance(which, int):
            return self.records[which]
        return self.record(which) if isinstance(which, str) else which

    def _load_masks(self, record: Record) -> dict[str, Any]:
        """`mask` uint8 (T, H, W) and `sector` bool (H, W), as far as the set has them."""
        path = self.root / MASKS / f"{record.name}.npz"
        arrays = read_npz(path) if path.is_file() else {}
        return {key: arrays[key] for key in ("mask", "sector") if key in arrays}

    @cached_property
    def _tracings(self) -> dict[str, tuple[Tracing, ...]]:
        path = self.root / TRACINGS
        return read_tracings(path) if path.is_file() else {}

    def tracings(self, record: Record) -> tuple[Tracing, ...]:
        """Traced frames of a clip, the smallest polygon (ES) first; empty when it has none."""
        return self._tracings.get(record.name, ())

    def labels_folder(self, teacher: str, digest: str) -> Path:
        """Where a teacher's labels of this set belong: its name and 8 digits of its weights' hash."""
        return self.root / LABELS / f"{teacher}-{digest[:8]}"

    def left_labels(self, teacher: str, digest: str) -> Path | None:
        """The folder of labels that a teacher left in this set; None when it has not labelled it.

        Raises:
            EchoError: when the folder of that name holds labels of other weights.
        """
        folder = self.labels_folder(teacher, digest)
        if not folder.is_dir():
            return None
        path = folder / MANIFEST
        left = read_json(path) if path.is_file() else {}
        if not isinstance(left, dict) or left.get("teacher_sha256", digest) != digest:
            raise EchoError(f"{folder} holds labels of other weights than {teacher}'s: move it away")
        return folder

    def load_labels(self, record: Record, folder: Path, shape: tuple[int, ...] | None = None) -> Prob:
        """Soft LV masks of a clip, uint8 (T, H, W), 255 = certain.

        Args:
            folder: of a teacher's labels. shape: (T, H, W) of the clip itself; the list's word without.

        Raises:
            EchoError: when the clip is not labelled there, or the label does not fit the clip.
        """
        prob = self._load_label("prob", record, folder, shape)
        if prob is None:
            raise EchoError(f"{folder / f'{record.name}.npz'} holds no `prob` of uint8 (T, H, W)")
        return prob

    def load_spread(self, record: Record, folder: Path, shape: tuple[int, ...] | None = None) -> Prob | None:
        """How far several teachers disagree on a clip: their standard deviation in 1/255, uint8 (T, H, W).

        None where the label holds none, as that of a single teacher. Otherwise as `load_labels`.
        """
        return self._load_label("spread", record, folder, shape)

    def _load_label(
        self, kind: str, record: Record, folder: Path, shape: tuple[int, ...] | None
    ) -> Prob | None:
        path = folder / f"{record.name}.npz"
        if not path.is_file():
            raise EchoError(f"{record.name} has no label in {folder}: run `echodfkd label` first")
        array: Prob | None = read_npz(path, kind).get(kind)
        if array is None:
            return None
        if array.dtype != np.uint8 or array.ndim != 3:
            raise EchoError(f"{path} holds no `{kind}` of uint8 (T, H, W)")
        expected = shape or (record.frames, record.height, record.width)
        if any(known not in (None, size) for known, size in zip(expected, array.shape, strict=True)):
            raise EchoError(f"the `{kind}` in {path} is {array.shape}, its clip is {expected}")
        return array


def is_ours(root: Path) -> bool:
    """Whether the folder's manifest says that this package wrote the set."""
    path = root / MANIFEST
    if not path.is_file():
        return False
    content = read_json(path)
    return isinstance(content, dict) and content.get("format") == FORMAT


def _known(record: Record) -> dict[str, Any]:
    """Fields of a `Clip` that the record knows."""
    fields = {
        "name": record.name,
        "fps": record.fps,
        "spacing_mm": record.spacing,
        "ef": record.ef,
        "ef_3d": record.ef_3d,
        "edv_ml": record.edv,
        "esv_ml": record.esv,
        "view": record.view,
        "ed_frames": record.ed_frames,
        "es_frames": record.es_frames,
    }
    return {key: value for key, value in fields.items() if value not in (None, ())}
