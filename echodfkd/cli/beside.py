"""What `echodfkd eval` puts on its page beside the figures."""

import hashlib
import platform
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from echodfkd.clipset import ClipSet
    from echodfkd.eval.auxiliary.base import Auxiliary
    from echodfkd.eval.auxiliary.judged import Judged
    from echodfkd.eval.examples import Example
    from echodfkd.eval.run import ModelScores
    from echodfkd.segmenter import Segmenter


def examples_of(
    results: "Sequence[ModelScores]",
    judged: "Sequence[Judged]",
    clips: "ClipSet",
    teacher: "Segmenter | None",
    auxiliary: "Auxiliary | None",
) -> "list[Example]":
    """The best, the median and the worst clip of the first model: by Dice, else by the auxiliary's score."""
    from echodfkd.eval.examples import judged_examples, scored_examples
    from echodfkd.segmenter import Segmenter

    found: list[Example] = []
    if results:
        kind = results[0].reference.split()[0]
        other = {"teacher": teacher, "auxiliary": auxiliary}.get(kind)
        found = list(scored_examples(results[0], clips, other if isinstance(other, Segmenter) else None))
    return found or [example for one in judged[:1] for example in judged_examples(one, clips)]


def manifest_of(
    command: str, seed: int, device: str, clips: "ClipSet", teacher: "Segmenter | None"
) -> dict[str, Any]:
    """Command, seed, device, machine, and the hashes of the file list and of the teacher."""
    from echodfkd.clipset_records import FILE_LIST

    found: dict[str, Any] = {"command": command, "seed": seed, "device": device}
    found["machine"] = f"{platform.system()}, {platform.machine()}"
    listed = clips.root / FILE_LIST
    if listed.is_file():
        found["file list sha256"] = hashlib.sha256(listed.read_bytes()).hexdigest()
    if teacher is not None:
        found["teacher"] = {"name": teacher.name, "sha256": teacher.digest, "claim": teacher.claim}
    return found
