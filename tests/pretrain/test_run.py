from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from echodfkd.errors import EchoError
from echodfkd.pretrain import run as module
from echodfkd.pretrain.network import swin_unetr, with_body
from echodfkd.pretrain.run import Recipe, finetuned, pretrained
from echodfkd.pretrain.volumes import CLASSES, Volumes

CPU = torch.device("cpu")


class Small(nn.Module):
    """In the place of SwinUNETR where only the loop is looked at."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.body = nn.Conv3d(1, 4, 3, padding=1)
        self.out = nn.Conv3d(4, classes, 1)

    def forward(self, frames: Tensor) -> Tensor:
        return self.out(self.body(frames).relu())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(classes: int, feature_size: int, seed: int) -> nn.Module:
        torch.manual_seed(seed)
        return Small(classes)

    monkeypatch.setattr(module, "swin_unetr", made)


def some() -> Volumes:
    frames = torch.rand(4, 1, 32, 32, 32, generator=torch.Generator().manual_seed(0))
    return Volumes(frames, (frames * CLASSES).long().clamp(max=CLASSES - 1))


def test_the_network_takes_volumes_and_passes_its_body_on() -> None:
    first, second = swin_unetr(1), swin_unetr(CLASSES, seed=1)
    body = first.state_dict()
    with_body(second, body)
    after = second.state_dict()
    assert all(torch.equal(after[name], body[name]) for name in body if not name.startswith("out."))
    fresh = swin_unetr(CLASSES, seed=1).state_dict()
    assert all(torch.equal(after[name], fresh[name]) for name in fresh if name.startswith("out."))
    with torch.no_grad():
        assert second.eval()(torch.rand(1, 1, 32, 32, 64)).shape == (1, CLASSES, 32, 32, 64)


def test_a_cut_run_ends_as_a_whole_one(small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(4, batch=2, save_every=2)
    whole = pretrained(some(), recipe, tmp_path / "whole.pt", CPU)
    calls = 0
    loss = module.inpainting_loss

    def cut(ours: Tensor, clips: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return loss(ours, clips)

    monkeypatch.setattr(module, "inpainting_loss", cut)
    with pytest.raises(KeyboardInterrupt):
        pretrained(some(), recipe, tmp_path / "cut.pt", CPU)
    monkeypatch.setattr(module, "inpainting_loss", loss)
    again = pretrained(some(), recipe, tmp_path / "cut.pt", CPU)
    assert all(torch.equal(again[name], whole[name]) for name in whole)


def test_fine_tuning_starts_from_the_body(small: None, tmp_path: Path) -> None:
    body = {name: torch.full_like(value, 0.01) for name, value in Small(1).state_dict().items()}
    recipe = Recipe(1, batch=1, rate=1e-9)
    network = finetuned(some(), recipe, tmp_path / "with.pt", CPU, body)
    assert torch.allclose(network.body.weight, body["body.weight"], atol=1e-6)  # type: ignore[union-attr, arg-type]
    other = finetuned(some(), recipe, tmp_path / "without.pt", CPU)
    assert not torch.allclose(other.body.weight, body["body.weight"], atol=1e-3)  # type: ignore[union-attr, arg-type]


def test_other_or_damaged_checkpoints_are_refused(small: None, tmp_path: Path) -> None:
    recipe, path = Recipe(1, batch=1), tmp_path / "one.pt"
    pretrained(some(), recipe, path, CPU)
    with pytest.raises(EchoError, match="is of another recipe"):
        pretrained(some(), replace(recipe, steps=2), path, CPU)
    path.write_bytes(b"no")
    with pytest.raises(EchoError, match="is damaged"):
        pretrained(some(), recipe, path, CPU)
