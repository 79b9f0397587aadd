"""A feature network of the user's own, Inception or I3D say, in an ONNX or .pt2 file: no pickles.

T frames of a clip, C channels, S pixels a side, D features. How grey frames are scaled stands in a manifest
beside the file, as for teachers (`echodfkd.teachers.manifest`); what it leaves open is guessed and told.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from echodfkd.clip import Frames
from echodfkd.errors import EchoError
from echodfkd.eval.fidelity.features import BATCH, ClipFeatures, FrameFeatures, Vector, Vectors
from echodfkd.segmenter import fit_square
from echodfkd.students.runtime import pick_device
from echodfkd.teachers.frames import FrameNetwork
from echodfkd.teachers.handling import settle_input, trial_frames
from echodfkd.teachers.layout import Layout, layout_of
from echodfkd.teachers.manifest import Facts, facts_beside
from echodfkd.teachers.onnx_file import open_onnx
from echodfkd.teachers.pt2_file import open_pt2

WINDOW = 16  # frames that a video network sees at a time, if it takes any number


def file_features(path: Path, device: str) -> FrameFeatures | ClipFeatures:
    """The feature network in a file: of frames (N, C, S, S), or of clips (N, C, T, S, S), to (N, D).

    The `remarks` say what had to be guessed.

    Raises:
        EchoError: if the file cannot be used, or makes no features.
    """
    onnx = path.suffix == ".onnx"
    run, dimensions = open_onnx(path) if onnx else open_pt2(path, device)
    facts = facts_beside(path)
    layout = layout_of(dimensions, facts, path)
    where = "cpu" if onnx else device
    network = _Network(run, layout, facts, where)
    frames = network.window if layout.order != "NCHW" else BATCH
    _try(network, min(frames, BATCH), path)
    about = path.stem, facts.digest(path), "", facts.remarks
    if layout.order == "NCHW":
        return FrameFeatures(network.frames, *about)
    return ClipFeatures(network.clip, *about)


class _Network:
    """Grey frames in, features out."""

    def __init__(self, run: Callable[[Tensor], Tensor], layout: Layout, facts: Facts, device: str) -> None:
        self.run, self.layout, self.device = run, layout, pick_device(device)
        handling = settle_input(facts, layout.channels, layout.size)
        self.size = handling.size
        self.feed = FrameNetwork(lambda x: x, handling).to(self.device)
        fewest, most = layout.limits
        self.window = max(fewest, min(most or WINDOW, WINDOW))

    @torch.inference_mode()
    def features(self, frames: Frames) -> Tensor:
        """What the network makes of one input of frames uint8 (T, S, S)."""
        x = torch.from_numpy(np.ascontiguousarray(frames)).to(self.device)[:, None].float()
        out = self.run(self.layout.arranged(self.feed.look(x)))
        return out.float().cpu()

    def frames(self, video: Frames) -> Vectors:
        """Features of each frame (T, D); fewer frames than a fixed batch are filled up and cut again."""
        squares, (fewest, most) = fit_square(video, self.size), self.layout.limits
        step = max(fewest, min(most or BATCH, BATCH))
        parts = []
        for at in range(0, len(squares), step):
            part = squares[at : at + step]
            parts.append(self.features(_filled(part, fewest)).flatten(1)[: len(part)].numpy())
        return np.concatenate(parts)

    def clip(self, video: Frames) -> Vector:
        """Mean features (D,) over windows that cover the clip; the last one overlaps the one before."""
        squares = _filled(fit_square(video, self.size), self.window)
        starts = [*range(0, len(squares) - self.window, self.window), len(squares) - self.window]
        found = [self.features(squares[at : at + self.window])[0].flatten().numpy() for at in starts]
        return np.mean(found, axis=0, dtype=np.float32)


def _filled(frames: Frames, fewest: int) -> Frames:
    """Frames that go on with the last one until there are enough."""
    missing = fewest - len(frames)
    return np.concatenate([frames, np.repeat(frames[-1:], missing, 0)]) if missing > 0 else frames


def _try(network: _Network, count: int, path: Path) -> None:
    """Raises EchoError unless the network makes features (N, D) of test frames."""
    count = max(count, network.layout.limits[0])
    try:
        out = network.features(trial_frames(count, network.size))
    except MemoryError:
        raise
    except Exception as error:  # each library has kinds of its own
        reason = " ".join(str(error).split())[:200]
        raise EchoError(f"{path} does not run on {count} frames: {reason}") from error
    rows = count if network.layout.order == "NCHW" else network.layout.clips
    if out.ndim < 2 or len(out) != rows or max(out.shape[2:], default=1) > 1:
        raise EchoError(f"{path} makes {list(out.shape)} of {count} frames, not features (N, D): pool them")
    if not bool(torch.isfinite(out).all()):
        raise EchoError(f"{path} makes NaN or infinity of plain test frames: take another file")
