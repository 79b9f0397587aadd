"""Scanner: one with its settings, and the presets that it is drawn from."""

from dataclasses import dataclass, replace

import numpy as np

from echodfkd.errors import unknown_name


@dataclass(frozen=True)
class Style:
    """One scanner with its settings. Angles in radians, lengths in mm, levels in dB."""

    half_angle: float
    depth: float
    top: float  # where the probe sits, as a share of the picture's height
    zoom: float  # depth over the picture's height
    dynamic_range: float
    gain: float  # level of mean myocardium below white
    attenuation: float  # error of the time-gain compensation over the whole depth
    gain_ripple: float
    noise: float  # electronic noise against myocardium, at the bottom
    clutter: float  # static near-field haze against myocardium
    side_lobe: float
    sigma_axial: float  # mm
    sigma_lateral: float  # radians
    shadow: float  # depth of edge shadows
    gamma: float
    persistence: float  # time constant in s
    smooth: float  # display filter, pixels at 112
    decorrelation: float  # speckle renewal per second
    decorations: bool
    jpeg: int  # quality, 0 = none
    across: float  # how far the probe sits right of the middle, as a share of the picture's width
    looks: int  # independent pictures averaged into one (spatial or frequency compounding)
    haze_drift: float  # mm, how far a part of the haze moves to and fro; 0 = it stands still
    sharpen: float  # edge enhancement
    despeckle: bool  # a median filter after scan conversion
    curve: float  # bend of the grey map: above 0 harder in the middle, below 0 softer
    h264: int  # constant rate factor, 0 = none
    menus: bool  # a capture of the whole screen


def sample_style(rng: np.random.Generator, preset: str) -> Style:
    """Draw a scanner of a preset. Ranges: docs/simulator.md."""
    if preset not in PRESETS:
        raise unknown_name("preset", preset, list(PRESETS))
    menus = bool(rng.random() < 0.06)
    style = Style(
        half_angle=rng.uniform(0.6, 0.96),
        depth=rng.uniform(112, 178),
        top=rng.uniform(-0.02, 0.1),
        zoom=rng.uniform(0.9, 1.08) if rng.random() < 0.75 else rng.uniform(0.7, 0.9),
        dynamic_range=rng.uniform(40, 62),
        gain=rng.uniform(-34, -16),
        attenuation=rng.uniform(-12, 8),
        gain_ripple=rng.uniform(0, 3.5),
        noise=rng.uniform(-52, -30),
        clutter=rng.uniform(-34, -4),
        side_lobe=rng.uniform(-34, -20),
        sigma_axial=rng.uniform(0.55, 1.3),
        sigma_lateral=rng.uniform(0.011, 0.026),
        shadow=rng.uniform(0, 26) * (rng.random() < 0.6),
        gamma=rng.uniform(0.85, 1.7),
        persistence=rng.uniform(0, 0.025),
        smooth=rng.uniform(0, 0.55),
        decorrelation=rng.uniform(0.5, 4),
        decorations=bool(rng.random() < 0.6),
        jpeg=int(rng.choice((0, 0, 92, 80, 60))),
        across=rng.normal(0, 0.01) if not menus else rng.uniform(-0.1, 0.1),
        looks=int(rng.choice((1, 1, 1, 2))),
        haze_drift=rng.uniform(1, 8) * (rng.random() < 0.5),
        sharpen=rng.uniform(0.2, 1) * (rng.random() < 0.25),
        despeckle=bool(rng.random() < 0.15),
        curve=rng.uniform(-0.6, 0.6) * (rng.random() < 0.5),
        h264=int(rng.integers(24, 37)) * int(rng.random() < 0.15),
        menus=menus,
    )
    if menus:
        style = replace(style, zoom=rng.uniform(0.6, 0.8), top=rng.uniform(0.05, 0.15))
    return PRESETS[preset](style, rng)


def _camus(style: Style, rng: np.random.Generator) -> Style:
    """A cart scanner with a high line density: finer speckle, wide sector, no decorations."""
    return replace(
        style,
        sigma_axial=style.sigma_axial * 0.75,
        sigma_lateral=style.sigma_lateral * 0.8,
        half_angle=rng.uniform(0.6, 0.72),
        dynamic_range=rng.uniform(50, 70),
        decorations=False,
        jpeg=0,
        h264=0,
        menus=False,
        top=rng.uniform(0, 0.03),
    )


def _handheld(style: Style, rng: np.random.Generator) -> Style:
    """A pocket device: coarse, noisy, hazy, compressed."""
    return replace(
        style,
        sigma_lateral=style.sigma_lateral * 1.25,
        noise=rng.uniform(-36, -22),
        clutter=rng.uniform(-24, -6),
        dynamic_range=rng.uniform(36, 52),
        jpeg=int(rng.choice((0, 60, 45))),
    )


def _harmonic(style: Style, rng: np.random.Generator) -> Style:
    """Tissue harmonics at a high setting: hard contrast, fine speckle, no haze. Never learned from."""
    return replace(
        style,
        dynamic_range=rng.uniform(33, 39),
        gamma=rng.uniform(1.75, 2.2),
        gain=rng.uniform(-20, -12),
        sigma_lateral=rng.uniform(0.008, 0.0105),
        sigma_axial=rng.uniform(0.4, 0.54),
        clutter=rng.uniform(-44, -35),
    )


def _lowband(style: Style, rng: np.random.Generator) -> Style:
    """An old low-frequency probe: narrow sector, speckle like grain, thick haze. Never learned from."""
    return replace(
        style,
        half_angle=rng.uniform(0.53, 0.59),
        sigma_lateral=rng.uniform(0.027, 0.032),
        sigma_axial=rng.uniform(1.35, 1.6),
        clutter=rng.uniform(-12, -2),
        smooth=rng.uniform(0.6, 0.9),
        decorations=False,
    )


def _veiled(style: Style, rng: np.random.Generator) -> Style:
    """A poor window: thick haze, noise, a flat grey map. Never learned from: it settles how sure to be."""
    return replace(
        style,
        clutter=rng.uniform(-18, -4),
        noise=rng.uniform(-40, -29),
        gamma=rng.uniform(0.7, 0.84),
        dynamic_range=rng.uniform(63, 70),
    )


PRESETS = {
    "echonet": lambda style, _: style,
    "camus": _camus,
    "handheld": _handheld,
    "harmonic": _harmonic,
    "lowband": _lowband,
    "veiled": _veiled,
}
