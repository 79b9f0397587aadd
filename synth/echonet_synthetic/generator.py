"""The generator `echonet-synthetic`: draws an EF, a picture, and the clip around it."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from echodfkd.clip import Clip
from echodfkd.errors import UsageError, unknown_name
from echodfkd.synth.base import clinic_ef, clip_name
from echodfkd.synth.diffusion.codec import to_frames
from echodfkd.synth.diffusion.conditions import moved
from echodfkd.synth.diffusion.generator import NetworkGenerator, check_ef, check_fixed, generators, numbers
from echodfkd.synth.diffusion.sampler import Sampler, Sampling
from echodfkd.synth.diffusion.weights import TRAINED, folder_of
from echodfkd.synth.echonet_synthetic.published import PICTURES, is_published, patterns, published
from echodfkd.synth.echonet_synthetic.system import SYSTEM, Networks, Weights
from echodfkd.synth.echonet_synthetic.trained import STEPS, trained

PICTURE, CLIP = 1, 2  # stages that draw noise of their own
MOST_STEPS = 1000  # of the noise process in training


class EchoNetSyntheticGenerator(NetworkGenerator[Networks]):
    """Clips of a wanted EF, without masks (Reynaud et al. 2024).

    The EF of a clip is the one that the network was asked for: nothing measured it.

    Args:
        frames: T; None for one window of the network. Fewer are the beginning of a whole window, since that
            is what the network knows; more are made of windows half over each other, denoised together.
        size: in pixels, fps: in Hz; these weights have one of each, and None is it.
        ef: (low, high) in percent to draw the EF from evenly, in 5..90; None draws the mix of a clinic.
        weights: a folder or a hub id; None for the embedded ones or those in the user's folder of models.
        steps: of each of the two samplings. guidance: how far beyond what is told; None for the weights' own.
        variant: "ped-a4c" or "ped-psax", for the other published image models.
        device, batch: see `NetworkGenerator`.

    Raises:
        UsageError: for a value out of range, or that these weights do not have.
        EchoError: when weights are missing, damaged, or cannot be fetched.
    """

    version = "1"
    facts: ClassVar[dict[str, str]] = {"ef_source": "requested"}

    def __init__(
        self,
        frames: int | None = None,
        size: int | None = None,
        fps: float | None = None,
        ef: tuple[float, float] | None = None,
        weights: str | None = None,
        steps: int = STEPS,
        guidance: float | None = None,
        variant: str = "",
        device: str = "auto",
        batch: int | None = None,
    ) -> None:
        self.name = f"{SYSTEM}:{variant}" if variant else SYSTEM
        self.weights = found = find(weights, variant)
        super().__init__(found.files, device, batch)
        check_ef(ef)
        check_fixed("size", size, found.size, "pixels a side")
        check_fixed("fps", fps, found.fps, "frames a second")
        if frames is not None and frames < 1:
            raise UsageError(f"--frames must be at least 1, got {frames}")
        if not 1 <= steps <= MOST_STEPS:
            raise UsageError(f"--steps must be from 1 to {MOST_STEPS}, got {steps}")
        self.guidance = found.guidance if guidance is None else guidance
        if self.guidance != 1 and not found.guided:
            raise UsageError("--guidance: these weights never learned to go untold; leave it out")
        self.frames, self.ef, self.steps = frames or found.window, ef, steps

    def parameters(self) -> dict[str, Any]:
        """Every setting that a clip depends on beside the weights, seed and index."""
        own = {name: getattr(self, name) for name in ("frames", "ef", "steps", "guidance")}
        return own | {name: getattr(self.weights, name) for name in ("size", "fps", "window", "solver")}

    def load(self, device: torch.device) -> Networks:
        """The networks."""
        return self.weights.load().to(device)

    def asked_ef(self, seed: int, index: int) -> float:
        """The EF in percent that clip `index` is asked to have."""
        rng = numbers(seed, index)
        return clinic_ef(rng) if self.ef is None else float(rng.uniform(*self.ef))

    def draw(self, networks: Networks, seed: int, indices: Sequence[int]) -> list[Clip]:
        """Clips, all of them at once."""
        efs = [self.asked_ef(seed, index) for index in indices]
        clips = networks.codec.decode(self._latents(networks, seed, indices, efs)[:, :, : self.frames])
        fps, view = self.weights.fps, self.weights.view
        return [
            Clip(to_frames(clip), fps, clip_name(self.name, seed, index), ef=ef, view=view)
            for clip, index, ef in zip(clips, indices, efs, strict=True)
        ]

    def _latents(self, networks: Networks, seed: int, indices: Sequence[int], efs: Sequence[float]) -> Tensor:
        """(B, C, T, h, w), T at least a window."""
        known, channels = self.weights, networks.codec.channels
        side, frames = known.size // known.factor, max(self.frames, known.window)
        still = Sampler(networks.picture, known.process, Sampling(self.steps, known.solver))
        shape = (len(indices), channels, 1, side, side)
        picture = still.sample(shape, {}, generators(seed, indices, PICTURE))
        told = {"reference": picture.expand(-1, -1, frames, -1, -1), "ef": networks.tell(torch.tensor(efs))}
        whole = frames == known.window
        sampling = Sampling(
            self.steps,
            known.solver,
            self.guidance,
            window=None if whole else known.window,
            hop=None if whole else known.window // 2,
            batch=self.batch,
        )
        moving = Sampler(networks.clip, known.process, sampling)
        shape = (len(indices), channels, frames, side, side)
        return moving.sample(shape, moved(told, picture.device), generators(seed, indices, CLIP))


def find(weights: str | None, variant: str = "") -> Weights:
    """The weights that `--weights` means; see `EchoNetSyntheticGenerator`.

    Raises:
        UsageError: for an unknown variant, or one that is asked for without published weights.
        EchoError: when a file is missing, or the parts do not belong together.
    """
    if variant not in PICTURES:
        raise unknown_name("variant", variant, [name for name in PICTURES if name])
    folder = None if weights is None else folder_of(weights, [*patterns(variant), *TRAINED])
    if folder is not None and is_published(folder):
        return published(folder, variant)
    if variant:
        raise UsageError(f"generator '{SYSTEM}:{variant}' needs --weights with the published networks")
    return trained(folder)
