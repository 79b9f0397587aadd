import pytest
import torch

from echodfkd.pretrain.inpaint import flipped, holed, inpainting_loss, ms_ssim


def clips() -> torch.Tensor:
    return torch.rand(2, 1, 32, 32, 32, generator=torch.Generator().manual_seed(0)) * 0.9 + 0.1


def test_whole_cubes_are_hidden_and_the_rest_stays() -> None:
    some = clips()
    found = holed(some, torch.Generator().manual_seed(1), hidden=0.5, patch=8)
    gone = found == 0
    assert torch.equal(found[~gone], some[~gone])
    cubes = gone.unfold(2, 8, 8).unfold(3, 8, 8).unfold(4, 8, 8).flatten(-3).float().mean(-1)
    assert set(cubes.unique().tolist()) == {0.0, 1.0}
    assert float(gone.float().mean()) == pytest.approx(0.5, abs=0.15)
    assert torch.equal(holed(some, torch.Generator().manual_seed(1), 0.5, 8), found)


def test_sides_need_not_be_multiples_of_the_cubes() -> None:
    assert holed(clips()[:, :, :9, :30], torch.Generator().manual_seed(1)).shape == (2, 1, 9, 30, 32)


def test_clips_are_turned_along_time_and_width_alone() -> None:
    some = clips()[:1]
    ways = {tuple(axes): some.flip(axes) for axes in ((), (2,), (4,), (2, 4))}
    seen = set()
    for seed in range(20):
        found = flipped(some, torch.Generator().manual_seed(seed))
        (way,) = [axes for axes, turned in ways.items() if torch.equal(turned, found)]
        seen.add(way)
    assert seen == {*ways}


def test_the_loss_is_zero_for_the_clips_themselves_and_grows() -> None:
    some = clips()
    assert float(inpainting_loss(some, some)) == pytest.approx(0, abs=1e-5)
    near = inpainting_loss(some + 0.02 * torch.randn(some.shape), some)
    far = inpainting_loss(torch.full_like(some, 0.5), some)
    assert 0 < float(near) < float(far)
    assert float(ms_ssim(some, some)) == pytest.approx(1, abs=1e-5)


def test_opposite_contrast_has_a_gradient() -> None:
    some = clips()
    ours = (1 - some).requires_grad_()
    inpainting_loss(ours, some).backward()
    assert ours.grad is not None and bool(torch.isfinite(ours.grad).all())
    assert float(ours.grad.abs().sum()) > 0
