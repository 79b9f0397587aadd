from math import sqrt

import pytest
import torch
from diffusers import DDPMScheduler
from diffusion_material import PROCESSES, SOLVERS, abar, spread
from torch import Tensor

from echodfkd.errors import UsageError
from echodfkd.synth.diffusion.process import DDPM, EDM, Flow, Process, shaped

COUNT = 500


@pytest.fixture
def clean() -> Tensor:
    return torch.randn(COUNT, 1, 2, 4, 4, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def noise() -> Tensor:
    return torch.randn(COUNT, 1, 2, 4, 4, generator=torch.Generator().manual_seed(2))


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def test_edm_is_preconditioned_as_in_the_paper(clean: Tensor, noise: Tensor) -> None:
    noised = EDM().noised(clean, noise, rng())
    sigma = shaped(torch.exp(4 * noised.time), clean)  # c_noise = ln(sigma) / 4
    c_skip, c_out = 0.25 / (sigma**2 + 0.25), sigma * 0.5 / (sigma**2 + 0.25).sqrt()
    c_in = 1 / (sigma**2 + 0.25).sqrt()
    noisy = clean + sigma * noise
    assert torch.allclose(noised.sample, c_in * noisy, atol=1e-4)
    assert torch.allclose(c_skip * noisy + c_out * noised.target, clean, atol=1e-4)
    weight = (sigma**2 + 0.25) / (sigma * 0.5) ** 2 * c_out**2  # of the raw output's squared error
    assert torch.allclose(shaped(noised.weight, clean), weight, rtol=1e-4)


def test_a_perfect_output_is_the_clean_clip_to_diffusers(clean: Tensor, noise: Tensor) -> None:
    process = EDM(sigma_data=0.3)
    noised = process.noised(clean, noise, rng())
    scheduler = process.scheduler("euler", 4)
    for number in range(5):
        sigma = torch.exp(4 * noised.time[number])
        noisy = clean[number] + sigma * noise[number]
        assert torch.allclose(scheduler.precondition_inputs(noisy, sigma), noised.sample[number], atol=1e-5)
        output = scheduler.precondition_outputs(noisy, noised.target[number], sigma)
        assert torch.allclose(output, clean[number], atol=1e-4)


def test_edm_draws_its_levels_around_the_papers_mean() -> None:
    zero = torch.zeros(4000, 1, 1, 1, 1)
    log_sigma = 4 * EDM().noised(zero, zero, rng()).time
    assert abs(float(log_sigma.mean()) + 1.2) < 4 * 1.2 / sqrt(4000)
    assert spread(log_sigma) == pytest.approx(1.2, rel=0.05)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("schedule", ["linear", "squaredcos_cap_v2"])
def test_ddpm_targets_are_those_of_diffusers_and_of_the_papers(
    clean: Tensor, noise: Tensor, prediction: str, schedule: str
) -> None:
    process = DDPM(prediction, schedule)
    noised = process.noised(clean, noise, rng())
    signal = shaped(abar(process, noised.time), clean)
    assert torch.allclose(noised.sample, signal.sqrt() * clean + (1 - signal).sqrt() * noise, atol=1e-4)
    velocity = signal.sqrt() * noise - (1 - signal).sqrt() * clean
    v = prediction == "v_prediction"
    assert torch.allclose(noised.target, velocity if v else noise, atol=1e-4)
    theirs = DDPMScheduler(beta_schedule=schedule, prediction_type=prediction, clip_sample=False)
    time = noised.time.long()
    assert torch.equal(theirs.add_noise(clean, noise, time), noised.sample)
    assert torch.equal(theirs.get_velocity(clean, noise, time) if v else noise, noised.target)


def test_ddpm_draws_every_step_alike() -> None:
    zero = torch.zeros(4000, 1, 1, 1, 1)
    time = DDPM().noised(zero, zero, rng()).time
    assert torch.equal(time, time.round())
    assert (int(time.min()), int(time.max())) == (0, 999)
    assert abs(float(time.mean()) - 499.5) < 4 * 1000 / sqrt(12 * 4000)


def test_flow_runs_straight_from_clips_to_noise(clean: Tensor, noise: Tensor) -> None:
    noised = Flow().noised(clean, noise, rng())
    share = shaped(noised.time / 1000, clean)
    assert torch.equal(noised.target, noise - clean)
    assert torch.allclose(noised.sample - share * noised.target, clean, atol=1e-5)
    assert 0 < float(share.min()) < 0.1
    assert 0.9 < float(share.max()) < 1
    logit = torch.logit(noised.time / 1000)
    assert abs(float(logit.mean())) < 4 / sqrt(COUNT)
    assert spread(logit) == pytest.approx(1, rel=0.15)


@pytest.mark.parametrize("process", PROCESSES, ids=str)
def test_the_generator_given_alone_decides(process: Process, clean: Tensor, noise: Tensor) -> None:
    torch.manual_seed(0)
    one = process.noised(clean, noise, rng())
    torch.manual_seed(1)
    two = process.noised(clean, noise, rng())
    assert torch.equal(one.time, two.time)
    assert torch.equal(one.sample, two.sample)


@pytest.mark.parametrize(("process", "solver"), SOLVERS, ids=str)
@pytest.mark.parametrize("steps", [1, 7, 64])
def test_every_solver_takes_the_steps_asked_for(process: Process, solver: str, steps: int) -> None:
    times = process.scheduler(solver, steps).timesteps
    assert len(times) == steps
    assert bool((times.diff() < 0).all())


@pytest.mark.parametrize("process", PROCESSES, ids=str)
def test_bad_solvers_and_steps_are_refused(process: Process) -> None:
    with pytest.raises(UsageError, match="unknown solver 'magic'; choose from: "):
        process.scheduler("magic", 4)
    if isinstance(process, DDPM):
        with pytest.raises(UsageError, match="1001 steps are more than the 1000 of the training"):
            process.scheduler("ddim", 1001)
