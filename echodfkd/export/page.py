"""The web page: a static folder that runs a model in the browser, `echodfkd/export/web/` with it inside."""

import gzip
import lzma
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from echodfkd.errors import EchoError
from echodfkd.files import write_bytes, write_json
from echodfkd.video_writer import write_avi

WEB = Path(__file__).parent / "web"
TOOLING = {"package.json", "package-lock.json"}  # how the runtime gets into the package, no part of the page
PACKED = ".xz"  # of the runtime's programs in the package; the page gets gzip, which browsers unpack
PROGRAMS = 2  # one with WebGPU and one without
PAGE, NETWORK, HEAD = "index.html", "model.onnx", "model.head.onnx"
FACTS, SAMPLE = "model.json", "sample.avi"
SAMPLE_SEED, SAMPLE_FRAMES, SAMPLE_SIZE, SAMPLE_HZ = 0, 96, 192, 50.0


def write_page(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Make a folder that holds a checked ONNX file into a page; any static host serves it, in any sub-folder.

    The page asks for nothing outside its folder and sends nothing. A synthetic clip to try it goes along.

    Args:
        folder: holds the file that takes clips and, where the model has one, its head's; both get the names
            that the page knows.
        facts: of the file, as they stand in `export.json`.

    Returns:
        The facts of the page: its bytes are those of all files, the ONNX file's own stand under `network`.
    """
    files = page_files()
    (folder / facts["file"]).rename(folder / NETWORK)
    head = _head(folder, facts)
    for name, data in files.items():
        write_bytes(folder / name, data)
    _write_sample(folder / SAMPLE)
    about: dict[str, Any] = {
        "network": NETWORK,
        "sample": SAMPLE,
        "licence": facts["licence"],
        "use": facts["use"],
    }
    if head:
        about["head"] = {key: head[key] for key in ("file", "name", "lv_limit")}
    write_json(folder / FACTS, {**facts["model"], **about})
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    network = {"file": NETWORK, "bytes": facts["bytes"], "sha256": facts["sha256"]}
    rest = {key: value for key, value in facts.items() if key != "sha256"}
    return {**rest, **({"head": head} if head else {}), "file": PAGE, "bytes": size, "network": network}


def _head(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any] | None:
    """The facts of the head with the file under its new name; None where there is none."""
    if "head" not in facts:
        return None
    (folder / facts["head"]["file"]).rename(folder / HEAD)
    return {**facts["head"], "file": HEAD}


def require_runtime() -> None:
    """Raise EchoError where this installation lacks the page's runtime."""
    if len(list(WEB.rglob(f"*{PACKED}"))) < PROGRAMS:
        raise EchoError("the page's runtime is missing from this installation; reinstall echodfkd")


def page_files() -> dict[Path, bytes]:
    """The page without a model: path in the folder -> content."""
    names = [path.relative_to(WEB) for path in sorted(WEB.rglob("*")) if path.is_file()]
    files = {name: (WEB / name).read_bytes() for name in names if name.name not in TOOLING}
    for name in (name for name in names if name.suffix == PACKED):
        wasm = lzma.decompress(files.pop(name))
        # mtime 0: equal pages have equal bytes. .bin, since some hosts unpack .gz on the way and some do not
        files[name.with_suffix(".bin")] = gzip.compress(wasm, 6, mtime=0)
    return files


def _write_sample(path: Path) -> None:
    from echodfkd.synth import make_generator

    sim = make_generator("sim", frames=SAMPLE_FRAMES, size=SAMPLE_SIZE, fps=SAMPLE_HZ)
    write_avi(path, sim.clip(SAMPLE_SEED, 0).frames, SAMPLE_HZ)
