"""Network families by name. Each network maps grey clips (B, T, 1, H, W), 0..255, to logits of that shape."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from torch import nn

from echodfkd.catalogue import ENTRIES
from echodfkd.errors import UsageError, unknown_name
from echodfkd.students.causal import Causal
from echodfkd.students.compact import Compact
from echodfkd.students.context import ClipContext, TimeContext
from echodfkd.students.convlstm import ConvLSTM
from echodfkd.students.shift import Past, WholeClip


def default() -> nn.Module:
    """The embedded student: 0.41M parameters, 64 MMAC per 112x112 frame."""
    return TimeContext(Compact((16, 32, 64, 96), (1, 1, 1), WholeClip.glances))


def tiny() -> nn.Module:
    """The embedded student that never looks ahead: 0.1M parameters, 15 MMAC per 112x112 frame."""
    return Causal(Compact((16, 16, 32, 48), (0, 1, 1), Past.glances))


def micro() -> nn.Module:
    """The smallest student, which never looks ahead: 21k parameters, 6 MMAC per 112x112 frame."""
    return Causal(Compact((8, 16, 16, 16), (0, 1, 1), Past.glances))


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


def convlstm(blocks: str, layers: str) -> nn.Module:
    """The published EchoDFKD student of so many blocks and layers, 1..4 each: `convlstm-33` is 3 x 3."""
    return ConvLSTM(int(blocks), int(layers))


class Family(NamedTuple):
    """Networks that share a name.

    Attributes:
        make: builds one from its arguments.
        arguments: pattern of what follows the family in a name; each group is an argument.
        form: how a name is written. example: one such name, and what must be known of it.
    """

    make: Callable[..., nn.Module]
    form: str
    arguments: str = ""
    example: str = ""


FAMILIES: dict[str, Family] = {
    "default": Family(default, "default"),
    "tiny": Family(tiny, "tiny"),
    "micro": Family(micro, "micro"),
    "large": Family(large, "large"),
    "convlstm": Family(
        convlstm, "convlstm-BL", "-([1-4])([1-4])", "convlstm-33 for 3 blocks of 3 layers; 1..4 of each"
    ),
    "smp": Family(smp, "smp:ARCH:ENCODER", ":([^:]+):([^:]+)", "smp:Unet:resnet18"),
}


def family_name(architecture: str) -> str:
    """What stands before the first ":" or "-"; it need not be a family that is known.

    >>> family_name("convlstm-33"), family_name("smp:Unet:timm-resnest14d")
    ('convlstm', 'smp')
    """
    return re.split("[:-]", architecture, maxsplit=1)[0]


def build_network(architecture: str, **options: Any) -> nn.Module:
    """An untrained network from its name: a family, and what the family's form puts behind it.

    Raises:
        UsageError: for an unknown name, that of a teacher, or wrong arguments.
    """
    name = family_name(architecture)
    if name not in FAMILIES:
        raise _no_student(architecture)
    family = FAMILIES[name]
    arguments = re.fullmatch(family.arguments, architecture.removeprefix(name))
    if arguments is None:
        example = f", say {family.example}" if family.example else ""
        raise UsageError(f"student {architecture!r}: write {family.form}{example}")
    return family.make(*arguments.groups(), **options)


def _no_student(name: str) -> UsageError:
    """Why a name is no student's; teacher and student are easily swapped."""
    forms = [family.form for family in FAMILIES.values()]
    if ("teacher", name) not in {(entry.kind, entry.name) for entry in ENTRIES}:
        return unknown_name("student", name, forms)
    return UsageError(
        f"{name!r} is a teacher, not a student; are the two swapped? Students: {', '.join(sorted(forms))}"
    )
