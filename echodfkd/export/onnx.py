"""ONNX files: a student's whole graph, and for causal ones one that takes frame after frame.

Inputs, outputs and metadata stand in docs/export.md.
"""

import contextlib
import io
import json
import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from echodfkd.errors import EchoError
from echodfkd.export.graph import Found, Step, Whole, flat
from echodfkd.files import atomic_path
from echodfkd.students.onnx_segmenter import CLIPS, STREAM
from echodfkd.students.runtime import TorchSegmenter
from echodfkd.students.stream import Stream

OPSET = 18
LICENCE, USE = "Apache-2.0", "research only, not for diagnosis"
EXAMPLE = (
    150,
    170,
)  # pixels: as many as no network's square has, so that the exporter takes no size for given


def export_onnx(model: TorchSegmenter, path: Path) -> None:
    """Write the file that takes clips.

    Raises:
        EchoError: if the network has an operator that ONNX does not; it is named.
    """
    names = ("batch", "time", "height", "width")
    free = {"frames": {axis: torch.export.Dim(name) for axis, name in enumerate(names)}}
    frames = torch.zeros(2, 3, *EXAMPLE, dtype=torch.uint8)
    with on_cpu(model) as network:
        proto = exported(Whole(network, model.size), (frames,), ["frames"], Found._fields, free, model.name)
    save(proto, facts(model, CLIPS), path)


def export_stream(model: TorchSegmenter, path: Path) -> None:
    """Write the file that takes one frame after the other; of a `Stream` only.

    Raises:
        EchoError: as `export_onnx`.
    """
    assert isinstance(model.network, Stream)
    frame = torch.zeros(1, *EXAMPLE, dtype=torch.uint8)
    with on_cpu(model) as network:
        step = Step(network, model.size)
        state = flat(step.before)
        count = range(len(state))
        sizes = {1: torch.export.Dim("height"), 2: torch.export.Dim("width")}
        free = {"frame": sizes, "state": [None for _ in count]}
        given = ["frame", *(f"state_{k}" for k in count)]
        gives = [*Found._fields, *(f"next_{k}" for k in count)]
        proto = exported(step, (frame, state), given, gives, free, model.name)
    save(proto, facts(model, STREAM), path)


def facts(model: TorchSegmenter, interface: str) -> dict[str, str]:
    """What a file says of itself."""
    return {
        "interface": interface,
        "name": model.name,
        "claim": model.claim,
        "convention": model.convention,
        "size": str(model.size),
        "causal": "true" if isinstance(model.network, Stream) else "false",
        "source_sha256": model.digest,
        "config": json.dumps(model.config, sort_keys=True),
        "licence": LICENCE,
        "use": USE,
    }


def save(proto: onnx.ModelProto, said: Mapping[str, str], path: Path) -> None:
    """Write a graph with its metadata, without what the exporter noted for those who debug it."""
    graph = proto.graph
    proto.doc_string = ""
    del graph.value_info[:], graph.metadata_props[:]
    for part in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        part.doc_string = ""
        del part.metadata_props[:]
    onnx.helper.set_model_props(proto, dict(said))
    with atomic_path(path) as temporary:
        temporary.write_bytes(proto.SerializeToString())


@contextlib.contextmanager
def on_cpu(model: TorchSegmenter) -> Iterator[Any]:
    """The model's network on the CPU for a while."""
    try:
        yield model.network.to("cpu").eval()
    finally:
        model.network.to(model.device)


def exported(
    network: nn.Module,
    example: tuple[Any, ...],
    given: Sequence[str],
    gives: Sequence[str],
    free: Any,
    name: str,
) -> onnx.ModelProto:
    """A graph of a module called with `example`, `free` being its free axes.

    Raises:
        EchoError: as `export_onnx`; `name` says of what.
    """
    try:
        with _hushed():
            program = torch.onnx.export(
                network.eval(),
                example,
                dynamo=True,
                opset_version=OPSET,
                input_names=list(given),
                output_names=list(gives),
                dynamic_shapes=free,
                verbose=False,
            )
    except Exception as error:  # the exporter wraps what went wrong in many kinds of its own
        raise EchoError(f"{name} cannot be exported to ONNX: {reason(error)}") from error
    return program.model_proto  # type: ignore[union-attr]


def reason(error: BaseException) -> str:
    """What an exporter stumbled over, in one line: the operator where it names one."""
    told: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        told.append(str(cause))
        cause = cause.__cause__ or cause.__context__
    for text in told:
        if missing := re.search(r"No ONNX function found for <OpOverload\(op='([\w.:]+)'", text):
            return f"ONNX has no operator for {missing[1]}"
    first = next((text for text in reversed(told) if text.strip()), type(error).__name__)
    return first.strip().splitlines()[0][:300]


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """The exporter talks a lot on stdout and in warnings; failures still come as exceptions."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
