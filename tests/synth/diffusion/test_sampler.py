import pytest
import torch
from diffusion_material import (
    EF,
    PROCESSES,
    REFERENCE,
    SOLVERS,
    Knowing,
    rngs,
    spread,
    unscaled,
    video_denoiser,
)
from torch import Tensor

from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.diffusion.conditions import Conditioner, Values
from echodfkd.synth.diffusion.heun import Churn
from echodfkd.synth.diffusion.process import DDPM, EDM, Flow, Process
from echodfkd.synth.diffusion.sampler import Sampler, Sampling
from echodfkd.synth.diffusion.score import VE, VP

SHAPE = (2, 1, 4, 8, 8)
STARTS = [0, 1, 5, 6, 15, 40, 63]


def clean_clips(shape: tuple[int, ...] = SHAPE) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(9)) * 2 - 1


def sampler_of(model: Knowing, sampling: Sampling) -> Sampler:
    return Sampler(model, model.process, sampling)  # type: ignore[arg-type]


@pytest.mark.parametrize(("process", "solver"), SOLVERS, ids=str)
@pytest.mark.parametrize(("steps", "start"), [(1, 0), (6, 0), (6, 2), (64, 15)])
def test_who_knows_the_clip_finds_it(process: Process, solver: str, steps: int, start: int) -> None:
    clean = clean_clips()
    init = torch.zeros(SHAPE) if start else None
    sampler = sampler_of(Knowing(process, clean), Sampling(steps, solver, start=start))
    assert torch.allclose(sampler.sample(SHAPE, {}, rngs(2), init), clean, atol=1e-4)


@pytest.mark.parametrize(("process", "solver"), SOLVERS, ids=str)
@pytest.mark.parametrize("start", STARTS)
def test_an_init_has_exactly_the_noise_that_the_network_is_told(
    process: Process, solver: str, start: int
) -> None:
    init, model = clean_clips(), Knowing(process, clean_clips())
    sampler = sampler_of(model, Sampling(64, solver, start=start, churn=Churn(churn=0.0)))
    sampler.sample(SHAPE, {}, rngs(2), init)
    noise = torch.cat([torch.randn(1, *SHAPE[1:], generator=rng) for rng in rngs(2)])
    level = unscaled(process, noise, torch.tensor(model.calls[0]))[1]
    if isinstance(process, EDM | VE | VP):
        expected = init + level * noise
    elif isinstance(process, DDPM):
        expected = level.sqrt() * init + (1 - level).sqrt() * noise
    else:
        expected = (1 - level) * init + level * noise
    assert torch.allclose(model.seen[0], expected, atol=1e-3 * max(float(level), 1))
    whole = process.scheduler(solver, 64)
    assert model.calls[0] == pytest.approx(float(whole.timesteps[start]), abs=1e-5)


@pytest.mark.parametrize("start", STARTS)
def test_fresh_noise_before_a_step_is_told_too(start: int) -> None:
    shape = (1, 1, 4, 64, 64)
    model = Knowing(EDM(), torch.zeros(shape))
    sampling = Sampling(64, "heun", start=start, churn=Churn(noise=1.0))
    sampler_of(model, sampling).sample(shape, {}, rngs(1), torch.zeros(shape))
    told = float(torch.tensor(4 * model.calls[0]).exp())
    begun = float(sampler_of(model, sampling).scheduler.sigmas[start])
    inside = 0.05 <= begun <= 50
    assert told == pytest.approx(begun * (2**0.5 if inside else 1), rel=1e-4)
    assert spread(model.seen[0]) == pytest.approx(told, rel=0.03)


@pytest.mark.parametrize("process", PROCESSES, ids=str)
def test_without_an_init_every_step_is_taken_from_noise_alone(process: Process) -> None:
    solver = process.solvers[-1]
    one, two = Knowing(process, clean_clips()), Knowing(process, clean_clips())
    sampler_of(one, Sampling(20, solver, start=15)).sample(SHAPE, {}, rngs(2))
    sampler_of(two, Sampling(20, solver)).sample(SHAPE, {}, rngs(2))
    assert one.calls == two.calls
    assert len(one.calls) == 20
    assert torch.equal(one.seen[0], two.seen[0])


