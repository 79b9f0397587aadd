"""Training frames per second, ours against a plain implementation of EchoDFKD's published loop, in one run.

Command:  uv run python scripts/bench_distill.py [--size 33] [--threads 2] [--steps 6] [--precision fp32]

Baseline: the published student with each recurrence as a loop over frames, batches of 2 windows of
25 frames of 112 x 112, Adam at 1e-3, BCE on the teacher's soft masks. Ours: `Trainer` with the recipe
`echodfkd` and the same batch. Both start from the same weights and see the same simulator clips with the
embedded teacher's labels, made before. They take a step in turn; the ratio is that of the medians, and the
losses of every step are printed beside each other: they must agree. On a busy machine `--clock processor`
counts processor time instead of the clock's.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from plain_convlstm import Published
from torch import Tensor
from torch.nn import functional as F

from echodfkd.distill.data import GeneratorExamples, Masks, loader
from echodfkd.distill.distill import teacher_labels
from echodfkd.distill.recipe import preset
from echodfkd.distill.trainer import Trainer
from echodfkd.students.convlstm import ConvLSTM
from echodfkd.students.networks import build_network
from echodfkd.synth import training_generators
from echodfkd.teachers import load_teacher

Batch = tuple[Tensor, Tensor]  # frames and the teacher's masks, uint8 (B, T, H, W)
BATCH, SEED, SIZE = 2, 0, 112


def batches(count: int, window: int) -> list[Batch]:
    """Labelled windows of simulator clips."""
    examples = GeneratorExamples(training_generators("sim", window), SEED, count * BATCH, SIZE, exact=False)
    label = teacher_labels(load_teacher("sim", device="cpu"))
    drawn = [frames for frames, _ in loader(examples, range(count * BATCH), BATCH, 0)]
    return [(frames, label(frames).taught) for frames in drawn]  # type: ignore[misc]


def plain_step(network: ConvLSTM) -> Callable[[Tensor, Tensor], float]:
    """A step of the published loop, written down plainly."""
    published = Published(network).train()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)

    def step(frames: Tensor, taught: Tensor) -> float:
        optimiser.zero_grad()
        logits = published(frames[:, :, None].float())
        loss = F.binary_cross_entropy_with_logits(logits[:, :, 0], taught.float() / 255)
        loss.backward()
        optimiser.step()
        return float(loss.detach())

    return step


def our_step(network: ConvLSTM, steps: int, precision: str) -> Callable[[Tensor, Tensor], float]:
    """A step of ours."""
    recipe = preset("echodfkd", steps=steps, batch=BATCH, precision=precision)
    trainer = Trainer(network, recipe, torch.device("cpu"), None)
    return lambda frames, taught: trainer.learn(frames, Masks(taught))


def bench(size: str, steps: int, precision: str, clock: Callable[[], float]) -> None:
    """Take steps in turn and print what they took."""
    torch.manual_seed(SEED)
    first, second = (build_network(f"convlstm-{size}") for _ in range(2))
    second.load_state_dict(first.state_dict())
    runs = {"plain": plain_step(first), "ours": our_step(second, steps, precision)}  # type: ignore[arg-type]
    times: dict[str, list[float]] = {name: [] for name in runs}
    for k, batch in enumerate(batches(steps, preset("echodfkd").window)):
        losses = {}
        for name, step in runs.items():
            begun = clock()
            losses[name] = step(*batch)
            times[name].append(clock() - begun)
        print(f"step {k}: loss " + ", ".join(f"{name} {loss:.5f}" for name, loss in losses.items()))
    seen = BATCH * preset("echodfkd").window
    slow, fast = (statistics.median(times[name][1:] or times[name]) for name in runs)  # the first warms up
    print(
        f"convlstm-{size}: plain {seen / slow:.2f} frames/s, ours {seen / fast:.2f}, ratio {slow / fast:.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--size", default="33")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--clock", choices=["wall", "processor"], default="wall")
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    clock = time.perf_counter if o.clock == "wall" else time.process_time
    bench(o.size, o.steps, o.precision, clock)


if __name__ == "__main__":
    main()
