"""Does pre-training on synthetic clips help where labels are few? SwinUNETR with and without it.

Command:  uv run python scripts/pretrain_swinunetr.py SYNTHETIC LABELLED TEST --output RUN

SYNTHETIC is a clip set to fill holes in, whose labels are not looked at (`echodfkd synth --generator
medical-diffusion`); LABELLED and TEST are sets with masks (`echodfkd synth`, other seeds). Every seed
pre-trains once, then learns from the first 5, 10 and 50 labelled clips, from those weights and from none,
with the same steps and the same augmented examples. Run it again to take up where a cut run stopped.
Prints the table of mean Dice over LV, myocardium and left atrium; leaves results.json and table.md in RUN.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from echodfkd.cli.failures import report
from echodfkd.cli.progress import tracker
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.files import read_json, write_json, write_text
from echodfkd.pretrain.finetune import dice
from echodfkd.pretrain.run import Recipe, finetuned, pretrained, rows
from echodfkd.pretrain.volumes import Volumes, volumes
from echodfkd.students.runtime import pick_device


def sets(o: argparse.Namespace) -> tuple[Volumes, Volumes, Volumes]:
    """Synthetic, labelled and test clips as volumes."""
    shape = (o.frames, o.size, o.size)
    found = [
        volumes(ClipSet.open(path), shape, count)
        for path, count in ((o.synthetic, None), (o.labelled, max(o.counts)), (o.test, None))
    ]
    for one, path in zip(found[1:], (o.labelled, o.test), strict=True):
        if one.labels is None:
            raise UsageError(f"{path} has clips without masks")
    return found[0], found[1], found[2]


def compared(o: argparse.Namespace) -> dict[str, Any]:
    """Dice of every run, by labelled clips, with and without, seed by seed; kept as they are found."""
    synthetic, labelled, test = sets(o)
    device, track, path = pick_device(o.device), tracker(o.quiet), o.output / "results.json"
    done: dict[str, Any] = read_json(path) if path.is_file() else {}
    for seed in range(o.seeds):
        first = Recipe(o.pretrain_steps, o.batch, feature_size=o.feature_size, seed=seed)
        body = pretrained(synthetic, first, o.output / f"inpainting-{seed}.pt", device, track)
        recipe = Recipe(o.steps, o.batch, feature_size=o.feature_size, seed=seed)
        for count in o.counts:
            for way in ("without", "with"):
                name = f"{way}-{count}-{seed}"
                if name in done:
                    if done[name]["recipe"] != asdict(recipe):
                        raise EchoError(f"{path} is of another recipe: choose another --output")
                    continue
                few, start = labelled.first(count), body if way == "with" else None
                network = finetuned(few, recipe, o.output / f"{name}.pt", device, start, track)
                done[name] = {"dice": dice(network, test, device), "recipe": asdict(recipe)}
                write_json(path, done)
                if not o.quiet:
                    print(f"{name}: mean Dice {done[name]['dice']['mean']:.3f}", flush=True)
    return done


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("synthetic", "labelled", "test"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--counts", type=int, nargs="+", default=[5, 10, 50])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--frames", type=int, default=32)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--feature-size", type=int, default=12)
    parser.add_argument("--pretrain-steps", type=int, default=400)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--quiet", action="store_true")
    o = parser.parse_args(arguments)
    done = compared(o)
    found = {
        str(count): {
            way: [done[f"{way}-{count}-{seed}"]["dice"]["mean"] for seed in range(o.seeds)]
            for way in ("without", "with")
        }
        for count in o.counts
    }
    table = "\n".join(rows(found))
    write_text(o.output / "table.md", f"{table}\n")
    print(table)


if __name__ == "__main__":
    try:
        main()
    except EchoError as error:
        sys.exit(report(error))
