"""The formats of `export`: how each is written, run for its check, and how near it must come."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from echodfkd.errors import EchoError
from echodfkd.export.onnx import export_onnx, export_stream
from echodfkd.export.others import (
    export_executorch,
    export_openvino,
    export_pt2,
    run_executorch,
    run_openvino,
    run_pt2,
)
from echodfkd.export.parity import EIGHT_BITS, HALVES, SAME, Limits
from echodfkd.export.quantize import export_int8
from echodfkd.segmenter import Segmenter
from echodfkd.students.onnx_segmenter import OnnxSegmenter
from echodfkd.students.onnx_stream import OnnxStream
from echodfkd.students.runtime import TorchSegmenter


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        suffix: of its file. write: a model to a path. run: a file on so many threads (0: all) for its check.
        limits: of the check. modules: extra ones that it needs, each the name of an extra of the package too.
        beside: suffixes of further files that belong to it.
        head: whether the learned head goes along that reads the model's masks.
        page: whether a page that runs the file is made around it.
    """

    suffix: str
    write: Callable[[TorchSegmenter, Path], None]
    run: Callable[[Path, int], Segmenter]
    limits: Limits = SAME
    modules: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    head: bool = False
    page: bool = False

    def require_modules(self, name: str) -> None:
        """Raise EchoError where a module is missing."""
        if absent := [module for module in self.modules if find_spec(module) is None]:
            raise EchoError(f"the format {name} needs {', '.join(absent)}: pip install 'echodfkd[{name}]'")


FORMATS: dict[str, Format] = {
    "onnx": Format(".onnx", export_onnx, OnnxSegmenter, head=True),
    "onnx-int8": Format(".int8.onnx", export_int8, OnnxSegmenter, EIGHT_BITS),
    "pt2": Format(".pt2", export_pt2, run_pt2),
    "openvino": Format(
        ".xml", export_openvino, run_openvino, HALVES, modules=("openvino",), beside=(".bin",)
    ),
    "executorch": Format(".pte", export_executorch, run_executorch, modules=("executorch",)),
    "web": Format(".web.onnx", export_onnx, OnnxSegmenter, head=True, page=True),
}
STREAMS: dict[str, Format] = {  # by the suffix of the file that it goes with
    ".onnx": Format(".stream.onnx", export_stream, OnnxStream),
}
