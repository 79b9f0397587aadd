"""`echodfkd eval --validate-auxiliary`: whether the judge deserves trust."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from echodfkd.clipset import ClipSet
    from echodfkd.eval.auxiliary.base import Auxiliary
    from echodfkd.progress import Track
    from echodfkd.segmenter import Segmenter

ALWAYS = ("default", "tiny", "sim")  # models of several qualities, beside those that the user named
JSON, TABLE = "validation.json", "validation.md"


def check_validation(auxiliary: "Auxiliary | None", clips: "ClipSet") -> None:
    """What can be known before anything is evaluated.

    Raises:
        UsageError: without an auxiliary, or if it judges no masks.
        EchoError: if the first readable clip has no exact masks.
    """
    from echodfkd.errors import EchoError, UsageError
    from echodfkd.eval.auxiliary.raters import refuse_blind

    if auxiliary is None:
        raise UsageError("--validate-auxiliary needs --auxiliary NAME, such as --auxiliary simclip")
    refuse_blind(auxiliary)
    for record in clips.records:
        try:
            clip = clips.load(record)
        except EchoError:
            continue
        if clip.lv is None:
            raise EchoError(
                f"--validate-auxiliary needs exact masks, and clip {clip.name!r} has none: "
                "make labelled clips with `echodfkd synth DATA --clips 32`"
            )
        return


def validate_auxiliary(
    auxiliary: "Auxiliary",
    models: "Sequence[Segmenter]",
    clips: "ClipSet",
    device: str,
    seed: int,
    track: "Track",
) -> dict[str, Any]:
    """Content of validation.json.

    Raises:
        UsageError: if the auxiliary judges no masks.
        EchoError: if the clips have no exact masks.
    """
    from echodfkd.eval.auxiliary.trust import trust
    from echodfkd.eval.auxiliary.validate import validate
    from echodfkd.eval.auxiliary.verdict import verdict
    from echodfkd.teachers import load_teacher

    digests = {model.digest for model in models}
    embedded = [load_teacher(name, device=device, kind="model") for name in ALWAYS]
    rated = [*models, *(model for model in embedded if model.digest not in digests)]
    found = trust(validate(auxiliary, clips, rated, seed, track))
    about = {"name": auxiliary.name, "sha256": auxiliary.digest, "claim": auxiliary.claim}
    note = getattr(auxiliary, "note", "")
    data = {"data": clips.root.resolve().name, "models": [model.name for model in rated]}
    words = {"verdict": verdict(found, auxiliary.name)}
    return {"auxiliary": about | {"note": note}, **data, **words, **found}


def write_validation(output: Path, found: dict[str, Any]) -> list[str]:
    """Write validation.json and validation.md; lines of the latter."""
    from echodfkd.eval.auxiliary.trust import table
    from echodfkd.files import write_json, write_text

    write_json(output / JSON, found)
    about = found["auxiliary"]
    lines = [*table(found, about["name"], about["note"]), "", found["verdict"]]
    write_text(output / TABLE, "\n".join(lines) + "\n")
    return lines
