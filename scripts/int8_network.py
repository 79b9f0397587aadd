"""A frame network in 8 bits, run by ONNX Runtime; what it costs in Dice is for `bench_label.py` to say."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy.typing as npt
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor, nn

from echodfkd.teachers.accelerate_network import accelerated

BATCH = 4  # images that the calibration keeps all activations of


class _Images(CalibrationDataReader):
    """Hands out images (B, C, H, W) in batches."""

    def __init__(self, images: Tensor) -> None:
        self._batches = iter(images.split(BATCH))

    def get_next(self) -> dict[str, npt.NDArray] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"images": batch.numpy()}


def int8_network(
    network: nn.Module, images: Tensor, folder: Path, threads: int
) -> Callable[[Tensor], Tensor]:
    """The network with 8-bit weights (per channel) and activations, calibrated on images (B, C, H, W).

    Args:
        network: maps images to logits. images: float32, of synthetic clips.
        folder: for its files. threads: of ONNX Runtime.
    """
    plain, ready, small = (folder / f"{name}.onnx" for name in ("plain", "ready", "int8"))
    _export(accelerated(network, (2, *images.shape[1:])), images[:2], plain)
    quant_pre_process(plain, ready)
    # 7-bit weights: without VNNI, sums of two 8-bit products overflow 16 bits.
    quantize_static(
        ready,
        small,
        _Images(images),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(small), options, providers=["CPUExecutionProvider"])
    return lambda batch: torch.from_numpy(session.run(None, {"images": batch.contiguous().numpy()})[0])


def _export(network: nn.Module, example: Tensor, path: Path) -> None:
    free = {0: torch.export.Dim("batch")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (example,),
            str(path),
            dynamo=True,
            external_data=False,
            input_names=["images"],
            output_names=["logits"],
            dynamic_shapes=(free,),
            verbose=False,
        )
