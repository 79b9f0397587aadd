"""Six semantic diffusion models under one budget: costs, realism, and what networks learn from their stills.

Command:  uv run python scripts/compare_diffusion.py --small --output RUNS [--seconds 900 | --steps N]

EDMLX's comparison (arXiv 2409.19371) on `sim`: SDM, VE, VP and EDM in pixels, EDM behind the Gamma-VAE at two
sizes of latents. Each is trained for as long, its codec included, and draws stills of both views around
warped label maps. A segmenter and a view classifier that learn from these alone are scored on `sim` stills
that nothing learned from; with --real DIR the classifier also on A4C clips of somebody's. The row "untrained"
is EDM as it is before training, the row "sim" stills of `sim` itself. A cut run goes on where it was when it
is started again with the same options. Without --small the networks are those of the paper, for GPUs.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import torch
from diffusion_costs import costs
from diffusion_table import table

from echodfkd.cli.failures import report
from echodfkd.cli.options import DEVICES
from echodfkd.cli.progress import tracker
from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.errors import UsageError, unknown_name
from echodfkd.eval.fidelity.compare import compared
from echodfkd.eval.fidelity.describe import describe
from echodfkd.eval.fidelity.features import load_features
from echodfkd.eval.fidelity.look import Look
from echodfkd.eval.stills import Learning, Stills, stills_of, taught
from echodfkd.files import read_json, write_json, write_text
from echodfkd.progress import Track
from echodfkd.synth.base import Generator
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.networks import WEIGHTS
from echodfkd.synth.diffusion.run import Asked, Part, train_part
from echodfkd.synth.diffusion.training import Recipe
from echodfkd.synth.semantic_diffusion.generator import SemanticDiffusionGenerator
from echodfkd.synth.semantic_diffusion.parts import SCALES, Scale, denoiser, parts
from echodfkd.synth.semantic_diffusion.variants import VARIANTS, VIEWS
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.write import write_clip_set

SIX = ("sdm", "ve", "vp", "edm", "gamma-64", "gamma-128")
UNTRAINED, SIM = "untrained", "sim"
CODEC_SHARE = 0.25  # of a latent model's budget
PROBE = 6  # steps from which the speed of a training is told
HELD_OUT, ANOTHER = 662_607, 299_792  # seeds of `sim` stills that judge, and of the row "sim"
REALISM = ("kernel_frames", "precision_frames", "recall_frames", "speckle")


class Comparison:
    """The models of one seed, each in a folder of its own below `root`."""

    def __init__(self, o: argparse.Namespace, seed: int, track: Track) -> None:
        self.o, self.seed, self.track = o, seed, track
        self.scale: Scale = SCALES["small" if o.small else "paper"]
        self.parts = parts(self.scale)
        self.look = Look(50.0, min(self.scale.size, 112))

    def figures(self, model: str) -> dict[str, float | None]:
        """All figures of a model: as an earlier run left them, or made now."""
        root = self.o.output / f"{model}-{self.seed}"
        if (root / "figures.json").is_file():
            return dict(read_json(root / "figures.json"))
        found: dict[str, float | None] = {}
        if model == UNTRAINED:
            self._untrained(root)
        elif model != SIM:
            found |= self._trained(model, root)
        if model != SIM:
            found |= costs(self._generator(model, root, VIEWS[0]))
            found["parameters_m"] = (found["parameters"] or 0) / 1e6
        stills = [*self._stills(model, root)]
        found |= self._realism(stills) | self._downstream(stills_of(stills, self.scale.size))
        write_json(root / "figures.json", found)
        return found

    def _untrained(self, root: Path) -> None:
        torch.manual_seed(self.seed)
        network = denoiser(VARIANTS["edm"], self.scale).network
        facts = {"size": self.scale.size, "variant": "edm", "frames": 1, "fps": 50.0, "codec_sha256": None}
        networks.save({"denoiser": network}, facts, root / "edm" / WEIGHTS)

    def _trained(self, model: str, root: Path) -> dict[str, float | None]:
        behind = VARIANTS[model].behind
        share = 1.0
        steps = seconds = 0.0
        if behind:
            steps, seconds = self._train(behind, root, CODEC_SHARE)
            share -= CODEC_SHARE
        more, longer = self._train(model, root, share)
        return {"steps": steps + more, "training_s": seconds + longer}

    def _train(self, name: str, root: Path, share: float) -> tuple[float, float]:
        """Train a part; its steps and seconds."""
        part, run, behind = self.parts[name], root / name, self.parts[name].behind
        asked = Asked(
            run,
            clips=self.o.train_clips,
            codec=root / behind if part.codec else None,
            keep=self.o.output / f"clips-{self.seed}",
            workers=self.o.workers,
            resume=True,
            device=self.o.device,
        )
        recipe = self._recipe(part, asked, share)
        if not (run / WEIGHTS).is_file():
            for _ in train_part(part, recipe, asked, self.track):
                pass
        return recipe.steps, float(read_json(run / "manifest.json")["wall_time_s"])

    def _recipe(self, part: Part, asked: Asked, share: float) -> Recipe:
        """The recipe for a share of the budget; a budget of seconds is turned into steps once."""
        noted = asked.output.with_name(f"{asked.output.name}-steps.json")
        if not noted.is_file():
            steps = round(self.o.steps * share) if self.o.steps else self._fitting(part, asked, share)
            write_json(noted, steps)
        steps = max(int(read_json(noted)), 1)
        often = {"note_every": min(100, steps), "save_every": min(200, steps), "show_every": steps}
        own = {"steps": steps, "warmup": min(part.recipe.warmup, steps // 10), "seed": self.seed}
        return replace(part.recipe, **own, **often)

    def _fitting(self, part: Part, asked: Asked, share: float) -> int:
        """How many steps fit into the seconds."""
        probe = replace(asked, output=asked.output.with_name(f"{asked.output.name}-probe"))
        every = {"note_every": PROBE // 2, "save_every": PROBE, "show_every": 10**9}
        recipe = replace(part.recipe, steps=PROBE, warmup=1, seed=self.seed, **every)
        rows = [*train_part(part, recipe, probe, self.track)]
        speed = rows[-1]["steps_per_second"] if rows else 1.0  # the first steps are slower than all others
        return round(self.o.seconds * share * speed)

    def _generator(self, model: str, root: Path, view: str) -> Generator:
        if model == SIM:
            return SimGenerator(1, self.scale.size, view=view)
        variant = "edm" if model == UNTRAINED else model
        return SemanticDiffusionGenerator(
            view=view, weights=str(root), steps=self.o.sampling, variant=variant, device=self.o.device
        )

    def _stills(self, model: str, root: Path) -> Iterator[Clip]:
        """As many stills of each view, kept as sets."""
        seed = ANOTHER + self.seed if model == SIM else self.seed
        for view in VIEWS:
            folder, source = root / f"stills-{view}", self._generator(model, root, view)
            write_clip_set(source, folder, clips=self.o.clips, seed=seed, lossless=True, track=self.track)
            clips = ClipSet.open(folder)
            yield from (clips.load(record) for record in clips.records)

    def _held_out(self) -> list[Clip]:
        each = [SimGenerator(1, self.scale.size, view=view) for view in VIEWS]
        return [source.clip(HELD_OUT, index) for source in each for index in range(self.o.judged)]

    def _realism(self, stills: list[Clip]) -> dict[str, float | None]:
        features = load_features("sim", self.o.device)
        ours, theirs = (
            describe(name, clips, features, self.look)
            for name, clips in (("synthetic", stills), ("held out", self._held_out()))
        )
        found = compared(ours, theirs, features)
        return {name: value for name in REALISM if (value := found.value(name)) == value}

    def _downstream(self, stills: Stills) -> dict[str, float | None]:
        learning = Learning(self.o.learning, seed=self.seed, device=self.o.device)
        judges, real = stills_of(self._held_out(), self.scale.size), None
        if self.o.real is not None:
            data = ClipSet.open(self.o.real)
            real = stills_of((data.load(record, masks=False) for record in data.records), self.scale.size)
        return {**taught(stills, judges, learning, real, self.track)}


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--output", type=Path, required=True, help="folder of all runs")
    parser.add_argument("--small", action="store_true", help="64 pixels, for a CPU")
    parser.add_argument("--models", nargs="+", default=[*SIX], metavar="NAME")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=900.0, help="of each training")
    parser.add_argument("--steps", type=int, help="of each training, instead of seconds")
    parser.add_argument("--sampling", type=int, default=25, help="steps of the sampling")
    parser.add_argument("--clips", type=int, default=128, help="stills of each view")
    parser.add_argument("--train-clips", type=int, default=2000, help="stills of `sim` to learn from")
    parser.add_argument("--judged", type=int, default=100, help="`sim` stills of each view that judge")
    parser.add_argument("--learning", type=int, default=400, help="steps of segmenter and classifier")
    parser.add_argument("--real", type=Path, metavar="DIR", help="A4C clips: how many are recognised")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser.parse_args(arguments)


def claimed(o: argparse.Namespace) -> None:
    """Claim the folder for these options, or take up an earlier run with the same.

    Raises:
        UsageError: for an unknown model, or when the folder holds a run with other options.
    """
    for name in o.models:
        if name not in VARIANTS:
            raise unknown_name("model", name, [*VARIANTS])
    free = ("output", "models", "seeds", "workers", "device", "quiet", "debug")
    asked = {key: value for key, value in vars(o).items() if key not in free}
    asked = json.loads(json.dumps(asked, default=str))
    path = o.output / "comparison.json"
    if path.is_file() and read_json(path) != asked:
        raise UsageError(f"{o.output} holds a comparison with other options; choose another --output")
    write_json(path, asked)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, draw, measure, write the table; the exit code as of the commands."""
    o = parse(arguments)
    try:
        claimed(o)
        rows: dict[str, list[dict[str, float | None]]] = {}
        track = tracker(o.quiet)
        for seed, model in chain((s, m) for s in range(o.seeds) for m in (UNTRAINED, *o.models, SIM)):
            rows.setdefault(model, []).append(Comparison(o, seed, track).figures(model))
            write_json(o.output / "figures.json", rows)
            write_text(o.output / "table.md", "\n".join(table(rows)) + "\n")
        print("\n".join(table(rows)))
    except (Exception, KeyboardInterrupt) as error:
        return report(error, o.debug)
    return 0


if __name__ == "__main__":
    sys.exit(main())
