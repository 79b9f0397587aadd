"""DiffEcho's unconditional models: one UNet2DModel for each view and phase, loaded as they were published.

A class is a folder whose name says view and phase (`class_ch2_ed`, `4ch-ES`), with `config.json` and
`diffusion_pytorch_model.safetensors` in it or in its `unet/`, and `scheduler/` beside that if there is one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from echodfkd.clip import Frames
from echodfkd.errors import EchoError
from echodfkd.files import read_json
from echodfkd.synth.diffecho.words import CLASSES, Said
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.codec import to_frames
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.process import DDPM
from echodfkd.synth.diffusion.sampler import Sampler, Sampling

STEPS, SOLVER = 1000, "ddpm"
SCHEDULE = {  # keys of a scheduler's configuration -> ours
    "prediction_type": "prediction",
    "beta_schedule": "schedule",
    "num_train_timesteps": "steps",
    "beta_start": "beta_start",
    "beta_end": "beta_end",
}
PATTERNS = (
    *(f"*/{at}{file}" for at in ("", "unet/") for file in ("config.json", networks.PUBLISHED)),
    "*/scheduler/scheduler_config.json",
)


def class_of(name: str) -> tuple[str, str] | None:
    """View and phase that a folder's name says; None for other names.

    >>> class_of("class_ch2_ed"), class_of("4CH-ES"), class_of("unet")
    (('a2c', 'ed'), ('a4c', 'es'), None)
    """
    chambers = re.search(r"(?<!\d)([24])[-_ ]?ch|ch[-_ ]?([24])(?!\d)", name.lower())
    phase = re.search(r"(?<![a-z])(ed|es)(?![a-z])", name.lower())
    if not chambers or not phase:
        return None
    return f"a{chambers[1] or chambers[2]}c", phase[1]


def class_folders(folder: Path) -> dict[tuple[str, str], Path]:
    """The folders of networks of classes in a folder, or it itself; empty where there is none."""
    inside = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    found = {known: path for path in inside if (known := class_of(path.name)) and _network_in(path)}
    return {one: _network_in(found[one]) for one in CLASSES if one in found}  # type: ignore[misc]


def _network_in(path: Path) -> Path | None:
    places = [place for place in (path / "unet", path) if (place / "config.json").is_file()]
    return places[0] if places else None


@dataclass(frozen=True)
class Classes:
    """The networks of some classes on disk.

    Attributes:
        folders: of the network of each (view, phase). size: of their pictures.
    """

    folders: Mapping[tuple[str, str], Path]
    size: int

    @classmethod
    def of(cls, folders: Mapping[tuple[str, str], Path]) -> "Classes":
        """Of folders. Raises EchoError when one is no UNet2DModel of pictures, or sizes differ."""
        sizes = set()
        for folder in folders.values():
            config = networks.config_in(folder)
            if config.get("_class_name") != "UNet2DModel" or not isinstance(config.get("sample_size"), int):
                raise EchoError(f"{folder} holds no UNet2DModel of square pictures")
            sizes.add(int(config["sample_size"]))
        if len(sizes) > 1:
            raise EchoError(
                f"the classes draw pictures of different sizes: {', '.join(map(str, sorted(sizes)))}"
            )
        return cls(dict(folders), sizes.pop())

    @property
    def files(self) -> list[Path]:
        """All that shapes their pictures, in a fixed order."""
        plain = [f / file for f in self.folders.values() for file in ("config.json", networks.PUBLISHED)]
        return plain + [path for f in self.folders.values() if (path := _scheduler(f)) is not None]

    def process(self, one: tuple[str, str]) -> DDPM:
        """The noise process of a class, as its scheduler says, or the paper's."""
        path = _scheduler(self.folders[one])
        config = {} if path is None else read_json(path)
        said = {ours: config[theirs] for theirs, ours in SCHEDULE.items() if theirs in config}
        return DDPM(**{"prediction": "epsilon", "clip": 1.0, **said})

    def load(self, device: torch.device) -> dict[tuple[str, str], Denoiser]:
        """Their denoisers on a device."""
        return {one: _denoiser(folder).to(device) for one, folder in self.folders.items()}

    def frames(
        self,
        denoisers: Mapping[tuple[str, str], Denoiser],
        all_said: Sequence[Said],
        rngs: Sequence[torch.Generator],
        steps: int,
    ) -> list[Frames]:
        """Pictures (1, size, size) of what is said, each from its own generator; a class at once."""
        wanted = [(said.view or "", said.phase or "") for said in all_said]
        found: dict[int, Frames] = {}
        for one in dict.fromkeys(wanted):
            places = [place for place, other in enumerate(wanted) if other == one]
            sampler = Sampler(denoisers[one], self.process(one), Sampling(steps, SOLVER))
            network: Any = denoisers[one].network
            channels = int(network.config.out_channels)
            shape = (len(places), channels, 1, self.size, self.size)
            made = sampler.sample(shape, {}, [rngs[place] for place in places]).mean(1, keepdim=True)
            found |= {place: to_frames(clip) for place, clip in zip(places, made, strict=True)}
        return [found[place] for place in range(len(wanted))]


def _scheduler(folder: Path) -> Path | None:
    places = [at / "scheduler" / "scheduler_config.json" for at in (folder, folder.parent)]
    inside = places if folder.name == "unet" else places[:1]
    return next((path for path in inside if path.is_file()), None)


def _denoiser(folder: Path) -> Denoiser:
    network: Any = networks.load_folder(folder)
    levels = len(network.config.block_out_channels)
    return Denoiser(network, multiple=2 ** (levels - 1), around=True).eval().requires_grad_(False)
