"""What networks learn from stills alone: a segmenter of LV, wall and atrium, classifiers of view and phase.

All are trained on one set and scored on another, under one small budget: the figures compare sets, they are
not what such networks can reach. After EDMLX (arXiv 2409.19371) and DiffEcho (arXiv 2403.19880).
N stills of S x S pixels.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import timm
import torch
from monai.losses import DiceCELoss
from monai.networks.nets import DynUNet
from torch import Tensor, nn

from echodfkd.clip import Clip, Label
from echodfkd.errors import EchoError
from echodfkd.eval.dice import dice_per_image
from echodfkd.progress import Track, silent
from echodfkd.students.runtime import pick_device

VIEWS = ("a4c", "a2c")
PHASES = ("ed", "es")
STRUCTURES: dict[str, tuple[Label, ...]] = {  # as CAMUS scores them
    "endo": (Label.LV,),
    "epi": (Label.LV, Label.MYOCARDIUM),
    "atrium": (Label.LA,),
}
CLASSES = 4  # background, LV, myocardium, left atrium
GAIN = 0.2  # most, share: by so much pictures are brightened or darkened in training


@dataclass(frozen=True, eq=False)
class Stills:
    """Pictures with what is known of them.

    Attributes:
        frames: uint8 (N, S, S). masks: uint8 (N, S, S) of `Label`, those that no structure has as background;
            None where some have none.
        views, phases: int (N,), places in `VIEWS` and `PHASES`; -1 where unknown.
    """

    frames: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.uint8] | None
    views: npt.NDArray[np.int64]
    phases: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Learning:
    """What a network is given: optimiser steps, pictures a step, and the seed of all of it."""

    steps: int = 400
    batch: int = 16
    rate: float = 2e-3
    seed: int = 0
    device: str = "auto"


def stills_of(clips: Iterable[Clip], size: int) -> Stills:
    """The frame in the middle of each clip, a square of `size` pixels. Raises EchoError without any clip."""
    frames, masks, views, phases = [], [], [], []
    for clip in clips:
        middle = len(clip) // 2
        frames.append(cv2.resize(clip.frames[middle], (size, size), interpolation=cv2.INTER_AREA))
        if clip.mask is not None:
            kept = np.where(clip.mask[middle] < CLASSES, clip.mask[middle], 0).astype(np.uint8)
            masks.append(cv2.resize(kept, (size, size), interpolation=cv2.INTER_NEAREST))
        views.append(VIEWS.index(clip.view) if clip.view in VIEWS else -1)
        phases.append(0 if middle in clip.ed_frames else 1 if middle in clip.es_frames else -1)
    if not frames:
        raise EchoError("there are no clips to take stills from")
    labelled = len(masks) == len(frames)
    known = np.array(views), np.array(phases)
    return Stills(np.stack(frames), np.stack(masks) if labelled else None, *known)


def segmenter() -> nn.Module:
    """MONAI's DynUNet, small: (N, 1, S, S) -> logits (N, CLASSES, S, S), S a multiple of 8."""
    sizes, strides = [3, 3, 3, 3], [1, 2, 2, 2]
    return DynUNet(2, 1, CLASSES, sizes, strides, strides[1:], filters=[16, 24, 32, 48])


def classifier() -> nn.Module:
    """timm's resnet10t, untrained: (N, 1, S, S) -> logits of `VIEWS`, or of `PHASES`."""
    return timm.create_model("resnet10t", pretrained=False, in_chans=1, num_classes=2)


def learn_masks(stills: Stills, learning: Learning, track: Track = silent) -> nn.Module:
    """A segmenter that learned from stills alone. Raises EchoError when they have no masks."""
    if stills.masks is None:
        raise EchoError("a segmenter cannot learn from stills without masks")
    loss = DiceCELoss(softmax=True, to_onehot_y=True)
    target = torch.from_numpy(stills.masks).long()[:, None]
    return _learned(segmenter, stills, target, loss, learning, track)


def learn_views(stills: Stills, learning: Learning, track: Track = silent) -> nn.Module:
    """A classifier that learned from stills alone. Raises EchoError when a view is unknown."""
    return _classifier(stills, stills.views, "views", learning, track)


