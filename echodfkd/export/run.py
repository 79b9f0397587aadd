"""From a model to an export folder: the file, its check against the source, and what a user must know."""

import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from echodfkd.clip import Frames
from echodfkd.clipset_writer import software_versions
from echodfkd.errors import EchoError, UsageError, unknown_name
from echodfkd.export.onnx import export_onnx
from echodfkd.export.parity import compare, require
from echodfkd.files import write_json
from echodfkd.segmenter import Segmenter
from echodfkd.students.runtime import OnnxSegmenter, TorchSegmenter

FORMATS: dict[str, tuple[str, Callable[[TorchSegmenter, Path], None], Callable[[Path], Segmenter]]] = {
    "onnx": (".onnx", export_onnx, OnnxSegmenter),  # suffix, how to write it, how to run it
}


def export_model(
    model: Segmenter, layout: str, output: Path, clips: Mapping[str, Frames]
) -> tuple[Path, dict[str, Any]]:
    """Export a model to `output`, check it on clips, and write `export.json` beside it.

    Args:
        model: a network in torch. layout: a name of `FORMATS`.
        output: folder, made if absent. clips: name -> uint8 (T, size, size), what the check runs on.

    Raises:
        UsageError: for an unknown format, or an `output` that is a file.
        EchoError: if the model is not in torch, cannot be exported, or fails the check; nothing is left then.
    """
    if layout not in FORMATS:
        raise unknown_name("export format", layout, [*FORMATS, "web"])
    if len(members := getattr(model, "members", ())) > 1:
        raise UsageError(
            f"{model.name} is {len(members)} models: export each, or a student distilled from them"
        )
    if not (isinstance(model, TorchSegmenter) and model.parameters):
        raise EchoError(f"{model.name} is an exported file already; export the run or weights it came from")
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file; --output names a folder")
    suffix, write, run = FORMATS[layout]
    final = output / f"{model.name}{suffix}"
    candidate = output / f".tmp-{model.name}{suffix}"
    try:
        write(model, candidate)
        figures = require(compare(run(candidate), model, clips))
        candidate.replace(final)
    finally:
        candidate.unlink(missing_ok=True)
    facts = _facts(model, layout, final) | {"parity": {**figures, "clips": list(clips)}}
    write_json(output / "export.json", facts)
    return final, facts


def _facts(model: TorchSegmenter, layout: str, path: Path) -> dict[str, Any]:
    return {
        "file": path.name,
        "format": layout,
        "bytes": path.stat().st_size,
        "input": f"frames float32 (B, T, 1, {model.size}, {model.size}), grey 0..255",
        "output": f"prob float32 (B, T, 1, {model.size}, {model.size}), LV probability 0..1; "
        "mask: prob > 0.5",
        "model": {
            "name": model.name,
            "sha256": model.digest,
            "claim": model.claim,
            "convention": model.convention,
        },
        "licence": "Apache-2.0",
        "use": "research only, not for diagnosis",
        "machine": platform.machine(),
        "software": software_versions(),
    }
