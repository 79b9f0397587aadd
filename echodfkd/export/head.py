"""The learned head beside an exported model: its network, and what was settled for it, as one small graph.

What comes before it (`heads.features`, `heads.channels`) cuts pieces out of masks and counts steps by a
clip's rate and length; that stays with who runs it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from echodfkd.clip import Frames
from echodfkd.errors import EchoError
from echodfkd.export.onnx import LICENCE, USE, exported, save
from echodfkd.files import sha256
from echodfkd.heads.channels import CHANNELS, channels
from echodfkd.heads.features import Rows, frame_features
from echodfkd.heads.head import Head
from echodfkd.heads.onnx_head import HEAD, OnnxHead
from echodfkd.heads.reading import Reading
from echodfkd.segmenter import Segmenter

EXAMPLE_STEPS = 37  # as many as nothing else in the graph has
RATES = (25.0, 50.0)  # Hz that every clip is read at: both sides of the clock
MASKS_EF = ((None, True), (35.0, False), (65.0, True))  # percent, and whether of half a beat


class Found(NamedTuple):
    """What the graph gives.

    Attributes:
        near: (B, 2, N), how near ED and ES are, 0..1.
        ef: (B, 3), low end of the interval, EF and high end, percent; of no meaning without the masks' EF.
        lv: (B,), chance of an apical LV.
    """

    near: Tensor
    ef: Tensor
    lv: Tensor


class WholeHead(nn.Module):
    """A head with its settled numbers inside, as `Head.read_channels`."""

    def __init__(self, head: Head) -> None:
        super().__init__()
        self.head, self.network = head, head.network

    def forward(self, curves: Tensor, masks: Tensor) -> Found:
        """Read clips.

        Args:
            curves: float (B, 24, N) of `heads.channels.channels`.
            masks: float (B, 3): EF by disks in percent (0 without), 1 with such an EF, 1 for half a beat.
        """
        ef, known, half = masks.unbind(1)
        naive = torch.stack([(ef.clamp(0, 95) / 100 - 0.5) * known, known, half], 1)
        out = self.network(curves, naive, torch.ones_like(curves[:, 0]))
        return Found(torch.sigmoid(out.heat), self._settled(out.ef, masks[:, :1]), torch.sigmoid(out.lv))

    def _settled(self, raw: Tensor, masks: Tensor) -> Tensor:
        raw = raw + (1 - self.head.share) * (masks - raw[:, 1:2])
        raw = raw + (self.head.stretch - 1) * (raw - self.head.centre)
        ef = raw[:, 1].clamp(1, 95)
        low = (raw[:, 0] - self.head.widen).clamp(1, 95)
        high = (raw[:, 2] + self.head.widen).clamp(1, 95)
        return torch.stack([torch.minimum(low, ef), ef, torch.maximum(high, ef)], 1)


@dataclass(frozen=True)
class Differences:
    """Of an exported head to its source at most: nearness and chance 0..1, EF and interval in points."""

    near: float
    ef: float
    lv: float

    def within(self, limits: "Differences") -> bool:
        """Whether none is above its limit."""
        return self.near <= limits.near and self.ef <= limits.ef and self.lv <= limits.lv


LIMITS = Differences(near=1e-3, ef=0.05, lv=1e-3)


def export_head(head: Head, path: Path, model: Segmenter, clips: Mapping[str, Frames]) -> dict[str, Any]:
    """Write a head's file and check it on what a model makes of clips; what is to be said of it.

    Raises:
        EchoError: if the file reads clips otherwise than its source.
    """
    write_head(head, path)
    rows = [frame_features(model.predict(frames)) for frames in clips.values()]
    differences = compare_heads(OnnxHead(path), head, rows)
    if not differences.within(LIMITS):
        raise EchoError(f"the exported head differs from its source ({differences}) and was not kept")
    parity = {"differences": asdict(differences), "limits": asdict(LIMITS), "clips": list(clips)}
    said = {"name": head.name, "lv_limit": head.lv_limit, "parity": parity}
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": sha256(path), **said}


def write_head(head: Head, path: Path) -> None:
    """Write a head as an ONNX file."""
    free = {
        "curves": {0: torch.export.Dim("batch"), 2: torch.export.Dim("steps")},
        "masks": {0: torch.export.Dim("batch")},
    }
    example = (torch.zeros(2, CHANNELS, EXAMPLE_STEPS), torch.zeros(2, 3))
    proto = exported(
        WholeHead(head).eval(), example, ["curves", "masks"], Found._fields, free, f"the head of {head.name}"
    )
    said = {"interface": HEAD, "name": head.name, "source_sha256": head.student_sha256, "licence": LICENCE}
    limit = "" if head.lv_limit is None else repr(head.lv_limit)
    save(proto, {**said, "use": USE, "lv_limit": limit}, path)


def compare_heads(ours: OnnxHead, theirs: Head, rows: list[Rows]) -> Differences:
    """The largest differences over clips' rows (T, F), at several rates, with and without the masks' EF."""
    found = []
    for clip in rows:
        for fps in RATES:
            made = channels(clip, fps)
            for ef, half in MASKS_EF:
                pair = [head.read_channels(made, len(clip), fps, ef, half) for head in (ours, theirs)]
                found.append(_apart(*pair))
    return Differences(*(float(value) for value in np.max(found, 0)))


def _apart(one: Reading, other: Reading) -> tuple[float, float, float]:
    near = max(float(np.abs(a - b).max()) for a, b in ((one.ed, other.ed), (one.es, other.es)))
    figures = [np.array([r.ef or 0.0, *(r.interval or (0.0, 0.0))]) for r in (one, other)]
    return near, float(np.abs(figures[0] - figures[1]).max()), abs((one.lv or 0.0) - (other.lv or 0.0))
