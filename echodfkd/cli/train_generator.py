"""`echodfkd train SYSTEM[:PART]` for generators with networks."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from echodfkd.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from echodfkd.cli.train import Run
    from echodfkd.synth.diffusion.training import Recipe

PRECISIONS = ("no", "fp16", "bf16")


@dataclass(frozen=True)
class Asked:
    """What is asked beside what every training is told; None leaves the choice to the part."""

    data: Path | None = None
    codec: Path | None = None
    keep: Path | None = None
    clips: int | None = None
    steps: int | None = None
    batch: int | None = None
    rate: float | None = None
    precision: str | None = None
    workers: int = 1
    weights: str | None = None

    def refuse(self, system: str) -> None:
        """Raises UsageError when something is asked of a `system` that only generators know."""
        given = {
            "DATA": self.data,
            "--codec": self.codec,
            "--keep": self.keep,
            "--rate": self.rate,
            "--precision": self.precision,
            "--weights": self.weights,
        }
        if foreign := [name for name, value in given.items() if value is not None]:
            raise UsageError(f"{foreign[0]} is for generators; {system} draws its clips itself")


def train_generator(name: str, asked: Asked, run: "Run") -> None:
    """Train the part of that name and say how it goes.

    Raises:
        UsageError: for a bad name or value, or when the output holds something else.
        EchoError: as `synth.diffusion.run.train_part`.
    """
    from echodfkd.cli.progress import tracker
    from echodfkd.synth.diffusion.run import Asked as Wanted
    from echodfkd.synth.diffusion.run import train_part
    from echodfkd.synth.systems import codec_of, part_of

    part = part_of(name)
    if asked.weights is not None:
        if part.tunes is None:
            raise UsageError(f"{name} is trained from nothing: leave --weights out")
        part = part.tunes(asked.weights)
    if asked.data is not None and asked.clips is not None:
        raise UsageError("--clips says how many to draw; all clips of DATA are learned from")
    if not part.codec and asked.codec is not None:
        raise UsageError(f"{name} works behind no codec: leave --codec out")
    wanted = Wanted(
        run.output,
        asked.data,
        run.generator,
        asked.clips,
        asked.codec or codec_of(name),
        asked.keep,
        max(asked.workers, 1),
        run.resume,
        run.device,
    )
    for row in train_part(part, _recipe(part.recipe, asked, run.seed), wanted, tracker(run.quiet)):
        if not run.quiet:
            print(_told(row))
    if not run.quiet:
        print(f"{run.output / part.file}: the trained {name}")


def _recipe(recipe: "Recipe", asked: Asked, seed: int) -> "Recipe":
    """The part's recipe with what was asked instead; the rate rises over a tenth of the steps at most."""
    if asked.precision not in (None, *PRECISIONS):
        raise unknown_name("precision", str(asked.precision), [*PRECISIONS])
    if asked.rate is not None and not asked.rate > 0:
        raise UsageError(f"--rate must be above 0, got {asked.rate:g}")
    steps = asked.steps or recipe.steps
    return replace(
        recipe,
        steps=steps,
        batch=asked.batch or recipe.batch,
        rate=asked.rate or recipe.rate,
        warmup=min(recipe.warmup, steps // 10),
        precision=asked.precision or recipe.precision,
        seed=seed,
    )


def _told(row: dict[str, float]) -> str:
    """A row of losses on one line.

    >>> _told({"step": 200.0, "loss": 0.12345, "steps_per_second": 3.21})
    'step 200: loss 0.123, steps_per_second 3.21'
    """
    losses = ", ".join(f"{name} {value:.3g}" for name, value in row.items() if name != "step")
    return f"step {row['step']:.0f}: {losses}"
