"""How a network from elsewhere is fed and read: the manifest's word, what the file tells, else a guess."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from echodfkd.clip import Frames
from echodfkd.errors import EchoError
from echodfkd.teachers.frames import FrameNetwork, Handling, Network, first_map
from echodfkd.teachers.manifest import IMAGENET, Facts

SIZE = 112  # EchoNet-Dynamic's


def settle_input(facts: Facts, channels: int, size: int | None = None, multiple: int = 1) -> Handling:
    """Size and scaling of the frames; the output is still to be settled by `settle_output`.

    Args:
        channels: as the file has them. size: likewise, None when it takes any.
        multiple: sides that the network takes are multiples of this.

    Raises:
        EchoError: if the manifest has means for another number of channels.
    """
    side = size or facts.guess("size", SIZE, "the network takes any")
    mean, std = _scaling(facts, channels)
    for name, values in (("mean", mean), ("std", std)):
        if len(values) not in (1, channels):
            raise EchoError(f"{facts.manifest}: `{name}` has {len(values)} numbers for {channels} channel(s)")
    return Handling(side, channels, facts.settled["scaling"], tuple(mean), tuple(std), multiple=multiple)


def _scaling(facts: Facts, channels: int) -> tuple[list[float], list[float]]:
    """Mean and std, with `scaling` settled: without a word, ImageNet's for colour, 0..1 for grey."""
    if facts.given.keys() & {"mean", "std"}:
        large = max(facts.given.get("mean", [0]) + facts.given.get("std", [0])) > 2
        facts.guess("scaling", "0..255" if large else "0..1", "from mean and std")
    elif "scaling" in facts.given or channels == 1:
        facts.guess("scaling", "0..1", "usual for grey frames")
    else:
        facts.guess("scaling", "0..1", "usual for networks of colour frames, with ImageNet's mean and std")
        facts.guesses |= IMAGENET
        facts.settled |= IMAGENET
        return IMAGENET["mean"], IMAGENET["std"]
    settled = facts.given.get("mean", [0.0]), facts.given.get("std", [1.0])
    facts.settled |= {"mean": settled[0], "std": settled[1]}
    return settled


def settle_output(facts: Facts, out: Tensor, path: Path, *, bare: bool) -> dict[str, Any]:
    """What an output is and which of it is the LV: `output` and `lv_class` of a `Handling`.

    Args:
        out: what the network made of test frames, (T, K, s, s).
        bare: whether its last layer is known to have no activation.

    Raises:
        EchoError: if `lv_class` is not among the K outputs, or a softmax is asked of one.
    """
    count = out.shape[1]
    kind, why = _kind(out, bare)
    output = facts.guess("output", kind, why) if why else facts.given.get("output", kind)
    lv_class = facts.guess("lv_class", 1, f"of {count} outputs, after a background") if count > 1 else 0
    lv_class = facts.given.get("lv_class", lv_class)
    if lv_class >= count or (output == "softmax" and count == 1):
        asked = f"lv_class {lv_class}" if lv_class >= count else "output softmax"
        raise EchoError(f"{path} has {count} output(s), {facts.manifest.name} says {asked}: correct that")
    facts.settled |= {"output": output, "lv_class": lv_class}
    return {"output": output, "lv_class": lv_class}


def _kind(out: Tensor, bare: bool) -> tuple[str, str]:
    """Logit, probability or softmax, and why that is a guess; no reason when it is sure."""
    low, high = float(out.min()), float(out.max())
    if out.shape[1] == 1:
        if bare or low < 0 or high > 1:
            return "logit", ""
        return "probability", f"{low:.2g}..{high:.2g} on test frames"
    if not bare and low >= 0 and bool(torch.allclose(out.sum(1), torch.ones(()), atol=1e-3)):
        return "probability", "the outputs of a pixel add up to 1 on test frames"
    return "softmax", f"{out.shape[1]} outputs, {low:.2g}..{high:.2g} on test frames"


def trial(network: Network, handling: Handling, count: int, path: Path, manifest: Path) -> Tensor:
    """What a network makes of `count` test frames: its raw output, float (count, K, s, s).

    Raises:
        EchoError: if it does not run on such frames, its output is no map, or holds NaN or infinity.
    """
    frames = torch.from_numpy(trial_frames(count, handling.size))[:, None].float()
    fed = f"{count} frames of {handling.size}x{handling.size} with {handling.channels} channel(s)"
    try:
        with torch.inference_mode():
            out = first_map(network(FrameNetwork(network, handling).look(frames)))
    except MemoryError:
        raise
    except Exception as error:  # each library has kinds of its own
        reason = " ".join(str(error).split())[:200]
        raise EchoError(f"{path} does not run on {fed}: {reason}; set size in {manifest.name}") from error
    if not isinstance(out, Tensor) or out.ndim != 4 or len(out) != count:
        found = list(out.shape) if isinstance(out, Tensor) else type(out).__name__
        raise EchoError(f"{path} makes {found} of {fed}, not a mask (N, K, H, W) for each")
    if not bool(torch.isfinite(out).all()):
        raise EchoError(f"{path} makes NaN or infinity of plain test frames: take another file")
    return out.float()


def trial_frames(count: int, size: int) -> Frames:
    """Bright speckle with a dark ellipse that shrinks, uint8 (count, size, size), always the same."""
    rows, columns = np.ogrid[:size, :size]
    shrink = np.linspace(1, 0.7, count)[:, None, None]
    inside = ((rows / size - 0.45) / 0.3) ** 2 + ((columns / size - 0.5) / 0.15) ** 2 < shrink
    speckle = np.random.default_rng(0).rayleigh(60, inside.shape)
    return np.clip(np.where(inside, 0.15, 1.0) * speckle, 0, 255).astype(np.uint8)
