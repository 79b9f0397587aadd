from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.diffusion.training import Losses, Recipe, Task, Training

RECIPE = Recipe(steps=8, batch=2, rate=0.05, warmup=2)


class Line:
    """Learns a line by two weights, against a critic; dropout and noise draw at every step."""

    def __init__(self, broken_at: int | None = None) -> None:
        torch.manual_seed(0)
        self.network: nn.Module = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))
        self.critic: nn.Module | None = nn.Linear(1, 1)
        self.broken_at = broken_at

    def batch(self, step: int, count: int) -> dict[str, Tensor]:
        x = torch.randn(count, 3, generator=torch.Generator().manual_seed(step))
        return {"x": x, "y": x.sum(1, keepdim=True)}

    def losses(self, batch: Mapping[str, Tensor], step: int, rng: torch.Generator) -> Losses:
        assert self.critic is not None
        if step == self.broken_at:
            return {"loss": self.network(batch["x"]).mean() * float("nan")}
        noise = 0.1 * torch.randn(batch["y"].shape, generator=rng)
        said = self.network(batch["x"])
        return {"loss": (said - batch["y"] + noise).square().mean(), "word": -0.01 * self.critic(said).mean()}

    def critic_loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        assert self.critic is not None
        return self.critic(batch["y"]).square().mean()

    def pictures(self) -> Tensor | None:
        return None


def begun(task: Task | None = None, recipe: Recipe = RECIPE) -> Training:
    return Training(task or Line(), recipe, "cpu")


def weights(training: Training) -> list[Tensor]:
    with training.averaged() as network:
        averaged = [p.detach().clone() for p in network.parameters()]
    assert training.task.critic is not None
    return [*averaged, *training.task.network.parameters(), *training.task.critic.parameters()]


@pytest.mark.parametrize("cut", [1, 5, 8])
def test_a_cut_and_resumed_training_ends_where_an_undisturbed_one_ends(tmp_path: Path, cut: int) -> None:
    whole, first = begun(), begun()
    rows = [whole.learn() for _ in range(8)]
    for _ in range(cut):
        first.learn()
    first.save(tmp_path / "last.pt")
    torch.manual_seed(123)  # what happened in between must not matter
    second = begun()
    second.load(tmp_path / "last.pt")
    assert second.step == cut
    assert [second.learn() for _ in range(8 - cut)] == rows[cut:]
    for ours, theirs in zip(weights(second), weights(whole), strict=True):
        assert torch.equal(ours, theirs)


def test_what_is_learned_gets_better_and_the_rate_rises_and_falls() -> None:
    training = begun(recipe=Recipe(steps=60, batch=16, rate=0.05, warmup=10))
    rates, losses = [], []
    for _ in range(60):
        rates.append(training.optimiser.param_groups[0]["lr"])
        losses.append(training.learn()["loss"])
    assert sum(losses[-10:]) < 0.5 * sum(losses[:10])
    assert rates.index(max(rates)) == 10
    assert rates[0] == 0
    assert rates[-1] < 0.01 * max(rates)


def test_only_the_critics_loss_moves_the_critic() -> None:
    training = begun()
    critic = training.task.critic
    assert isinstance(critic, nn.Linear)
    with torch.no_grad():
        critic.weight.zero_()
        critic.bias.zero_()
    training.learn()  # its own loss is at its lowest, while the network's pulls at it
    assert torch.equal(critic.bias, torch.zeros(1))


def test_averaged_weights_are_lent_and_taken_back() -> None:
    training = begun()
    for _ in range(6):
        training.learn()
    before = [p.detach().clone() for p in training.task.network.parameters()]
    with pytest.raises(RuntimeError), training.averaged() as network:
        assert not network.training
        assert not torch.equal(next(network.parameters()), before[0])
        raise RuntimeError
    assert all(torch.equal(p, b) for p, b in zip(training.task.network.parameters(), before, strict=True))


def test_divergence_is_one_line() -> None:
    training = begun(Line(broken_at=1))
    training.learn()
    with pytest.raises(EchoError, match="the training diverged at step 1: try a lower --rate"):
        training.learn()


def test_a_checkpoint_that_does_not_fit_is_one_line(tmp_path: Path) -> None:
    begun().save(tmp_path / "last.pt")
    other = Line()
    other.network = nn.Linear(2, 2)
    (tmp_path / "damaged.pt").write_bytes((tmp_path / "last.pt").read_bytes()[:900])
    for task, name in ((other, "last.pt"), (Line(), "damaged.pt"), (Line(), "none.pt")):
        with pytest.raises(EchoError, match=f"{name} is damaged or of another run"):
            begun(task).load(tmp_path / name)


def test_what_the_machine_lacks_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EchoError, match="this machine cannot train in 'fp16'"):
        begun(recipe=Recipe(steps=1, batch=1, precision="fp16"))
    with pytest.raises(UsageError, match="device 'cuda' is not available here"):
        Training(Line(), RECIPE, "cuda")
