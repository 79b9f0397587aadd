"""The weights inside an ONNX file, looked through before it runs: NaN may hide behind an activation."""

from pathlib import Path

import numpy as np

from echodfkd.errors import EchoError


def refuse_broken_weights(path: Path) -> None:
    """Raise EchoError if an ONNX file that loads holds NaN or infinite weights.

    Single numbers are passed over, for they are bounds; so are arrays of 0 and -infinity, masks of attention.
    """
    import onnx

    numeric = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
    for tensor in onnx.load(str(path)).graph.initializer:
        if tensor.data_type not in numeric or not tensor.dims:
            continue
        values = onnx.numpy_helper.to_array(tensor)
        if not np.isfinite(values).all() and not (np.isneginf(values) | (values == 0)).all():
            raise EchoError(
                f"{path} holds NaN or infinite weights, {tensor.name!r} among them: export it again"
            )
