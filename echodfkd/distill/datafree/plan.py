"""How long and how hard a student and an artist contend, and what the artist is asked for."""

from dataclasses import dataclass, field

from echodfkd.distill.recipe import SCHEDULES, warm_up


@dataclass(frozen=True)
class Terms:
    """Weights of the terms in the artist's loss, see `echodfkd.distill.datafree.losses`.

    Attributes:
        statistics: of the distance to what the teacher's batch norms remember.
        discrepancy: of what the student gets wrong; the only term that is sought, not avoided.
        area: of LV areas outside `share`, the least and the most that a frame may hold of it.
        doubt: of the teacher's uncertainty. roughness: of differences between neighbouring pixels.
    """

    statistics: float = 3.0
    discrepancy: float = 1.0
    area: float = 10.0
    doubt: float = 1.0
    roughness: float = 0.0
    share: tuple[float, float] = (0.03, 0.3)


@dataclass(frozen=True)
class Plan:
    """A run.

    Attributes:
        steps: optimiser steps of the student. batch: clips a step. frames: of a clip.
        rate: the student's peak learning rate (AdamW, half a cosine to zero after `warmup` steps).
        decay: its weight decay. average: decay of the weight average that is kept in the end.
        turns: the student's steps for each of the artist. room: clips that the bank holds.
        ahead: steps of the artist before the student begins; what it draws until then is not learned from.
        artist_rate: learning rate of the artist (Adam).
        save_every, eval_every: in steps.
    """

    steps: int = 4000
    batch: int = 4
    rate: float = 2e-3
    seed: int = 0
    frames: int = 4
    decay: float = 1e-2
    average: float = 0.995
    warmup: int = 100
    turns: int = 4
    ahead: int = 60
    room: int = 256
    artist_rate: float = 2e-3
    terms: Terms = field(default_factory=Terms)
    save_every: int = 250
    eval_every: int = 250

    def rate_at(self, step: int) -> float:
        """The student's learning rate at a step."""
        return self.rate * warm_up(step, self.steps, self.warmup) * SCHEDULES["cosine"](step / self.steps)
