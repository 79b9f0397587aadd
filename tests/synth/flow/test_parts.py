"""Learning that one long step leads where two halves of it lead."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from echodfkd.synth.diffusion.codec import Identity
from echodfkd.synth.diffusion.process import Flow
from echodfkd.synth.diffusion.sampler import Sampling
from echodfkd.synth.diffusion.tasks import CLEAN, INSIDE
from echodfkd.synth.flow.parts import CLASSES, FINEST, SHARE, Shortcut, denoiser, told


@pytest.mark.parametrize(("steps", "value"), [(64, 0.0), (32, 31.25), (1, 1000.0)])
def test_the_finest_step_counts_as_infinitely_short(steps: int, value: float) -> None:
    assert told(1 / steps) == value


def batch() -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(0)
    clean = torch.randn(3, 4, 2, 4, 4, generator=rng)
    mask = torch.rand(3, CLASSES, 2, 4, 4, generator=rng)
    return {CLEAN: clean, INSIDE: torch.ones(3, 2), "mask": mask, "step": torch.zeros(3, 1)}


class Asked(Shortcut):
    """Notes what the network is asked, and answers with a velocity that it is given."""

    def __init__(self, velocity: float) -> None:
        super().__init__(denoiser((64, 64)), Flow(), None, None, {}, Sampling(4, "euler"), Identity())  # type: ignore[arg-type]
        self.velocity, self.asked = velocity, []  # type: ignore[var-annotated]

    def _velocity(self, sample: Tensor, share: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        self.asked.append((sample, share, values["step"][:, 0]))
        return torch.full_like(sample, self.velocity)


def test_a_straight_flow_has_nothing_to_learn_of_long_steps() -> None:
    losses = Asked(0.7).losses(batch(), SHARE - 1, torch.Generator().manual_seed(1))
    assert float(losses["shortcut"]) == pytest.approx(0, abs=1e-10) and float(losses["loss"]) == 0


def test_two_halves_are_taken_one_after_the_other_and_the_long_step_from_where_they_began() -> None:
    for seed in range(8):
        task = Asked(0.7)
        task.losses(batch(), SHARE - 1, torch.Generator().manual_seed(seed))
        (x, share, short), (between, later, again), (x_long, share_long, long) = task.asked
        half = share - later
        assert torch.equal(x, x_long) and torch.equal(share, share_long) and torch.equal(short, again)
        assert torch.allclose(between, x - 0.7 * half.view(-1, 1, 1, 1, 1), atol=1e-6)
        assert ((half >= 1 / FINEST) & (half <= 0.5) & (share <= 1) & (share >= 2 * half)).all()
        assert np.allclose(long, 2000 * half) and np.allclose(short, [told(float(h)) for h in half])


def test_other_batches_learn_the_flow_itself() -> None:
    task = Shortcut(denoiser((64, 64)), Flow(), None, None, {}, Sampling(4, "euler"), Identity())  # type: ignore[arg-type]
    losses = task.losses(batch(), 0, torch.Generator().manual_seed(1))
    assert float(losses["loss"].detach()) > 1.5 and float(losses["shortcut"]) == 0
