"""Teachers in ONNX files of any program, run by ONNX Runtime on the CPU."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from echodfkd.errors import EchoError
from echodfkd.segmenter import Segmenter
from echodfkd.students.onnx_weights import refuse_broken_weights
from echodfkd.students.runtime import OnnxSegmenter
from echodfkd.teachers.checkpoint import tell_origin
from echodfkd.teachers.frames import ForeignSegmenter
from echodfkd.teachers.handling import settle_input, settle_output, trial
from echodfkd.teachers.layout import FREE, Dimension, fixed, layout_of
from echodfkd.teachers.manifest import facts_beside

OURS = {"claim", "convention", "size", "causal"}  # metadata of the files that `echodfkd export` writes
NUMBERS: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}


def load_onnx(path: Path) -> Segmenter:
    """An ONNX file: one that `echodfkd export` wrote, or any that takes frames and makes masks.

    Raises:
        EchoError: if the file cannot be used; one line says why.
    """
    session = _session(path)
    if session.get_modelmeta().custom_metadata_map.keys() >= OURS:
        return OnnxSegmenter(path)
    run, dimensions = _opened(session, path)
    return exported(path, run, dimensions, "cpu")


def open_onnx(path: Path) -> tuple[Callable[[Tensor], Tensor], list[Dimension]]:
    """The network in an ONNX file, a function on tensors of the CPU, and the dimensions of its one input.

    Raises:
        EchoError: if the file cannot be used, or takes more or other things than frames.
    """
    return _opened(_session(path), path)


def _opened(session: Any, path: Path) -> tuple[Callable[[Tensor], Tensor], list[Dimension]]:
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type not in NUMBERS:
        found = ", ".join(f"{entry.name}: {entry.type}" for entry in inputs)
        raise EchoError(f"{path} takes {found or 'nothing'}, not one input of frames")
    refuse_broken_weights(path)
    kind = NUMBERS[inputs[0].type]

    def run(x: Tensor) -> Tensor:
        outputs = session.run(None, {inputs[0].name: np.ascontiguousarray(x.numpy().astype(kind))})
        return torch.from_numpy(outputs[0].astype(np.float32))

    return run, [fixed(n) if isinstance(n, int) else FREE for n in inputs[0].shape]


def exported(
    path: Path, run: Callable[[Tensor], Tensor], dimensions: Sequence[Dimension], device: str
) -> ForeignSegmenter:
    """A network that another program exported, as a teacher.

    Args:
        run: takes one float tensor of `dimensions`, on the CPU for a trial and then on `device`.

    Raises:
        EchoError: if it takes no frames, or makes no masks of them.
    """
    facts = facts_beside(path)
    layout = layout_of(dimensions, facts, path)
    handling = settle_input(facts, layout.channels, layout.size)
    network = layout.network(run)
    fewest, most = layout.limits
    out = trial(network, handling, min(max(fewest, 2), most or 2), path, facts.manifest)
    handling = replace(handling, **settle_output(facts, out, path, bare=False))
    tell_origin(facts)
    return ForeignSegmenter(network, handling, facts, path.stem, facts.digest(path), device, layout.limits)


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only: its warnings are for who wrote the file
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises many kinds of its own, all for an unusable file
        raise EchoError(f"{path} is not a usable ONNX file: {str(error).splitlines()[0][:200]}") from error
