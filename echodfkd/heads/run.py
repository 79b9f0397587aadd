"""Training a head on disk: curves of clips made once and kept, then the head and its figures."""

import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from echodfkd.clipset_writer import software_versions
from echodfkd.distill.data import HELD_OUT, ClipMaker
from echodfkd.distill.run import FORMAT, begin_run
from echodfkd.files import remove_leftovers, write_json
from echodfkd.heads.curves import ClipCurves, curves_of, load_curves
from echodfkd.heads.head import Head, save_head
from echodfkd.heads.train import HeadRecipe, calibrate, figures, fit
from echodfkd.progress import Track, silent
from echodfkd.segmenter import Segmenter
from echodfkd.students.checkpoint import sha256

WEIGHTS = "heads.safetensors"


class Source(ClipMaker, Protocol):
    """A generator that can say what shapes its clips."""

    def parameters(self) -> dict[str, Any]:
        """Its settings, JSON-ready."""
        ...


@dataclass(frozen=True)
class Material:
    """Where clips come from.

    Attributes:
        generators: take turns; they label their clips exactly. seed: of the set. count: how many clips.
    """

    generators: Sequence[Source]
    seed: int
    count: int

    def request(self) -> dict[str, Any]:
        """What shapes the clips, JSON-ready."""
        settings = [generator.parameters() for generator in self.generators[: self.count]]
        return {"parameters": settings, "seed": self.seed, "count": self.count}


def train_head(
    material: Material,
    held_out: Material,
    segmenter: Segmenter,
    recipe: HeadRecipe,
    output: Path,
    *,
    resume: bool = False,
    track: Track = silent,
) -> dict[str, float]:
    """Train a head for one segmenter's masks and leave it in `output`; its figures on the held-out clips.

    Leaves heads.safetensors, config.json, manifest.json, metrics.json, and curves/ and held-out/ with a file
    per clip, which a resumed run takes as they are. The first half of the held-out clips settles the
    interval, the second half is what the figures rest on.

    Raises:
        UsageError: when `output` holds something else, another run, or a run and `resume` is not set.
        EchoError: when a kept clip is damaged, the training diverged, or the disk is full.
    """
    begun = time.perf_counter()
    asked = _request(material, held_out, segmenter, recipe)
    earlier = begin_run(output, asked, resume)
    clips = made(material, segmenter, output / "curves", track)
    judges = made(held_out, segmenter, output / "held-out", track)
    head = Head(fit(clips, recipe, track), segmenter.name, segmenter.digest)
    half = len(judges) // 2
    head = calibrate(head, judges[:half])
    scores = dict(figures(head, judges[half:]))
    config = {"claim": segmenter.claim, "convention": segmenter.convention, "size": segmenter.size}
    save_head(head, output / WEIGHTS, config)
    write_json(output / "config.json", config | head.config())
    write_json(output / "metrics.json", scores)
    spent = earlier + time.perf_counter() - begun
    write_json(output / "manifest.json", _manifest(asked, head, output / WEIGHTS, scores, spent))
    return scores


def made(material: Material, segmenter: Segmenter, folder: Path, track: Track) -> list[ClipCurves]:
    """The curves of every clip, made where `folder` lacks them; clip i depends on (seed, i) alone."""
    folder.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder)
    paths = [folder / f"{index:06d}.npz" for index in range(material.count)]
    for index, path in track(enumerate(paths), f"making {folder.name}", len(paths)):
        if not path.is_file():
            generator = material.generators[index % len(material.generators)]
            curves_of(generator.clip(material.seed, index), segmenter).save(path)
    return [load_curves(path) for path in paths]


def materials(
    training: Sequence[Source], held_out: Sequence[Source], seed: int, clips: int
) -> tuple[Material, Material]:
    """Clips to train on and a fifth as many to judge by, at least 40, with a seed of their own."""
    return Material(training, seed, clips), Material(held_out, seed + HELD_OUT, max(40, clips // 5))


def _request(
    material: Material, held_out: Material, segmenter: Segmenter, recipe: HeadRecipe
) -> dict[str, Any]:
    student = {"name": segmenter.name, "sha256": segmenter.digest}
    clips = {"clips": material.request(), "held_out": held_out.request()}
    return {"task": "heads", "student": student, **clips, "recipe": asdict(recipe)}


def _manifest(
    asked: dict[str, Any], head: Head, weights: Path, scores: dict[str, float], seconds: float
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "complete": True,
        "request": asked,
        "parameters": sum(p.numel() for p in head.network.parameters()),
        "last_row": scores,
        "wall_time_s": round(seconds, 1),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads, CPU",
        "software": software_versions(),
        "weights_sha256": sha256(weights),
    }
