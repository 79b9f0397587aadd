"""ONNX in 8 bits: a quarter of the size, hardly faster. Calibrated on synthetic clips, so still data-free."""

import contextlib
import io
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx

from echodfkd.clip import Frames
from echodfkd.export.onnx import export_onnx, facts, save
from echodfkd.students.onnx_segmenter import CLIPS
from echodfkd.students.runtime import TorchSegmenter

SEED, COUNT, FRAMES = 8_0808, 12, 16  # of the calibration clips; the check draws others


def export_int8(model: TorchSegmenter, path: Path) -> None:
    """Write the file that takes clips with convolutions in 8 bits: weights per channel, and activations.

    The first and the last convolution stay as they are: they hold few of the weights, and see grey levels
    and make logits, where steps show most. Weights take 7 of the 8 bits: without VNNI, sums of two products
    overflow 16 bits on x86.

    Raises:
        EchoError: as `export_onnx`.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    with tempfile.TemporaryDirectory() as folder:
        plain, small = Path(folder) / "plain.onnx", Path(folder) / "int8.onnx"
        export_onnx(model, plain)
        with _hushed():
            quantize_static(
                plain,
                small,
                _reader(calibration_clips(model.size)),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                op_types_to_quantize=["Conv"],
                nodes_to_exclude=_outer(plain),
            )
        save(onnx.load(str(small)), facts(model, CLIPS), path)


def calibration_clips(size: int) -> Iterator[Frames]:
    """Clips of `sim`, uint8 (T, size, size) each."""
    from echodfkd.synth import make_generator

    sim = make_generator("sim", frames=FRAMES, size=size)
    return (sim.clip(SEED, k).frames for k in range(COUNT))


def _reader(clips: Iterator[Frames]) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Clips(CalibrationDataReader):
        def get_next(self) -> dict[str, Frames] | None:  # type: ignore[override]
            clip = next(clips, None)
            return None if clip is None else {"frames": clip[None]}

    return Clips()


def _outer(path: Path) -> list[str]:
    """Names of the first and the last convolution."""
    names = [node.name for node in onnx.load(str(path)).graph.node if node.op_type == "Conv"]
    return names[:1] + names[-1:]


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """ONNX Runtime advises on the root logger and prints what it does."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(level)
