"""Frames per second of the embedded models against EchoNet-Dynamic's network, in one run on one machine.

Command:  uv run python scripts/bench_students.py [--threads 1] [--frames 128] [--rounds 5]

Baseline: the architecture that EchoNet-Dynamic published, torchvision's DeepLabV3 with a ResNet-50 and one
output channel, untrained (speed does not depend on the weights), in batches of 20 frames of 112x112 as its
code runs it. Each round times every model once, in turn; the ratio is that of the medians.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torchvision.models.segmentation import deeplabv3_resnet50

from echodfkd.clip import Frames
from echodfkd.students.compact import macs_per_frame
from echodfkd.students.runtime import TorchSegmenter
from echodfkd.teachers import load_teacher

BASELINE, BATCH = "DeepLabV3-ResNet50", 20
MODELS = ("sim", "default", "tiny")


def baseline() -> Callable[[Frames], object]:
    """EchoNet-Dynamic's network over a clip (T, H, W)."""
    network = deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=1, aux_loss=False).eval()

    @torch.inference_mode()
    def run(frames: Frames) -> list[torch.Tensor]:
        x = torch.from_numpy(frames)[:, None].float().expand(-1, 3, -1, -1) / 255
        return [network(part)["out"] for part in x.split(BATCH)]

    return run


def timed(run: Callable[[Frames], object], frames: Frames) -> float:
    """Seconds of one pass over a clip."""
    begun = time.perf_counter()
    run(frames)
    return time.perf_counter() - begun


def rows(frames: Frames, rounds: int) -> Iterator[tuple[str, float, float, float]]:
    """Name, frames per second, ratio to the baseline, MMAC a frame (NaN for the baseline)."""
    models = {name: load_teacher(name, device="cpu", kind="model") for name in MODELS}
    runs = {BASELINE: baseline()} | {name: model.predict for name, model in models.items()}
    for run in runs.values():
        run(frames[:BATCH])  # warm up
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(timed(run, frames))
    slowest = statistics.median(times[BASELINE])
    for name, seconds in times.items():
        model, middle = models.get(name), statistics.median(seconds)
        macs = macs_per_frame(model.network) / 1e6 if isinstance(model, TorchSegmenter) else float("nan")
        yield name, len(frames) / middle, slowest / middle, macs


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--frames", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    frames = np.random.default_rng(0).integers(0, 256, (o.frames, 112, 112), dtype=np.uint8)
    print(f"{'model':20} {'frames/s':>9} {'ratio':>6} {'MMAC':>6}   ({o.threads} threads)")
    for name, rate, ratio, macs in rows(frames, o.rounds):
        print(f"{name:20} {rate:9.0f} {ratio:6.1f} {macs:6.0f}")


if __name__ == "__main__":
    main()
