"""Formats beside ONNX: torch's own, and those of converters that install beside the rest.

They have the inputs and outputs of docs/export.md. ExecuTorch has fixed shapes: one clip of `FRAMES` squares.
"""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from echodfkd.clip import Frames
from echodfkd.errors import EchoError
from echodfkd.export.graph import Whole
from echodfkd.export.onnx import EXAMPLE, export_onnx, facts, on_cpu, reason
from echodfkd.files import atomic_path, sha256
from echodfkd.segmenter import Prob
from echodfkd.students.onnx_segmenter import CLIPS, grades
from echodfkd.students.parts import CHUNK, spans
from echodfkd.students.runtime import TorchSegmenter

FRAMES = 32  # of a clip for ExecuTorch
Run = Callable[[Frames], npt.NDArray[np.float32]]  # uint8 (T, S, S) -> prob (T, S, S)


class Exported:
    """A file as a `Segmenter`, for its check.

    Args:
        run: maps uint8 (T, S, S) to probabilities. size: S. chunk: most frames of a call; None: all.
    """

    def __init__(self, path: Path, run: Run, size: int, chunk: int | None = CHUNK) -> None:
        self.name, self.digest, self.claim, self.convention = path.stem, sha256(path), "", ""
        self.size, self.run, self.chunk = size, run, chunk

    def predict(self, frames: Frames) -> Prob:
        """As of a `Segmenter`."""
        parts = spans(len(frames), self.chunk or len(frames))
        return np.concatenate([grades(self.run(np.ascontiguousarray(frames[part]))) for part in parts])


def export_pt2(model: TorchSegmenter, path: Path) -> None:
    """Write what `torch.export.load` reads; metadata under the extra file `echodfkd.json`.

    Raises:
        EchoError: if the network cannot be traced.
    """
    names = ("batch", "time", "height", "width")
    free = {"frames": {axis: torch.export.Dim(name) for axis, name in enumerate(names)}}
    program = _traced(model, (2, 3, *EXAMPLE), free)
    with atomic_path(path) as temporary:
        torch.export.save(program, temporary, extra_files=facts(model, CLIPS))


def run_pt2(path: Path, threads: int) -> Exported:
    """The file in torch; `threads` above 0 are set for the process, as torch has it."""
    program = torch.export.load(path)  # written by `export_pt2` a moment ago
    network = program.module()

    def run(frames: Frames) -> npt.NDArray[np.float32]:
        before = torch.get_num_threads()
        torch.set_num_threads(threads or before)
        try:
            with torch.inference_mode():
                return network(torch.from_numpy(frames)[None])[1][0].numpy()
        finally:
            torch.set_num_threads(before)

    return Exported(path, run, 0)


def export_openvino(model: TorchSegmenter, path: Path) -> None:
    """Write OpenVINO's `NAME.xml` and `NAME.bin`, converted from the ONNX file; weights as fp16.

    Raises:
        EchoError: as `export_onnx`, or if OpenVINO lacks an operator.
    """
    import openvino

    plain = path.with_name(f".{path.stem}.onnx")
    try:
        export_onnx(model, plain)
        converted = openvino.convert_model(plain)
        for key, value in facts(model, CLIPS).items():
            converted.set_rt_info(value, ["echodfkd", key])
        openvino.save_model(converted, path)
    except RuntimeError as error:
        raise EchoError(f"{model.name} cannot be converted to OpenVINO: {reason(error)}") from error
    finally:
        plain.unlink(missing_ok=True)


def run_openvino(path: Path, threads: int) -> Exported:
    """The file in OpenVINO on the CPU, in float32 as the check wants it."""
    import openvino

    options: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    network = openvino.Core().compile_model(path, "CPU", options)
    return Exported(path, lambda frames: network({"frames": frames[None]})["prob"][0], 0)


def export_executorch(model: TorchSegmenter, path: Path) -> None:
    """Write a `.pte` for XNNPACK that takes one clip of `FRAMES` squares of the network's side.

    Raises:
        EchoError: if ExecuTorch lacks an operator.
    """
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    program = _traced(model, (1, FRAMES, model.size, model.size), None)
    try:
        lowered = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()]).to_executorch()
    except Exception as error:  # many kinds, all for a network that it cannot take
        raise EchoError(f"{model.name} cannot be converted to ExecuTorch: {reason(error)}") from error
    with atomic_path(path) as temporary:
        temporary.write_bytes(lowered.buffer)


def run_executorch(path: Path, threads: int) -> Exported:
    """The file in ExecuTorch's own runtime; it has no say in threads. Short clips repeat their last frame."""
    from executorch.runtime import Runtime

    method = Runtime.get().load_program(path).load_method("forward")

    def run(frames: Frames) -> npt.NDArray[np.float32]:
        index = np.arange(FRAMES).clip(max=len(frames) - 1)
        outputs = method.execute([torch.from_numpy(frames[index])[None]])
        return outputs[1][0, : len(frames)].numpy()

    return Exported(path, run, 0, FRAMES)


def _traced(model: TorchSegmenter, shape: tuple[int, ...], free: Any) -> torch.export.ExportedProgram:
    example = (torch.zeros(shape, dtype=torch.uint8),)
    try:
        with on_cpu(model) as network:
            plain = deepcopy(network).to(memory_format=torch.contiguous_format)  # as ExecuTorch wants them
        return torch.export.export(
            Whole(plain, model.size).eval(),
            example,
            dynamic_shapes=free,
            prefer_deferred_runtime_asserts_over_guards=True,  # a causal network takes all lengths but 2 then
        )
    except Exception as error:  # torch.export wraps what went wrong in many kinds of its own
        raise EchoError(f"{model.name} cannot be exported: {reason(error)}") from error
