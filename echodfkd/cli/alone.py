"""`echodfkd distill --generator adversarial`: the teacher's weights and nothing else."""

from pathlib import Path
from typing import Any


def distil_from_teacher_alone(
    teacher: list[str],
    student: str,
    output: Path,
    not_taken: dict[str, Any],
    plan: dict[str, Any],
    *,
    resume: bool,
    device: str,
    quiet: bool,
) -> None:
    """Distil and print what comes of it.

    Args:
        not_taken: options that are about clips, with what was given for them; None where nothing was.
        plan: fields of `Plan`; None where the default is wanted.

    Raises:
        UsageError: when one of `not_taken` was given, several teachers, or several processes.
    """
    from echodfkd.cli.progress import tracker
    from echodfkd.distill.datafree import ADVERSARIAL
    from echodfkd.distill.datafree.plan import Plan
    from echodfkd.distill.datafree.run import distil_alone
    from echodfkd.errors import UsageError
    from echodfkd.ranks import world_asked_for
    from echodfkd.students.networks import build_network
    from echodfkd.teachers import load_teacher

    given = [name for name, value in not_taken.items() if value is not None]
    if given:
        raise UsageError(
            f"--generator {ADVERSARIAL} needs the teacher alone; leave {' and '.join(given)} out"
        )
    if world_asked_for() > 1:
        raise UsageError(f"--generator {ADVERSARIAL} is work for one process; start it without a launcher")
    if len(teacher) > 1:
        raise UsageError(f"--generator {ADVERSARIAL} distils from one teacher; give --teacher once")
    build_network(student)  # a wrong name should fail before anything is made
    guide = load_teacher(teacher[0], device=device)
    settled = Plan(**{name: value for name, value in plan.items() if value is not None})
    for row in distil_alone(guide, student, settled, output, resume=resume, track=tracker(quiet)):
        if not quiet:
            print(
                f"step {row['step']:.0f}: loss {row['loss']:.4f}, agreement with teacher on drawn clips "
                f"{row['dice']:.4f}, distance to its statistics {row['statistics']:.4f}"
            )
    if not quiet:
        print(f"{output}: student distilled from {guide.name} alone ({guide.claim})")
        print(f"next: echodfkd segment CLIP --model {output}")
