import pytest
import torch

from echodfkd.errors import UsageError
from echodfkd.students.compact import macs_per_frame
from echodfkd.students.networks import build_network

NAMES = ("default", "smp:Unet:tu-mobilenetv3_small_050", "smp:FPN:resnet18")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 1, 112, 112), (2, 3, 112, 112), (1, 2, 96, 128)])
def test_every_network_maps_clips_to_logits(name: str, shape: tuple[int, int, int, int]) -> None:
    b, t, h, w = shape
    network = build_network(name).eval()
    with torch.inference_mode():
        logits = network(torch.rand(b, t, 1, h, w) * 255)
    assert logits.shape == (b, t, 1, h, w)
    assert torch.isfinite(logits).all()


def test_the_default_student_is_small() -> None:
    network = build_network("default")
    assert sum(p.numel() for p in network.parameters()) <= 470_000
    assert macs_per_frame(network) <= 80e6


def test_the_network_sees_the_whole_clip() -> None:
    """The same frame gets other logits when the frames around it change."""
    network = build_network("default").eval()
    still, moving = torch.rand(1, 4, 1, 112, 112) * 255, torch.rand(1, 4, 1, 112, 112) * 255
    moving[:, 0] = still[:, 0]
    with torch.inference_mode():
        assert not torch.allclose(network(still)[:, 0], network(moving)[:, 0])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nope", "unknown student 'nope'; choose from: default, smp"),
        ("smp:Unet", "smp:ARCH:ENCODER"),
        ("default:3", "write default"),
        ("smp:Nothing:resnet18", "architecture 'Nothing'"),
        ("smp:Unet:nothing", "smp:Unet:nothing"),
    ],
)
def test_wrong_names_are_explained(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build_network(name)
