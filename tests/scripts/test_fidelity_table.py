import fidelity_table
import numpy as np

from echodfkd.eval.fidelity.compare import Comparison
from echodfkd.eval.metric import Figure


def test_damage_is_done_to_pixels_alone() -> None:
    (clip,) = fidelity_table.clips("echonet", 3, fidelity_table.same, 1)
    assert (len(clip), clip.fps, clip.mask) == (64, 50.0, None)
    assert (fidelity_table.frozen(clip.frames) == clip.frames[0]).all()
    detail = [np.abs(np.diff(how(clip.frames).astype(int))).mean() for how in
              (fidelity_table.blurred, fidelity_table.same, fidelity_table.noisy)]  # fmt: skip
    assert detail[0] < 0.8 * detail[1]
    assert detail[2] > 1.2 * detail[1]


def test_a_row_for_each_figure() -> None:
    def of(value: float) -> Comparison:
        figures = (
            Figure("speckle", "Speckle distance", value, None, 8, "clips", "", 3, "how"),
            Figure("kernel_clips_spread", "Spread", 1.0, None, 8, "clips", "", 3, "how", detail=True),
        )
        return Comparison("a", "b", (8, 8), "sim", "", figures, figures[:1] if value == 1 else ())

    assert list(fidelity_table.table({"itself": of(1.0), "blurred": of(2.5)})) == [
        "| | two halves | itself | blurred |",
        "|---|---|---|---|",
        "| Speckle distance | 1.00 | 1.00 | 2.50 |",
    ]
