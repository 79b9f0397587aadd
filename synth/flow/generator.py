"""The generator `flow`: clips around mask videos, in few steps or in one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from echodfkd.clip import Clip
from echodfkd.errors import EchoError, UsageError
from echodfkd.students.checkpoint import sha256
from echodfkd.synth.base import clinic_ef, clip_name
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.codec import FrameKL, to_frames
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.generator import NetworkGenerator, check_ef, check_fixed, generators, numbers
from echodfkd.synth.diffusion.process import Flow
from echodfkd.synth.diffusion.sampler import Sampler, Sampling
from echodfkd.synth.diffusion.tasks import classes
from echodfkd.synth.diffusion.weights import TRAINED, folder_of, trained_parts
from echodfkd.synth.flow.parts import CLASSES, FACTOR, FINEST, denoiser_of, told
from echodfkd.synth.masks.draw import drawn_video
from echodfkd.synth.masks.maps import LabelVideo
from echodfkd.synth.masks.motion import Beat
from echodfkd.synth.masks.source import MaskSource
from echodfkd.synth.sim.generator import SimGenerator

SYSTEM = "flow"
STEPS = 4
NOISE = 1  # the stage that draws random numbers of its own


@dataclass(frozen=True)
class Pair:
    """The codec and the denoiser behind it."""

    codec: FrameKL
    denoiser: Denoiser


class FlowGenerator(NetworkGenerator[Pair]):
    """Clips that follow masks of every frame, made in 1 to 64 steps.

    Args:
        frames: T. size: in pixels, fps: in Hz; these weights have one of each, and None is it.
        ef: (low, high) in percent to draw the EF from evenly, in 5..90; None draws the mix of a clinic.
        mask: files of label maps of ED, taken in turn, which then beat; none takes masks as `sim` moves them.
        view, preset: of drawn masks.
        weights: a folder or a hub id; None for the embedded ones or those in the user's folder of models.
        steps: 1, 2, 4, ... 64. guidance: how far beyond what is told.
        device, batch: see `NetworkGenerator`.

    Raises:
        UsageError: for a value out of range, or that these weights do not have.
        EchoError: when weights or masks are missing or damaged.
    """

    name = SYSTEM
    version = "1"
    facts: ClassVar[dict[str, str]] = {"ef_source": "masks"}

    def __init__(
        self,
        frames: int = 64,
        size: int | None = None,
        fps: float | None = None,
        ef: tuple[float, float] | None = None,
        view: str = "a4c",
        preset: str = "echonet",
        mask: tuple[Path, ...] = (),
        weights: str | None = None,
        steps: int = STEPS,
        guidance: float = 1.0,
        device: str = "auto",
        batch: int | None = None,
    ) -> None:
        folder = None if weights is None else folder_of(weights, TRAINED)
        vae = trained_parts("echonet-synthetic", ("vae",), folder)["vae"]
        self.files = {"vae": vae, "flow": trained_parts(SYSTEM, ("",), folder)[""]}
        super().__init__(list(self.files.values()), device, batch)
        self.known = _known(self.files)
        check_ef(ef)
        check_fixed("size", size, self.known["size"], "pixels a side")
        check_fixed("fps", fps, self.known["fps"], "frames a second")
        if not 1 <= steps <= FINEST or steps & (steps - 1):
            raise UsageError(f"--steps must be 1, 2, 4, 8, 16, 32 or 64 for {SYSTEM}, got {steps}")
        self.frames, self.ef, self.steps, self.guidance = frames, ef, steps, guidance
        self.source = MaskSource(tuple(mask), "prescribed", view, preset, self.known["size"])

    def parameters(self) -> dict[str, Any]:
        """Every setting that a clip depends on beside the weights, seed and index."""
        own = {name: getattr(self, name) for name in ("frames", "ef", "steps", "guidance")}
        return own | {"fps": self.known["fps"]} | self.source.parameters()

    @property
    def notes(self) -> list[str]:
        """What the user should know of the masks."""
        return self.source.notes

    def load(self, device: torch.device) -> Pair:
        """The codec and the denoiser."""
        (vae, facts), (flow, _) = networks.load(self.files["vae"]), networks.load(self.files["flow"])
        codec = FrameKL(vae["vae"].to(device), int(facts["patch"]))
        return Pair(codec, denoiser_of(flow["denoiser"]).eval().requires_grad_(False).to(device))

    def masks(self, seed: int, index: int) -> LabelVideo:
        """The masks of clip `index`."""
        fps = float(self.known["fps"])
        if not self.source.files:
            size, view, preset = self.known["size"], self.source.view, self.source.preset
            return drawn_video(SimGenerator(self.frames, size, fps, view, preset, self.ef), seed, index)
        rng = numbers(seed, index)
        ef = clinic_ef(rng) if self.ef is None else float(rng.uniform(*self.ef))
        return self.source.video(seed, index, rng, Beat(self.frames, fps, ef))

    def draw(self, networks: Pair, seed: int, indices: Sequence[int]) -> list[Clip]:
        """Clips, all of them at once."""
        window = int(self.known["frames"])
        videos = [self.masks(seed, index) for index in indices]
        masks = np.stack([video.mask for video in videos])
        missing = max(window - self.frames, 0)
        masks = np.pad(masks, ((0, 0), (0, missing), (0, 0), (0, 0)), mode="edge")
        values = {
            "mask": classes(masks, FACTOR, CLASSES),
            "step": torch.full((len(videos), 1), told(1 / self.steps)),
        }
        device = next(networks.denoiser.parameters()).device
        whole = masks.shape[1] == window
        sampling = Sampling(
            self.steps,
            "euler",
            self.guidance,
            window=None if whole else window,
            hop=None if whole else window // 2,
            batch=self.batch,
        )
        shape = (len(videos), networks.codec.channels, masks.shape[1], *values["mask"].shape[-2:])
        values = {name: value.to(device) for name, value in values.items()}
        latents = Sampler(networks.denoiser, Flow(), sampling).sample(
            shape, values, generators(seed, indices, NOISE)
        )
        made = networks.codec.decode(latents[:, :, : self.frames])
        return [
            self._clip(clip, video, seed, i) for clip, video, i in zip(made, videos, indices, strict=True)
        ]

    def _clip(self, made: torch.Tensor, video: LabelVideo, seed: int, index: int) -> Clip:
        spacing = None if video.spacing_mm is None else (video.spacing_mm, video.spacing_mm)
        frames = to_frames(made)
        if video.cone is not None:
            frames = frames * video.cone
        return Clip(
            frames,
            float(self.known["fps"]),
            clip_name(self.name, seed, index),
            spacing,
            video.mask,
            video.cone,
            video.ed_frames or (),
            video.es_frames or (),
            video.ef,
            video.edv_ml,
            video.esv_ml,
            self.source.view,
        )


def _known(files: dict[str, Path]) -> dict[str, Any]:
    """What the weights say of themselves: `size`, `fps`, `frames`.

    Raises:
        EchoError: when they do not, or were trained behind another VAE.
    """
    facts = networks.described(files["flow"])[1]
    if facts.get("codec_sha256") != sha256(files["vae"]):
        raise EchoError(f"{files['flow']} was not trained behind {files['vae']}: take parts of one training")
    missing = [name for name in ("size", "fps", "frames") if name not in facts]
    if missing:
        raise EchoError(f"{files['flow']} holds no weights of {SYSTEM}: it does not say {', '.join(missing)}")
    return facts
