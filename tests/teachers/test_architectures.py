import pytest
import torch

from echodfkd.errors import EchoError, UsageError
from echodfkd.teachers.architectures import build, count_channels, count_classes, fill, recognise


@pytest.mark.parametrize(
    ("architecture", "channels", "classes"),
    [
        ("smp:Unet:resnet18", 1, 2),
        ("smp:FPN:resnet18", 3, 1),
        ("smp:DeepLabV3Plus:mobilenet_v2", 3, 4),
        ("torchvision:lraspp_mobilenet_v3_large", 1, 3),
        ("torchvision:fcn_resnet50", 3, 1),
    ],
)
def test_weights_tell_their_network(architecture: str, channels: int, classes: int) -> None:
    with torch.device("meta"):
        weights = build(architecture, channels, classes).state_dict()
    assert recognise(weights) == architecture
    assert count_channels(weights) == channels
    assert count_classes(weights) == classes


def test_unknown_weights_are_not_recognised() -> None:
    assert recognise({"conv.weight": torch.zeros(1)}) is None
    assert recognise({"segmentation_head.0.weight": torch.zeros(1), "encoder.x": torch.zeros(1)}) is None


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ("resnet18", "write smp:ARCH:ENCODER"),
        ("smp:Unet", "write smp:ARCH:ENCODER"),
        ("smp:Vnet:resnet18", "unknown segmentation-models-pytorch architecture 'Vnet'; choose from: .*Unet"),
        ("smp:Unet:resnet9000", "smp:Unet:resnet9000 cannot be built"),
        ("torchvision:alexnet", "unknown torchvision segmentation network 'alexnet'; choose from: deeplab"),
    ],
)
def test_wrong_names_are_explained(architecture: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build(architecture, 3, 1)


def test_weights_that_do_not_fit_are_listed() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    weights = {"0.weight": torch.zeros(2, 3, 3, 3), "0.bias": torch.zeros(2), "1.weight": torch.zeros(2)}
    with pytest.raises(EchoError) as error:
        fill(network, weights | {"more": torch.zeros(1)}, "the weights of x")
    message = str(error.value)
    assert message.startswith("the weights of x do not fit: 1.bias is missing; ")
    assert message.endswith(" and 2 more")


def test_counters_of_old_batch_norms_may_be_missing() -> None:
    network = torch.nn.BatchNorm2d(2)
    weights = {k: v + 1 for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    fill(network, {k: v.half() for k, v in weights.items()}, "x")
    assert network.weight.tolist() == [2.0, 2.0]
    assert network.weight.dtype == torch.float32
