"""Labelling a clip set against the plain published loop, in one run on one machine.

Command:  uv run python scripts/bench_label.py [--threads 2] [--clips 2] [--frames 128] [--rounds 3] [--int8]

Network: the architecture that EchoNet-Dynamic published, torchvision's DeepLabV3 with a ResNet-50 and one
output channel. Its weights are random (speed does not depend on them); its last layer is fitted to synthetic
hearts by least squares, so that masks are masks. Plain: each clip in turn is decoded, sent through the
network in one float32 pass, and written. Ours: `label_clip_set` with the same weights, `accelerated`. Each
round labels the same synthetic clips in every way. Ratios are those of the medians, once of seconds and once
of processor seconds, which are the steadier ones where other programs run. --int8 adds the network in 8 bits.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models.segmentation import deeplabv3_resnet50

from echodfkd.clip import Frames, Label, Mask
from echodfkd.clipset import ClipSet
from echodfkd.files import write_npz
from echodfkd.segmenter import Prob, Segmenter
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.write import write_clip_set
from echodfkd.teachers.accelerate_network import accelerated
from echodfkd.teachers.echonet import HANDLING
from echodfkd.teachers.frames import ForeignSegmenter, Network
from echodfkd.teachers.label import label_clip_set
from echodfkd.teachers.manifest import Facts

SEED, SIZE = 0, HANDLING.size
Times = tuple[float, float]  # seconds, processor seconds


def look(frames: Frames) -> Tensor:
    """Grey frames uint8 (T, H, W) as EchoNet-Dynamic's network takes them, float32 (T, 3, H, W)."""
    mean, std = (torch.tensor(values)[:, None, None] for values in (HANDLING.mean, HANDLING.std))
    return (torch.from_numpy(frames)[:, None].float().expand(-1, 3, -1, -1) - mean) / std


def some_frames(seed: int) -> tuple[Frames, Mask]:
    """Frames of six synthetic hearts, (24, S, S), and their masks."""
    clips = [SimGenerator(frames=16, size=SIZE).clip(seed, index) for index in range(6)]
    return np.concatenate([c.frames[::4] for c in clips]), np.concatenate([c.mask[::4] for c in clips])


def teacher(name: str, network: Network) -> Segmenter:
    """The network as a teacher."""
    facts = Facts(Path(), {}, {"claim": "real-free", "convention": "unknown"})
    return ForeignSegmenter(network, HANDLING, facts, name, "0" * 64, "cpu")


@torch.no_grad()
def fitted_network() -> nn.Module:
    """Random weights of a seed; the last layer finds the LV as far as random features can tell it."""
    torch.manual_seed(SEED)
    network = deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=1, aux_loss=False).eval()
    frames, mask = some_frames(SEED + 1)
    lv = torch.from_numpy(mask == Label.LV)[:, None].float()
    head = nn.Sequential(*list(network.classifier)[:-1])
    features = head(network.backbone(look(frames))["out"])
    area = nn.functional.interpolate(lv, features.shape[-2:], mode="area")
    rows = nn.functional.pad(features.permute(0, 2, 3, 1).flatten(0, 2), (0, 1), value=1.0)
    logits = 16 * area.flatten()[:, None] - 8
    solved = torch.linalg.lstsq(rows.double(), logits.double(), driver="gelsd").solution.float()
    level = torch.quantile(rows @ solved, 1 - float(lv.mean()))  # so that masks are as large as the hearts
    last = network.classifier[-1]
    last.weight.copy_(solved[:-1].view_as(last.weight))
    last.bias.copy_(solved[-1] - level)
    return network


@torch.no_grad()
def plain_loop(data: ClipSet, network: nn.Module, folder: Path) -> None:
    """One clip after the other, each in one pass, nothing at the same time."""
    for record in data.records:
        images = look(data.load(record, masks=False).frames).contiguous()
        prob = torch.sigmoid(network(images)["out"])[:, 0]
        write_npz(folder / f"{record.name}.npz", prob=(prob * 255).round().to(torch.uint8).numpy())


def ours(data: ClipSet, model: Segmenter) -> Path:
    """Labels of a teacher, all of them made now; returns their folder."""
    shutil.rmtree(data.labels_folder(model.name, model.digest), ignore_errors=True)
    return label_clip_set(data, model).folder


def timed(run: Callable[[], object]) -> Times:
    """What a run takes."""
    begun, busy = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - begun, time.process_time() - busy


def labels(data: ClipSet, folder: Path) -> Prob:
    """All soft masks of the set, (T of all clips, H, W)."""
    return np.concatenate([data.load_labels(record, folder) for record in data.records])


def report(name: str, times: list[Times], plain: list[Times], frames: int) -> None:
    """Prints frames per second and both ratios to the plain loop."""
    wall, cpu = (statistics.median(part) for part in zip(*times, strict=True))
    plain_wall, plain_cpu = (statistics.median(part) for part in zip(*plain, strict=True))
    print(f"{name:10} {frames / wall:8.2f} {plain_wall / wall:7.2f} {plain_cpu / cpu:12.2f}", flush=True)


def compare(name: str, expected: Prob, found: Prob) -> None:
    """Prints how far masks agree: largest difference in 1/255, pixels equal at .5, Dice at .5."""
    a, b = expected > 127, found > 127
    largest = int(np.abs(expected.astype(int) - found).max())
    dice = 2 * (a & b).sum() / max(1, a.sum() + b.sum())
    print(f"{name}: largest difference {largest}/255, equal at .5 {(a == b).mean():.6%}, Dice {dice:.4f}")


@torch.no_grad()
def bench(root: Path, clips: int, frames: int, rounds: int, int8: bool, threads: int) -> None:
    """Make the clips and the networks, time all ways in turn, and print what came out."""
    write_clip_set(SimGenerator(frames=frames, size=SIZE), root / "set", clips=clips, seed=SEED)
    data, network, plain = ClipSet.open(root / "set"), fitted_network(), root / "plain"
    models = [teacher("ours", accelerated(network, (2, 3, SIZE, SIZE)))]
    if int8:
        from int8_network import int8_network

        calibration = look(some_frames(SEED + 2)[0])
        models.append(teacher("int8", int8_network(network, calibration, root, threads)))
    runs: dict[str, Callable[[], object]] = {"plain": partial(plain_loop, data, network, plain)}
    runs |= {model.name: partial(ours, data, model) for model in models}
    warm = data.load(0).frames[:8]
    network(look(warm))
    for model in models:
        model.predict(warm)
    times: dict[str, list[Times]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(timed(run))
    print(f"{'':10} {'frames/s':>8} {'ratio':>7} {'ratio of CPU':>12}   ({threads} threads)")
    for name in runs:
        report(name, times[name], times["plain"], clips * frames)
    expected = labels(data, plain)
    for model in models:
        compare(model.name, expected, labels(data, data.labels_folder(model.name, model.digest)))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clips", type=int, default=2)
    parser.add_argument("--frames", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--int8", action="store_true")
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    with tempfile.TemporaryDirectory() as root:
        bench(Path(root), o.clips, o.frames, o.rounds, o.int8, o.threads)


if __name__ == "__main__":
    main()
