"""From a model to an export folder: the files, their check against the source, and what a user must know."""

import os
import platform
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from echodfkd.clip import Frames
from echodfkd.clipset_writer import software_versions
from echodfkd.errors import EchoError, UsageError, unknown_name
from echodfkd.export.formats import FORMATS, STREAMS, Format
from echodfkd.export.head import export_head
from echodfkd.export.onnx import LICENCE, USE
from echodfkd.export.page import require_runtime, write_page
from echodfkd.export.parity import compare, require
from echodfkd.export.readme import EXAMPLE, readme
from echodfkd.files import sha256, write_json, write_text
from echodfkd.heads.head import find_head
from echodfkd.heads.onnx_head import SUFFIX
from echodfkd.segmenter import Segmenter
from echodfkd.students.runtime import TorchSegmenter
from echodfkd.students.stream import Stream

PREPROCESSING = (
    "inside the graph: grey 0..255, area average (bilinear when growing) to {size} x {size} of the square of "
    "the longer side, filled with black left and right or below; masks come back bilinearly, threshold 0.5. "
    "Before it, by the user: the ultrasound sector alone, pixels square in mm"
)


def export_model(
    model: Segmenter, layout: str, output: Path, clips: Mapping[str, Frames], force: bool = False
) -> tuple[Path, dict[str, Any]]:
    """Export a model to `output`, check it on clips, and write `export.json` and README.md beside it.

    Args:
        model: a network in torch. layout: a name of `FORMATS`.
        output: folder, made if absent.
        clips: name -> uint8 (T, size, size), what the check runs on; the first, a synthetic one, stays as
            the example.
        force: keep a file that differs from its source too much.

    Raises:
        UsageError: for an unknown format, or an `output` that is a file.
        EchoError: if the model is not in torch, cannot be exported, fails the check, or the format needs a
            module that is not installed; nothing is left then.
    """
    if layout not in FORMATS:
        raise unknown_name("export format", layout, list(FORMATS))
    if len(members := getattr(model, "members", ())) > 1:
        raise UsageError(
            f"{model.name} is {len(members)} models: export each, or a student distilled from them"
        )
    if not (isinstance(model, TorchSegmenter) and model.parameters):
        raise EchoError(f"{model.name} is an exported file already; export the run or weights it came from")
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file; --output names a folder")
    how = FORMATS[layout]
    how.require_modules(layout)
    if how.page:
        require_runtime()
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tmp-", dir=output) as folder:
        facts = _described(model, layout) | _made(model, how, Path(folder), clips, force)
        if how.page:
            facts = write_page(Path(folder), facts)
        else:
            np.save(Path(folder) / EXAMPLE, next(iter(clips.values())))
        _moved(Path(folder), output)
    write_json(output / "export.json", facts)
    write_text(output / "README.md", readme(facts))
    return output / facts["file"], facts


def _moved(folder: Path, output: Path) -> None:
    """Bring all files of a folder into another one, in sub-folders as there."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        final = output / path.relative_to(folder)
        final.parent.mkdir(parents=True, exist_ok=True)
        path.replace(final)


def _made(
    model: TorchSegmenter, how: Format, folder: Path, clips: Mapping[str, Frames], force: bool
) -> dict[str, Any]:
    """Write the files into a folder and check them; what is to be said of them."""
    path = folder / f"{model.name}{how.suffix}"
    facts = _checked(model, how, path, clips, force)
    if how.suffix in STREAMS and isinstance(model.network, Stream):
        beside = folder / f"{model.name}{STREAMS[how.suffix].suffix}"
        facts["stream"] = _checked(model, STREAMS[how.suffix], beside, clips, force)
    if how.head and (head := find_head(model)):
        facts["head"] = export_head(head, folder / f"{model.name}{SUFFIX}", model, clips)
    return facts


def _checked(
    model: TorchSegmenter, how: Format, path: Path, clips: Mapping[str, Frames], force: bool
) -> dict[str, Any]:
    how.write(model, path)
    runs = {"all": how.run(path, 0), "1": how.run(path, 1)}
    parity = require(compare(runs, model, clips), how.limits, force)
    files = [path, *(path.with_suffix(suffix) for suffix in how.beside)]
    return {
        "file": path.name,
        "bytes": sum(file.stat().st_size for file in files),
        "sha256": sha256(path),
        "parity": {**parity, "clips": list(clips)},
    }


def _described(model: TorchSegmenter, layout: str) -> dict[str, Any]:
    """What can be said before anything is written."""
    teacher = {key: model.config[key] for key in ("teacher", "teacher_sha256") if key in model.config}
    return {
        "format": layout,
        "input": "frames uint8 (B, T, H, W), grey 0..255",
        "output": "mask uint8 (B, T, H, W), 1 where prob >= 0.5; prob float32 (B, T, H, W), LV probability "
        "0..1; area float32 (B, T), pixels",
        "preprocessing": PREPROCESSING.format(size=model.size),
        "model": {
            "name": model.name,
            "sha256": model.digest,
            "parameters": model.parameters,
            "claim": model.claim,
            "convention": model.convention,
            "size": model.size,
            "causal": isinstance(model.network, Stream),
            **teacher,
        },
        "licence": LICENCE,
        "use": USE,
        "machine": f"{platform.machine()}, {os.cpu_count()} threads",
        "software": software_versions(),
    }
