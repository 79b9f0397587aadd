"""Stable Diffusion checkpoints, with a ControlNet or without, through diffusers' own pipelines.

A checkpoint is a folder of diffusers' layout or a hub id: `unet/`, `vae/`, `text_encoder/`, `tokenizer/`,
`scheduler/`. A ControlNet is `controlnet/` in it, or a folder or hub id of its own behind a comma. Every
component is loaded as the class that it must be, from safetensors alone; checkers of photographs are not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from echodfkd.clip import Frames
from echodfkd.errors import EchoError, UsageError
from echodfkd.files import read_json
from echodfkd.synth.diffecho.prompts import prompts_of
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.weights import folder_of

UNET, VAE, TEXT_ENCODER, CONTROL = "unet", "vae", "text_encoder", "controlnet"
TOKENIZER, SCHEDULER = "tokenizer", "scheduler/scheduler_config.json"
CLASSES = {UNET: "UNet2DConditionModel", VAE: "AutoencoderKL", CONTROL: "ControlNetModel"}
ENCODER_WEIGHTS = "model.safetensors"
PROMPTS = "prompts.txt"  # what our training leaves there: the captions that it learned from
LEARNED = {UNET: networks.PUBLISHED, VAE: networks.PUBLISHED, TEXT_ENCODER: ENCODER_WEIGHTS}
PATTERNS = (
    "model_index.json",
    PROMPTS,
    SCHEDULER,
    f"{TOKENIZER}/*",
    *(f"{part}/{file}" for part, weights in LEARNED.items() for file in ("config.json", weights)),
)
CONTROL_PATTERNS = tuple(
    f"{at}{file}" for at in ("", f"{CONTROL}/") for file in ("config.json", networks.PUBLISHED)
)
SCHEDULERS = [
    "DDIMScheduler",
    "DDPMScheduler",
    "DEISMultistepScheduler",
    "DPMSolverMultistepScheduler",
    "EulerDiscreteScheduler",
    "EulerAncestralDiscreteScheduler",
    "HeunDiscreteScheduler",
    "LMSDiscreteScheduler",
    "PNDMScheduler",
    "UniPCMultistepScheduler",
]
STEPS, GUIDANCE = 50, 7.5
LIFT = 1000  # bytes: a file of this size or less is what Git LFS leaves in a weights file's place


@dataclass(frozen=True)
class Stable:
    """A checkpoint on disk.

    Attributes:
        folder: of the checkpoint. control: of its ControlNet; None draws by text alone.
    """

    folder: Path
    control: Path | None = None

    @property
    def files(self) -> list[Path]:
        """All that shapes its pictures, in a fixed order."""
        found = [self.folder / part / file for part, w in LEARNED.items() for file in ("config.json", w)]
        found += [
            self.folder / SCHEDULER,
            *sorted(p for p in (self.folder / TOKENIZER).iterdir() if p.is_file()),
        ]
        control = (
            [] if self.control is None else [self.control / f for f in ("config.json", networks.PUBLISHED)]
        )
        return [*found, *control]

    @cached_property
    def factor(self) -> int:
        """By how much the VAE makes pictures smaller."""
        return 2 ** (len(networks.config_in(self.folder / VAE)["block_out_channels"]) - 1)

    @cached_property
    def size(self) -> int:
        """Side in pixels of the pictures that it learned from."""
        return int(networks.config_in(self.folder / UNET)["sample_size"]) * self.factor

    @property
    def prompts(self) -> tuple[str, ...]:
        """The captions that our training of it saw; empty for others."""
        path = self.folder / PROMPTS
        return prompts_of([str(path)]) if path.is_file() else ()

    def components(self) -> dict[str, Any]:
        """Its networks, tokenizer and scheduler by name, on the CPU.

        Raises:
            EchoError: when one is missing, pickled, damaged, or of another class.
        """
        from transformers import CLIPTextModel, CLIPTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # of a moment, on somebody's terminal
        found: dict[str, Any] = {part: _network(self.folder / part, CLASSES[part]) for part in (UNET, VAE)}
        found[TEXT_ENCODER] = _loaded(CLIPTextModel, self.folder / TEXT_ENCODER)
        found[TOKENIZER] = _quietly(CLIPTokenizer.from_pretrained, self.folder / TOKENIZER)
        found["scheduler"] = _scheduler(self.folder / SCHEDULER)
        if self.control is not None:
            found[CONTROL] = _network(self.control, CLASSES[CONTROL])
            found["scheduler"] = diffusers.UniPCMultistepScheduler.from_config(found["scheduler"].config)
        return found

    def load(self, device: torch.device) -> Any:
        """diffusers' pipeline on a device."""
        kind: Any = diffusers.StableDiffusionPipeline
        if self.control is not None:
            kind = diffusers.StableDiffusionControlNetPipeline
        none: dict[str, Any] = {"safety_checker": None, "feature_extractor": None}
        pipeline = kind(**self.components(), **none, requires_safety_checker=False)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline.to(device)

    def frames(
        self,
        pipeline: Any,
        prompts: Sequence[str],
        rngs: Sequence[torch.Generator],
        steps: int,
        guidance: float,
        size: int,
        greys: npt.NDArray[np.uint8] | None = None,
    ) -> list[Frames]:
        """Pictures (1, size, size) of prompts, each from its own generator; colours are averaged to grey.

        Args:
            greys: for a ControlNet, masks (B, size, size) in the paper's greys.

        Raises:
            EchoError: when what comes out is not finite.
        """
        how: dict[str, Any] = {"num_inference_steps": steps, "guidance_scale": guidance, "output_type": "np"}
        if greys is not None:
            how["image"] = control_value(greys)
        made = pipeline([*prompts], height=size, width=size, generator=[*rngs], **how).images
        if not np.isfinite(made).all():
            raise EchoError("the sampled picture is not finite: are these the right weights?")
        return [np.asarray(np.round(255 * one.mean(-1)), np.uint8)[None] for one in made]


