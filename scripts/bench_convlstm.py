"""Frames per second of the published ConvLSTM students, ours against a plain loop, in one run on one machine.

Command:  uv run python scripts/bench_convlstm.py [--sizes 22 33] [--threads 1] [--frames 64] [--rounds 5]
          [--device cpu]

Baseline: frame after frame, one convolution over [input, hidden] and its four gates in each recurrence, as
published, over the same weights and in the memory layout that torch gives; what does not look along time runs
over all frames at once there too. "run" takes the clip in strides of 32 frames with a state, the baseline as
a whole; "learn" is forward and backward over a window of 8 frames in training mode. Each round times both
once, in turn; the ratio is that of the medians. On CPU it is processor time, which other work on the machine
disturbs little, elsewhere time of the clock.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from plain_convlstm import Published
from torch import Tensor, nn

from echodfkd.students.convlstm import ConvLSTM
from echodfkd.students.networks import build_network

STRIDE = 32  # frames that a stream brings at once
WINDOW = 8  # frames that a student learns from at once


@torch.inference_mode()
def streamed(network: ConvLSTM, clip: Tensor) -> Tensor:
    """Logits of a clip that comes in strides."""
    state, found = network.initial_state(1, *clip.shape[3:]), []
    for part in clip.split(STRIDE, 1):
        logits, state = network.advance(part, state)
        found.append(logits)
    return torch.cat(found, 1)


def learned(network: nn.Module, clip: Tensor) -> None:
    """Gradients of a made-up loss."""
    network(clip[:, :WINDOW]).square().mean().backward()


def timed(run: Callable[[Tensor], object], clip: Tensor) -> float:
    """Seconds of one pass over a clip."""
    clock = time.process_time if clip.device.type == "cpu" else time.perf_counter
    begun = clock()
    run(clip)
    if clip.is_cuda:
        torch.cuda.synchronize()
    return clock() - begun


def models(size: str, device: str) -> tuple[Published, ConvLSTM]:
    """The baseline and ours, with the same weights."""
    torch.manual_seed(0)
    ours = build_network(f"convlstm-{size}").to(device)
    plain = Published(ConvLSTM(ours.blocks, ours.layers).to(device))  # type: ignore[arg-type]
    plain.network.load_state_dict(ours.state_dict())
    return plain, ours.to(memory_format=torch.channels_last)  # type: ignore[call-overload, return-value]


def bench(size: str, clip: Tensor, rounds: int) -> None:
    """Print a line for running and one for learning."""
    plain, ours = models(size, clip.device.type)
    runs = {
        "run": (torch.inference_mode()(plain), partial(streamed, ours)),
        "learn": (partial(learned, plain), partial(learned, ours)),
    }
    for name, pair in runs.items():
        for network in (plain, ours):
            network.train(name == "learn")
        frames = clip if name == "run" else clip[:, :WINDOW]
        for run in pair:
            timed(run, frames)  # warm up
        times = [[timed(run, frames) for run in pair] for _ in range(rounds)]
        slow, fast = (statistics.median(column) for column in zip(*times, strict=True))
        n = frames.shape[1]
        print(f"convlstm-{size} {name:6} {n / slow:9.1f} {n / fast:9.1f} {slow / fast:6.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", nargs="+", default=["22", "33"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    clip = torch.rand(1, o.frames, 1, 112, 112, generator=torch.Generator().manual_seed(0)) * 255
    print(f"{'frames/s':18} {'plain':>9} {'ours':>9} {'ratio':>6}   ({o.threads} threads, {o.device})")
    for size in o.sizes:
        bench(size, clip.to(o.device), o.rounds)


if __name__ == "__main__":
    main()
