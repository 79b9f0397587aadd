"""A run from the teacher alone on disk; it leaves the files that any distillation leaves."""

import json
import platform
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from echodfkd.clipset_writer import software_versions
from echodfkd.distill.datafree import ADVERSARIAL
from echodfkd.distill.datafree.duel import Duel, Row
from echodfkd.distill.datafree.plan import Plan
from echodfkd.distill.datafree.teacher import OpenTeacher
from echodfkd.distill.distill import student_config
from echodfkd.distill.loop import LAST, METRICS
from echodfkd.distill.run import FORMAT, WEIGHTS, begin_run
from echodfkd.files import write_json, write_text
from echodfkd.progress import Track, silent
from echodfkd.segmenter import Segmenter
from echodfkd.students.checkpoint import save_network, sha256
from echodfkd.students.networks import build_network


def distil_alone(
    teacher: Segmenter, student: str, plan: Plan, output: Path, *, resume: bool = False, track: Track = silent
) -> Iterator[Row]:
    """Train a student from a teacher's weights; yields rows of `metrics.jsonl`.

    Leaves student.safetensors, config.json, manifest.json, metrics.jsonl, tensorboard/ and checkpoints/.

    Args:
        teacher: a torch network with batch norms; it works where it is. student: see `build_network`.

    Raises:
        UsageError: for another kind of teacher, or when `output` holds something else, another run, or a run
            and `resume` is not set.
        EchoError: when a checkpoint is damaged, the training diverged, or the disk is full.
    """
    begun, opened = time.perf_counter(), OpenTeacher(teacher)
    config = student_config(student, teacher, teacher.claim)
    request = {"task": "distill", "teacher": teacher.name, "teacher_sha256": teacher.digest}
    asked = {**request, "generator": ADVERSARIAL, "recipe": asdict(plan), "config": config}
    earlier = begin_run(output, asked, resume)
    torch.manual_seed(plan.seed)
    duel = Duel(build_network(student), opened, plan, teacher.size)
    if resume and (output / LAST).is_file():
        duel.load(output / LAST)

    def manifest(**more: Any) -> None:
        spent = earlier + time.perf_counter() - begun
        write_json(output / "manifest.json", _manifest(asked, duel, spent) | more)

    for row in _fit(duel, output, track):
        manifest()
        yield row
    save_network(duel.average.module, config, output / WEIGHTS)
    write_json(output / "config.json", config)
    manifest(complete=True, weights_sha256=sha256(output / WEIGHTS))


def _fit(duel: Duel, run: Path, track: Track) -> Iterator[Row]:
    """Go on to the end of the plan; yields a row at each evaluation."""
    from torch.utils.tensorboard import SummaryWriter

    plan = duel.plan
    events = SummaryWriter(str(run / "tensorboard"), purge_step=duel.step)
    for step in track(range(duel.step + 1, plan.steps + 1), "training", plan.steps - duel.step):
        duel.turn()
        if step % plan.eval_every == 0 or step == plan.steps:
            row = {"step": step, "loss": fmean(duel.losses), "dice": duel.agreement(), **duel.drawn}
            duel.rows.append(row)
            write_text(run / METRICS, "".join(json.dumps(row) + "\n" for row in duel.rows))
            for name, value in row.items():
                events.add_scalar(name, value, step)
            yield row
        if step % plan.save_every == 0 or step == plan.steps:
            duel.save(run / LAST)
    events.close()


def _manifest(asked: dict[str, Any], duel: Duel, seconds: float) -> dict[str, Any]:
    student, artist = (sum(p.numel() for p in net.parameters()) for net in (duel.student, duel.artist))
    return {
        "format": FORMAT,
        "complete": False,
        "request": asked,
        "method": "adversarial clips and batch-norm statistics from the teacher's weights alone; "
        "no simulated clip, no real frame",
        "batch_norms": duel.teacher.norms,
        "parameters": student,
        "artist_parameters": artist,
        "clips_drawn": -(-duel.step // duel.plan.turns) * duel.plan.batch,
        "last_row": duel.rows[-1] if duel.rows else {},
        "wall_time_s": round(seconds, 1),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads, {duel.teacher.device}",
        "software": software_versions(),
    }
