"""The training loop: one for teachers on exact masks and for students on a teacher's soft masks.

Every step draws its randomness from (seed, step) and its clips by index, so a run that was cut and resumed
ends with the very weights of an undisturbed one on the same machine.
"""

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import Dataset

from echodfkd.distill.augment import ClipAugment
from echodfkd.distill.data import Masks, loader
from echodfkd.distill.losses import mask_loss, tissue_loss
from echodfkd.errors import EchoError
from echodfkd.files import atomic_path, write_text
from echodfkd.progress import Track, silent
from echodfkd.students.tissues import TISSUES, KnowsTissues

LAST = Path("checkpoints") / "last.pt"  # in a run's folder: where it goes on
TISSUE_WEIGHT = 0.3  # of the tissue loss beside that of the mask, which is what counts in the end
Labeller = Callable[[Tensor], Tensor]  # uint8 (B, T, H, W) grey -> uint8 (B, T, H, W) soft masks


@dataclass(frozen=True)
class Recipe:
    """How long and how hard to train.

    Attributes:
        steps: optimiser steps. batch: clips a step. rate: peak learning rate (AdamW, cosine after a warm-up).
        decay: weight decay. average: decay of the weight average that is kept in the end.
        exact: weight of exact masks in a target where a teacher is there too (Hinton et al. 2015); binary
            cross-entropy is linear in its target, so mixing targets is mixing losses.
        short: share of steps on single frames, so that stills work too.
        save_every, eval_every: in steps.
    """

    steps: int = 2000
    batch: int = 4
    rate: float = 2e-3
    decay: float = 1e-2
    warmup: int = 100
    average: float = 0.995
    exact: float = 0.0
    short: float = 0.1
    seed: int = 0
    workers: int = 1
    save_every: int = 250
    eval_every: int = 250

    def rate_at(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then half a cosine to zero."""
        warm = min(1.0, (step + 1) / max(1, min(self.warmup, self.steps // 5)))
        return self.rate * warm * 0.5 * (1 + math.cos(math.pi * step / self.steps))


class Trainer:
    """A network in training, with its average, optimiser and place in the run.

    Args:
        network: maps (B, T, 1, H, W) grey 0..255 to logits.
        recipe: see `Recipe`. device: torch device. labels: the teacher, for batches without its masks.
    """

    def __init__(
        self, network: nn.Module, recipe: Recipe, device: torch.device, labels: Labeller | None
    ) -> None:
        self.network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = AveragedModel(
            network, multi_avg_fn=get_ema_multi_avg_fn(recipe.average), use_buffers=True
        )
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=recipe.rate, weight_decay=recipe.decay, fused=True
        )
        self.recipe, self.device, self.labels = recipe, device, labels
        self.augment = ClipAugment()
        self.step = 0

    def targets(self, frames: Tensor, masks: Masks[Tensor]) -> Tensor:
        """The soft masks to learn, uint8 (B, T, H, W): exact, the teacher's, or a mix of both.

        Raises:
            EchoError: if there are neither.
        """
        taught = self.labels(frames) if masks.taught is None and self.labels is not None else masks.taught
        if taught is None:
            if masks.exact is None:
                raise EchoError("these clips have no labels and no teacher was given")
            return masks.exact
        if masks.exact is None or not self.recipe.exact:
            return taught
        mixed = torch.lerp(taught.float(), masks.exact.float(), self.recipe.exact)
        return mixed.round().to(torch.uint8)

    def learn(self, frames: Tensor, masks: Masks[Tensor]) -> float:
        """One optimiser step on a batch of uint8 (B, T, H, W) frames and what is known of them; the loss."""
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.step)
        soft = self.targets(frames, masks).to(self.device).float() / 255
        y = soft[:, :, None]
        if masks.tissues is not None:
            y = torch.cat([y, one_hot(masks.tissues.to(self.device))], 2)
        x, flat = self.augment(frames.to(self.device).float() / 255, y.flatten(1, 2))
        y = flat.view_as(y)
        if torch.rand(()) < self.recipe.short:
            pick = int(torch.randint(x.shape[1], ()))
            x, y = x[:, pick : pick + 1], y[:, pick : pick + 1]
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.rate_at(self.step)
        self.network.train()
        loss = self.loss(x[:, :, None] * 255, y[:, :, :1], y[:, :, 1:])
        if not bool(torch.isfinite(loss)):
            raise EchoError(f"training diverged: the loss of step {self.step} is not finite; lower the rate")
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.average.update_parameters(self.network)
        self.step += 1
        return float(loss.detach())

    def loss(self, x: Tensor, y: Tensor, tissues: Tensor) -> Tensor:
        """Loss of grey (B, T, 1, H, W), 0..255, against such masks and tissues (B, T, K or 0, H, W)."""
        if not tissues.shape[2] or not isinstance(self.network, KnowsTissues):
            return mask_loss(self.network(x), y)
        logits, classes = self.network.with_tissues(x)
        shares = F.adaptive_avg_pool2d(tissues.flatten(0, 1), (classes.shape[-2], classes.shape[-1]))
        return mask_loss(logits, y) + TISSUE_WEIGHT * tissue_loss(classes.flatten(0, 1), shares)

    @torch.inference_mode()
    def agreement(self, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
        """Mean Dice per image of the averaged network with `targets`, at probability .5.

        Args:
            batches: pairs of frames and targets, both uint8 (B, T, H, W).
        """
        self.average.eval()
        scores = []
        for frames, target in batches:
            wanted = target.to(self.device) > 127
            found = self.average(frames.to(self.device)[:, :, None].float())[:, :, 0] > 0
            inter, total = (wanted & found).sum((-2, -1)), wanted.sum((-2, -1)) + found.sum((-2, -1))
            scores.append(torch.where(total > 0, 2 * inter / total.clamp_min(1), 1.0).flatten())
        return float(torch.cat(scores).mean())

    def save(self, path: Path) -> None:
        """Write everything that resuming needs."""
        state = {
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        with atomic_path(path) as temporary:
            torch.save(state, temporary)

    def load(self, path: Path) -> None:
        """Go on from a file that `save` wrote.

        Raises:
            EchoError: if it is damaged or of another network.
        """
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            self.network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
        except (RuntimeError, LookupError, ValueError, EOFError, OSError, UnpicklingError) as error:
            reason = (str(error).splitlines() or ["it is damaged"])[0]
            raise EchoError(f"cannot resume from {path}: {reason}") from error
        self.step = int(state["step"])


def one_hot(tissues: Tensor) -> Tensor:
    """Classes uint8 (B, T, H, W) -> float (B, T, K, H, W), 1 where a pixel is of class k."""
    classes = torch.arange(TISSUES, device=tissues.device, dtype=torch.uint8).view(-1, 1, 1)
    return (tissues[:, :, None] == classes).float()


def fit(
    trainer: Trainer, examples: Dataset, held_out: Dataset, run: Path, track: Track = silent
) -> Iterator[dict[str, float]]:
    """Train from where the trainer stands to the end; yields a row of `metrics.jsonl` at each evaluation.

    Leaves `checkpoints/last.pt`, `metrics.jsonl` and TensorBoard events in `run`.
    """
    from torch.utils.tensorboard import SummaryWriter

    recipe, last = trainer.recipe, run / LAST
    _keep_rows(run / "metrics.jsonl", trainer.step)
    events = SummaryWriter(str(run / "tensorboard"))
    batches = loader(examples, trainer.step * recipe.batch, recipe.batch, recipe.workers)
    judge: list[tuple[Tensor, Tensor]] = []  # drawn and labelled at the first evaluation, for all of them
    begun, seen, losses = time.perf_counter(), trainer.step, [0.0]
    for frames, masks in track(batches, "training", recipe.steps - trainer.step):
        losses.append(trainer.learn(frames, masks))
        if trainer.step % recipe.eval_every == 0 or trainer.step == recipe.steps:
            judge = judge or [(x, trainer.targets(x, y)) for x, y in loader(held_out, 0, recipe.batch, 0)]
            score = trainer.agreement(judge)
            speed = (trainer.step - seen) * frames.shape[0] * frames.shape[1] / (time.perf_counter() - begun)
            recent = sum(losses[1:][-50:]) / max(1, len(losses[1:][-50:]))
            row = {"step": trainer.step, "loss": recent, "dice": score, "frames_per_second": speed}
            with (run / "metrics.jsonl").open("a") as stream:
                stream.write(json.dumps(row) + "\n")
            for name in ("loss", "dice"):
                events.add_scalar(name, row[name], trainer.step)
            yield row
        if trainer.step % recipe.save_every == 0 or trainer.step == recipe.steps:
            trainer.save(last)
    events.close()


def _keep_rows(path: Path, step: int) -> None:
    """Drop rows that a resumed run will write again, and a last line that a cut left half-written."""
    rows = []
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    write_text(path, "".join(json.dumps(row) + "\n" for row in rows if row["step"] <= step))
