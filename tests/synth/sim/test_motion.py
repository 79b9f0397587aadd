import numpy as np
import pytest
from matplotlib.path import Path

from echodfkd.synth.sim.anatomy import Anatomy, cavity_outline, sample_anatomy
from echodfkd.synth.sim.kinetics import Kinetics, Segment, sample_motion
from echodfkd.synth.sim.motion import Motion


def heart(seed: int = 3) -> Anatomy:
    return sample_anatomy(np.random.default_rng(seed))


def grid(step: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    x, z = np.meshgrid(np.arange(-90, 70, step), np.arange(-20, 170, step))
    return x.astype("f4"), z.astype("f4")


def test_end_diastole_maps_to_itself() -> None:
    x, z = grid(4.0)
    x0, z0 = Motion(heart(), 60.0).to_reference(x, z, 0.0)
    assert np.abs(x0 - x).max() < 1e-3
    assert np.abs(z0 - z).max() < 1e-3


def volumes(motion: Motion, anatomy: Anatomy, contractions: list[float]) -> list[float]:
    """Volume of a body of circular cross-sections: V ~ sum over rows of width^2, on a fine grid."""
    x, z = grid(0.5)
    outline = Path(cavity_outline(anatomy))
    found = []
    for a in contractions:
        x0, z0 = motion.to_reference(x, z, a)
        inside = (z0 > 0) & (z0 < anatomy.length) & (np.abs(x0) < 60)
        inside[inside] = outline.contains_points(np.stack([x0[inside], z0[inside]], 1))
        found.append(float((inside.sum(1).astype(float) ** 2).sum()))
    return found


REGIONAL = {
    "even": Kinetics(),
    "slanted": Kinetics(shortening=0.4, slant=-0.4, annular=0.05),
    "wide-moving annulus": Kinetics(shortening=0.12, annular=0.25),
    "akinetic basal septum": Kinetics(segments=(Segment(0, 0.68, 1.3, 1.0),)),
    "dyskinetic lateral wall": Kinetics(segments=(Segment(1, 0.46, 1.3, 1.35),)),
    "ballooning": Kinetics(shortening=0.15, segments=(Segment(0, -2, 0.5, 1.1), Segment(1, -2, 0.5, 1.1))),
}


@pytest.mark.parametrize("kinetics", REGIONAL.values(), ids=list(REGIONAL))
@pytest.mark.parametrize("ef", [20.0, 40.0])
def test_the_cavity_loses_the_prescribed_volume(kinetics: Kinetics, ef: float) -> None:
    anatomy = heart(5)
    motion = Motion(anatomy, ef, kinetics)
    assert motion.ef == pytest.approx(ef, abs=1e-3)
    before, half, after = volumes(motion, anatomy, [0.0, 0.5, 1.0])
    assert 100 * (1 - after / before) == pytest.approx(ef, abs=1.5)
    assert before > half > after


@pytest.mark.parametrize("ef", [5.0, 60.0, 75.0])
def test_even_hearts_reach_any_ef(ef: float) -> None:
    anatomy = heart(8)
    motion = Motion(anatomy, ef)
    before, after = volumes(motion, anatomy, [0.0, 1.0])
    assert 100 * (1 - after / before) == pytest.approx(ef, abs=1.5)


def test_an_ef_out_of_reach_is_owned_up_to() -> None:
    anatomy = heart(5)
    motion = Motion(anatomy, 80.0, REGIONAL["ballooning"])
    before, after = volumes(motion, anatomy, [0.0, 1.0])
    assert motion.ef < 75
    assert 100 * (1 - after / before) == pytest.approx(motion.ef, abs=1.5)


def test_drawn_hearts_reach_the_ef_asked_for() -> None:
    for seed in range(200):
        rng = np.random.default_rng(seed)
        ef = rng.uniform(10, 75)
        motion = Motion(sample_anatomy(rng), ef, sample_motion(rng, ef))
        assert motion.ef == pytest.approx(ef, abs=0.01)


def inward(motion: Motion, q: float) -> np.ndarray:
    """Share of the half-width by which the septal and the lateral side move in at ES."""
    return motion._inward[:, int((q + 1) * 256)]


def test_an_akinetic_segment_stands_still_and_the_rest_moves_more() -> None:
    healthy = Motion(heart(), 45.0)
    ill = Motion(heart(), 45.0, Kinetics(segments=(Segment(0, 0.38, 0.7, 1.0),)))
    assert inward(ill, 0.54)[0] == pytest.approx(0, abs=1e-6)
    assert inward(ill, 0.54)[1] > 1.1 * inward(healthy, 0.54)[1]
    assert inward(ill, 0.1)[0] > 1.1 * inward(healthy, 0.1)[0]


def test_the_annulus_narrows_by_what_is_asked() -> None:
    for share in (0.05, 0.25):
        motion = Motion(heart(), 62.0, Kinetics(annular=share))
        wide, narrow = (np.diff(motion.hinges(a))[0] for a in (0.0, 1.0))
        assert 1 - narrow / wide == pytest.approx(share, abs=0.01)


def test_apical_akinesia_holds_both_sides_of_the_apex_still() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        motion = Motion(sample_anatomy(rng), 35.0, sample_motion(rng, 35.0, "apical-akinesia"))
        assert np.all(inward(motion, 0.2) < 0.1 * inward(motion, 0.75))
        assert motion.ef == pytest.approx(35, abs=0.01)


def test_the_base_moves_towards_the_apex_and_inwards() -> None:
    motion = Motion(heart(), 60.0)
    hinge = np.array([motion.hinges(1.0)[1]], "f4")
    base = np.array([motion.annulus_z(1.0)], "f4")
    x0, z0 = motion.to_reference(hinge, base, 1.0)
    assert (base - z0)[0] == pytest.approx(-0.15 * heart().length, rel=0.01)
    assert (hinge - x0)[0] < -0.5  # the lateral hinge


def test_the_wall_keeps_its_volume_while_it_thickens() -> None:
    """A ring of tissue around the cavity at mid-height: area of revolution times stretch stays the same."""
    anatomy = heart(7)
    motion = Motion(anatomy, 60.0)
    x = np.arange(0, 60, 0.01, dtype="f4")

    def ring(a: float) -> tuple[float, float]:
        tip = a * float(motion.apical)
        long = motion.annulus_z(a) - tip
        x0, _ = motion.to_reference(x, np.full_like(x, tip + 0.5 * long), a)
        axis = motion._offset[np.argmin(np.abs(np.linspace(-1, 3, 1024, endpoint=False) - 0.5))]
        cavity = motion._sides[1][int(1.5 * 256)]
        in_wall = (x0 - axis > cavity) & (x0 - axis < cavity + 9)
        r = x[in_wall] - axis
        return float((r[-1] ** 2 - r[0] ** 2) * long), float(r[-1] - r[0])

    (before, thin), (after, thick) = ring(0.0), ring(1.0)
    assert after == pytest.approx(before, rel=0.02)
    assert thick > 1.15 * thin


def test_the_annulus_moves_towards_the_apex() -> None:
    motion = Motion(heart(), 60.0, Kinetics(shortening=0.25))
    assert motion.annulus_z(1.0) == pytest.approx(0.85 * heart().length, rel=1e-5)


def test_the_apical_wall_thickens_from_inside() -> None:
    """The endocardial apex moves in, the epicardial one stays, and what lies between keeps its order."""
    anatomy = heart()
    motion = Motion(anatomy, 60.0, Kinetics(apical=0.08))
    tip, cap = 0.08 * anatomy.length, anatomy.wall[1] + anatomy.trabeculae[1]
    z = np.array([tip, -cap, -cap - 5, (tip - cap) / 2], "f4")
    _, z0 = motion.to_reference(np.zeros(4, "f4"), z, 1.0)
    assert z0 == pytest.approx([0, -cap, -cap - 5, -cap / 2], abs=1e-3)
