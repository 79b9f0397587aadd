import math

import pytest
import torch

from echodfkd.distill.datafree.losses import area_outside, discrepancy, doubt, roughness


def test_discrepancy_is_the_log_of_one_and_the_mean_difference() -> None:
    one, other = torch.tensor([0.0, 1.0, 0.5, 0.5]), torch.tensor([1.0, 0.0, 0.5, 0.5])
    assert float(discrepancy(one, other)) == pytest.approx(math.log(1.5))
    assert float(discrepancy(one, one)) == 0


def test_a_frame_without_an_lv_costs_and_one_full_of_it_too() -> None:
    share = (0.1, 0.3)
    empty, fine, full = torch.zeros(1, 1, 4, 4), torch.full((1, 1, 4, 4), 0.2), torch.ones(1, 1, 4, 4)
    found = [float(area_outside(prob, share)) for prob in (empty, fine, full)]
    assert found == pytest.approx([0.1, 0.0, 0.7])
    assert float(area_outside(torch.cat([empty, full]), share)) == pytest.approx(0.4)  # each frame for itself


def test_doubt_is_the_entropy_of_the_mask() -> None:
    assert float(doubt(torch.zeros(3))) == pytest.approx(math.log(2))
    assert float(doubt(torch.tensor([40.0, -40.0]))) == pytest.approx(0)


def test_roughness_of_stripes() -> None:
    """Columns 0, 255, 0, 255: every step across is 1, none along."""
    stripes = torch.tensor([0.0, 255.0, 0.0, 255.0]).expand(4, 4)
    assert float(roughness(stripes)) == pytest.approx(0.5)
    assert float(roughness(torch.full((4, 4), 9.0))) == 0
