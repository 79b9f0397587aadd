"""Networks of segmentation_models_pytorch and torchvision, built by name, or recognised by their weights.

Names: "smp:ARCH:ENCODER" (encoders of timm: "tu-NAME") and "torchvision:NAME". Nothing is downloaded.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from echodfkd.errors import EchoError, UsageError, unknown_name

FORMS = "smp:ARCH:ENCODER (say smp:Unet:resnet18) or torchvision:NAME (say torchvision:deeplabv3_resnet50)"
SMP_MULTIPLE = 32  # its networks take sides that are multiples of this
HEADS = ("segmentation_head.0.weight", "classifier.4.weight", "classifier.low_classifier.weight")
_DECODERS = {  # smp architecture -> a name that only its weights have
    "UnetPlusPlus": "decoder.blocks.x_0_0.conv1.0.weight",
    "MAnet": "decoder.center.top_conv.weight",
    "Linknet": "decoder.blocks.0.block.0.0.weight",
    "Unet": "decoder.blocks.0.conv1.0.weight",
    "DeepLabV3Plus": "decoder.block1.0.weight",
    "DeepLabV3": "decoder.aspp.convs.0.0.weight",
    "FPN": "decoder.p5.weight",
    "PAN": "decoder.fpa.branch1.1.conv.weight",
    "PSPNet": "decoder.psp.blocks.0.pool.1.0.weight",
}
_HEADS = {  # torchvision head -> a name that only its weights have
    "deeplabv3": "classifier.0.convs.0.0.weight",
    "lraspp": "classifier.cbr.0.weight",
    "fcn": "classifier.0.weight",
}
_BOTTLENECKS, _BASIC = {6: 50, 23: 101, 36: 152}, {2: 18, 6: 34}  # blocks of layer3 -> depth of the ResNet


def build(architecture: str, channels: int, classes: int, *, aux: bool = False, **options: Any) -> nn.Module:
    """An untrained network (N, channels, H, W) -> (N, classes, H, W), the latter perhaps in a dict.

    Args:
        aux: whether a torchvision network has its auxiliary classifier. options: of the smp architecture.

    Raises:
        UsageError: for a name that neither library has.
    """
    family, _, name = architecture.partition(":")
    if family == "smp" and ":" in name:
        return _smp(*name.split(":", 1), in_channels=channels, classes=classes, **options)
    if family == "torchvision" and name:
        return _torchvision(name, channels, classes, aux)
    raise UsageError(f"architecture {architecture!r}: write {FORMS}")


def _smp(arch: str, encoder: str, **options: Any) -> nn.Module:
    import segmentation_models_pytorch as library

    known = library.MODEL_ARCHITECTURES_MAPPING
    if arch.lower() not in known:
        names = [make.__name__ for make in known.values()]
        raise unknown_name("segmentation-models-pytorch architecture", arch, names)
    try:
        return known[arch.lower()](encoder, encoder_weights=None, **options)
    except (KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise UsageError(
            f"smp:{arch}:{encoder} cannot be built: {' '.join(str(error).split())[:200]}"
        ) from error


def _torchvision(name: str, channels: int, classes: int, aux: bool) -> nn.Module:
    from torchvision.models import get_model, list_models, segmentation

    known = list_models(module=segmentation)
    if name not in known:
        raise unknown_name("torchvision segmentation network", name, known)
    more = {} if name.startswith("lraspp") else {"aux_loss": aux}
    network = get_model(name, weights=None, weights_backbone=None, num_classes=classes, **more)
    if channels != 3:
        first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
        first.in_channels = channels
        first.weight = nn.Parameter(first.weight[:, :channels].detach().clone())
    return network


def recognise(weights: Mapping[str, Tensor]) -> str | None:
    """The architecture whose names these weights carry; None for one that is not known by its names."""
    if "segmentation_head.0.weight" in weights:
        arch = next((arch for arch, mark in _DECODERS.items() if mark in weights), None)
        encoder = _encoder(weights)
        return f"smp:{arch}:{encoder}" if arch and encoder else None
    head = next((head for head, mark in _HEADS.items() if mark in weights), None)
    backbone = _resnet(weights, "backbone.") or "mobilenet_v3_large"
    return f"torchvision:{head}_{backbone}" if head else None


def _encoder(weights: Mapping[str, Tensor]) -> str | None:
    if "encoder.features.18.0.weight" in weights:
        return "mobilenet_v2"
    timm = _resnet(weights, "encoder.model.")
    return f"tu-{timm}" if timm else _resnet(weights, "encoder.")


def _resnet(weights: Iterable[str], prefix: str) -> str | None:
    blocks = {
        name.split(".layer3.")[1].split(".")[0] for name in weights if name.startswith(f"{prefix}layer3.")
    }
    depths = _BOTTLENECKS if f"{prefix}layer1.0.conv3.weight" in weights else _BASIC
    depth = depths.get(len(blocks))
    return f"resnet{depth}" if depth else None


def count_channels(weights: Mapping[str, Tensor]) -> int:
    """Channels of the frames that these weights take: 3 or 1."""
    return 3 if any(value.ndim == 4 and value.shape[1] == 3 for value in weights.values()) else 1


def count_classes(weights: Mapping[str, Tensor]) -> int | None:
    """Number of outputs of these weights; None where their last layer has no known name."""
    return next((len(weights[name]) for name in HEADS if name in weights), None)


def fill(network: nn.Module, weights: Mapping[str, Tensor], what: str) -> None:
    """Load the weights into a network that they must fit exactly.

    Raises:
        EchoError: if they do not; the first differences are named. what: the file and architecture.
    """
    expected = network.state_dict()
    wrong = [
        f"{k} is missing" for k in expected if k not in weights and not k.endswith("num_batches_tracked")
    ]
    wrong += [f"{k} is not known" for k in weights if k not in expected]
    wrong += [
        f"{k} has shape {list(weights[k].shape)}, expected {list(value.shape)}"
        for k, value in expected.items()
        if k in weights and weights[k].shape != value.shape
    ]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise EchoError(f"{what} do not fit: {'; '.join(wrong[:3])}{more}")
    network.load_state_dict(
        {k: v.float() if v.is_floating_point() else v for k, v in weights.items()}, strict=False
    )
