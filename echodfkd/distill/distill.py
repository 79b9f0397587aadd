"""Distillation: a student learns a teacher's soft masks, on clips drawn as it trains or from a clip set."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from echodfkd.clipset import ClipSet
from echodfkd.distill.data import (
    HELD_OUT,
    ClipMaker,
    ClipSetExamples,
    GeneratorExamples,
    Labeller,
    Masks,
)
from echodfkd.distill.kept import KeptClips
from echodfkd.distill.recipe import Recipe
from echodfkd.distill.run import Job
from echodfkd.errors import UsageError
from echodfkd.segmenter import Segmenter
from echodfkd.students.checkpoint import sha256
from echodfkd.students.runtime import TorchSegmenter
from echodfkd.teachers.label import Disagreeing

HELD_OUT_CLIPS = 24


@dataclass(frozen=True)
class Drawn:
    """Clips drawn from generators.

    Attributes:
        generators: take turns. name, version, parameters: for the manifest.
        clips: how many different ones; a longer training sees them again.
    """

    generators: Sequence[ClipMaker]
    name: str
    version: str
    parameters: Sequence[dict[str, Any]]
    clips: int


def teacher_labels(teacher: Segmenter) -> Labeller:
    """A teacher as what labels a batch; one that is several also says how far they disagree."""

    def label(frames: Tensor) -> Masks[Tensor]:
        clips = frames.cpu().numpy()
        if isinstance(teacher, Disagreeing):
            pairs = [teacher.predict_with_disagreement(clip) for clip in clips]
            taught, spread = (torch.from_numpy(np.stack(part)) for part in zip(*pairs, strict=True))
            return Masks(taught, spread=spread)
        return Masks(torch.from_numpy(np.stack([teacher.predict(clip) for clip in clips])))

    return label


def guide_network(teacher: Segmenter, recipe: Recipe) -> nn.Module | None:
    """The teacher's network, where the recipe learns from its features.

    Raises:
        UsageError: if the teacher is no single torch network.
    """
    if not recipe.feature_losses:
        return None
    if isinstance(teacher, TorchSegmenter):
        return teacher.network
    names = " and ".join(recipe.feature_losses)
    raise UsageError(f"{teacher.name} shows no features to learn from: leave --loss {names} out")


def job_from_generator(
    drawn: Drawn, teacher: Segmenter, student: str, recipe: Recipe, keep: Path | None = None
) -> Job:
    """Distil on clips that are drawn and labelled by the teacher: once each before the student learns, where
    it sees them more than once or they stay in `keep`, else while it learns.

    Where `recipe.exact` is not 0, the generator's own masks take that share of the target.

    Args:
        keep: folder for clips and labels, which any student of this teacher may learn from, with any share of
            exact masks, any steps and any batch, but of the same seed.

    Raises:
        UsageError: if `keep` holds other clips.
    """
    count, size = recipe.steps * recipe.batch, teacher.size
    kept, both = keep is not None or drawn.clips < count, recipe.exact > 0 or keep is not None
    examples = GeneratorExamples(
        drawn.generators, recipe.seed, drawn.clips if kept else count, size, exact=both, tissues=both
    )
    held_out = GeneratorExamples(drawn.generators, recipe.seed + HELD_OUT, HELD_OUT_CLIPS, size, exact=False)
    source = {
        "generator": drawn.name,
        "generator_version": drawn.version,
        "parameters": list(drawn.parameters),
        "clips": drawn.clips,
    }
    shape = {"frames": recipe.window, "size": size, "exact": both, "spread": isinstance(teacher, Disagreeing)}
    request = {**source, **shape, "seed": recipe.seed, "teacher_sha256": teacher.digest}
    if keep is not None:
        KeptClips(keep, request).done()  # a wrong folder should fail before the run begins
    return Job(
        student_config(student, teacher, teacher.claim),
        _request(teacher, source),
        examples,
        held_out,
        teacher_labels(teacher),
        kept=request if kept else None,
        keep=keep,
        guide=guide_network(teacher, recipe),
    )


def job_from_clip_set(clips: ClipSet, teacher: Segmenter, student: str, recipe: Recipe) -> Job:
    """Distil on the TRAIN clips of a set (all of them where there is no split), held out: the VAL clips.

    Labels that the teacher left in the set are used; otherwise it labels while the student learns.

    Raises:
        UsageError: if the set is too small to hold clips out.
        EchoError: if the teacher's folder of labels holds those of other weights.
    """
    splits = {record.split for record in clips.records}
    train = clips.select("TRAIN") if "TRAIN" in splits else clips.records
    held = clips.select("VAL") if "VAL" in splits else train[:: max(2, len(train) // 8)]
    labels = clips.left_labels(teacher.name, teacher.digest)
    if labels:  # what the teacher could not read it left out
        train, held = ([r for r in part if (labels / f"{r.name}.npz").is_file()] for part in (train, held))
    if len(train) < 2 or not held:
        raise UsageError(
            f"{clips.root} has {len(train)} clips to train on and {len(held)} to hold out; give more"
        )
    count, size = recipe.steps * recipe.batch, teacher.size
    examples = ClipSetExamples(clips, train, recipe.window, recipe.seed, count, size, labels)
    held_out = ClipSetExamples(
        clips, held, recipe.window, recipe.seed + HELD_OUT, HELD_OUT_CLIPS, size, labels
    )
    generator = clips.manifest.get("generator")
    source = {"data": clips.root.resolve().name, "clips": len(train), "data_generator": generator}
    claim = (
        teacher.claim
        if generator
        else f"student saw {len(train)} clips of its user; teacher: {teacher.claim}"
    )
    return Job(
        student_config(student, teacher, claim),
        _request(teacher, source),
        examples,
        held_out,
        None if labels else teacher_labels(teacher),
        guide=guide_network(teacher, recipe),
    )


def with_start(job: Job, start: Path) -> Job:
    """The job, starting from trained weights instead of random ones.

    Raises:
        UsageError: if there is no such file.
    """
    if not start.is_file():
        raise UsageError(f"--start {start}: no such file")
    return replace(job, start=start, request={**job.request, "start_sha256": sha256(start)})


def student_config(student: str, teacher: Segmenter, claim: str) -> dict[str, Any]:
    """What stands in a student's config.json."""
    return {
        "architecture": student,
        "options": {},
        "claim": claim,
        "convention": teacher.convention,
        "size": teacher.size,
        "teacher": teacher.name,
        "teacher_sha256": teacher.digest,
    }


def _request(teacher: Segmenter, source: dict[str, Any]) -> dict[str, Any]:
    return {"task": "distill", "teacher": teacher.name, "teacher_sha256": teacher.digest, **source}
