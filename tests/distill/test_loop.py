import pytest
import torch
from torch import Tensor

from echodfkd.distill.data import Masks
from echodfkd.distill.losses import mask_loss, tissue_loss
from echodfkd.distill.objective import Goal, one_hot
from echodfkd.distill.recipe import Recipe
from echodfkd.distill.trainer import Trainer
from echodfkd.students.networks import build_network
from echodfkd.students.tissues import TISSUES


def batch(frames: int = 3) -> tuple[Tensor, Masks[Tensor]]:
    """Two clips of noise, the second without an LV."""
    noise = torch.randint(0, 256, (2, frames, 32, 32), dtype=torch.uint8)
    target = torch.zeros_like(noise)
    target[0, :, 8:24, 8:24] = 255
    return noise, Masks(exact=target, tissues=(target > 0).to(torch.uint8))


@pytest.mark.parametrize("student", ["default", "tiny", "large"])
def test_every_family_learns_a_step_on_clips_and_on_single_frames(student: str) -> None:
    torch.manual_seed(0)
    for short in (0.0, 1.0):
        trainer = Trainer(build_network(student), Recipe(steps=2, short=short), torch.device("cpu"), None)
        before = {name: p.detach().clone() for name, p in trainer.network.named_parameters()}
        frames, masks = batch()
        assert 0 < trainer.learn(frames, masks._replace(tissues=None)) < 5
        still = {name for name, p in trainer.network.named_parameters() if torch.equal(before[name], p)}
        assert {name for name in still if ".tissues." not in name} == set()  # those learn from tissues alone


def test_a_short_step_sees_one_frame() -> None:
    seen = []

    class Watched(Trainer):
        def drawn(self, frames: Tensor, masks: Masks[Tensor]) -> tuple[Tensor, Goal]:
            x, goal = super().drawn(frames, masks)
            assert goal.mask.shape == x.shape
            seen.append(x.shape[1])
            return x, goal

    trainer = Watched(build_network("default"), Recipe(steps=40, short=0.5), torch.device("cpu"), None)
    for _ in range(12):
        trainer.learn(*batch())
    assert set(seen) == {1, 3}


def test_a_clip_without_an_lv_pushes_every_pixel_down_and_no_harder_than_one_with_it() -> None:
    """The smooth Dice of an empty target is flat where much is predicted; the cross-entropy still pulls."""
    for level in (-6.0, 0.0, 6.0):
        pulls = []
        for target in (torch.zeros(1, 112, 112), torch.ones(1, 112, 112)):
            logits = torch.full((1, 112, 112), level, requires_grad=True)
            mask_loss(logits, target).backward()
            assert logits.grad is not None
            pulls.append(logits.grad)
        down, up = pulls
        assert bool((down > 0).all())
        assert bool((up < 0).all())
        share = torch.sigmoid(torch.tensor(level)) / 112**2  # the pull of the cross-entropy alone
        assert share < float(down.max()) < 3 * share + 1e-4


def test_tissues_take_part_in_the_loss_where_they_are_known() -> None:
    torch.manual_seed(0)
    trainer = Trainer(build_network("default"), Recipe(), torch.device("cpu"), None)
    frames, (_, target, classes, _) = batch()
    assert target is not None
    assert classes is not None
    x, goal = frames[:, :, None].float(), Goal(target[:, :, None].float() / 255, one_hot(classes))
    learns = trainer.objective.eval()
    alone, both = learns(x, goal._replace(tissues=None)), learns(x, goal)
    assert float((both - alone).detach()) > 0.3 * 0.5  # six classes, untrained: about log 6 each
    both.backward()
    grad = trainer.network.network.tissues.weight.grad
    assert grad is not None and bool(grad.any())


def test_what_the_warp_brought_in_from_outside_counts_for_no_tissue() -> None:
    logits = torch.randn(1, TISSUES, 4, 4)
    shares = torch.zeros(1, TISSUES, 4, 4)
    assert float(tissue_loss(logits, shares)) == 0
    shares[:, 2, :2] = 1.0
    wanted = torch.nn.functional.cross_entropy(logits[..., :2, :], torch.full((1, 2, 4), 2))
    assert float(tissue_loss(logits, shares)) == pytest.approx(float(wanted), rel=1e-5)


def test_a_network_without_tissues_learns_the_mask_alone() -> None:
    trainer = Trainer(build_network("smp:FPN:resnet18"), Recipe(), torch.device("cpu"), None)
    assert trainer.learn(*batch()) > 0


def test_where_teachers_disagree_a_mask_counts_less() -> None:
    """The members say 0 and 255 in the left half (spread 127) and agree in the right one."""
    torch.manual_seed(0)
    recipe = Recipe(augment=False, short=0.0, losses={"bce": 1.0})
    trainer = Trainer(build_network("default"), recipe, torch.device("cpu"), None)
    frames = torch.randint(0, 256, (1, 2, 32, 32), dtype=torch.uint8)
    spread = torch.zeros_like(frames)
    spread[..., :16] = 127
    x, goal = trainer.drawn(frames, Masks(taught=torch.full_like(frames, 128), spread=spread))
    assert goal.trust is not None
    assert goal.tissues is None
    assert goal.trust[..., 16:].unique().tolist() == [1.0]
    assert float(goal.trust[..., :16].max()) < 0.01
    learns = trainer.objective.eval()
    moved = goal._replace(mask=goal.mask.clone())
    moved.mask[..., :16] = 1.0  # what is said there makes almost no difference
    assert float(learns(x, moved).detach()) == pytest.approx(float(learns(x, goal).detach()), rel=0.02)


def test_a_labeller_that_knows_its_spread_is_asked_once() -> None:
    asked = []

    def label(frames: Tensor) -> Masks[Tensor]:
        asked.append(len(frames))
        return Masks(torch.zeros_like(frames), spread=torch.full_like(frames, 51))

    trainer = Trainer(build_network("tiny"), Recipe(augment=False), torch.device("cpu"), label)
    _, goal = trainer.drawn(batch()[0], Masks())
    assert goal.trust is not None
    assert goal.trust.unique().tolist() == pytest.approx([0.6])
    assert asked == [2]
