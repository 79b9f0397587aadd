import pytest
import torch

from echodfkd.errors import UsageError
from echodfkd.students.compact import macs_per_frame
from echodfkd.students.networks import build_network

NAMES = ("default", "tiny", "micro", "large", "smp:Unet:tu-mobilenetv3_small_050", "smp:FPN:resnet18")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 1, 112, 112), (2, 3, 112, 112), (1, 2, 96, 128)])
def test_every_network_maps_clips_to_logits(name: str, shape: tuple[int, int, int, int]) -> None:
    b, t, h, w = shape
    network = build_network(name).eval()
    with torch.inference_mode():
        logits = network(torch.rand(b, t, 1, h, w) * 255)
    assert logits.shape == (b, t, 1, h, w)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize(
    ("name", "parameters", "macs"),
    [
        ("default", 470_000, 66e6),
        ("tiny", 100_000, 16e6),
        ("micro", 21_500, 6e6),
        ("large", 3_000_000, 350e6),
    ],
)
def test_networks_keep_to_their_budget(name: str, parameters: int, macs: float) -> None:
    network = build_network(name)
    assert sum(p.numel() for p in network.parameters()) <= parameters
    assert 0.8 * macs < macs_per_frame(network) <= macs


def test_multiply_accumulates_of_one_convolution() -> None:
    """3 x 3 taps, 1 -> 2 channels, on 16 x 16 pixels."""
    layer = torch.nn.Sequential(torch.nn.Flatten(0, 1), torch.nn.Conv2d(1, 2, 3, padding=1))
    assert macs_per_frame(layer, 16) == 9 * 2 * 16 * 16


@pytest.mark.parametrize("name", ["default", "large"])
def test_the_network_sees_the_whole_clip(name: str) -> None:
    """The same frame gets other logits when the frames around it change."""
    network = build_network(name).eval()
    still, moving = torch.rand(1, 4, 1, 112, 112) * 255, torch.rand(1, 4, 1, 112, 112) * 255
    moving[:, 0] = still[:, 0]
    with torch.inference_mode():
        assert not torch.allclose(network(still)[:, 0], network(moving)[:, 0])


def test_the_network_sees_the_order_of_frames() -> None:
    """Mean and spread of the clip stay the same; what comes next does not."""
    torch.manual_seed(0)
    network = build_network("default").eval()
    clip = torch.rand(1, 4, 1, 64, 64) * 255
    with torch.inference_mode():
        swapped = network(clip[:, [0, 3, 2, 1]])
        assert not torch.allclose(network(clip)[:, 0], swapped[:, 0], atol=1e-4)


@pytest.mark.parametrize("name", ["default", "tiny", "micro"])
def test_clips_of_a_batch_do_not_mix(name: str) -> None:
    network = build_network(name).eval()
    clips = torch.rand(2, 3, 1, 64, 64) * 255
    with torch.inference_mode():
        assert torch.allclose(network(clips)[1:], network(clips[1:]), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nope", "'nope'; choose from: convlstm-BL, default, large, micro, smp:ARCH:ENCODER, tiny"),
        ("smp:Unet", "smp:ARCH:ENCODER"),
        ("default:3", "write default"),
        ("smp:Nothing:resnet18", "architecture 'Nothing'"),
        ("smp:Unet:nothing", "smp:Unet:nothing"),
    ],
)
def test_wrong_names_are_explained(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build_network(name)


@pytest.mark.parametrize("name", ["sim", "echonet-deeplabv3"])
def test_a_teacher_in_a_students_place_is_told(name: str) -> None:
    with pytest.raises(
        UsageError, match=f"'{name}' is a teacher, not a student; are the two swapped?"
    ) as told:
        build_network(name)
    assert "Students: convlstm-BL, default" in str(told.value)
