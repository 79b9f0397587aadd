"""The generator `diffecho:controlnet`: stills of label maps and texts, by a ControlNet."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from echodfkd.clip import Clip, Label
from echodfkd.errors import UsageError
from echodfkd.synth.base import clip_name
from echodfkd.synth.diffecho import stable
from echodfkd.synth.diffecho.captions import GREYS, events, greys
from echodfkd.synth.diffecho.generator import NOISE, check_size, check_steps, check_view, seen_in, told
from echodfkd.synth.diffecho.prompts import of_view, prompts_of
from echodfkd.synth.diffecho.small import CONTROLNET, SYSTEM
from echodfkd.synth.diffecho.stable import find_stable
from echodfkd.synth.diffecho.words import Said, overheard
from echodfkd.synth.diffusion.generator import NetworkGenerator, generators, numbers
from echodfkd.synth.masks.augment import drawn_warping, warped
from echodfkd.synth.masks.maps import LabelMap
from echodfkd.synth.masks.source import MaskSource
from echodfkd.synth.sim.stills import PHASES, SimStills

TOLD = [label for label in GREYS if label != Label.BACKGROUND]


class ControlNetGenerator(NetworkGenerator[Any]):
    """Clips of one frame that follow label maps and texts. Their masks hold what the network is shown.

    The right heart and the cone have no grey of the paper's, and are drawn as the network likes.

    Args:
        size: in pixels, a multiple of 8; None for that of the weights. view: of drawn masks, "a4c" or "a2c".
        preset: of drawn masks.
        mask: files of label maps, taken in turn; none draws them from `sim`'s anatomy, at ED or ES. All are
            warped, so that one map gives many hearts.
        prompt: as of `TextGenerator`; what it says of view and phase is drawn. None is the paper's.
        weights: FOLDER|HUB_ID of Stable Diffusion with `controlnet/` in it, or FOLDER|HUB_ID,CONTROLNET.
        steps: of UniPC. guidance: how far beyond what the text says. device, batch: see `NetworkGenerator`.

    Raises:
        UsageError: for a value out of range, or without weights.
        EchoError: when weights or masks are missing, damaged or pickled, or cannot be fetched.
    """

    version = "1"

    def __init__(
        self,
        size: int | None = None,
        view: str | None = None,
        preset: str = "echonet",
        mask: tuple[Path, ...] = (),
        prompt: tuple[str, ...] = (),
        weights: str | None = None,
        steps: int = stable.STEPS,
        guidance: float = stable.GUIDANCE,
        device: str = "auto",
        batch: int | None = None,
    ) -> None:
        self.name = f"{SYSTEM}:{CONTROLNET}"
        if weights is None:
            raise UsageError(
                f"generator {self.name!r} needs --weights FOLDER|HUB_ID[,CONTROLNET]; to train one: "
                f"echodfkd train {self.name} DATA --weights STABLE_DIFFUSION"
            )
        self.model = find_stable(weights, controlled=True)
        super().__init__(self.model.files, device, batch)
        check_view(view)
        self.size, self.steps = check_size(size, self.model), check_steps(steps)
        self.guidance, self.view, self.preset = guidance, view or "a4c", preset
        self.prompts = prompts_of(prompt) or seen_in(self.model.prompts, view)
        if seen_in(self.prompts, view) != self.prompts:
            raise UsageError(f"--view {view}: a prompt says another view; leave it out")
        self.source = MaskSource(tuple(mask), "static", self.view, preset, self.size)
        SimStills(self.size, self.view, preset=preset)  # refuses an unknown preset

    def parameters(self) -> dict[str, Any]:
        """Every setting that a clip depends on beside the weights, seed and index."""
        own = {name: getattr(self, name) for name in ("steps", "guidance", "view")}
        return own | self.source.parameters() | {"prompts": told(self.prompts)}

    @property
    def notes(self) -> list[str]:
        """What the user should know of the masks."""
        return self.source.notes

    def load(self, device: torch.device) -> Any:
        """diffusers' pipeline."""
        return self.model.load(device)

    def asked(self, seed: int, index: int) -> tuple[str, Said]:
        """The prompt of clip `index`, and what it shows: of drawn masks, all that the prompt leaves open."""
        prompt = self.prompts[index % len(self.prompts)] if self.prompts else of_view(self.view)
        heard = overheard(prompt)
        phase = heard.phase
        if phase is None and not self.source.files:
            phase = PHASES[int(numbers(seed, index).integers(len(PHASES)))]
        return prompt, Said(heard.view or self.view, phase, heard.ef)

    def map(self, seed: int, index: int, said: Said) -> LabelMap:
        """The label map of clip `index`."""
        rng = numbers(seed, index)
        rng.integers(len(PHASES))  # was the phase's
        return warped(self._plain(seed, index, said), drawn_warping(rng))

    def _plain(self, seed: int, index: int, said: Said) -> LabelMap:
        if self.source.files:
            return self.source.map(seed, index)
        stills = SimStills(self.size, said.view or self.view, said.phase or PHASES[0], self.preset)
        patient = stills.sim.patient(seed, index)
        geometry = patient.geometry
        return LabelMap(patient.mask(stills.moment(patient)), geometry.sector, geometry.spacing)

    def draw(self, networks: Any, seed: int, indices: Sequence[int]) -> list[Clip]:
        """Clips, all of them at once."""
        asked = [self.asked(seed, index) for index in indices]
        maps = [self.map(seed, index, said) for index, (_, said) in zip(indices, asked, strict=True)]
        masks = np.stack([np.where(np.isin(map_.classes, TOLD), map_.classes, 0) for map_ in maps])
        made = self.model.frames(
            networks,
            [prompt for prompt, _ in asked],
            generators(seed, indices, NOISE),
            self.steps,
            self.guidance,
            self.size,
            greys(masks),
        )
        return [
            Clip(
                frames,
                name=clip_name(self.name, seed, index),
                spacing_mm=None if map_.spacing_mm is None else (map_.spacing_mm,) * 2,
                mask=mask[None],
                view=said.view,
                **events(said.phase),
            )
            for frames, index, map_, mask, (_, said) in zip(made, indices, maps, masks, asked, strict=True)
        ]
