import pytest
import torch

from echodfkd.students.networks import build_network
from echodfkd.students.tissues import TISSUES, KnowsTissues


@pytest.mark.parametrize("name", ["default", "tiny", "micro", "large"])
def test_our_networks_know_tissues_and_say_the_same_of_the_lv(name: str) -> None:
    network = build_network(name).eval()
    assert isinstance(network, KnowsTissues)
    x = torch.rand(2, 3, 1, 50, 64) * 255  # 50 rows are padded to 64
    with torch.inference_mode():
        logits, tissues = network.with_tissues(x)
        assert torch.equal(logits, network(x))
    assert tissues.shape == (2, 3, TISSUES, 13, 16)


def test_networks_of_others_do_not() -> None:
    assert not isinstance(build_network("smp:FPN:resnet18"), KnowsTissues)
