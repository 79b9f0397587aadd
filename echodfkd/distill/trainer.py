"""A network in training: one step, one evaluation, and everything needed to go on later."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from echodfkd.distill.augment import ClipAugment
from echodfkd.distill.data import Labeller, Masks
from echodfkd.distill.features import FeatureHints
from echodfkd.distill.objective import Goal, Objective, one_hot
from echodfkd.distill.recipe import PRECISIONS, Recipe
from echodfkd.errors import EchoError
from echodfkd.files import atomic_path
from echodfkd.ranks import ALONE, Ranks

RECENT = 50  # steps whose losses are remembered


class Trainer:
    """A network in training, with its average, optimiser and place in the run.

    Args:
        network: maps (B, T, 1, H, W) grey 0..255 to logits.
        recipe: see `Recipe`. device: torch device. labels: the teacher, for batches without its masks.
        guide: the teacher's network, where the recipe has losses on its features.
        ranks: the processes that train together; gradients are averaged over them.

    Attributes:
        step: how many steps are done. losses: those of the last `RECENT` steps on this rank.
    """

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        device: torch.device,
        labels: Labeller | None,
        guide: nn.Module | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self.network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = AveragedModel(
            network, multi_avg_fn=get_ema_multi_avg_fn(recipe.average), use_buffers=True
        )
        hints = _hints(self.network, guide, recipe, device)  # after the average, which needs no tap
        self.objective = Objective(self.network, recipe.losses, hints).to(device)
        trained = [p for p in self.objective.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(trained, lr=recipe.rate, weight_decay=recipe.decay, fused=True)
        self.scaler = torch.amp.GradScaler(device.type, enabled=recipe.precision == "fp16")
        self.together = _shared(self.objective, ranks)
        self.recipe, self.device, self.labels, self.ranks = recipe, device, labels, ranks
        self.augment = ClipAugment()
        self.step, self.losses = 0, list[float]()

    def targets(self, frames: Tensor, masks: Masks[Tensor]) -> Tensor:
        """The soft masks to learn, uint8 (B, T, H, W): exact, the teacher's, or a mix of both.

        Raises:
            EchoError: if there are neither.
        """
        return self._mixed(self._labelled(frames, masks))

    def _labelled(self, frames: Tensor, masks: Masks[Tensor]) -> Masks[Tensor]:
        """The masks with the teacher's among them, where there is one."""
        if masks.taught is not None or self.labels is None:
            return masks
        seen = self.labels(frames)
        return masks._replace(taught=seen.taught, spread=seen.spread)

    def _mixed(self, masks: Masks[Tensor]) -> Tensor:
        if masks.taught is None:
            if masks.exact is None:
                raise EchoError("these clips have no labels and no teacher was given")
            return masks.exact
        if masks.exact is None or not self.recipe.exact:
            return masks.taught
        mixed = torch.lerp(masks.taught.float(), masks.exact.float(), self.recipe.exact)
        return mixed.round().to(torch.uint8)

    def learn(self, frames: Tensor, masks: Masks[Tensor]) -> float:
        """One optimiser step on a batch of uint8 (B, T, H, W) frames and what is known of them; the loss.

        Raises:
            EchoError: if the loss is not finite.
        """
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.step + 7_368_787 * self.ranks.rank)
        x, goal = self.drawn(frames, masks)
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.rate_at(self.step)
        self.objective.train()
        with self._cast():
            loss: Tensor = self.together(x, goal)
        if not bool(torch.isfinite(loss)):
            raise EchoError(f"training diverged: the loss of step {self.step} is not finite; lower the rate")
        self._descend(loss)
        self.average.update_parameters(self.network)
        self.step += 1
        self.losses = [*self.losses[1 - RECENT :], float(loss.detach())]
        return self.losses[-1]

    def drawn(self, frames: Tensor, masks: Masks[Tensor]) -> tuple[Tensor, Goal]:
        """What a step sees, frames (B, T, 1, H, W), 0..255, and its goal: augmented, some of one frame."""
        masks = self._labelled(frames, masks)
        parts = [self._mixed(masks).to(self.device).float()[:, :, None] / 255]
        if masks.tissues is not None:
            parts.append(one_hot(masks.tissues.to(self.device)))
        if masks.spread is not None:  # at most 127: half the members say 0, half 255
            parts.append(1 - masks.spread.to(self.device).float()[:, :, None] / 127.5)
        x, y = frames.to(self.device).float() / 255, torch.cat(parts, 2)
        if self.recipe.augment:
            x, flat = self.augment(x, y.flatten(1, 2))
            y = flat.view_as(y)
        sizes = [part.shape[2] for part in parts]
        mask, *rest = y.split(sizes, 2)
        goal = Goal(
            mask,
            rest[0] if masks.tissues is not None else None,
            rest[-1] if masks.spread is not None else None,
        )
        x = x[:, :, None] * 255
        if torch.rand(()) >= self.recipe.short:
            return x, goal
        pick = int(torch.randint(x.shape[1], ()))
        return x[:, pick : pick + 1], goal.frame(pick)

    def _cast(self) -> AbstractContextManager[object]:
        lower = PRECISIONS[self.recipe.precision]
        return torch.autocast(self.device.type, lower, enabled=lower is not None)

    def _descend(self, loss: Tensor) -> None:
        self.optimiser.zero_grad()
        self.scaler.scale(loss).backward()
        if self.recipe.clip_norm:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.objective.parameters(), self.recipe.clip_norm)
        self.scaler.step(self.optimiser)
        self.scaler.update()

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
            scores.append(dice_per_image(found, wanted).flatten())
        return float(torch.cat(scores).mean())

    def save(self, path: Path) -> None:
        """Write everything that resuming needs."""
        state = {
            "step": self.step,
            "losses": self.losses,
            "objective": self.objective.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
        }
        with atomic_path(path) as temporary:
            torch.save(state, temporary)

    def load(self, path: Path) -> None:
        """Go on from a file that `save` wrote.

        Raises:
            EchoError: if it is damaged or of another network.
        """
        with resuming(path):
            state = torch.load(path, map_location=self.device, weights_only=True)
            self.objective.load_state_dict(state["objective"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.scaler.load_state_dict(state["scaler"])
            self.step, self.losses = int(state["step"]), list(state["losses"])


@contextmanager
def resuming(path: Path) -> Iterator[None]:
    """Say in one line what is wrong with a checkpoint that is read inside the block.

    Raises:
        EchoError: if it is damaged or of another network.
    """
    try:
        yield
    except (RuntimeError, LookupError, ValueError, EOFError, OSError, UnpicklingError) as error:
        reason = (str(error).splitlines() or ["it is damaged"])[0]
        raise EchoError(f"cannot resume from {path}: {reason}") from error


def dice_per_image(found: Tensor, wanted: Tensor) -> Tensor:
    """Dice of each image of two masks, bool (..., H, W) -> (...); both empty: 1."""
    inter, total = (wanted & found).sum((-2, -1)), wanted.sum((-2, -1)) + found.sum((-2, -1))
    return torch.where(total > 0, 2 * inter / total.clamp_min(1), 1.0)


def _hints(
    network: nn.Module, guide: nn.Module | None, recipe: Recipe, device: torch.device
) -> FeatureHints | None:
    losses = recipe.feature_losses
    return FeatureHints(network, guide.to(device), losses) if losses and guide is not None else None


def _shared(objective: nn.Module, ranks: Ranks) -> nn.Module:
    """The objective, its gradients averaged over the ranks.

    What a step has no use for, say tissues where none are known, gets no gradient on any rank.
    """
    if ranks.world == 1:
        return objective
    return nn.parallel.DistributedDataParallel(objective, find_unused_parameters=True)
