"""The generator `free-echo`: a mask that beats becomes a pseudo-video, and that an echo clip, by SDEdit."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from echodfkd.clip import Clip
from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.base import clinic_ef, clip_name
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.codec import to_frames
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.generator import NetworkGenerator, check_ef, check_fixed, generators, numbers
from echodfkd.synth.diffusion.sampler import Sampler, Sampling
from echodfkd.synth.diffusion.weights import TRAINED, folder_of, trained_parts
from echodfkd.synth.free_echo.parts import PROCESS, STEPS, denoiser_of
from echodfkd.synth.masks.maps import LabelVideo
from echodfkd.synth.masks.motion import Beat
from echodfkd.synth.masks.pseudo import pseudo_video
from echodfkd.synth.masks.source import MaskSource

SYSTEM = "free-echo"
START_SIGMA = 4.0  # of the noise that the pseudo-video is laid under; docs/generators.md has the sweep
NOISE, MOTION = 1, 2  # stages that draw random numbers of their own


class FreeEchoGenerator(NetworkGenerator[Denoiser]):
    """Clips that follow masks (Free-Echo, arXiv 2408.03035), whose masks are therefore known in every frame.

    Args:
        frames: T. fps: Hz, by which the masks beat; the network learned 32.
        size: in pixels; these weights have one, and None is it.
        ef: (low, high) in percent to draw the EF from evenly, in 5..90; None draws the mix of a clinic.
        mask: files of label maps of ED, taken in turn; none draws them from `sim`'s anatomy.
        view, preset: of drawn masks.
        variant: "static" repeats the mask, as the paper does, and lets the network invent the motion: such
            clips have no masks but that of their start, hence none, and no EF.
        weights: a folder or a hub id; None for the embedded ones or those in the user's folder of models.
        steps: of the whole noise schedule, of which those after the start are taken. solver: of `EDM`.
        start_sigma: noise at the start, against pixels in [-1, 1].
        device, batch: see `NetworkGenerator`.

    Raises:
        UsageError: for a value out of range, or that these weights do not have.
        EchoError: when weights or masks are missing or damaged.
    """

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
        solver: str = "heun",
        start_sigma: float = START_SIGMA,
        variant: str = "",
        device: str = "auto",
        batch: int | None = None,
    ) -> None:
        self.name = f"{SYSTEM}:{variant}" if variant else SYSTEM
        folder = None if weights is None else folder_of(weights, TRAINED)
        self.file = trained_parts(SYSTEM, ("",), folder)[""]
        super().__init__([self.file], device, batch)
        check_ef(ef)
        self.known = known(self.file)
        check_fixed("size", size, self.known["size"], "pixels a side")
        if steps < 2:
            raise UsageError(f"--steps must be at least 2, got {steps}")
        self.frames, self.fps, self.ef = frames, fps or float(self.known["fps"]), ef
        self.steps, self.solver, self.start_sigma = steps, solver, start_sigma
        motion = variant or "prescribed"
        self.source = MaskSource(tuple(mask), motion, view, preset, self.known["size"])
        self.start = start_step(steps, start_sigma)

    def parameters(self) -> dict[str, Any]:
        """Every setting that a clip depends on beside the weights, seed and index."""
        own = ("frames", "fps", "ef", "steps", "solver", "start_sigma")
        return {name: getattr(self, name) for name in own} | self.source.parameters()

    @property
    def notes(self) -> list[str]:
        """What the user should know of the masks."""
        return self.source.notes

    def load(self, device: torch.device) -> Denoiser:
        """The denoiser."""
        parts, _ = networks.load(self.file)
        return denoiser_of(parts["denoiser"]).eval().requires_grad_(False).to(device)

    def masks(self, seed: int, index: int) -> LabelVideo:
        """The masks of clip `index`."""
        rng = numbers(seed, index)
        ef = clinic_ef(rng) if self.ef is None else float(rng.uniform(*self.ef))
        return self.source.video(seed, index, rng, Beat(self.frames, self.fps, ef))

    def pseudo(self, video: LabelVideo) -> torch.Tensor:
        """The pseudo-video (1, T, H, W) of masks, its greys those of the clips that the network learned."""
        return torch.from_numpy(pseudo_video(video, np.array(self.known["greys"])))[None]

    def draw(self, networks: Denoiser, seed: int, indices: Sequence[int]) -> list[Clip]:
        """Clips, all of them at once."""
        window = int(self.known["window"])
        videos = [self.masks(seed, index) for index in indices]
        init = torch.stack([self.pseudo(video) for video in videos])
        init = _at_least(init, window)
        cones = torch.stack([torch.from_numpy(np.asarray(video.cone)) for video in videos])
        cones = cones[:, None, None].float().expand(-1, -1, init.shape[2], -1, -1)
        sampling = Sampling(
            self.steps, self.solver, start=self.start, window=window, hop=window // 2, batch=self.batch
        )
        device = next(networks.parameters()).device
        sampler = Sampler(networks, PROCESS, sampling)
        noise = generators(seed, indices, NOISE)
        made = sampler.sample(init.shape, {"cone": cones.to(device)}, noise, init.to(device))
        made = torch.where(cones.to(device) > 0, made, -1.0)[:, :, : self.frames]
        return [
            self._clip(clip, video, seed, i) for clip, video, i in zip(made, videos, indices, strict=True)
        ]

    def _clip(self, made: torch.Tensor, video: LabelVideo, seed: int, index: int) -> Clip:
        beats = video.ed_frames is not None
        spacing = None if video.spacing_mm is None else (video.spacing_mm, video.spacing_mm)
        return Clip(
            to_frames(made),
            self.fps,
            clip_name(self.name, seed, index),
            spacing,
            video.mask if beats else None,
            video.cone,
            video.ed_frames or (),
            video.es_frames or (),
            video.ef,
            video.edv_ml,
            video.esv_ml,
            self.source.view,
        )


def start_step(steps: int, sigma: float) -> int:
    """The last step of the schedule whose noise is at least `sigma`.

    >>> start_step(64, 4.0)
    28
    """
    sigmas = PROCESS.scheduler("heun", steps).sigmas
    return max(int((sigmas >= sigma).sum()) - 1, 0)


def _at_least(clips: torch.Tensor, frames: int) -> torch.Tensor:
    """Clips (B, C, T, H, W) whose last frame is repeated up to a window."""
    missing = frames - clips.shape[2]
    if missing <= 0:
        return clips
    return torch.cat([clips, clips[:, :, -1:].expand(-1, -1, missing, -1, -1)], 2)


def known(file: Path) -> dict[str, Any]:
    """What a file of weights says of them: `size`, `fps`, `window`, `greys`.

    Raises:
        EchoError: when it does not.
    """
    facts = networks.described(file)[1]
    missing = [name for name in ("size", "fps", "window", "greys") if name not in facts]
    if missing:
        raise EchoError(f"{file} holds no weights of {SYSTEM}: it does not say {', '.join(missing)}")
    return facts
