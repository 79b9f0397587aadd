"""The curves of one labelled clip, as a head learns from them: made once, kept in a file."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from echodfkd.clip import Clip
from echodfkd.errors import EchoError
from echodfkd.files import read_npz, write_npz
from echodfkd.heads.features import Rows, frame_features
from echodfkd.segment.masks import lv_masks
from echodfkd.segmenter import Segmenter, fit_square
from echodfkd.turns import Curve
from echodfkd.volume import clip_volumes


@dataclass(frozen=True, eq=False)
class ClipCurves:
    """What a segmenter makes of a clip, and what is true of it.

    Attributes:
        rows: (T, F), see `heads.features`. area: (T,), pixels of the clean masks; 0 without an LV.
        volume: (T,), of the clean masks by the method of disks, any unit.
        fullness: (T,), exact LV area, 1 at the clip's largest .. 0 at its smallest.
        fps: Hz. ef: in percent; NaN when the clip shows no apical LV. ed, es: times in frames, ascending;
        they may lie between frames.
    """

    rows: Rows
    area: Curve
    volume: Curve
    fullness: Curve
    fps: float
    ef: float
    ed: Curve
    es: Curve

    def __len__(self) -> int:
        """Number of frames T."""
        return len(self.area)

    @property
    def is_lv(self) -> bool:
        """Whether the clip shows an apical LV."""
        return bool(np.isfinite(self.ef))

    def save(self, path: Path) -> None:
        """Write all of it as one .npz, whole or not at all."""
        write_npz(path, **{field.name: np.asarray(getattr(self, field.name)) for field in fields(self)})


def load_curves(path: Path) -> ClipCurves:
    """The curves that `ClipCurves.save` wrote.

    Raises:
        EchoError: if the file is damaged, or of another version.
    """
    stored = read_npz(path)
    if stored.keys() != {field.name for field in fields(ClipCurves)}:
        raise EchoError(f"{path} holds no curves of this version: delete it and make it again")
    return ClipCurves(**{name: float(v) if v.ndim == 0 else v for name, v in stored.items()})  # type: ignore[arg-type]


def curves_of(clip: Clip, segmenter: Segmenter) -> ClipCurves:
    """Run a segmenter on a clip with exact masks and keep the curves."""
    prob = segmenter.predict(fit_square(clip.frames, segmenter.size))
    masks = lv_masks(prob)
    apical = clip.ef is not None and clip.view in ("a4c", "a2c")
    return ClipCurves(
        rows=frame_features(prob),
        area=masks.sum((1, 2)).astype(np.float64),
        volume=clip_volumes(masks),
        fullness=_fullness(clip, len(prob)),
        fps=float(clip.fps or 25.0),
        ef=float(clip.ef) if apical and clip.ef is not None else float("nan"),
        ed=np.array(clip.ed_frames, np.float64),
        es=np.array(clip.es_frames, np.float64),
    )


def _fullness(clip: Clip, frames: int) -> Curve:
    """Exact LV area between the clip's smallest (0) and largest (1); 1 where nothing is known."""
    if clip.lv is None or not clip.lv.any():
        return np.ones(frames)
    area = clip.lv.sum((1, 2)).astype(np.float64)
    return (area - area.min()) / max(float(np.ptp(area)), 1.0)
