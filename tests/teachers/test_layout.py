from pathlib import Path

import pytest
import torch
from torch import Tensor

from echodfkd.errors import EchoError
from echodfkd.teachers.layout import FREE, Dimension, Layout, fixed, layout_of
from echodfkd.teachers.manifest import Facts

PATH = Path("net.onnx")


def facts(**given: object) -> Facts:
    return Facts(Path("net.json"), dict(given))


def dims(*numbers: int | None) -> list[Dimension]:
    return [FREE if number is None else fixed(number) for number in numbers]


@pytest.mark.parametrize(
    ("numbers", "order", "limits", "size"),
    [
        ((None, 1, 112, 112), "NCHW", (1, None), 112),
        ((8, 3, 112, 112), "NCHW", (8, 8), 112),
        ((None, 3, None, None), "NCHW", (1, None), None),
        ((1, 1, 16, 112, 112), "NCTHW", (16, 16), 112),
        ((None, 3, None, 64, 64), "NCTHW", (1, 128), 64),
        ((None, None, 3, 64, 64), "NTCHW", (1, 128), 64),
        ((1, 32, 1, 64, 64), "NTCHW", (32, 32), 64),
    ],
)
def test_the_order_is_read_off_the_shape(
    numbers: tuple[int | None, ...], order: str, limits: tuple[int, int | None], size: int | None
) -> None:
    known = facts()
    layout = layout_of(dims(*numbers), known, PATH)
    assert (layout.order, layout.limits, layout.size) == (order, limits, size)
    assert known.guesses == {}


def test_what_the_shape_leaves_open_is_guessed_or_told() -> None:
    known = facts()
    layout = layout_of(dims(1, 3, 3, 64, 64), known, PATH)
    assert layout.order == "NCTHW"
    assert known.guesses == {"layout": "NCTHW"}
    assert layout_of(dims(1, 3, 3, 64, 64), facts(layout="NTCHW"), PATH).order == "NTCHW"
    known = facts()
    assert layout_of(dims(1, None, 64, 64), known, PATH).channels == 3
    assert known.guesses == {"channels": 3}


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((1, 112, 112, 3), r"net\.onnx takes inputs of \(1, 112, 112, 3\), no grey or colour frames"),
        ((None, 4, 64, 64), "no grey or colour frames"),
        ((1, 10), "no grey or colour frames"),
        ((1, 3, 112, 128), "112x128 pixels; only square ones"),
    ],
)
def test_what_takes_no_square_frames_is_refused(numbers: tuple[int | None, ...], message: str) -> None:
    with pytest.raises(EchoError, match=message):
        layout_of(dims(*numbers), facts(), PATH)


def test_a_manifest_that_the_shape_contradicts() -> None:
    with pytest.raises(EchoError, match=r"\(1, 3, 64, 64\), net\.json says NTCHW"):
        layout_of(dims(1, 3, 64, 64), facts(layout="NTCHW"), PATH)
    with pytest.raises(EchoError, match=r"has size 64, net\.json says 112"):
        layout_of(dims(1, 3, 64, 64), facts(size=112), PATH)


@pytest.mark.parametrize(
    ("order", "clips", "shape"),
    [("NCHW", 1, (4, 3, 8, 8)), ("NCTHW", 1, (1, 3, 4, 8, 8)), ("NTCHW", 2, (2, 4, 3, 8, 8))],
)
def test_frames_go_there_and_back(order: str, clips: int, shape: tuple[int, ...]) -> None:
    frames = torch.rand(4, 3, 8, 8)

    def run(x: Tensor) -> Tensor:
        assert x.shape == shape
        return x

    layout = Layout(order, 3, 8, clips, (1, None))
    assert torch.equal(layout.network(run)(frames), frames)
    axis = order.index("C")
    without_outputs = layout.network(lambda x: x.select(axis, 0))(frames)
    assert torch.equal(without_outputs, frames[:, :1])
