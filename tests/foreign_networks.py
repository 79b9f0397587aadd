"""Networks of other libraries for tests: small, untrained, with masks that are neither empty nor full."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from echodfkd.teachers.handling import trial_frames

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def unet(classes: int = 1, channels: int = 3, seed: int = 0) -> nn.Module:
    """A segmentation_models_pytorch U-Net on ResNet-18."""
    import segmentation_models_pytorch as smp

    torch.manual_seed(seed)
    return smp.Unet("resnet18", encoder_weights=None, in_channels=channels, classes=classes).eval()


def imagenet(frames: NDArray[np.uint8]) -> Tensor:
    """(T, S, S) grey 0..255 -> (T, 3, S, S), as networks of ImageNet encoders take it."""
    grey = torch.from_numpy(frames)[:, None].expand(-1, 3, -1, -1).float() / 255
    return (grey - torch.tensor(IMAGENET_MEAN)[:, None, None]) / torch.tensor(IMAGENET_STD)[:, None, None]


def as_prob(probability: Tensor) -> NDArray[np.int64]:
    """Probabilities (T, S, S) as whole numbers 0..255."""
    return (probability * 255).round().numpy().astype(np.int64)


def frames(count: int = 2, size: int = 64) -> NDArray[np.uint8]:
    return trial_frames(count, size)


def spread_out(network: nn.Module, last: nn.Conv2d, inputs: Tensor) -> None:
    """Scale and shift a last layer with one output so that half of the pixels of `inputs` are LV."""
    with torch.inference_mode():
        out = network(inputs)
        logits = out["out"] if isinstance(out, dict) else out
        factor = 3 / float(logits.std())
        middle = float(logits.median())
    with torch.no_grad():
        assert last.bias is not None
        last.weight *= factor
        last.bias.copy_((last.bias - middle) * factor)


def save(path: Path, stored: object, **options: bool) -> Path:
    torch.save(stored, path, **options)
    return path


def save_onnx(path: Path, low: float = 100.0, side: int = 64) -> Path:
    """An ONNX file whose LV is what is darker than `low`: logit 0.1 * (low - x) of grey 0..255."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    shape = ["n", 1, side, side]
    graph = helper.make_graph(
        [helper.make_node("Sub", ["low", "x"], ["below"]), helper.make_node("Mul", ["below", "step"], ["y"])],
        "dark",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.float32(v), name) for name, v in (("low", low), ("step", 0.1))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, path)
    path.with_suffix(".json").write_text('{"scaling": "0..255", "convention": "ase"}')
    return path
