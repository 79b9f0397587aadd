"""What students learn from each generator: alone, and beside another set of clips.

Command:  uv run python scripts/students_of_generators.py sim=FOLDER NAME=FOLDER ... [--real FOLDER]

Each FOLDER is a clip set that `echodfkd synth` wrote; the first is what the others are set beside. Every
student has the same teacher, the same steps and the same seed; the teacher labels all clips, so that clips
without masks of their own count alike. Judged in the held-out worlds of `sim`, and on real clips where a
folder of them is named.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from score_held_out import judge as judge_in_worlds
from score_real import judge as judge_on_real

from echodfkd.cli.failures import report
from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.distill.data import window
from echodfkd.distill.distill import Drawn, job_from_generator
from echodfkd.distill.recipe import Recipe
from echodfkd.distill.run import train
from echodfkd.errors import UsageError
from echodfkd.files import write_json
from echodfkd.segmenter import Segmenter
from echodfkd.teachers import load_teacher

SHOWN = ("dice", "ed_error_frames", "ed_f1", "es_error_frames", "es_f1", "ef_mae", "ef_slope")
REAL = (
    ("over_masks", "dice_clip"),
    ("over_masks", "area_correlation"),
    ("over_ef", "ef_mae"),
    ("over_ef", "ef_pearson"),
)


@dataclass(frozen=True)
class Stored:
    """Windows of `frames` frames of a set's clips, as what draws clips."""

    clips: ClipSet
    frames: int

    def clip(self, seed: int, index: int) -> Clip:
        """A window of a clip; both depend on seed and index alone."""
        rng = np.random.default_rng((seed, index))
        clip = self.clips.load(self.clips.records[int(rng.integers(len(self.clips)))], masks=False)
        return Clip(clip.frames[window(len(clip), self.frames, rng)], clip.fps, clip.name)


def lessons(sets: Mapping[str, ClipSet]) -> Iterator[tuple[str, list[ClipSet]]]:
    """What each student learns from: every set alone, then the first beside each other one."""
    (first, base), *others = sets.items()
    yield first, [base]
    for name, clips in others:
        yield name, [clips]
        yield f"{first} + {name}", [base, clips]


def distilled(sets: Sequence[ClipSet], teacher: Segmenter, o: argparse.Namespace, run: Path) -> None:
    """A student in `run`; sets take turns, so that each gives as many examples."""
    recipe = Recipe(steps=o.steps, seed=o.seed, save_every=o.steps, eval_every=o.steps)
    sources = [Stored(clips, recipe.window) for clips in sets]
    drawn = Drawn(sources, "stored clips", "1", [{"data": str(clips.root)} for clips in sets], o.clips)
    for _ in train(job_from_generator(drawn, teacher, o.student, recipe), recipe, run, device=o.device):
        pass


def judged(run: Path, o: argparse.Namespace) -> dict[str, Any]:
    """Figures of a student in all held-out worlds together, and on real clips."""
    student = load_teacher(str(run), device=o.device, kind="model")
    found: dict[str, Any] = {"worlds": judge_in_worlds(student, o.judged, 271_828, 64, True)["held out, all"]}
    if o.real is not None:
        (found["real"],) = judge_on_real(o.real, [str(run)], o.device)
    return found


def row(name: str, found: Mapping[str, Any]) -> str:
    """A line of a Markdown table."""
    values = [found["worlds"].get(key, {}).get("value") for key in SHOWN]
    if "real" in found:
        values += [found["real"][group].get(key, {}).get("value") for group, key in REAL]
    return f"| {name} | " + " | ".join("–" if v is None else f"{v:.3f}" for v in values) + " |"


def head(real: bool) -> str:
    """The table's first two lines."""
    names = ["learned from", *SHOWN, *(f"real {key}" for _, key in REAL if real)]
    return f"| {' | '.join(names)} |\n|{'---|' * len(names)}"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("sets", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--teacher", default="sim")
    parser.add_argument("--student", default="tiny")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--clips", type=int, default=1000, help="different windows, labelled once each")
    parser.add_argument("--judged", type=int, default=8, help="clips of 64 frames of each held-out world")
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="real clips, as for score_real.py")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure here")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser.parse_args(arguments)


def opened(sets: Sequence[str]) -> dict[str, ClipSet]:
    """The sets by name; raises UsageError for an argument that names none."""
    pairs = [one.partition("=") for one in sets]
    if bad := next((name for name, _, folder in pairs if not folder), None):
        raise UsageError(f"{bad!r} should be NAME=FOLDER")
    return {name: ClipSet.open(folder) for name, _, folder in pairs}


def main(arguments: Sequence[str] | None = None) -> int:
    """Distil, judge, print; the exit code as of the commands."""
    o = parse(arguments)
    try:
        sets, teacher, results = opened(o.sets), load_teacher(o.teacher, device=o.device), {}
        print(head(o.real is not None), flush=True)
        for name, clips in lessons(sets):
            with TemporaryDirectory() as folder:
                distilled(clips, teacher, o, Path(folder) / "run")
                results[name] = judged(Path(folder) / "run", o)
            print(row(name, results[name]), flush=True)
        if o.json is not None:
            write_json(o.json, {"students": results, "steps": o.steps, "student": o.student, "seed": o.seed})
    except (Exception, KeyboardInterrupt) as error:
        return report(error, o.debug)
    return 0


if __name__ == "__main__":
    sys.exit(main())
