from pathlib import Path

import pytest
import torch
from small_medical_diffusion import PARTS, TINY, taught_vqgan

from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.run import WEIGHTS, Asked, train_part
from echodfkd.synth.diffusion.training import Training
from echodfkd.synth.medical_diffusion.parts import vqgan
from echodfkd.synth.medical_diffusion.vqgan import DEAD, Codebook


def latents(seed: int = 0, far: float = 5.0) -> torch.Tensor:
    """(2, 3, 4, 4, 4), about `far` away from zero: 128 vectors."""
    return torch.randn(2, 3, 4, 4, 4, generator=torch.Generator().manual_seed(seed)) + far


def vectors(z: torch.Tensor) -> torch.Tensor:
    return z.movedim(1, -1).reshape(-1, z.shape[1])


def test_codes_begin_at_latents_and_only_once() -> None:
    book = Codebook(6, 3).train()
    z = latents()
    torch.manual_seed(1)
    quantised, loss, numbers = book(z)
    assert bool(book.initialised)
    each = torch.cdist(vectors(quantised), vectors(z)).min(1).values
    assert float(each.max()) < 1e-4  # each code was a latent when it was used
    nearest = torch.cdist(vectors(z), vectors(quantised).unique(dim=0)).min(1).values
    assert float(loss) == pytest.approx(0.25 * float(nearest.square().mean()) / 3, rel=1e-3)
    assert numbers.shape == (2, 4, 4, 4)
    book(latents(far=-50.0))  # codes move, and do not begin anew at what is far off
    assert float(book.embedding.weight.min()) > -60
    assert float(torch.cdist(book.embedding.weight, vectors(z)).min()) < 50


def test_codes_are_running_means_of_what_uses_them() -> None:
    book = Codebook(1, 3).train()
    z = latents()
    torch.manual_seed(1)
    book(z)
    first = vectors(z)[torch.randint(128, (1,), generator=torch.Generator().manual_seed(1))]
    expected = 0.99 * first + 0.01 * vectors(z).mean(0)
    assert torch.allclose(book.embedding.weight, expected, atol=1e-3)


def test_a_code_that_nobody_uses_begins_anew_at_a_latent() -> None:
    book = Codebook(8, 3).train()
    z = latents()
    book(z)
    book.embedding.weight.data[5] = book.ema_w[5] = 1e3
    book.ema_cluster_size[5] = DEAD * 128 / 8 * 0.999
    book.ema_w[5] *= float(book.ema_cluster_size[5])
    book(z)
    assert float(torch.cdist(book.embedding.weight[5:6], vectors(z)).min()) < 1e-5
    assert torch.allclose(book.ema_w[5] / book.ema_cluster_size[5], book.embedding.weight[5])


def test_nothing_is_learned_in_evaluation() -> None:
    network = taught_vqgan()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network(torch.rand(1, 1, 8, 16, 16))
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_a_codebook_that_is_loaded_does_not_begin_anew() -> None:
    book, other = Codebook(6, 3).train(), Codebook(6, 3).train()
    book(latents())
    other.load_state_dict(book.state_dict())
    z = latents(7, far=-50.0)
    torch.manual_seed(3)
    one = book(z)[0]
    torch.manual_seed(3)
    assert torch.equal(other(z)[0], one)
    assert torch.equal(other.embedding.weight, book.embedding.weight)
    fresh = Codebook(6, 3).train()
    fresh(z)
    assert not torch.allclose(fresh.embedding.weight, book.embedding.weight, atol=1.0)


def test_the_straight_gradient_reaches_the_encoder_through_the_codes() -> None:
    torch.manual_seed(0)
    network = vqgan(TINY).train()
    ours, commitment = network(torch.rand(1, 1, 8, 16, 16))
    assert ours.shape == (1, 1, 8, 16, 16)
    (ours.square().mean() + 0 * commitment).backward()
    assert float(network.encoder.blocks[0].conv.weight.grad.abs().sum()) > 0
    assert network.codebook.embedding.weight.grad is None


def test_a_killed_training_goes_on_with_its_codebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    learn = Training.learn

    def killed(training: Training) -> dict[str, float]:
        if training.step == 2:
            raise KeyboardInterrupt
        return learn(training)

    def run(name: str, resume: bool = False) -> None:
        asked = Asked(tmp_path / name, keep=tmp_path / "kept", resume=resume, device="cpu")
        [*train_part(PARTS["vqgan"], TINY.vqgan, asked)]

    run("whole")
    monkeypatch.setattr(Training, "learn", killed)
    with pytest.raises(KeyboardInterrupt):
        run("cut")
    monkeypatch.setattr(Training, "learn", learn)
    torch.rand(5)
    run("cut", resume=True)
    assert (tmp_path / "cut" / WEIGHTS).read_bytes() == (tmp_path / "whole" / WEIGHTS).read_bytes()
    network = networks.load(tmp_path / "cut" / WEIGHTS)[0]["vqgan"]
    assert bool(network.codebook.initialised)  # type: ignore[union-attr]
