"""A training run on disk: what was asked for, the trained network, and what it took."""

import platform
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset

from echodfkd.clipset_writer import software_versions
from echodfkd.distill.data import Labeller
from echodfkd.distill.history import History
from echodfkd.distill.kept import KeptClips, KeptExamples
from echodfkd.distill.loop import LAST, METRICS, fit, over
from echodfkd.distill.recipe import Recipe
from echodfkd.distill.trainer import Trainer
from echodfkd.errors import UsageError
from echodfkd.files import read_json, write_json
from echodfkd.progress import Track, silent
from echodfkd.ranks import ALONE, Ranks
from echodfkd.students.checkpoint import load_network, save_network, sha256
from echodfkd.students.networks import build_network
from echodfkd.students.runtime import pick_device

FORMAT = "echodfkd run"
WEIGHTS = "student.safetensors"
CLIPS = "clips"  # where clips are kept until the run is complete


@dataclass(frozen=True)
class Job:
    """What to train, on what.

    Attributes:
        config: of the network: `architecture`, `options`, `claim`, `convention`, `size`.
        request: everything else that shapes the result, JSON-ready; a resumed run must ask for the same.
        examples, held_out: for training and for the score, see `distill.data`.
        labels: the teacher, for examples that come without its masks; None when they have them.
        start: weights to start from, of the same architecture; None starts from random ones.
        kept: request of `KeptClips` where each of `examples` is drawn and labelled once, before the training
            starts; None has them drawn in their order as it goes on.
        keep: folder for these; None keeps them with the run until it is complete.
        guide: the teacher's network, for losses on its features.
    """

    config: Mapping[str, Any]
    request: Mapping[str, Any]
    examples: Dataset
    held_out: Dataset
    labels: Labeller | None
    start: Path | None = None
    kept: Mapping[str, Any] | None = None
    keep: Path | None = None
    guide: nn.Module | None = None


def train(
    job: Job,
    recipe: Recipe,
    output: Path,
    *,
    resume: bool = False,
    device: str = "auto",
    track: Track = silent,
    ranks: Ranks = ALONE,
) -> Iterator[dict[str, float]]:
    """Train to the end of the recipe and leave the network in `output`; yields rows of `metrics.jsonl`.

    Leaves student.safetensors, config.json, manifest.json, metrics.jsonl, tensorboard/ and checkpoints/.

    Raises:
        UsageError: when `output` holds something else, another run, or a run and `resume` is not set.
        EchoError: when a checkpoint is damaged, the training diverged, or the disk is full or too small.
    """
    begun = time.perf_counter()
    asked = {**job.request, "recipe": asdict(recipe), "config": dict(job.config)}
    earlier = ranks.on_main(lambda: begin_run(output, asked, resume))
    trainer = _trainer(job, recipe, output, device, ranks)
    ended = over(trainer, History(output / METRICS, trainer.step, writes=False))
    examples = job.examples if ended else _examples(job, recipe, output, track, ranks)

    def note(row: dict[str, float], **more: Any) -> None:
        spent = earlier + time.perf_counter() - begun
        facts = {"processes": ranks.world, "last_row": row, "wall_time_s": round(spent, 1), **more}
        facts |= {"corrupt": list(corrupt(job))}
        if ranks.main:
            write_json(output / "manifest.json", _manifest(asked, trainer.network) | facts)

    row: dict[str, float] = {}
    for row in fit(trainer, examples, job.held_out, output, track):
        note(row, complete=False)
        yield row
    if ranks.main:
        save_network(trainer.average.module, job.config, output / WEIGHTS)
        write_json(output / "config.json", dict(job.config))
        note(row, complete=True, weights_sha256=sha256(output / WEIGHTS))
        if job.kept is not None and job.keep is None:
            shutil.rmtree(output / CLIPS, ignore_errors=True)
    ranks.wait()


def corrupt(job: Job) -> tuple[str, ...]:
    """Names of the clips of a set that could not be read, as far as this process met them."""
    return tuple(sorted({*getattr(job.examples, "corrupt", ()), *getattr(job.held_out, "corrupt", ())}))


def _trainer(job: Job, recipe: Recipe, output: Path, device: str, ranks: Ranks) -> Trainer:
    """A trainer at the start of the run, or where its last checkpoint left it."""
    torch.manual_seed(recipe.seed)
    network = build_network(str(job.config["architecture"]), **job.config.get("options", {}))
    if job.start is not None:
        network.load_state_dict(_start_weights(job))
    trainer = Trainer(network, recipe, pick_device(device), job.labels, job.guide, ranks)
    if (output / LAST).is_file():
        trainer.load(output / LAST)
    return trainer


def _examples(job: Job, recipe: Recipe, output: Path, track: Track, ranks: Ranks) -> Dataset:
    """What to train on; where clips are kept, all of them are there when this returns."""
    if job.kept is None:
        return job.examples
    assert job.labels is not None
    kept = KeptClips(job.keep or output / CLIPS, job.kept)
    kept.fill(job.examples, job.labels, recipe.workers, track, ranks)
    return KeptExamples(kept, recipe.seed, recipe.steps * recipe.batch, exact=recipe.exact > 0)


def _start_weights(job: Job) -> dict[str, torch.Tensor]:
    assert job.start is not None
    trained, config = load_network(job.start)
    if config["architecture"] != job.config["architecture"]:
        raise UsageError(f"{job.start} holds {config['architecture']!r}, not {job.config['architecture']!r}")
    return trained.state_dict()


def begin_run(output: Path, asked: dict[str, Any], resume: bool) -> float:
    """Check the folder and claim it; the seconds that an earlier part of this run took."""
    path = output / "manifest.json"
    if not path.is_file():
        if output.exists() and (not output.is_dir() or any(output.iterdir())):
            raise UsageError(f"{output} holds something else; choose another --output")
        write_json(path, {"format": FORMAT, "complete": False, "request": asked, "wall_time_s": 0.0})
        return 0.0
    earlier = read_json(path)
    if earlier.get("format") != FORMAT:
        raise UsageError(f"{output} holds something else; choose another --output")
    if not resume:
        raise UsageError(
            f"{output} holds a run already; add --resume to go on with it, or choose another --output"
        )
    changed = [key for key in asked if earlier.get("request", {}).get(key) != _plain(asked[key])]
    if changed:
        raise UsageError(f"{output} holds a run with another {', '.join(changed)}; choose another --output")
    return float(earlier.get("wall_time_s", 0.0))


def _plain(value: Any) -> Any:
    """A value as it reads back from JSON."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def _manifest(asked: dict[str, Any], network: nn.Module) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "request": asked,
        "parameters": sum(p.numel() for p in network.parameters()),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads, {_device_name()}",
        "software": software_versions(),
    }


def _device_name() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
