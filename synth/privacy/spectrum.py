"""A fingerprint that needs no weights: the pattern of a frame's Fourier magnitudes.

Speckle and anatomy give each frame's spectrum a pattern of peaks and gaps. A shift changes phases only, a
change of grey levels is taken out by normalising contrast locally, re-encoding spoils high frequencies that
are left out, and mirrored frequencies are folded onto each other. So one product of vectors compares two
frames over all shifts and both orientations.
"""

from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import Frames
from echodfkd.synth.privacy.fingerprint import Features

SIDE = 64  # pixels that frames are resized to
LOWEST, HIGHEST = 2.0, 10.5  # cycles per side; a side of 112 pixels: waves of 11 to 56 pixels
FINE, COARSE = 0.8, 3.5  # pixels of SIDE: Gaussians whose difference is the local contrast
NOISE = 3.0  # grey levels of contrast that count as none
SMOOTH = 1.8  # bins: peaks and gaps are measured against their neighbourhood in the spectrum
MARGIN = 4  # bins around the band that only serve as neighbourhood
ODD_GAIN = 1.1  # gives differences of mirrored bins about the spread of their sums


class SpectrumFingerprint:
    """Band-passed, locally normalised frames; square roots of flattened Fourier magnitudes, float32 (T, 170).

    Invariant to shifts (but for what enters and leaves the picture), mirroring, contrast and brightness.
    """

    name = "spectrum"
    digest = "spectrum-1"  # raise the number with any change of a constant above
    rule = "gap"

    def __call__(self, frames: Frames) -> Features:
        """Features float32 (T, 170) of frames uint8 (T, H, W) of any size."""
        waves = self._waves
        spectra = np.abs(waves @ np.stack([local_contrast(frame) for frame in frames]) @ waves.T)
        flat = [x / (cv2.GaussianBlur(x, (0, 0), SMOOTH) + 1e-6) for x in spectra.astype(np.float32)]
        inner = np.sqrt(np.stack(flat)[:, MARGIN:-MARGIN, MARGIN:-MARGIN]).reshape(len(frames), -1)
        right, left, axes = self._bins
        a, b = inner[:, right], inner[:, left]
        # mirroring swaps a and b: their sum and the size of their difference stay
        blocks = (_centred(a + b) / np.sqrt(2), _centred(np.abs(a - b)) * ODD_GAIN, _centred(inner[:, axes]))
        return np.hstack(blocks).astype(np.float32)

    @cached_property
    def _waves(self) -> npt.NDArray[np.complex64]:
        """The few rows of a windowed discrete Fourier transform that are used, (2*reach+1, SIDE)."""
        reach = int(HIGHEST) + MARGIN
        cycles = np.outer(np.arange(-reach, reach + 1), np.arange(SIDE)) / SIDE
        return np.asarray(np.exp(-2j * np.pi * cycles) * np.hanning(SIDE + 2)[1:-1], np.complex64)

    @cached_property
    def _bins(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Flat indices: bins of the first quadrant, their mirror images, and bins on the axes."""
        reach = int(HIGHEST)
        rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        radius = np.hypot(rows, columns)
        band = (radius >= LOWEST) & (radius <= HIGHEST)
        right = np.flatnonzero(band & (rows > 0) & (columns > 0))
        on_axis = ((rows == 0) & (columns > 0)) | ((columns == 0) & (rows > 0))
        width = 2 * reach + 1
        return right, right // width * width + (width - 1 - right % width), np.flatnonzero(band & on_axis)


def local_contrast(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """A frame (H, W) at SIDE x SIDE, float32, divided by its own contrast around each pixel."""
    small = cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    fine = cv2.GaussianBlur(small, (0, 0), FINE)
    detail = fine - cv2.GaussianBlur(fine, (0, 0), COARSE)
    return np.asarray(detail / (np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), COARSE)) + NOISE))


def _centred(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(rows - rows.mean(axis=1, keepdims=True))
