"""Network families by name. Each network maps grey clips (B, T, 1, H, W), 0..255, to logits of that shape."""

from collections.abc import Callable
from typing import Any

from torch import nn

from echodfkd.errors import UsageError, unknown_name
from echodfkd.students.causal import Causal
from echodfkd.students.compact import Compact
from echodfkd.students.context import ClipContext, TimeContext
from echodfkd.students.shift import Past, WholeClip


def default() -> nn.Module:
    """The embedded student: 0.41M parameters, 64 MMAC per 112x112 frame."""
    return TimeContext(Compact((16, 32, 64, 96), (1, 1, 1), WholeClip.glances))


def tiny() -> nn.Module:
    """The embedded student that never looks ahead: 0.1M parameters, 15 MMAC per 112x112 frame."""
    return Causal(Compact((16, 16, 32, 48), (0, 1, 1), Past.glances))


def large() -> nn.Module:
    """The embedded teacher: 2.6M parameters, 344 MMAC per 112x112 frame."""
    return TimeContext(Compact((32, 64, 128, 192), (1, 2, 2), WholeClip.glances))


def smp(arch: str, encoder: str, **options: Any) -> nn.Module:
    """Any segmentation-models-pytorch network, untrained, say `smp:Unet:tu-mobilenetv3_small_100`.

    Raises:
        UsageError: for an architecture or encoder that the library does not have.
    """
    import segmentation_models_pytorch as library

    architectures = {name.lower(): make for name, make in library.__dict__.items() if isinstance(make, type)}
    if arch.lower() not in architectures:
        known = [make.__name__ for make in architectures.values() if issubclass(make, nn.Module)]
        raise unknown_name("segmentation-models-pytorch architecture", arch, known)
    try:
        network = architectures[arch.lower()](
            encoder, encoder_weights=None, in_channels=3, classes=1, **options
        )
    except (KeyError, RuntimeError, ValueError, TypeError) as error:
        raise UsageError(f"smp:{arch}:{encoder}: {str(error)[:200]}") from error
    return ClipContext(network, multiple=32)


FAMILIES: dict[str, Callable[..., nn.Module]] = {
    "default": default,
    "tiny": tiny,
    "large": large,
    "smp": smp,
}


def build_network(architecture: str, **options: Any) -> nn.Module:
    """An untrained network from its name: a family, with ':' and its arguments where it takes some.

    Raises:
        UsageError: for an unknown name or wrong arguments.
    """
    family, *arguments = architecture.split(":")
    if family not in FAMILIES:
        raise unknown_name("student", architecture, [*FAMILIES])
    if len(arguments) != (2 if family == "smp" else 0):
        shape = "smp:ARCH:ENCODER, say smp:Unet:resnet18" if family == "smp" else family
        raise UsageError(f"student {architecture!r}: write {shape}")
    return FAMILIES[family](*arguments, **options)
