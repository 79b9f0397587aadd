import numpy as np
import pytest
from dark_cavity import DarkCavity, beating
from text_image import Tissues

from echodfkd.clip import Clip
from echodfkd.errors import UsageError
from echodfkd.eval.auxiliary.raters import rater_of

VIDEO, MASK = beating(6)


def test_a_segmenter_rates_by_agreement_and_looks_once() -> None:
    model = DarkCavity()
    rate = rater_of(model)
    assert rate(VIDEO, MASK) > 0.95
    assert rate(VIDEO, np.roll(MASK, 10, 2)) < 0.9
    assert model.calls == [6]
    rate(VIDEO[::-1].copy(), MASK)
    assert model.calls == [6, 6]


def test_a_text_image_model_rates_by_its_mask_score() -> None:
    rate = rater_of(Tissues())
    assert rate(VIDEO, MASK) > rate(VIDEO, np.roll(MASK, 14, 2)) > rate(VIDEO, np.zeros_like(MASK))


def test_an_ef_model_rates_no_masks() -> None:
    class Constant:
        name, digest, claim, note = "constant", "ab" * 32, "unknown", ""

        def ef(self, clip: Clip) -> float:
            return 55.0

    with pytest.raises(UsageError, match="constant is of the kind 'EF' and judges no masks; choose simclip"):
        rater_of(Constant())
