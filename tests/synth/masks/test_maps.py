import numpy as np
import pytest

from echodfkd.errors import EchoError
from echodfkd.synth.masks.maps import LabelMap, LabelVideo

LV = np.ones((4, 4), np.uint8)


@pytest.mark.parametrize(
    ("classes", "cone", "message"),
    [
        (LV.astype(float), None, "a label map must be uint8"),
        (LV[None], None, r"must be uint8 \(H, W\) with values 0..5, got uint8 \(1, 4, 4\)"),
        (LV * 6, None, "values 0..5"),
        (LV * 2, None, "needs an LV, this one has none"),
        (LV, np.ones((3, 4), bool), r"a cone must be bool \(4, 4\)"),
        (LV, LV, "got uint8"),
    ],
)
def test_a_map_is_checked(classes: np.ndarray, cone: np.ndarray | None, message: str) -> None:
    with pytest.raises(EchoError, match=message):
        LabelMap(classes, cone)


def test_a_sequence_is_checked() -> None:
    with pytest.raises(EchoError, match=r"must be uint8 \(T, H, W\)"):
        LabelVideo(LV, None, 50.0)
    with pytest.raises(EchoError, match="a cone must be bool"):
        LabelVideo(LV[None], LV[:2] > 5, 50.0)
    assert len(LabelVideo(np.stack([LV, LV]), None, 50.0)) == 2
