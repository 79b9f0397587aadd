"""How fast the published networks are on this machine: untrained, for speed does not depend on the weights.

EchoDFKD publishes no frames per second. Its students of one layer a block, and the 4x2 one, are those that no
cheaper student beats (multiply-adds, Dice); its teacher is EchoNet-Dynamic's DeepLabV3.
"""

import time
from collections.abc import Callable
from functools import cache

import numpy as np
import torch

from echodfkd.clip import Frames
from echodfkd.eval.published import TEACHER
from echodfkd.progress import Track, silent
from echodfkd.students.networks import build_network
from echodfkd.students.runtime import TorchSegmenter, pick_device

STUDENTS = ("convlstm-11", "convlstm-21", "convlstm-31", "convlstm-41", "convlstm-42")
FRAMES, SIZE = 2, 112  # a pass over so many frames of noise, pixels a side
PASSES, ENOUGH = 2, 0.1  # the best of the passes counts: two at least, more of a network that is fast
HOW = (
    f"the same architecture, untrained, on this machine: the best of {PASSES} passes over {FRAMES} frames, "
    f"or of as many as take {ENOUGH:g} s"
)


def published_speeds(device: str, track: Track = silent) -> dict[str, float]:
    """Frames per second of the published networks by name, timed within seconds and once in a process.

    Raises:
        UsageError: if this machine does not have the device.
    """
    names = [*STUDENTS, TEACHER]
    chosen = pick_device(device)
    return {name: _speed(name, chosen.type) for name in track(names, "timing published networks", len(names))}


@cache
def _speed(name: str, device: str) -> float:
    frames = np.random.default_rng(0).integers(0, 256, (FRAMES, SIZE, SIZE), dtype=np.uint8)
    run = _teacher(device) if name == TEACHER else _student(name, device)
    run(frames[:1])  # warm up
    seconds: list[float] = []
    while len(seconds) < PASSES or sum(seconds) < ENOUGH:
        seconds.append(_seconds(run, frames))
    return FRAMES / min(seconds)


def _seconds(run: Callable[[Frames], object], frames: Frames) -> float:
    begun = time.perf_counter()
    run(frames)
    return time.perf_counter() - begun


def _student(name: str, device: str) -> Callable[[Frames], object]:
    return TorchSegmenter(build_network(name), {"size": SIZE}, name, "untrained", device).predict


def _teacher(device: str) -> Callable[[Frames], object]:
    from torchvision.models.segmentation import deeplabv3_resnet50

    with torch.device("meta"):  # its 40 million weights are not drawn: that takes as long as a pass
        network = deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=1, aux_loss=False)
    network.eval().to_empty(device=device)
    for weights in network.state_dict().values():
        weights.zero_()

    @torch.inference_mode()
    def run(frames: Frames) -> object:
        batch = torch.from_numpy(frames).to(device)[:, None].float().expand(-1, 3, -1, -1)
        return network(batch)["out"].cpu()  # waits for the device

    return run
