import numpy as np
import pytest

from echodfkd.synth.sim.anatomy import cavity_outline, sample_anatomy
from echodfkd.synth.sim.motion import Motion, sample_cycle


def heart(seed: int = 3):
    return sample_anatomy(np.random.default_rng(seed))


def grid(step: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    x, z = np.meshgrid(np.arange(-90, 70, step), np.arange(-20, 170, step))
    return x.astype("f4"), z.astype("f4")


def test_end_diastole_maps_to_itself() -> None:
    x, z = grid(4.0)
    x0, z0 = Motion(heart(), 60.0).to_reference(x, z, 0.0)
    assert np.abs(x0 - x).max() < 1e-3
    assert np.abs(z0 - z).max() < 1e-3


@pytest.mark.parametrize("ef", [20.0, 55.0, 75.0])
def test_the_cavity_loses_the_prescribed_volume(ef: float) -> None:
    """Volume of a body of revolution about each half: V ~ sum over rows of width^2."""
    anatomy = heart(5)
    motion = Motion(anatomy, ef)
    x, z = grid(0.25)
    left, right = np.abs(cavity_outline(anatomy)[:, 0]).max(), anatomy.length

    def volume(a: float) -> float:
        from matplotlib.path import Path

        x0, z0 = motion.to_reference(x, z, a)
        inside = Path(cavity_outline(anatomy)).contains_points(np.stack([x0.ravel(), z0.ravel()], 1))
        return float((inside.reshape(x.shape).sum(1).astype(float) ** 2).sum())

    assert left > 0
    assert right > 0
    assert 100 * (1 - volume(1.0) / volume(0.0)) == pytest.approx(ef, abs=1.5)


def test_the_wall_keeps_its_volume_while_it_thickens() -> None:
    """A ring of tissue around the cavity at mid-height: area of revolution times stretch stays the same."""
    anatomy = heart(7)
    motion = Motion(anatomy, 60.0)
    x = np.arange(0, 60, 0.01, dtype="f4")

    def ring(a: float) -> tuple[float, float]:
        base = motion.annulus_z(a)
        z = np.full_like(x, 0.5 * base)
        x0, _ = motion.to_reference(x, z, a)
        axis = motion._offset[np.argmin(np.abs(np.linspace(-1, 3, 1024, endpoint=False) - 0.5))]
        cavity = motion._sides[1][int(1.5 * 256)]
        in_wall = (x0 - axis > cavity) & (x0 - axis < cavity + 9)
        r = x[in_wall] - axis
        return float((r[-1] ** 2 - r[0] ** 2) * base), float(r[-1] - r[0])

    (before, thin), (after, thick) = ring(0.0), ring(1.0)
    assert after == pytest.approx(before, rel=0.02)
    assert thick > 1.15 * thin


def test_the_annulus_moves_towards_the_apex() -> None:
    motion = Motion(heart(), 60.0, shortening=0.25)
    assert motion.annulus_z(1.0) == pytest.approx(0.85 * heart().length, rel=1e-5)


@pytest.mark.parametrize("rate", [40.0, 72.0, 140.0])
def test_a_cycle_ejects_once_per_beat_and_ends_where_it_says(rate: float) -> None:
    cycle = sample_cycle(np.random.default_rng(0), 4.0, rate)
    assert cycle.starts[0] < 0 < 4.0 < cycle.starts[-1]
    assert np.diff(cycle.starts).mean() == pytest.approx(60 / rate, rel=0.03)
    for start, end in zip(cycle.starts[:-1], cycle.ends[:-1], strict=True):
        t = np.linspace(start, end, 50)
        assert np.all(np.diff(cycle.ejected(t)) >= -1e-9)
        assert cycle.ejected(start) == pytest.approx(0, abs=1e-9)
        assert cycle.ejected(end) == pytest.approx(1, abs=1e-9)
        assert cycle.valve((start + end) / 2) == pytest.approx(0, abs=1e-6)  # closed in systole
