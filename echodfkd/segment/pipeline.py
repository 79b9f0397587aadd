"""One clip through the house: reader, sector, segmenter, masks, beats, result.

Frames are streamed and squares are parked on disk, so that memory grows neither with the clip's length nor
much with its frame size. The file is read twice: here, and again when pictures are drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from echodfkd.clip import BoolMask
from echodfkd.heads.features import Rows, frame_features
from echodfkd.heads.find import head_of
from echodfkd.progress import Track, silent
from echodfkd.readers import Source
from echodfkd.sector import Sector, find_sector, from_box
from echodfkd.segment.masks import lv_masks
from echodfkd.segment.measure import Findings, measure
from echodfkd.segment.remarks import remarks
from echodfkd.segment.result import ModelCard, SegmentResult
from echodfkd.segment.spool import Spool
from echodfkd.segment.still import MotionMeter, at_rest
from echodfkd.segment.streaming import WINDOW, lay_back, on_input_grid, predict_stream, sample, squares
from echodfkd.segmenter import Prob, Segmenter


@dataclass(frozen=True, eq=False)
class SoftMasks:
    """The LV of every frame of an input: squares on disk, laid back on the input's grid when asked for."""

    source: Source
    sector: Sector
    spool: Spool
    flipped: bool

    def __len__(self) -> int:
        """Number of frames T."""
        return len(self.spool)

    def prob(self) -> Iterator[Prob]:
        """LV probability, uint8 (n, H, W) in blocks that add up to T, 255 = certain."""
        return on_input_grid(self.spool, self.source, self.sector, self.flipped)

    def masks(self) -> Iterator[BoolMask]:
        """Clean masks, bool (n, H, W) in blocks that add up to T."""
        return map(lv_masks, self.prob())

    def mask(self, index: int) -> BoolMask:
        """The clean mask of one frame, bool (H, W)."""
        square = self.spool.read(index, index + 1)
        return lv_masks(lay_back(square, self.source, self.sector, self.flipped))[0]

    def rows(self) -> Rows:
        """What a learned head sees of every frame, float (T, F), from the squares."""
        return np.concatenate([frame_features(block) for block in self.spool.blocks(WINDOW)])

    def area_px(self) -> npt.NDArray[np.float64]:
        """LV area of every frame in pixels of the input, float (T,)."""
        return np.concatenate([masks.sum(axis=(1, 2), dtype=np.float64) for masks in self.masks()])


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A segmented clip: where its LV is, and what follows from it."""

    soft: SoftMasks
    result: SegmentResult


def segment(
    source: Source,
    segmenter: Segmenter,
    *,
    box: tuple[int, int, int, int] | None = None,
    flip: bool = False,
    name: str | None = None,
    track: Track = silent,
) -> Segmentation:
    """Find the LV in every frame of an input, its ED and ES, and its EF.

    Args:
        box: x, y, w, h in input pixels of the part to look at; found automatically when None.
        flip: mirror left and right before the model sees the frames (its masks come back as the input
            stands), for clips stored with the LV on the other side than the model learned.
        name: what the clip is called in the result; the source's own name when None.

    Raises:
        EchoError: if the input has no frame, or the box does not fit it.
    """
    name = name or source.name
    sampled = sample(source)
    sector = find_sector(sampled) if box is None else from_box(source.shape, box)
    spool = Spool(segmenter.size)
    motion = MotionMeter()
    frames = motion.watch(squares(source, sector, segmenter.size, flip))
    for prob in predict_stream(track(frames, f"segmenting {name}", total=source.n_frames), segmenter):
        spool.append(prob)
    soft = SoftMasks(source, sector, spool, flip)
    area, still = soft.area_px(), motion.nothing_moves()
    findings = at_rest(area, int(sector.mask.sum())) if still else _measured(soft, area, segmenter)
    said = remarks(
        sampled,
        sector,
        segmenter,
        soft.mask,
        area,
        named=box is not None,
        still=still,
        flip=flip,
        spacing_mm=source.spacing_mm,
    )
    return Segmentation(soft, _result(name, soft, segmenter, area, findings, tuple(said)))


def _measured(soft: SoftMasks, area: npt.NDArray[np.float64], segmenter: Segmenter) -> Findings:
    head = head_of(segmenter)
    return measure(
        area,
        soft.mask,
        sector_px=int(soft.sector.mask.sum()),
        fps=soft.source.fps,
        spacing_mm=soft.source.spacing_mm,
        head=head,
        rows=None if head is None else soft.rows(),
    )


def _result(
    name: str,
    soft: SoftMasks,
    segmenter: Segmenter,
    area: npt.NDArray[np.float64],
    findings: Findings,
    said: tuple[str, ...],
) -> SegmentResult:
    return SegmentResult(
        name=name,
        fps=soft.source.fps,
        spacing_mm=soft.source.spacing_mm,
        area_px=area,
        ed_frames=tuple(findings.events.ed),
        es_frames=tuple(findings.events.es),
        heart_rate_bpm=findings.heart_rate_bpm,
        beats=findings.beats,
        ef=findings.ef,
        ef_method=findings.ef_method,
        ef_interval=findings.ef_interval,
        convention=segmenter.convention,
        orientation="flipped" if soft.flipped else "as stored",
        model=ModelCard.of(segmenter),
        warnings=(*soft.source.remarks(), *said, *findings.warnings),
    )
