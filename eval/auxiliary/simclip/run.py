"""Training simclip on disk: clips drawn once and kept, then the network, its figures and its manifest."""

import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from echodfkd.clipset_writer import software_versions
from echodfkd.distill.run import FORMAT, begin_run
from echodfkd.eval.auxiliary.simclip.clips import FRAMES, JUDGES, SEEDS, material
from echodfkd.eval.auxiliary.simclip.network import SIZE, SimClipNetwork
from echodfkd.eval.auxiliary.simclip.samples import PictureBatches
from echodfkd.eval.auxiliary.simclip.score import BATCHES, held_out_figures
from echodfkd.eval.auxiliary.simclip.train import Recipe, begin, fit
from echodfkd.files import write_json
from echodfkd.heads.run import Source
from echodfkd.progress import Track, silent
from echodfkd.students.checkpoint import save_network, sha256

WEIGHTS = "auxiliary.safetensors"
LAST = "checkpoints/last.pt"
CONFIG = {
    "architecture": "simclip",
    "options": {},
    "claim": "real-free",
    "convention": "echonet",
    "size": SIZE,
}


@dataclass(frozen=True)
class Clips:
    """Where clips come from: generators that take turns, a seed, how many to learn from and to judge by."""

    sources: Sequence[Source]
    seed: int
    count: int
    judges: int = 96

    def request(self) -> dict[str, Any]:
        """What shapes the clips, JSON-ready."""
        settings = [source.parameters() for source in self.sources[: self.count]]
        seeds = {"seed": self.seed + SEEDS, "judged_by": self.seed + JUDGES}
        return {"parameters": settings, "count": self.count, "judges": self.judges, "frames": FRAMES, **seeds}


def train_auxiliary(
    clips: Clips,
    recipe: Recipe,
    output: Path,
    *,
    resume: bool = False,
    batches: int = BATCHES,
    track: Track = silent,
) -> Iterator[Mapping[str, float | None]]:
    """Train simclip and leave it in `output`; yields rows of losses, last the figures on unseen clips.

    Leaves auxiliary.safetensors, config.json, manifest.json, metrics.json, clips/, judges/ and checkpoints/,
    which a resumed run goes on from. The figures rest on so many `batches` of pictures of unseen clips.

    Raises:
        UsageError: when `output` holds something else, another run, or a run and `resume` is not set.
        EchoError: when something kept is damaged, the training diverges, or the disk is full.
    """
    begun = time.perf_counter()
    asked = {"task": "auxiliary", "clips": clips.request(), "recipe": asdict(recipe)}
    earlier = begin_run(output, asked, resume)
    state = begin(recipe)
    if (output / LAST).is_file():
        state.load(output / LAST)
    known = material(clips.sources, clips.seed + SEEDS, clips.count, output / "clips", track)
    pictures = PictureBatches(known, recipe.seed, recipe.steps, recipe.batch)
    for row in fit(state, pictures, recipe, output / LAST, track):
        spent = earlier + time.perf_counter() - begun
        write_json(
            output / "manifest.json", _manifest(asked, state.network, row, spent) | {"complete": False}
        )
        yield row
    save_network(state.network, CONFIG, output / WEIGHTS)
    write_json(output / "config.json", CONFIG)
    judges = material(clips.sources, clips.seed + JUDGES, clips.judges, output / "judges", track)
    figures = held_out_figures(output / WEIGHTS, judges, recipe.seed, batches)
    write_json(output / "metrics.json", figures)
    spent = earlier + time.perf_counter() - begun
    made = {"complete": True, "weights_sha256": sha256(output / WEIGHTS)}
    write_json(output / "manifest.json", _manifest(asked, state.network, figures, spent) | made)
    yield figures


def _manifest(
    asked: dict[str, Any], network: SimClipNetwork, row: Mapping[str, float | None], seconds: float
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "request": asked,
        "parameters": sum(p.numel() for p in network.parameters()),
        "last_row": row,
        "wall_time_s": round(seconds, 1),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads, CPU",
        "software": software_versions(),
    }
