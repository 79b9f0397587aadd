"""A model on real clips: each through `segment`, judged by the masks or the EF that its file holds.

Events of the reference are read off its masks by the detector that reads them off the model's: nobody marked
them, so an error common to both curves stays unseen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from echodfkd.beats import Events, detect_events
from echodfkd.clip import BoolMask, Label
from echodfkd.errors import EchoError
from echodfkd.eval.area import area_correlation, area_ratio
from echodfkd.eval.dice import dice_per_image, overlap
from echodfkd.eval.events import Matches, match_clip
from echodfkd.eval.score import ClipScore
from echodfkd.progress import Track, silent
from echodfkd.readers import Source, open_source
from echodfkd.segment.pipeline import Segmentation, segment
from echodfkd.segmenter import Segmenter

EVENTS_FROM = (
    "reference ED and ES are read off the reference masks' area curve by the same detector as the model's; "
    "they are not human events"
)
NOTHING = Matches((), (), ())


@dataclass(frozen=True)
class RealScore(ClipScore):
    """Figures of one real clip; what it holds no reference for stays empty or NaN.

    Attributes:
        area_correlation: Pearson's r of the two area curves. area_ratio: mean found over mean true area.
    """

    area_correlation: float = np.nan
    area_ratio: float = np.nan

    @property
    def has_masks(self) -> bool:
        """Whether the clip was judged by masks."""
        return len(self.dice) > 0

    @property
    def has_ef(self) -> bool:
        """Whether the clip was judged by its EF."""
        return math.isfinite(self.ef_true)


def find_clips(folder: Path) -> list[Path]:
    """The .npz files in a folder and its sub-folders, sorted, each opened once to see that it can be judged.

    Raises:
        EchoError: if there is no folder or no such file, or one holds no `video`, neither `mask` nor `ef`, a
            mask of another shape, or an EF outside 0..100.
    """
    if not folder.is_dir():
        raise EchoError(f"{folder}: no such folder")
    paths = sorted(folder.rglob("*.npz"))
    if not paths:
        raise EchoError(f"{folder}: no .npz file in this folder or below it")
    for path in paths:
        _check(open_source(path))
    return paths


def _check(source: Source) -> None:
    if source.mask is None and source.ef is None:
        raise EchoError(f"{source.path}: holds neither `mask` nor `ef` (one number): nothing to judge by")
    if source.ef is not None and not 0 <= source.ef <= 100:
        raise EchoError(f"{source.path}: `ef` must be a percentage of 0 to 100, got {source.ef:g}")


def score_folder(
    folder: Path, paths: Sequence[Path], segmenter: Segmenter, track: Track = silent
) -> list[RealScore]:
    """Scores of a model on each clip, named by its path below `folder`.

    Raises:
        EchoError: if a clip cannot be read or segmented.
    """
    return [
        score_source(open_source(path), segmenter, path.relative_to(folder).with_suffix("").as_posix())
        for path in track(paths, f"scoring {segmenter.name}", len(paths))
    ]


def score_source(source: Source, segmenter: Segmenter, name: str) -> RealScore:
    """Run `segment` on a clip and judge its masks (T, H, W) and its EF by what the file holds."""
    found = segment(source, segmenter, name=name)
    with found.soft.spool:
        written = found.result.to_json()
        ef, bounds = written["ef"], written["ef_interval"] or (np.nan, np.nan)
        score = RealScore(
            clip=name,
            fps=source.fps,
            dice=np.zeros(0),
            counts=np.zeros((0, 2), np.int64),
            area_error=np.zeros(0),
            ed=NOTHING,
            es=NOTHING,
            ef_found=np.nan if ef is None else float(ef),
            ef_true=np.nan if source.ef is None else source.ef,
            warnings=found.result.warnings,
            ef_interval=(float(bounds[0]), float(bounds[1])),
        )
        return score if source.mask is None else _with_masks(score, found, source.mask == Label.LV)


def _with_masks(score: RealScore, found: Segmentation, true: BoolMask) -> RealScore:
    masks = np.concatenate(list(found.soft.masks()))
    area, true_area = _areas(masks), _areas(true)
    seen = true_area > 0
    events = Events(found.result.ed_frames, found.result.es_frames)
    ed, es = match_clip(events, detect_events(true_area, score.fps), score.fps)
    return replace(
        score,
        dice=dice_per_image(masks, true),
        counts=overlap(masks, true),
        area_error=100 * np.abs(area[seen] - true_area[seen]) / true_area[seen],
        ed=ed,
        es=es,
        area_correlation=area_correlation(area, true_area),
        area_ratio=area_ratio(area, true_area),
    )


def _areas(masks: BoolMask) -> npt.NDArray[np.float64]:
    return masks.sum((1, 2)).astype(np.float64)