def learn_phases(stills: Stills, learning: Learning, track: Track = silent) -> nn.Module:
    """A classifier of ED and ES that learned from stills alone. Raises EchoError when a phase is unknown."""
    return _classifier(stills, stills.phases, "phases", learning, track)


def _classifier(
    stills: Stills, classes: npt.NDArray[np.int64], what: str, learning: Learning, track: Track
) -> nn.Module:
    if (classes < 0).any():
        raise EchoError(f"a classifier cannot learn from stills of unknown {what}")
    return _learned(classifier, stills, torch.from_numpy(classes), nn.CrossEntropyLoss(), learning, track)


def _learned(
    make: Callable[[], nn.Module],
    stills: Stills,
    target: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor],
    learning: Learning,
    track: Track,
) -> nn.Module:
    torch.manual_seed(learning.seed)
    device = pick_device(learning.device)
    network = make().to(device).train()
    optimiser = torch.optim.AdamW(network.parameters(), learning.rate)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, learning.rate, total_steps=learning.steps)
    rng = np.random.default_rng(learning.seed)
    for _ in track(range(learning.steps), "learning", learning.steps):
        which = rng.integers(0, len(stills.frames), learning.batch)
        gain = torch.from_numpy(1 + rng.uniform(-GAIN, GAIN, (learning.batch, 1, 1, 1))).float()
        pictures = (_pictures(stills.frames[which]) + 1) * gain - 1
        error = loss(network(pictures.to(device)), target[which].to(device))
        optimiser.zero_grad(set_to_none=True)
        error.backward()
        optimiser.step()
        rates.step()
    return network.eval()


def _pictures(frames: npt.NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(frames).float()[:, None] / 127.5 - 1


@torch.no_grad()
def _said(network: nn.Module, stills: Stills) -> npt.NDArray[np.int64]:
    """The likeliest class of each picture, or of each pixel of it."""
    device = next(network.parameters()).device
    parts = [network(part.to(device)).argmax(1).cpu() for part in _pictures(stills.frames).split(64)]
    return torch.cat(parts).numpy()


def dice_of(network: nn.Module, stills: Stills) -> Mapping[str, npt.NDArray[np.float64]]:
    """Dice of each structure on each still (N,), by name. Raises EchoError when they have no masks."""
    if stills.masks is None:
        raise EchoError("stills without masks judge no segmenter")
    found = _said(network, stills)
    return {
        name: dice_per_image(np.isin(found, labels), np.isin(stills.masks, labels))
        for name, labels in STRUCTURES.items()
    }


def hits_of(network: nn.Module, stills: Stills, view: str | None = None) -> npt.NDArray[np.bool_]:
    """Whether each still's view was recognised (N,): its own, or the `view` that all of them show."""
    true: Any = stills.views if view is None else VIEWS.index(view)
    return np.asarray(_said(network, stills) == true)


def phase_hits_of(network: nn.Module, stills: Stills) -> npt.NDArray[np.bool_]:
    """Whether each still's phase was recognised (N,)."""
    return np.asarray(_said(network, stills) == stills.phases)


def taught(
    stills: Stills, judges: Stills, learning: Learning, real: Stills | None = None, track: Track = silent
) -> dict[str, float]:
    """What stills teach, judged on others: mean Dice, shares of views and phases recognised.

    A task is left out whose answers are not known of all stills of both sets.

    Args:
        real: stills of somebody's, all of them A4C; `real_a4c` is the share recognised.
    """
    found: dict[str, float] = {}
    if stills.masks is not None and judges.masks is not None:
        dice = dice_of(learn_masks(stills, learning, track), judges)
        found |= {f"dice_{name}": float(values.mean()) for name, values in dice.items()}
    if _known(stills.views, judges.views):
        views = learn_views(stills, learning, track)
        found["views"] = float(hits_of(views, judges).mean())
        found |= {} if real is None else {"real_a4c": float(hits_of(views, real, "a4c").mean())}
    if _known(stills.phases, judges.phases):
        found["phases"] = float(phase_hits_of(learn_phases(stills, learning, track), judges).mean())
    return found


def _known(*classes: npt.NDArray[np.int64]) -> bool:
    return all(bool((one >= 0).all()) for one in classes)
