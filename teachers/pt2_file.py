"""Teachers in .pt2 files, as `torch.export.save` writes them: a zip of raw weights and a graph in JSON."""

import json
import re
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import torch
from torch import Tensor

from echodfkd.errors import EchoError
from echodfkd.students.runtime import pick_device
from echodfkd.teachers.frames import ForeignSegmenter
from echodfkd.teachers.layout import FREE, Dimension, fixed
from echodfkd.teachers.onnx_file import exported
from echodfkd.teachers.pt2_calls import DTYPES, Refused
from echodfkd.teachers.pt2_graph import Graph

SCHEMA = 8  # major version of the graph's JSON that is read
_KINDS = {"parameter": "weights", "buffer": "weights", "tensor_constant": "constants"}  # input -> folder


def load_pt2(path: Path, device: str) -> ForeignSegmenter:
    """The teacher in a .pt2 file.

    Raises:
        EchoError: if the file cannot be used; one line says why.
    """
    graph, dimensions = open_pt2(path, device)
    return exported(path, graph, dimensions, device)


def open_pt2(path: Path, device: str) -> tuple[Graph, list[Dimension]]:
    """The network in a .pt2 file, a function on tensors, and the dimensions of its one input.

    Its pickles (example inputs, custom objects) are never opened.

    Raises:
        EchoError: if the file is unreadable, of another version of torch, or needs more than operators on
            tensors.
    """
    try:
        with ZipFile(path) as archive:
            return _read(archive, pick_device(device))
    except Refused as reason:
        raise EchoError(f"{path} is refused: {reason}") from reason
    except MemoryError:
        raise
    except Exception as error:  # whatever a damaged archive or graph leads to
        raise EchoError(
            f"{path} is not a .pt2 file that is read here ({str(error)[:100]}): save it with "
            "torch.export.save of torch 2.9 or later, or export it to ONNX"
        ) from error


def _read(archive: ZipFile, device: torch.device) -> tuple[Graph, list[Dimension]]:
    """The graph, and the dimensions of its one input."""
    root = archive.namelist()[0].split("/")[0]
    compiled = [name for name in archive.namelist() if name.startswith(f"{root}/data/aotinductor/")]
    if compiled:
        raise Refused("it holds compiled machine code")
    model = json.loads(archive.read(f"{root}/models/model.json"))
    if model["schema_version"]["major"] != SCHEMA:
        raise Refused(f"its graph has version {model['schema_version']['major']}, {SCHEMA} is read")
    graph, signature = model["graph_module"]["graph"], model["graph_module"]["signature"]
    weights, sources = _inputs(archive, root, signature["input_specs"])
    (result, *_), changes = _outputs(signature["output_specs"])
    if len(sources) != 1 or changes:
        raise Refused(changes or f"it takes {len(sources)} inputs, not one of frames")
    sizes = graph["tensor_values"][sources[0]]["sizes"]
    dimensions = [_dimension(size, model["range_constraints"]) for size in sizes]
    return Graph(graph, weights, sources[0], result, device), dimensions


def _inputs(archive: ZipFile, root: str, specs: list[Any]) -> tuple[dict[str, Tensor], list[str]]:
    """Weights by the graph's names for them, and the names of its other inputs."""
    stores = {
        folder: json.loads(archive.read(f"{root}/data/{folder}/model_{folder}_config.json"))["config"]
        for folder in ("weights", "constants")
    }
    weights, sources = {}, []
    for spec in specs:
        ((kind, content),) = spec.items()
        if kind == "user_input":
            sources.append(content["arg"]["as_tensor"]["name"])
            continue
        if kind not in _KINDS:
            raise Refused(f"it needs a {kind[:40]}")
        full = content[f"{kind}_name"]
        folder = next(folder for folder in (_KINDS[kind], "constants") if full in stores[folder])
        weights[content["arg"]["name"]] = _tensor(
            archive, f"{root}/data/{folder}", full, stores[folder][full]
        )
    return weights, sources


def _tensor(archive: ZipFile, folder: str, name: str, entry: dict[str, Any]) -> Tensor:
    """A tensor from its raw bytes. Raises Refused for pickled ones, and for NaN or infinite numbers."""
    if entry["use_pickle"] or sys.byteorder != "little":
        raise Refused(f"{name[:80]} is pickled, not plain numbers")
    meta = entry["tensor_meta"]
    dtype = DTYPES[meta["dtype"]]
    shape, strides = ([size["as_int"] for size in meta[key]] for key in ("sizes", "strides"))
    raw = bytearray(archive.read(f"{folder}/{entry['path_name']}"))
    flat = torch.frombuffer(raw, dtype=dtype) if raw else torch.empty(0, dtype=dtype)
    tensor = flat.as_strided(shape, strides, meta["storage_offset"]["as_int"])
    if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
        raise Refused(f"{name[:80]} holds NaN or infinite weights")
    return tensor


def _outputs(specs: list[Any]) -> tuple[list[str], str]:
    """Names of the outputs, and what else the graph would do, empty when nothing."""
    names = []
    for spec in specs:
        ((kind, content),) = spec.items()
        if kind != "user_output":
            return [""], f"it has a {kind[:40]}; export it after eval()"
        names.append(content["arg"]["as_tensor"]["name"])
    return names, ""


def _dimension(size: dict[str, Any], ranges: dict[str, Any]) -> Dimension:
    """A dimension of the input: a number, or a symbol with its range."""
    if "as_int" in size:
        return fixed(size["as_int"])
    symbols = re.findall(r"\b[su]\d+\b", size["as_expr"]["expr_str"])
    known = ranges.get(symbols[0]) if len(symbols) == 1 else None
    return (max(known["min_val"] or 1, 1), known["max_val"]) if known else FREE
