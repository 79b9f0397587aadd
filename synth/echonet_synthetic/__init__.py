"""EchoNet-Synthetic (Reynaud et al., MICCAI 2024, arXiv 2406.00808): a picture first, then its clip.

A VAE makes frames small; an image model (LIDM) draws the latent of one frame; a video model (LVDM) draws the
clip around it with a wanted ejection fraction.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """`PARTS`, looked up when asked for: drawing clips needs nothing of what training imports."""
    if name != "PARTS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from echodfkd.synth.echonet_synthetic.parts import PARTS

    return PARTS
