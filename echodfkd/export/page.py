"""The web page: a static folder that runs a model in the browser, `echodfkd/export/web/` with it inside."""

import gzip
import lzma
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from echodfkd.clip import Clip, Frames
from echodfkd.errors import EchoError, UsageError
from echodfkd.export.run import export_model
from echodfkd.files import write_bytes, write_json
from echodfkd.segmenter import Segmenter
from echodfkd.students.runtime import TorchSegmenter
from echodfkd.students.stream import Stream
from echodfkd.video_writer import write_avi

WEB = Path(__file__).parent / "web"
TOOLING = {"package.json", "package-lock.json"}  # how the runtime gets into the package, no part of the page
PACKED = ".xz"  # of the runtime's programs in the package; the page gets gzip, which browsers unpack
PROGRAMS = 2  # one with WebGPU and one without
MODEL, FACTS, SAMPLE = "model.onnx", "model.json", "sample.avi"
_RATE = 50.0


def export_page(
    model: Segmenter, output: Path, clips: Mapping[str, Frames], sample: Clip
) -> tuple[Path, dict[str, Any]]:
    """Write the page, its runtime and the model to `output`; any static host serves it, in any sub-folder.

    The model is the file of `--format onnx`, checked as there. The page asks for nothing outside its folder
    and sends nothing.

    Args:
        model: a network in torch. output: folder, made if absent.
        clips: name -> uint8 (T, size, size), what the check runs on.
        sample: a synthetic clip to try the page with.

    Returns:
        The path of index.html, and what stands in `export.json`.

    Raises:
        UsageError: if `output` is a file.
        EchoError: if this installation lacks the page's runtime, or as `export_model`; nothing is left then.
    """
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file; --output names a folder")
    files = page_files()
    with tempfile.TemporaryDirectory() as folder:
        onnx, checked = export_model(model, "onnx", Path(folder), clips)
        files[Path(MODEL)] = onnx.read_bytes()
    assert isinstance(model, TorchSegmenter)  # export_model refuses all others
    facts = {**checked, "format": "web", "file": "index.html"}
    about = {"size": model.size, "causal": isinstance(model.network, Stream), "sample": SAMPLE}
    write_json(output / FACTS, {**checked["model"], **about, "licence": checked["licence"]})
    for name, data in files.items():
        write_bytes(output / name, data)
    write_avi(output / SAMPLE, sample.frames, sample.fps or _RATE)
    facts["bytes"] = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    write_json(output / "export.json", facts)
    return output / "index.html", facts


def page_files() -> dict[Path, bytes]:
    """The page without a model: path in the folder -> content.

    Raises:
        EchoError: if this installation lacks the runtime.
    """
    names = [path.relative_to(WEB) for path in sorted(WEB.rglob("*")) if path.is_file()]
    files = {name: (WEB / name).read_bytes() for name in names if name.name not in TOOLING}
    packed = [name for name in names if name.suffix == PACKED]
    if len(packed) < PROGRAMS:
        raise EchoError("the page's runtime is missing from this installation; reinstall echodfkd")
    for name in packed:
        wasm = lzma.decompress(files.pop(name))
        # mtime 0: equal pages have equal bytes. .bin, since some hosts unpack .gz on the way and some do not
        files[name.with_suffix(".bin")] = gzip.compress(wasm, 6, mtime=0)
    return files
