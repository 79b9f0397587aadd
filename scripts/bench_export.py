"""Frames per second of exported students in ONNX Runtime against DeepLabV3-ResNet50 in torch, in one run.

Command:  uv run python scripts/bench_export.py [--threads 2] [--batch 16] [--rounds 5] [--clips 16]

Baseline: the architecture that EchoNet-Dynamic published, torchvision's DeepLabV3 with a ResNet-50 and one
output channel, untrained (speed does not depend on the weights), on batches of 16 frames of 112x112. The
exported files take the same frames as one clip of 16, with resizing, normalisation and threshold inside. Each
round times every model once, in turn; figures are medians, ratios are of the medians. Dice per image is on
exact masks of `sim` clips; networks without weights in the package have none. Other work on the machine
disturbs the ratios: run it alone.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from bench_students import BASELINE, baseline, timed
from torch import nn

from echodfkd.clip import Label
from echodfkd.export.onnx import export_onnx
from echodfkd.export.quantize import export_int8
from echodfkd.segmenter import Segmenter
from echodfkd.students.networks import build_network
from echodfkd.students.onnx_segmenter import OnnxSegmenter
from echodfkd.students.runtime import TorchSegmenter
from echodfkd.synth import make_generator
from echodfkd.teachers import load_teacher

EMBEDDED = ("default", "tiny")
UNTRAINED = {
    "convlstm-11": "ConvLSTM 1x1",
    "convlstm-33": "ConvLSTM 3x3",
    "U-Net 2M": "U-Net, 2M parameters",
}
SIZE, SEED = 112, 90_210
U_NET = {"decoder_channels": (128, 64, 48, 32, 16)}  # with this encoder: 2.0M parameters
Run = Callable[[npt.NDArray[np.uint8]], object]


def network(name: str) -> nn.Module:
    """An untrained network of `UNTRAINED`."""
    return (
        build_network("smp:Unet:tu-mobilenetv3_small_100", **U_NET)
        if name == "U-Net 2M"
        else build_network(name)
    )


def model(name: str) -> TorchSegmenter:
    """The embedded student of a name, or an untrained network."""
    if name in EMBEDDED:
        found = load_teacher(name, device="cpu", kind="model")
        assert isinstance(found, TorchSegmenter)
        return found
    torch.manual_seed(0)
    return TorchSegmenter(network(name), {"size": SIZE}, name, "0" * 64, "cpu")


def dice(segmenter: Segmenter, clips: int) -> float:
    """Mean Dice per image on exact masks of `sim` clips, both empty = 1."""
    sim, values = make_generator("sim", frames=64, size=SIZE), []
    for k in range(clips):
        clip = sim.clip(SEED, k)
        assert clip.mask is not None
        ours, exact = segmenter.predict(clip.frames) > 127, clip.mask == Label.LV
        both, sums = (ours & exact).sum((1, 2)), ours.sum((1, 2)) + exact.sum((1, 2))
        values.append(np.where(sums > 0, 2 * both / np.maximum(sums, 1), 1.0))
    return float(np.concatenate(values).mean())


def exported(folder: Path, threads: int) -> dict[str, tuple[OnnxSegmenter, TorchSegmenter, int]]:
    """Name -> the file in ONNX Runtime, its source, its bytes."""
    made = {}
    for name in (*EMBEDDED, *UNTRAINED):
        source = model(name)
        for suffix, write in (("", export_onnx), (" INT8", export_int8)):
            if suffix and name not in EMBEDDED:
                continue
            path = folder / f"{name}{suffix}.onnx"
            write(source, path)
            made[f"{UNTRAINED.get(name, name)}{suffix}"] = (
                OnnxSegmenter(path, threads),
                source,
                path.stat().st_size,
            )
    return made


def medians(runs: dict[str, Run], frames: npt.NDArray[np.uint8], rounds: int) -> dict[str, float]:
    """Seconds of one call, the median of rounds after a first one."""
    for run in runs.values():
        run(frames)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(timed(run, frames))
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=16, help="frames of a call")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clips", type=int, default=16, help="for Dice; 0: none")
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    frames = make_generator("sim", frames=o.batch, size=SIZE).clip(SEED, 0).frames
    with tempfile.TemporaryDirectory() as folder:
        made = exported(Path(folder), o.threads)
    runs: dict[str, Run] = {BASELINE: baseline()} | {name: row[0].predict for name, row in made.items()}
    seconds = medians(runs, frames, o.rounds)
    print(
        f"{'model':22} {'frames/s':>9} {'ratio':>7} {'MB':>6} {'params':>8} {'Dice':>6}  {o.threads} threads"
    )
    print(f"{BASELINE:22} {o.batch / seconds[BASELINE]:9.1f} {1:7.1f}")
    for name, (segmenter, source, size) in made.items():
        trained = source.name in EMBEDDED and o.clips
        shown = f"{dice(segmenter, o.clips):6.3f}" if trained else f"{'-':>6}"
        rate, ratio = o.batch / seconds[name], seconds[BASELINE] / seconds[name]
        print(f"{name:22} {rate:9.0f} {ratio:7.1f} {size / 1e6:6.2f} {source.parameters:8d} {shown}")


if __name__ == "__main__":
    main()
