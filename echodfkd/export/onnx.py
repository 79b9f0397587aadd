"""ONNX export: preprocessing and sigmoid are inside the graph, batch and time are free.

Input `frames` float32 (B, T, 1, size, size), grey 0..255; output `prob` float32 of the same shape, 0..1.
"""

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from echodfkd.errors import EchoError
from echodfkd.files import atomic_path
from echodfkd.students.runtime import TorchSegmenter
from echodfkd.students.stream import Stream

OPSET = 18


class Probability(nn.Module):
    """The network with its sigmoid, as it is exported."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor) -> Tensor:
        """LV probability 0..1 of grey frames 0..255, both (B, T, 1, H, W)."""
        return torch.sigmoid(self.network(frames))


def export_onnx(model: TorchSegmenter, path: Path) -> None:
    """Write the model as one ONNX file whose metadata hold claim, convention, size and more.

    Raises:
        EchoError: if the network has an operator that ONNX does not.
    """
    network = Probability(model.network).to("cpu").eval()
    example = torch.zeros(2, 3, 1, model.size, model.size)
    free = {"frames": {0: torch.export.Dim("batch"), 1: torch.export.Dim("time")}}
    try:
        with _hushed():
            program = torch.onnx.export(
                network,
                (example,),
                dynamo=True,
                opset_version=OPSET,
                input_names=["frames"],
                output_names=["prob"],
                dynamic_shapes=free,
                verbose=False,
            )
    except Exception as error:  # the exporter wraps what went wrong in many kinds of its own
        raise EchoError(
            f"{model.name} cannot be exported to ONNX: {str(error).splitlines()[0][:300]}"
        ) from error
    finally:
        model.network.to(model.device)
    proto = program.model_proto  # type: ignore[union-attr]
    facts = {"claim": model.claim, "convention": model.convention, "size": str(model.size)}
    facts |= {"source_sha256": model.digest, "config": json.dumps(model.config, sort_keys=True)}
    facts["causal"] = "true" if isinstance(model.network, Stream) else "false"
    onnx.helper.set_model_props(proto, facts)
    with atomic_path(path) as temporary:
        temporary.write_bytes(proto.SerializeToString())


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