def control_value(greys: npt.NDArray[np.uint8]) -> Tensor:
    """What a ControlNet is shown, (B, 3, H, W) in 0..1: the greys (B, H, W) as they are, thrice."""
    return torch.from_numpy(greys).float()[:, None].expand(-1, 3, -1, -1) / 255


def is_stable(folder: Path) -> bool:
    """Whether a folder has diffusers' layout of Stable Diffusion."""
    return (folder / "model_index.json").is_file() or (folder / UNET).is_dir()


def find_stable(weights: str, controlled: bool = False) -> Stable:
    """The checkpoint that `--weights` means: FOLDER|HUB_ID[,CONTROLNET].

    Args:
        controlled: whether a ControlNet must belong to it.

    Raises:
        UsageError: when it names no such thing, or has a ControlNet too many or none.
        EchoError: when a file is missing, pickled, or cannot be fetched.
    """
    base, comma, other = weights.partition(",")
    folder = folder_of(base, PATTERNS if not controlled else (*PATTERNS, *CONTROL_PATTERNS))
    if comma and not controlled:
        raise UsageError(f"--weights {weights}: a ControlNet draws by masks; take diffecho:controlnet")
    stable = Stable(folder, _control(folder, other) if controlled else None)
    _check(stable)
    return stable


def _control(folder: Path, other: str) -> Path:
    found = folder_of(other, CONTROL_PATTERNS) if other else folder
    inside = found / CONTROL
    if not other and not inside.is_dir():
        raise UsageError(
            f"{folder} has no {CONTROL}/: name a ControlNet too (--weights FOLDER,CONTROLNET), or train one "
            f"(echodfkd train diffecho:controlnet DATA --weights {folder})"
        )
    return inside if inside.is_dir() else found


def _check(stable: Stable) -> None:
    """Refuse what is not whole before anything is made."""
    for part, weights in LEARNED.items():
        networks.config_in(stable.folder / part, weights)
    if stable.control is not None:
        networks.config_in(stable.control)
    needed = (stable.folder / SCHEDULER, stable.folder / TOKENIZER / "tokenizer_config.json")
    absent = [str(path.relative_to(stable.folder)) for path in needed if not path.is_file()]
    if absent:
        raise EchoError(f"{stable.folder} holds no {' and no '.join(absent)}: it is no whole checkpoint")
    weights_files = (path for path in stable.files if path.suffix == ".safetensors")
    small = next((path for path in weights_files if path.stat().st_size < LIFT), None)
    if small is not None:
        raise EchoError(f"{small} is no weights file but a pointer to one: fetch it (git lfs pull)")


def _network(folder: Path, name: str) -> Any:
    config = networks.config_in(folder)
    if config.get("_class_name") != name:
        raise EchoError(f"{folder} holds a {config.get('_class_name')}, expected a {name}")
    return _loaded(getattr(diffusers, name), folder)


def _loaded(kind: Any, folder: Path) -> Any:
    """A network by its library's own loading, which knows older names of weights; none may be left out."""
    network, info = _quietly(kind.from_pretrained, folder, use_safetensors=True, output_loading_info=True)
    missing = sorted(info.get("missing_keys", ())) + [str(k) for k in info.get("mismatched_keys", ())]
    if missing:
        more = f" and {len(missing) - networks.TOLD} more" if len(missing) > networks.TOLD else ""
        raise EchoError(f"{folder} lacks weights: {', '.join(missing[: networks.TOLD])}{more}")
    broken = [name for name, value in network.state_dict().items() if not bool(torch.isfinite(value).all())]
    if broken:
        raise EchoError(f"{folder} holds NaN or infinite weights, {broken[0]!r} among them")
    return network.float().eval().requires_grad_(False)


def _quietly(load: Callable[..., Any], folder: Path, **how: Any) -> Any:
    try:
        return load(str(folder), local_files_only=True, **how)
    except Exception as error:  # of every kind, since files are of every kind
        reason = " ".join(str(error).split()).split(". ")[0][:200]
        raise EchoError(f"{folder} cannot be read: {reason}") from error


def _scheduler(path: Path) -> Any:
    config: Mapping[str, Any] = read_json(path)
    name = config.get("_class_name")
    if name not in SCHEDULERS:
        raise EchoError(f"{path} names the scheduler {name!r}; known are {', '.join(SCHEDULERS)}")
    return getattr(diffusers, str(name)).from_config(dict(config))
