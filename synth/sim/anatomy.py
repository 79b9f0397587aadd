"""Anatomy of one heart in the apical four-chamber plane, and the map of its tissues at end-diastole.

Heart coordinates, in mm: z runs from the LV apex (0) along the long axis to the mitral annulus (`length`)
and on into the atria; x runs across, negative towards the septum and the RV, positive towards the lateral
wall. Dimensions follow the adult ranges of the ASE/EACVI chamber guideline (Lang et al. 2015), widened.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

# Tissues of the reference map. The first six are the public classes (`echodfkd.clip.Label`); the rest are
# folded into them by the tracing convention.
BACKGROUND, CAVITY, WALL, LA, RV, RA, TRABECULAE, PAPILLARY = range(8)


@dataclass(frozen=True)
class Anatomy:
    """One heart at end-diastole. Lengths in mm."""

    length: float  # annulus to apex of the traced cavity
    half_width: float  # largest half-width of the traced cavity
    widest: float  # where that is, as a share of the length from the apex
    annulus: float  # half-width at the annulus over the largest
    roundness: float  # exponent of the apical curve; 2 is an ellipse
    skew: float  # septal over lateral half-width, minus one
    bend: float  # sideways bow of the long axis
    ripple: tuple[float, ...]  # relative waviness of the two sides
    trabeculae: tuple[float, float, float]  # layer at septum, apex, lateral wall
    wall: tuple[float, float, float]  # compact wall at septum, apex, lateral wall
    papillary: tuple[float, float, float]  # share of the length, length, thickness
    la: tuple[float, float]  # length, width
    ra: tuple[float, float]
    rv: tuple[float, float, float]  # width at the base, share of the LV length, free wall
    interatrial: float  # thickness of the interatrial septum


def sample_anatomy(rng: np.random.Generator, pathology: str | None = None) -> Anatomy:
    """Draw a heart: normal, dilated, hypertrophic or small, in the proportions of a mixed clinic.

    Args:
        rng: source of randomness.
        pathology: "apical-hypertrophy" gives the spade-shaped cavity of that disease, from which the
            embedded models never learn; any other changes the motion only.
    """
    kind = rng.choice(4, p=(0.55, 0.2, 0.15, 0.1))
    size = (1.0, 1.18, 0.93, 0.82)[kind]
    slim = (0.275, 0.315, 0.24, 0.265)[kind]
    length = size * rng.normal(80, 6.5)
    wall = (1.0, 0.9, 1.5, 1.0)[kind] * rng.normal(8.5, 1.1)
    layer = rng.uniform(0.6, 6.0)  # tracers stay 1..3 pixels of 112 inside the compacted wall
    heart = Anatomy(
        length=float(np.clip(length, 55, 110)),
        half_width=float(length * np.clip(rng.normal(slim, 0.03), 0.17, 0.4)),
        widest=rng.uniform(0.45, 0.75),
        annulus=rng.uniform(0.62, 0.98),
        roundness=rng.uniform(1.6, 2.8),
        skew=rng.normal(0.0, 0.1),
        bend=rng.normal(0.0, 3.0),
        ripple=tuple(rng.normal(0.0, (0.04, 0.03, 0.02) * 2)),
        trabeculae=(
            layer * rng.uniform(0.25, 0.9),
            layer * rng.uniform(0.4, 1.5),
            layer * rng.uniform(0.6, 1.4),
        ),
        wall=(wall * rng.uniform(0.85, 1.25), wall * rng.uniform(0.35, 0.85), wall * rng.uniform(0.8, 1.1)),
        papillary=(rng.uniform(0.35, 0.7), rng.uniform(12, 28), rng.uniform(2.0, 7.5)),
        la=(rng.uniform(20, 64), rng.uniform(24, 56)),
        ra=(rng.uniform(34, 56), rng.uniform(32, 54)),
        rv=(rng.uniform(20, 44), rng.uniform(0.6, 0.92), rng.uniform(2.5, 5.5)),
        interatrial=rng.uniform(2.0, 6.0),
    )
    if rng.random() < 0.15:
        heart = _foreshortened(heart, rng)
    return _apical_hypertrophy(heart) if pathology == "apical-hypertrophy" else heart


def _foreshortened(heart: Anatomy, rng: np.random.Generator) -> Anatomy:
    """The same heart cut beside its apex: shorter, blunter, its apical wall cut obliquely and so thicker."""
    septum, apex, lateral = heart.wall
    return replace(
        heart,
        length=heart.length * rng.uniform(0.76, 0.9),
        roundness=heart.roundness + rng.uniform(0.3, 0.8),
        wall=(septum, apex * rng.uniform(1.0, 1.7), lateral),
    )


def _apical_hypertrophy(heart: Anatomy) -> Anatomy:
    """Wall thickest at the apex, cavity shaped like a spade (Eriksson et al. 2002)."""
    septum, _, lateral = heart.wall
    return replace(heart, roundness=1.15, widest=0.8, wall=(septum, 2.2 * max(septum, lateral), lateral))


def cavity_sides(heart: Anatomy, q: npt.NDArray[np.float64]) -> tuple[Array, Array, Array]:
    """Septal half-width, lateral half-width and axis offset (mm) at q = z / length; 0 beyond the apex."""
    inside = np.clip(q, 0.0, 1.0)
    towards_apex = np.clip((heart.widest - inside) / heart.widest, 0.0, 1.0)
    towards_base = np.clip((inside - heart.widest) / (1 - heart.widest), 0.0, 1.0)
    profile = np.sqrt(1 - towards_apex**heart.roundness) * (1 - (1 - heart.annulus) * towards_base**2)
    waves = np.stack([np.sin((k + 1) * np.pi * inside) for k in range(3)])
    left = 1 + heart.skew + np.tensordot(heart.ripple[:3], waves, 1)
    right = 1 - heart.skew + np.tensordot(heart.ripple[3:], waves, 1)
    offset = heart.bend * np.sin(np.pi * inside)
    width = heart.half_width * profile * (q >= 0)
    return (width * left).astype("f4"), (width * right).astype("f4"), offset.astype("f4")


def cavity_outline(heart: Anatomy, points: int = 60) -> Array:
    """Traced cavity at ED, septal hinge over the apex to the lateral hinge: (2 * points, 2) of x, z."""
    q = np.sin(np.linspace(0, np.pi / 2, points)) ** 2  # dense near apex and base
    left, right, offset = cavity_sides(heart, q)
    z = q * heart.length
    septal = np.stack([offset - left, z], 1)[::-1]
    lateral = np.stack([offset + right, z], 1)
    return np.concatenate([septal, lateral]).astype("f4")


def outset(outline: Array, by: tuple[float, float, float]) -> Array:
    """Move an outline outwards by a thickness (mm) given at its start, middle (apex) and end."""
    tangent = np.gradient(outline, axis=0)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-6
    for axis in range(2):  # the two sides meet in a point at the apex: round the normals there
        normal[:, axis] = cv2.GaussianBlur(normal[:, axis : axis + 1], (1, 9), 0)[:, 0]
    thickness = np.interp(np.linspace(0, 1, len(outline)), (0, 0.5, 1), by)
    return (outline + normal * thickness[:, None]).astype("f4")


def chamber(top: tuple[float, float], z: float, length: float, width: float, points: int = 40) -> Array:
    """An atrium: a sac that hangs from its annulus (x of both hinges, at z) and is rounded below."""
    q = np.linspace(0, 1, points)
    middle, half = (top[0] + top[1]) / 2, (top[1] - top[0]) / 2
    open_width = half + (width / 2 - half) * np.sin(np.clip(q / 0.5, 0, 1) * np.pi / 2)
    sac = open_width * np.sqrt(np.clip(1 - np.clip((q - 0.45) / 0.55, 0, 1) ** 2, 0, 1))
    left, right = np.stack([middle - sac, z + q * length], 1), np.stack([middle + sac, z + q * length], 1)
    return np.concatenate([left, right[::-1]]).astype("f4")
