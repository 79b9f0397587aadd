"""Features of networks that are here for something else: teachers, students, image-text models."""

import numpy as np
import torch

from echodfkd.clip import Frames
from echodfkd.distill.features import Tap
from echodfkd.errors import UsageError
from echodfkd.eval.auxiliary.base import Auxiliary, TextImage
from echodfkd.eval.fidelity.features import BATCH, FrameFeatures, Vectors
from echodfkd.segmenter import Segmenter, fit_square
from echodfkd.students.runtime import TorchSegmenter
from echodfkd.teachers.frames import FrameNetwork


def auxiliary_features(model: Auxiliary) -> FrameFeatures:
    """Embeddings of an image-text model, or `segmenter_features`.

    Raises:
        UsageError: for a model of another kind.
    """
    if isinstance(model, TextImage):
        return FrameFeatures(model.embed_frames, model.name, model.digest, model.note)
    if isinstance(model, Segmenter):
        return segmenter_features(model)
    raise UsageError(f"{model.name} shows no features: take a teacher, a student or an image-text model")


def segmenter_features(model: Segmenter) -> FrameFeatures:
    """The deepest features of a network that finds the LV, their mean over each frame.

    Raises:
        UsageError: for one whose inside cannot be seen: an exported file, several together.
    """
    if not isinstance(model, TorchSegmenter):
        raise UsageError(f"{model.name} shows no features: take one torch network, or a feature network")
    try:
        tap = Tap(model.network)
    except UsageError as error:
        raise UsageError(f"{model.name} makes no feature maps: take another network") from error
    return FrameFeatures(_Pooled(model, tap), model.name, model.digest, _note(model))


def _note(model: TorchSegmenter) -> str:
    return "its encoder has only ever seen simulated clips" if model.claim == "real-free" else ""


class _Pooled:
    """Runs a network on a clip and takes the mean of what is caught."""

    def __init__(self, model: TorchSegmenter, tap: Tap) -> None:
        self.model, self.tap = model, tap

    @torch.inference_mode()
    def __call__(self, video: Frames) -> Vectors:
        """uint8 (T, S, S) -> float32 (T, D)."""
        squares = fit_square(video, self.model.size)
        alone = isinstance(self.model.network, FrameNetwork)  # sees one frame, so a clip may be cut
        step = BATCH if alone else len(squares)
        parts = [self._pass(squares[at : at + step]) for at in range(0, len(squares), step)]
        return np.concatenate(parts)

    def _pass(self, frames: Frames) -> Vectors:
        x = torch.from_numpy(np.ascontiguousarray(frames)).to(self.model.device)[None, :, None].float()
        self.model.network(x)
        return self.tap.features(1).float().mean((2, 3)).cpu().numpy()
