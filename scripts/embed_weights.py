"""Put a finished run into the package as embedded weights, with a card that says how it was made.

Command:  uv run python scripts/embed_weights.py runs/teacher teacher-sim --kind teacher --name sim \
              --command "echodfkd train teacher ..." --metrics runs/eval/metrics.json
          uv run python scripts/embed_weights.py runs/heads heads-default --kind head --name default \
              --command "echodfkd train heads ..."
          uv run python scripts/embed_weights.py runs/auxiliary auxiliary-simclip --kind auxiliary \
              --name simclip --command "echodfkd train auxiliary ..."
          uv run python scripts/embed_weights.py runs/vae generator-echonet-synthetic-vae --kind generator \
              --name echonet-synthetic:vae --command "echodfkd train echonet-synthetic:vae ..."
"""

import argparse
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from echodfkd import weights as embedded
from echodfkd.errors import EchoError
from echodfkd.files import read_json, write_json

WEIGHTS = {"teacher": "student.safetensors", "student": "student.safetensors", "head": "heads.safetensors"}
WEIGHTS |= {"auxiliary": "auxiliary.safetensors", "generator": "generator.safetensors"}
SIM = "sim"


def figures(path: Path, digest: str) -> dict[str, Any]:
    """The figures of these very weights in a metrics.json, by reference."""
    results = [r for r in read_json(path)["results"] if r["model"]["sha256"] == digest]
    results = [r for r in results if r["reference"] != f"teacher {r['model']['name']}"]  # not with itself
    return {
        f"{r['word']} to {r['reference']}, {r['clips']} unseen sim clips": {
            name: {"value": f["value"], "interval_95": f["interval_95"]} for name, f in r["figures"].items()
        }
        for r in results
    }


def held_out(path: Path, digest: str) -> dict[str, Any]:
    """The figures of these very weights in a file of score_held_out.py, by world."""
    scores = read_json(path)
    return {
        f"accuracy to labels, world {world}, {scores['clips']} clips": {
            name: {"value": f["value"], "interval_95": f["interval_95"]} for name, f in figures.items()
        }
        for result in scores["models"].values()
        if result["sha256"] == digest
        for world, figures in result["worlds"].items()
    }


def own(run: Path) -> dict[str, Any]:
    """The figures that the training of a head or an auxiliary model left beside it; none for other runs."""
    path, heads = run / "metrics.json", (run / WEIGHTS["head"]).is_file()
    rests_on = "clips that settle it, second half" if heads else "96 clips that it never saw"
    return {rests_on: read_json(path)} if path.is_file() else {}


def source(request: dict[str, Any]) -> dict[str, Any]:
    """The generator and number of the clips that a generator's part learned from.

    Raises:
        EchoError: when they were not drawn by `sim`, or their manifest is damaged: it is not real-free then.
    """
    asked = request["clips"]
    if "data" in asked:
        made = read_json(Path(asked["data"]) / "manifest.json")
        asked = {"generator": made["generator"], "clips": made["clips"]}
    if asked["generator"] != SIM:
        raise EchoError(
            f"clips of {asked['generator']!r}: only what learned from {SIM!r} can be called real-free"
        )
    return {"generator": asked["generator"], "clips": asked["clips"]}


def part_card(request: dict[str, Any], metrics: Path) -> dict[str, Any]:
    """What only the card of a generator's part says; `metrics` is its metrics.jsonl."""
    last = json.loads(metrics.read_text(encoding="utf-8").splitlines()[-1])
    return {
        "claim": "real-free",
        "part": request["task"],
        "clips": source(request)["clips"],
        "frames_a_clip": request["shape"]["frames"],
        "steps": request["recipe"]["steps"],
        "batch": request["recipe"]["batch"],
        "codec_sha256": request["codec_sha256"],
        "losses": {name: value for name, value in last.items() if name not in ("step", "steps_per_second")},
        "summary": "demonstration weights: the published ones are for research",
    }


def clips(kind: str, request: dict[str, Any]) -> dict[str, Any]:
    """How much a run learned from; a head also names the student whose masks it reads."""
    recipe = request["recipe"]
    if kind == "head":
        summary = "reads a student's curves: EF with an interval, ED and ES, whether it is an LV"
        student = request["student"]["sha256"]
        return {"clips": request["clips"]["count"], "student_sha256": student, "summary": summary}
    seen = recipe["steps"] * recipe["batch"]
    if kind == "auxiliary":
        summary = "small image-text model that judges LV masks; not independent: it saw the same simulator"
        return {
            "clips": request["clips"]["count"],
            "pictures_seen": seen,
            "frames_a_clip": 8,
            "summary": summary,
        }
    return {"clips": min(seen, request.get("clips", seen)), "clips_seen": seen, "frames_a_clip": 8}


def known(options: argparse.Namespace, request: dict[str, Any]) -> dict[str, Any]:
    """What a card says first, and how much the run learned from."""
    if options.kind == "generator":
        return part_card(request, options.run / "metrics.jsonl")
    config = read_json(options.run / "config.json")
    facts = {name: config[name] for name in ("claim", "convention", "architecture")}
    return facts | clips(options.kind, request)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("stem")
    parser.add_argument("--kind", choices=[*WEIGHTS], required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--command", required=True)
    parser.add_argument("--metrics", type=Path)
    parser.add_argument("--held-out", type=Path, help="JSON of score_held_out.py")
    parser.add_argument("--commit", default="HEAD", help="of the code that trained them")
    parser.add_argument("--note", default="")
    options = parser.parse_args(arguments)
    manifest = read_json(options.run / "manifest.json")
    weights = options.run / WEIGHTS[options.kind]
    if not manifest.get("complete", True) or not weights.is_file():
        raise EchoError(f"{options.run} is not finished: resume it first")
    facts = known(options, manifest["request"])  # refuses before anything is written
    shutil.copyfile(weights, embedded.FOLDER / f"{options.stem}.safetensors")
    recipe = manifest["request"]["recipe"]
    card = {
        "kind": options.kind,
        "name": options.name,
        **{name: facts[name] for name in ("claim", "convention", "architecture") if name in facts},
        "parameters": manifest["parameters"],
        "bytes": weights.stat().st_size,
        "sha256": manifest["weights_sha256"],
        "licence": "Apache-2.0",
        "use": "research only, not for diagnosis",
        "trained_on": "clips of the generator sim; not one real frame",
        "command": options.command,
        "seed": recipe["seed"],
        "commit": subprocess.run(
            ["git", "rev-parse", options.commit], capture_output=True, text=True, check=True
        ).stdout.strip(),
        "machine": manifest["machine"],
        "hours": round(manifest["wall_time_s"] / 3600, 2),
        **{name: fact for name, fact in facts.items() if name not in ("claim", "convention", "architecture")},
        "software": manifest["software"],
        "figures": own(options.run) if options.kind in ("head", "auxiliary") else {},
        "note": options.note,
    }
    judged = card.get("student_sha256", card["sha256"])  # a head is judged with its student
    if options.metrics:
        card["figures"] |= figures(options.metrics, judged)
    if options.held_out:
        card["figures"] |= held_out(options.held_out, judged)
    write_json(embedded.FOLDER / f"{options.stem}.json", card)
    print(json.dumps({k: card[k] for k in ("name", "parameters", "bytes", "hours", "commit")}))


if __name__ == "__main__":
    main()
