"""Size and speed of every student of scripts/students_table.py, all in turn in one run on one machine.

Speed does not depend on the weights, so they are untrained; frames are noise. A clip goes through as a whole.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch.utils.flop_counter import FlopCounterMode

from echodfkd.clip import Frames
from echodfkd.export.onnx import export_onnx
from echodfkd.progress import Track
from echodfkd.students.networks import build_network
from echodfkd.students.runtime import TorchSegmenter

SIZE, WARM = 112, 2  # pixels; frames before the clock runs
LEAST_S = 0.3  # a clip goes through again until that much time has passed: a short pass is mostly chance
Run = Callable[[Frames], object]


def untrained(name: str) -> TorchSegmenter:
    """A student in memory."""
    torch.manual_seed(0)
    config = {"architecture": name, "claim": "untrained", "convention": "echonet", "size": SIZE}
    return TorchSegmenter(build_network(name), config, name, digest="untrained", device="cpu")


def size(name: str) -> tuple[int, int]:
    """Number of weights, and multiply-accumulates of a frame of 112x112 pixels; nothing is computed."""
    with torch.device("meta"), torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network = build_network(name).eval()
        network(torch.zeros(1, 1, 1, SIZE, SIZE))
    return sum(p.numel() for p in network.parameters()), int(counter.get_total_flops()) // 2


def through_onnx(model: TorchSegmenter, folder: Path, threads: int) -> Run:
    """The student in ONNX Runtime; its file is written to `folder` unless it is there."""
    path = folder / f"{model.name}.onnx"
    if not path.is_file():
        export_onnx(model, path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(frames: Frames) -> object:
        return session.run(None, {"frames": frames[None]})

    return run


def runs(names: Sequence[str], folder: Path, threads: int, track: Track) -> dict[tuple[str, str], Run]:
    """Each student through torch and through ONNX Runtime, by its name and that of the runtime."""
    torch.set_num_threads(threads)
    made: dict[tuple[str, str], Run] = {}
    for name in track(names, "exporting", len(names)):
        model = untrained(name)
        made[name, "onnx"] = through_onnx(model, folder, threads)
        made[name, "torch"] = model.predict
    return made


def rounds(made: dict[tuple[str, str], Run], frames: Frames, count: int) -> Iterator[dict[Any, float]]:
    """Seconds that each takes for the clip, once a round; what slows the machine slows all of a round."""
    for run in made.values():
        run(frames[:WARM])
    for _ in range(count):
        yield {key: seconds(run, frames) for key, run in made.items()}


def seconds(run: Run, frames: Frames) -> float:
    """Of one pass over a clip, mean over as many as fill `LEAST_S`."""
    begun, passes = time.perf_counter(), 0
    while (spent := time.perf_counter() - begun) < LEAST_S:
        run(frames)
        passes += 1
    return spent / passes


def speeds(
    names: Sequence[str], baseline: str, folder: Path, threads: int, frames: int, count: int, track: Track
) -> dict[str, Any]:
    """Frames a second of each student in both runtimes, and its ratio to a baseline: medians over rounds."""
    clip = np.random.default_rng(0).integers(0, 256, (frames, SIZE, SIZE), dtype=np.uint8)
    took = list(track(rounds(runs(names, folder, threads, track), clip, count), "timing", count))
    students: dict[str, Any] = {}
    for name in names:
        students[name] = {}
        for way in ("torch", "onnx"):
            rate = frames / statistics.median(each[name, way] for each in took)
            ratios = [each[baseline, way] / each[name, way] for each in took]
            students[name][way] = {
                "frames_per_second": round(rate, 1),
                "ratio": round(statistics.median(ratios), 2),
                "ratio_range": [round(min(ratios), 2), round(max(ratios), 2)],
            }
    shape = {"baseline": baseline, "threads": threads, "frames": frames, "rounds": count}
    machine = {"load": round(os.getloadavg()[0], 1), "cores": os.cpu_count()}
    return shape | machine | {"students": students}
