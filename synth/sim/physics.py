"""Ultrasound physics in beam space: scatterers, point-spread function, envelope, log compression.

Beam space is (depth samples, beams). A convolution model (Bamber & Dickinson 1980): the complex scatterer
field times tissue strength is filtered by a Gaussian point-spread function; its magnitude is the envelope.
With many scatterers per resolution cell the envelope is Rayleigh distributed (SNR 1.913).
"""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float32]  # (..., 2): in-phase and quadrature, again for each look


def scatterers(
    rng: np.random.Generator, shape: tuple[int, int], looks: int = 1, per_cell: float | None = None
) -> Real:
    """Complex scatterer fields (rows, columns, 2 * looks), each of unit mean power.

    Args:
        rng: source of randomness.
        shape: rows, columns.
        looks: how many independent fields.
        per_cell: mean number of scatterers per grid cell; None draws the limit of many (a Gaussian field).
    """
    if per_cell is None:
        field = rng.standard_normal((*shape, 2 * looks), dtype=np.float32)
        field *= np.float32(np.sqrt(0.5))
        return field
    count = rng.poisson(per_cell, (*shape, looks))
    field = np.zeros((*shape, looks, 2), np.float32)
    for k in range(int(count.max())):  # each scatterer has unit strength and a random phase
        phase = rng.uniform(0, 2 * np.pi, count.shape)
        field += (count > k)[..., None] * np.stack([np.cos(phase), np.sin(phase)], -1)
    return (field.reshape(*shape, 2 * looks) / np.sqrt(per_cell)).astype(np.float32)


def weigh(field: Real, strength: Real) -> Real:
    """Fields (rows, columns, 2 * looks) times a strength (rows, columns)."""
    return np.asarray(cv2.multiply(field, cv2.merge((strength,) * field.shape[-1])), np.float32)


@lru_cache(maxsize=64)
def gaussian_kernel(sigma: float) -> Real:
    """Gaussian taps of unit energy, so that filtering white noise keeps its power."""
    reach = max(1, int(np.ceil(3.5 * sigma)))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel: Real = (taps / np.sqrt((taps**2).sum())).astype(np.float32)
    kernel.flags.writeable = False  # one array for all who ask
    return kernel


def point_spread(field: Real, sigma_axial: float, sigma_lateral: float) -> Real:
    """Filter fields (depth, beams, 2 * looks) by a Gaussian PSF; sigmas in samples, unit energy gain."""
    return np.asarray(
        cv2.sepFilter2D(
            field,
            -1,
            gaussian_kernel(sigma_lateral),
            gaussian_kernel(sigma_axial),
            borderType=cv2.BORDER_REFLECT,
        )
    )


def envelope(field: Real) -> Real:
    """Magnitude (...) of a complex field (..., 2), or its mean over the looks of (..., 2 * looks).

    Averaging independent looks is what compounding does: the SNR of speckle grows with their square root
    (Trahey, Smith and von Ramm 1986).
    """
    looks = field.shape[-1] // 2
    parts = [cv2.magnitude(field[..., 2 * k], field[..., 2 * k + 1]) for k in range(looks)]
    return np.asarray(parts[0] if looks == 1 else sum(parts) / looks, np.float32)


def log_compress(amplitude: Real, gain_db: Real, dynamic_range: float) -> Real:
    """Grey level 0..1 of an envelope: 0 dB (after gain) is white, -dynamic_range dB and below is black."""
    level = np.asarray(cv2.log(amplitude.clip(1e-6, np.inf)), np.float32)
    level *= np.float32(20 / np.log(10))
    level += gain_db
    level *= np.float32(1 / dynamic_range)
    level += 1
    return level.clip(0, 1, out=level)
