"""The generator `semantic-diffusion`: a still for each label map, which is therefore its exact mask."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from echodfkd.clip import Clip
from echodfkd.errors import EchoError, UsageError, unknown_name
from echodfkd.synth.base import clip_name
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.codec import FrameKL, Identity, load_codec, to_frames
from echodfkd.synth.diffusion.conditions import moved
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.generator import NetworkGenerator, check_fixed, generators, numbers
from echodfkd.synth.diffusion.sampler import Sampler
from echodfkd.synth.diffusion.weights import TRAINED, folder_of, trained_parts
from echodfkd.synth.masks.augment import drawn_warping, warped
from echodfkd.synth.masks.draw import drawn_video
from echodfkd.synth.masks.maps import LabelMap
from echodfkd.synth.masks.source import MaskSource
from echodfkd.synth.semantic_diffusion.variants import (
    DEFAULT,
    STEPS,
    SYSTEM,
    TOLD,
    VIEWS,
    mask_value,
    variant_of,
    view_value,
)
from echodfkd.synth.sim.generator import SimGenerator

NOISE = 1  # the stage that draws random numbers of its own


@dataclass(frozen=True)
class Pair:
    """A denoiser and what it works behind."""

    codec: FrameKL | Identity
    denoiser: Denoiser


class SemanticDiffusionGenerator(NetworkGenerator[Pair]):
    """Clips of one frame that follow label maps (EDMLX, arXiv 2409.19371).

    Their masks hold what the network is told: LV, myocardium and left atrium. The right heart is drawn as the
    network likes, and has no label.

    Args:
        size: in pixels; these weights have one, and None is it.
        view: "a4c" or "a2c". preset: of drawn masks.
        mask: files of label maps, taken in turn; none draws them from `sim`'s anatomy, at any moment of a
            beat. All of them are warped, so that one map gives many hearts.
        variant: a name of `VARIANTS`; "" is the default one.
        weights: a folder or a hub id; None for the embedded ones or those in the user's folder of models.
        steps: of the sampling. guidance: how far beyond what is told.
        device, batch: see `NetworkGenerator`.

    Raises:
        UsageError: for a value out of range, or that these weights do not have.
        EchoError: when weights or masks are missing or damaged, or weights are pickled.
    """

    version = "1"

    def __init__(
        self,
        size: int | None = None,
        view: str = "a4c",
        preset: str = "echonet",
        mask: tuple[Path, ...] = (),
        weights: str | None = None,
        steps: int = STEPS,
        guidance: float = 1.0,
        variant: str = "",
        device: str = "auto",
        batch: int | None = None,
    ) -> None:
        self.name = f"{SYSTEM}:{variant}" if variant else SYSTEM
        self.model = variant_of(variant)
        self.files = files_of(variant or DEFAULT, weights)
        super().__init__([*self.files.values()], device, batch)
        self.known = known(self.files, variant or DEFAULT)
        check_fixed("size", size, self.known["size"], "pixels a side")
        if view not in VIEWS:
            raise unknown_name("view", view, [*VIEWS])
        self.model.process.scheduler(self.model.solver, steps)  # refuses steps that it cannot take
        self.steps, self.guidance = steps, guidance
        self.source = MaskSource(tuple(mask), "static", view, preset, self.known["size"])

    def parameters(self) -> dict[str, Any]:
        """Every setting that a clip depends on beside the weights, seed and index."""
        own = {"steps": self.steps, "guidance": self.guidance, "view": self.source.view}
        return own | self.source.parameters()

    @property
    def notes(self) -> list[str]:
        """What the user should know of the masks."""
        return self.source.notes

    def load(self, device: torch.device) -> Pair:
        """The codec and the denoiser."""
        parts, _ = networks.load(self.files["denoiser"])
        denoiser = self.model.denoiser_of(parts["denoiser"]).eval().requires_grad_(False).to(device)
        if "codec" not in self.files:
            return Pair(Identity(), denoiser)
        codec = load_codec(self.files["codec"])
        codec.network.to(device)
        return Pair(codec, denoiser)

    def map(self, seed: int, index: int) -> LabelMap:
        """The label map of clip `index`."""
        return warped(self._plain(seed, index), drawn_warping(numbers(seed, index)))

    def _plain(self, seed: int, index: int) -> LabelMap:
        source = self.source
        if source.files:
            return source.map(seed, index)
        sim = SimGenerator(1, source.size, view=source.view, preset=source.preset)
        video = drawn_video(sim, seed, index)
        return LabelMap(video.mask[0], video.cone, video.spacing_mm)

    def draw(self, networks: Pair, seed: int, indices: Sequence[int]) -> list[Clip]:
        """Clips, all of them at once."""
        maps = [self.map(seed, index) for index in indices]
        masks = np.stack([np.where(np.isin(map_.classes, TOLD), map_.classes, 0) for map_ in maps])[:, None]
        cones = np.stack([np.asarray(map_.cone) for map_ in maps])
        device = next(networks.denoiser.parameters()).device
        values = {"mask": mask_value(masks, cones), "view": view_value([self.source.view] * len(maps))}
        side = self.source.size // networks.codec.factor
        sampling = self.model.sampling(self.steps, self.guidance, self.batch)
        made = Sampler(networks.denoiser, self.model.process, sampling).sample(
            (len(maps), networks.codec.channels, 1, side, side),
            moved(values, device),
            generators(seed, indices, NOISE),
        )
        clips = networks.codec.decode(made)
        return [
            Clip(
                to_frames(clip) * cone,
                name=clip_name(self.name, seed, index),
                spacing_mm=None if map_.spacing_mm is None else (map_.spacing_mm,) * 2,
                mask=mask,
                sector=cone,
                view=self.source.view,
            )
            for clip, map_, mask, cone, index in zip(clips, maps, masks, cones, indices, strict=True)
        ]


def files_of(variant: str, weights: str | None) -> dict[str, Path]:
    """Files of "denoiser" and, for latents, "codec".

    Raises:
        EchoError: when one is missing, or the weights are the published pickles.
    """
    if weights is not None:
        _refuse_pickles(Path(weights))
    folder = None if weights is None else folder_of(weights, TRAINED)
    behind = variant_of(variant).behind
    names = {"denoiser": variant} | ({"codec": behind} if behind else {})
    found = trained_parts(SYSTEM, [*names.values()], folder)
    return {role: found[name] for role, name in names.items()}


def _refuse_pickles(weights: Path) -> None:
    """EDMLX publishes pickled networks."""
    inside = sorted(weights.iterdir()) if weights.is_dir() else [weights]
    if any(path.is_dir() or path.suffix == ".safetensors" for path in inside):
        return
    pickled = [path for path in inside if path.suffix in networks.PICKLES and path.is_file()]
    if pickled:
        raise EchoError(
            f"{pickled[0]} is a pickle, which can run code as it is read: EDMLX's published checkpoints "
            f"are refused; train with echodfkd train {SYSTEM}:{DEFAULT}"
        )


def known(files: dict[str, Path], variant: str) -> dict[str, Any]:
    """What the weights say of themselves: `size`, `variant`.

    Raises:
        UsageError: when they are of another variant.
        EchoError: when they do not say, or were trained behind another codec.
    """
    facts = networks.described(files["denoiser"])[1]
    if not isinstance(facts.get("size"), int) or "variant" not in facts:
        raise EchoError(f"{files['denoiser']} holds no weights of {SYSTEM}: it does not say size and variant")
    if facts["variant"] != variant:
        raise UsageError(f"{files['denoiser']} holds weights of {SYSTEM}:{facts['variant']}, not :{variant}")
    if "codec" in files and facts.get("codec_sha256") != load_codec(files["codec"]).digest():
        raise EchoError(
            f"{files['denoiser']} was not trained behind {files['codec']}: take parts of one training"
        )
    return facts