@pytest.mark.parametrize(("process", "solver"), SOLVERS, ids=str)
def test_pure_noise_has_the_spread_of_the_first_step(process: Process, solver: str) -> None:
    shape = (1, 1, 4, 64, 64)
    model = Knowing(process, torch.zeros(shape))
    sampler_of(model, Sampling(8, solver, churn=Churn(churn=0.0))).sample(shape, {}, rngs(1))
    first = {EDM: 80.0, VE: 100.0, VP: 152.17}.get(type(process), 1.0)
    assert spread(model.seen[0]) == pytest.approx(first, rel=0.03)


def told(count: int, frames: int = 6) -> Values:
    rng = torch.Generator().manual_seed(4)
    return {
        "ef": 20.0 + 10 * torch.arange(count).view(-1, 1),
        "reference": torch.randn(count, 1, frames, 8, 8, generator=rng),
    }


@pytest.mark.parametrize(("process", "solver"), [(EDM(), "heun"), (DDPM(), "ddpm"), (Flow(), "euler")])
def test_a_clip_is_the_same_in_any_batch(process: Process, solver: str) -> None:
    denoiser, values = video_denoiser(), told(4)
    sampling = {"steps": 3, "solver": solver, "guidance": 1.5, "window": 4, "hop": 2}
    whole = Sampler(denoiser, process, Sampling(**sampling)).sample((4, 1, 6, 8, 8), values, rngs(4))
    assert not torch.allclose(whole[0], whole[2], atol=0.1)
    one = {name: value[2:3] for name, value in values.items()}
    for batch in (1, 3):
        sampler = Sampler(denoiser, process, Sampling(**sampling, batch=batch))
        alone = sampler.sample((1, 1, 6, 8, 8), one, rngs(1, first=2))
        assert torch.allclose(alone[0], whole[2], atol=1e-3)


def test_an_init_is_whole_where_there_are_windows() -> None:
    init = torch.linspace(-1, 1, 6).view(1, 1, 6, 1, 1).expand(1, 1, 6, 8, 8)
    sampling = Sampling(64, "euler", start=63, window=4, hop=2)
    sampler = Sampler(video_denoiser(), EDM(), sampling)
    clip = sampler.sample((1, 1, 6, 8, 8), told(1), rngs(1), init)
    assert torch.allclose(clip, init, atol=0.05)  # hardly any noise: each frame stays where it was


class Linear(torch.nn.Module):
    """Says as many times its condition as it was asked for; counts how often it was asked."""

    def __init__(self, *conditioners: Conditioner) -> None:
        super().__init__()
        self.conditioners, self.calls = conditioners, 0
        self.nothing = torch.nn.Parameter(torch.zeros(()))

    def forward(self, sample: Tensor, time: Tensor, values: Values) -> Tensor:
        self.calls += 1
        return torch.ones_like(sample) * (1 + values["ef"].view(-1, 1, 1, 1, 1))


@pytest.mark.parametrize(("guidance", "said", "calls"), [(1.0, 3.0, 1), (2.0, 5.0, 2), (0.0, 1.0, 2)])
def test_guidance_leads_away_from_what_is_said_untold(guidance: float, said: float, calls: int) -> None:
    model, shape = Linear(EF), (1, 1, 1, 4, 4)
    sampler = Sampler(model, Flow(), Sampling(1, "euler", guidance=guidance))  # type: ignore[arg-type]
    sample = sampler.sample(shape, {"ef": torch.tensor([[2.0]])}, rngs(1))
    noise = torch.randn(shape, generator=rngs(1)[0])
    assert torch.allclose(sample, noise - said, atol=1e-5)
    assert model.calls == calls


def test_guidance_of_a_network_that_was_always_told_is_refused() -> None:
    with pytest.raises(UsageError, match="guidance needs a network that learned to do without a condition"):
        Sampler(Linear(REFERENCE), Flow(), Sampling(4, "euler", guidance=2.0))  # type: ignore[arg-type]


@pytest.mark.parametrize(("steps", "start"), [(0, 0), (4, 4), (4, -1)])
def test_a_start_outside_the_steps_is_refused(steps: int, start: int) -> None:
    with pytest.raises(UsageError, match=f"start step {start} is not among the {steps} steps"):
        Sampler(Linear(EF), Flow(), Sampling(steps, "euler", start=start))  # type: ignore[arg-type]


def test_what_is_not_finite_is_no_clip() -> None:
    model = Knowing(Flow(), torch.full(SHAPE, float("nan")))
    with pytest.raises(EchoError, match="the sampled clip is not finite"):
        sampler_of(model, Sampling(2, "euler")).sample(SHAPE, {}, rngs(2))
