"""The generator `medical-diffusion`: whole clips, or volumes, drawn at once and told nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from echodfkd.clip import Clip
from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.base import clip_name
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.codec import to_frames
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.generator import NetworkGenerator, check_fixed, generators
from echodfkd.synth.diffusion.sampler import Sampler, Sampling
from echodfkd.synth.diffusion.weights import TRAINED, folder_of, trained_parts
from echodfkd.synth.medical_diffusion.codec import VolumeVQ, load_volume_codec
from echodfkd.synth.medical_diffusion.parts import PROCESS, SOLVER, STEPS, SYSTEM, denoiser_of

FACTS = ("frames", "size", "fps", "patch", "view", "spacing_mm")  # that weights tell
NOISE = 1  # the stage that draws random numbers


@dataclass(frozen=True)
class Pair:
    """A codec and the denoiser of its latents."""

    codec: VolumeVQ
    denoiser: Denoiser


class MedicalDiffusionGenerator(NetworkGenerator[Pair]):
    """Clips, or volumes where the weights learned such, without labels (arXiv 2211.03364).

    Args:
        frames: T, or slices; None for one window of the network. Fewer are the beginning of a whole window;
            more are made of windows half over each other, denoised together.
        size: in pixels, fps: in Hz; these weights have one of each, and None is it.
        weights: a folder or a hub id; None for the embedded ones or those in the user's folder of models.
        steps: of the sampling, at most the 300 of the training.
        device, batch: see `NetworkGenerator`.

    Raises:
        UsageError: for a value out of range, or that these weights do not have.
        EchoError: when weights are missing, damaged or pickled.
    """

    version = "1"

    def __init__(
        self,
        frames: int | None = None,
        size: int | None = None,
        fps: float | None = None,
        weights: str | None = None,
        steps: int = STEPS,
        device: str = "auto",
        batch: int | None = None,
    ) -> None:
        self.name = SYSTEM
        self.files = files_of(weights)
        super().__init__([*self.files.values()], device, batch)
        self.known = known(self.files)
        check_fixed("size", size, self.known["size"], "pixels a side")
        if self.known["spacing_mm"] is None:
            check_fixed("fps", fps, self.known["fps"], "frames a second")
        elif fps is not None:
            raise UsageError("--fps: these weights draw volumes; leave --fps out")
        PROCESS.scheduler(SOLVER, steps)  # refuses steps that it cannot take
        if frames is not None and frames < 1:
            raise UsageError(f"--frames must be at least 1, got {frames}")
        self.frames, self.steps = frames or int(self.known["frames"]), steps

    def parameters(self) -> dict[str, Any]:
        """Every setting that a clip depends on beside the weights, seed and index."""
        own = {name: getattr(self, name) for name in ("frames", "steps")}
        return own | {name: self.known[name] for name in ("size", "fps", "spacing_mm")}

    def load(self, device: torch.device) -> Pair:
        """The codec and the denoiser."""
        parts, _ = networks.load(self.files["denoiser"])
        denoiser = denoiser_of(parts["denoiser"], int(self.known["patch"]))
        codec = load_volume_codec(self.files["codec"])
        codec.network.to(device)
        return Pair(codec, denoiser.eval().requires_grad_(False).to(device))

    def draw(self, networks: Pair, seed: int, indices: Sequence[int]) -> list[Clip]:
        """Clips, all of them at once."""
        codec, size = networks.codec, int(self.known["size"])
        window = -(-int(self.known["frames"]) // codec.span)
        long, side = max(-(-self.frames // codec.span), window), -(-size // codec.factor)
        overlap: dict[str, Any] = {"window": window, "hop": max(window // 2, 1)} if long > window else {}
        sampling = Sampling(self.steps, SOLVER, batch=self.batch, **overlap)
        shape = (len(indices), codec.channels, long, side, side)
        sampler = Sampler(networks.denoiser, PROCESS, sampling)
        made = codec.decode(sampler.sample(shape, {}, generators(seed, indices, NOISE)))
        made = made[:, :, : self.frames, :size, :size]
        return [self._clip(clip, seed, index) for clip, index in zip(made, indices, strict=True)]

    def _clip(self, made: torch.Tensor, seed: int, index: int) -> Clip:
        clip = Clip(to_frames(made), name=clip_name(self.name, seed, index), view=self.known["view"])
        if (spacing := self.known["spacing_mm"]) is None:
            return clip.with_(fps=self.known["fps"])
        return clip.with_(spacing_mm=tuple(spacing[1:]), slice_mm=spacing[0])


def files_of(weights: str | None) -> dict[str, Path]:
    """Files of "codec" and "denoiser".

    Raises:
        EchoError: when one is missing, or the weights are the published pickles.
    """
    if weights is not None:
        _refuse_pickles(Path(weights))
    folder = None if weights is None else folder_of(weights, TRAINED)
    found = trained_parts(SYSTEM, ["vqgan", "ddpm"], folder)
    return {"codec": found["vqgan"], "denoiser": found["ddpm"]}


def _refuse_pickles(weights: Path) -> None:
    """Medical Diffusion's authors publish pickled Lightning checkpoints."""
    inside = sorted(weights.iterdir()) if weights.is_dir() else [weights]
    if any(path.is_dir() or path.suffix == ".safetensors" for path in inside):
        return
    pickled = [path for path in inside if path.suffix in networks.PICKLES and path.is_file()]
    if pickled:
        raise EchoError(
            f"{pickled[0]} is a pickle, which can run code as it is read: Medical Diffusion's published "
            f"checkpoints are refused; train with echodfkd train {SYSTEM}:vqgan, then {SYSTEM}"
        )


def known(files: dict[str, Path]) -> dict[str, Any]:
    """What the weights say of themselves: `FACTS`.

    Raises:
        EchoError: when they do not say, or were trained behind another codec.
    """
    facts = networks.described(files["denoiser"])[1]
    missing = [name for name in FACTS if name not in facts]
    if missing:
        raise EchoError(
            f"{files['denoiser']} holds no weights of {SYSTEM}: it does not say {', '.join(missing)}"
        )
    if facts.get("codec_sha256") != load_volume_codec(files["codec"]).digest():
        raise EchoError(
            f"{files['denoiser']} was not trained behind {files['codec']}: take parts of one training"
        )
    return facts
