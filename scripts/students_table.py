"""The table of docs/students.md: all students learn from the same labels and frames, are judged and timed.

Command:  uv run python scripts/students_table.py FOLDER --students tiny convlstm-33 --seeds 1
          uv run python scripts/students_table.py FOLDER --speed
          uv run python scripts/students_table.py FOLDER --real CLIPS
          uv run python scripts/students_table.py FOLDER --table docs/students.md

The first trains and judges what has no result in FOLDER yet, one student after the other; killed and run
again it goes on where it was. A name may end in @published or @ours: the recipe to learn by where it is not
the student's own. The second times all students in one run. The third measures on real clips (see
scripts/score_real.py), once and at the end: never choose by them. The last writes the table from what is
there, between two marks of the page.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import cv2
import torch
from table_clips import Budget
from table_learners import OURS, PUBLISHED, RECIPES, asked
from table_speed import speeds
from table_text import put_table
from table_work import Work

from echodfkd.cli.failures import failing_on_sigterm, report
from echodfkd.cli.progress import tracker
from echodfkd.errors import unknown_name
from echodfkd.files import write_json

BASELINE = "convlstm-33"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="of the results")
    parser.add_argument("--students", nargs="+", default=[], metavar="NAME", help="train and judge these")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    for name, value in asdict(Budget()).items():
        words = f"see Budget in table_clips.py; default: {value}"
        parser.add_argument(f"--{name}", type=type(value), default=value, help=words)
    parser.add_argument("--real", type=Path, metavar="CLIPS", help="measure on these real clips")
    parser.add_argument("--speed", action="store_true", help="time all students")
    parser.add_argument("--rounds", type=int, default=5, help="of timing")
    parser.add_argument(
        "--timed", nargs="+", default=[*OURS, *PUBLISHED], metavar="NAME", help="students to time"
    )
    parser.add_argument("--table", type=Path, metavar="FILE", help="write the table into this page")
    parser.add_argument("--threads", type=int, default=1, help="of training; timing takes 2")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(arguments)
    for name in options.students:
        if asked(name)[0] not in (*OURS, *PUBLISHED) or asked(name)[1] not in RECIPES:
            parser.error(str(unknown_name("student", name, [*OURS, *PUBLISHED])))
    return options


def run(o: argparse.Namespace) -> None:
    """Do what was asked for."""
    track = tracker(o.quiet)
    torch.set_num_threads(o.threads)
    cv2.setNumThreads(1)  # a forked worker may hang on the threads that OpenCV has by then
    if o.students or o.real:
        work = Work(o.folder, Budget(o.clips, o.seed, o.judges, o.frames, o.teacher), workers=1, track=track)
        for name, seed in ((name, seed) for name in o.students for seed in o.seeds):
            work.score(name, seed)
        if o.real:
            work.score_real(o.real)
    if o.speed:
        baseline = BASELINE if BASELINE in o.timed else o.timed[0]
        measured = speeds(o.timed, baseline, o.folder / "onnx", 2, 32, o.rounds, track)
        write_json(o.folder / "speed.json", measured)
    if o.table:
        put_table(o.folder, o.table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, judge, time, write; the exit code as of the commands."""
    options = parse(arguments)
    try:
        with failing_on_sigterm():
            run(options)
    except (Exception, KeyboardInterrupt) as error:
        return report(error, options.debug)
    return 0


if __name__ == "__main__":
    sys.exit(main())
