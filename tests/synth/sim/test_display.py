import numpy as np

from echodfkd.synth.sim.display import Geometry
from echodfkd.synth.sim.scanner import sample_style


def geometry(seed: int = 0) -> Geometry:
    return Geometry(sample_style(np.random.default_rng(seed), "echonet"), 80)


def test_places_are_the_beam_samples_and_then_the_pixels() -> None:
    scan = geometry()
    (x, pixel_x), (y, pixel_y) = map(scan.split, scan.places)
    radius = scan.start + scan.step * np.arange(scan.depths)[:, None]
    angle = scan.pitch * (np.arange(scan.beams) - (scan.beams - 1) / 2)[None]
    inner = (slice(1, -1), slice(1, -1))  # at the rim there is nothing to interpolate with
    assert np.abs(x - radius * np.sin(angle))[inner].max() < 0.1  # mm
    assert np.abs(y - radius * np.cos(angle))[inner].max() < 0.1
    assert np.array_equal(pixel_x, scan.pixel_x)
    assert np.array_equal(pixel_y, scan.pixel_y)


def test_scan_conversion_is_black_outside_the_sector_and_true_inside() -> None:
    scan = geometry(1)
    depth = np.repeat(
        np.linspace(scan.start, scan.start + scan.step * (scan.depths - 1), scan.depths), scan.beams
    )
    picture = scan.scan_convert(depth.reshape(scan.depths, scan.beams).astype("f4"))
    assert not picture[~scan.sector].any()
    radius = np.hypot(scan.pixel_x, scan.pixel_y)
    assert np.abs(picture - radius)[scan.sector].max() < 0.1  # mm
