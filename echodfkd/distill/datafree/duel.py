"""The duel of a student and an artist: one imitates the teacher, the other draws where it still fails.

Data-free adversarial distillation (Fang et al. 2019, arXiv 1912.11006), with DeepInversion's batch-norm
statistics (Yin et al. 2020, arXiv 1912.08795) and CMI's memory of drawn clips (Fang et al. 2021, arXiv
2105.08584). Every step draws its randomness from (seed, step).
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from echodfkd.distill.augment import ClipAugment
from echodfkd.distill.data import HELD_OUT
from echodfkd.distill.datafree.artist import Artist, Noise, draw_noise
from echodfkd.distill.datafree.bank import Bank
from echodfkd.distill.datafree.losses import area_outside, discrepancy, doubt, roughness
from echodfkd.distill.datafree.plan import Plan
from echodfkd.distill.datafree.teacher import OpenTeacher
from echodfkd.distill.losses import mask_loss
from echodfkd.distill.trainer import RECENT, dice_per_image, resuming
from echodfkd.errors import EchoError
from echodfkd.files import atomic_path

Row = dict[str, float]
PLACE = ("step", "drawn", "losses", "rows")  # of a `Duel`: where it stands, beside its parts


class Duel:
    """Student, artist and bank, and where they stand.

    Args:
        student: maps (B, T, 1, S, S) grey 0..255 to logits. size: side S of the teacher's frames.

    Attributes:
        step: steps of the student so far. average: its averaged weights.
        drawn: figures of the artist's last step. losses: of the student's last steps.
        rows: what the evaluations so far gave.
    """

    def __init__(self, student: nn.Module, teacher: OpenTeacher, plan: Plan, size: int) -> None:
        self.plan, self.teacher, self.size = plan, teacher, size
        self.step, self.drawn = 0, Row()
        self.losses, self.rows = list[float](), list[Row]()
        self.student = _placed(student, teacher.device)
        self.artist = _placed(Artist(size), teacher.device)
        ema = get_ema_multi_avg_fn(plan.average)
        self.average = AveragedModel(student, multi_avg_fn=ema, use_buffers=True)
        self.learns = torch.optim.AdamW(student.parameters(), lr=plan.rate, weight_decay=plan.decay)
        self.draws = torch.optim.Adam(self.artist.parameters(), lr=plan.artist_rate, betas=(0.5, 0.999))
        self.bank, self.augment = Bank(plan.room), ClipAugment()

    def turn(self) -> None:
        """A step of the student, before it one of the artist where it is its turn."""
        torch.manual_seed(self.plan.seed * 1_000_003 + self.step)
        for _ in range(min(self.plan.ahead, self.plan.steps) if self.step == 0 else 0):
            self.draw(keep=False)
        if self.step % self.plan.turns == 0:
            self.drawn = self.draw()
        self.losses = [*self.losses, self.imitate()][-RECENT:]
        self.step += 1

    def draw(self, keep: bool = True) -> Row:
        """One step of the artist, its clips put into the bank to `keep`; the terms of its loss."""
        clips = self.artist.train()(self._noise(self.plan.batch))
        logits, statistics = self.teacher(clips)
        prob = torch.sigmoid(logits)
        self.student.eval().requires_grad_(False)  # it is looked through, not taught
        found = torch.sigmoid(self.student(clips))
        self.student.requires_grad_(True)
        terms = {
            "statistics": statistics,
            "discrepancy": -discrepancy(found, prob),
            "area": area_outside(prob, self.plan.terms.share),
            "doubt": doubt(logits),
            "roughness": roughness(clips),
        }
        weighted = [getattr(self.plan.terms, name) * term for name, term in terms.items()]
        self._descend(torch.stack(weighted).sum(), self.artist, self.draws)
        if keep:
            self.bank.add(clips[:, :, 0], prob[:, :, 0])
        return {name: abs(float(term.detach())) for name, term in terms.items()}

    def imitate(self) -> float:
        """One step of the student on clips of the bank; its loss."""
        x, y = self.augment(*(part.to(self.teacher.device) for part in self.bank.batch(self.plan.batch)))
        for group in self.learns.param_groups:
            group["lr"] = self.plan.rate_at(self.step)
        loss = mask_loss(self.student.train()(x[:, :, None] * 255), y[:, :, None])
        self._descend(loss, self.student, self.learns)
        self.average.update_parameters(self.student)
        return float(loss.detach())

    @torch.no_grad()
    def agreement(self, clips: int = 8) -> float:
        """Mean Dice per frame of the averaged student with the teacher, on clips drawn for this alone.

        They come from the same noise each time, but from the artist as it is now: what it says is how well
        the student holds against this artist, and nothing about real or simulated clips.
        """
        torch.manual_seed(self.plan.seed + HELD_OUT)
        drawn = self.artist.eval()(self._noise(clips))
        found, wanted = self.average.eval()(drawn) > 0, self.teacher(drawn)[0] > 0
        return float(dice_per_image(found, wanted).mean())

    def _noise(self, clips: int) -> Noise:
        return draw_noise(clips, self.plan.frames, self.size, self.teacher.device)

    def _descend(self, loss: Tensor, network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        if not bool(torch.isfinite(loss)):
            raise EchoError(f"training diverged: the loss of step {self.step} is not finite; lower the rate")
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        names = ("student", "average", "artist", "learns", "draws")
        return {name: getattr(self, name) for name in names}

    def save(self, path: Path) -> None:
        """Write everything that resuming needs, the bank too."""
        state = {name: part.state_dict() for name, part in self._parts().items()}
        bank = {"frames": self.bank.frames, "masks": self.bank.masks}
        place = {name: getattr(self, name) for name in PLACE}
        with atomic_path(path) as temporary:
            torch.save({**state, **bank, **place}, temporary)

    def load(self, path: Path) -> None:
        """Go on from a file that `save` wrote.

        Raises:
            EchoError: if it is damaged or of another network.
        """
        with resuming(path):
            state = torch.load(path, map_location="cpu", weights_only=True)
            for name, part in self._parts().items():
                part.load_state_dict(state[name])
            self.bank.frames, self.bank.masks = state["frames"], state["masks"]
            for name in PLACE:
                setattr(self, name, state[name])


def _placed(network: nn.Module, device: torch.device) -> nn.Module:
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
