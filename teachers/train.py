"""Training the embedded teacher: exact masks of synthetic clips, not one real frame."""

from collections.abc import Sequence
from typing import Any

from echodfkd.distill.data import HELD_OUT, ClipMaker, GeneratorExamples
from echodfkd.distill.recipe import Recipe
from echodfkd.distill.run import Job

CONFIG: dict[str, Any] = {
    "architecture": "large",
    "options": {},
    "claim": "real-free",
    "convention": "echonet",
    "size": 112,
}


def teacher_job(generators: Sequence[ClipMaker], parameters: Sequence[dict[str, Any]], recipe: Recipe) -> Job:
    """The job that trains a teacher on what generators draw; they must label their clips exactly.

    Args:
        generators: take turns. parameters: theirs, for the manifest. recipe: steps, batch, seed.
    """
    count, size = recipe.steps * recipe.batch, int(CONFIG["size"])
    examples = GeneratorExamples(generators, recipe.seed, count, size, exact=True, tissues=True)
    held_out = GeneratorExamples(generators, recipe.seed + HELD_OUT, 24, size, exact=True)
    return Job(CONFIG, {"task": "teacher", "parameters": list(parameters)}, examples, held_out, None)
