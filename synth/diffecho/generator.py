"""The generators `diffecho:text` and `diffecho:unconditional`: stills of a view and a phase."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from echodfkd.clip import Clip, Frames
from echodfkd.errors import UsageError, unknown_name
from echodfkd.synth.base import clinic_ef, clip_name
from echodfkd.synth.diffecho import classes, small, stable
from echodfkd.synth.diffecho.captions import events
from echodfkd.synth.diffecho.classes import Classes, class_folders
from echodfkd.synth.diffecho.prompts import of_phase, prompts_of, sentence
from echodfkd.synth.diffecho.small import SYSTEM, TEXT, UNCONDITIONAL, Small, find_small
from echodfkd.synth.diffecho.stable import Stable, find_stable, is_stable
from echodfkd.synth.diffecho.words import CLASSES, PHASES, VIEWS, Said, overheard, said
from echodfkd.synth.diffusion.generator import NetworkGenerator, check_ef, check_fixed, generators, numbers
from echodfkd.synth.diffusion.weights import TRAINED, folder_of
from echodfkd.synth.sim.stills import PHASES as MOMENTS

NOISE = 1  # the stage that draws random numbers of its own
MOST_STEPS = 1000  # of the noise process in training
TOLD_IN_FULL = 50  # prompts that a manifest lists; more are told by their hash
SIZES = (64, 1024)  # pixels that Stable Diffusion may be asked for


class TextGenerator(NetworkGenerator[Any]):
    """Clips of one frame, drawn by text; no mask. What a still shows is what its prompt asks for.

    Args:
        size: in pixels; None for what the weights draw. Ours have one, Stable Diffusion takes multiples of 8.
        view: "a4c" or "a2c"; None draws both. ef: (low, high) in percent to draw the EF from evenly; None
            draws the mix of a clinic. Both only without prompts.
        prompt: texts, or files with one in each line, or caption files; taken in turn. Without any,
            ours is told a view, a phase and an EF, Stable Diffusion its own captions, or the paper's.
        weights: a folder or a hub id, of Stable Diffusion or of ours; None for the embedded ones or those in
            the user's folder of models.
        steps: of the sampling. guidance: how far beyond what is told. device, batch: see `NetworkGenerator`.

    Raises:
        UsageError: for a value out of range, that these weights do not have, or words that ours do not know.
        EchoError: when weights are missing, damaged, pickled, or cannot be fetched.
    """

    version = "1"
    facts: ClassVar[dict[str, str]] = {"ef_source": "requested"}

    def __init__(
        self,
        size: int | None = None,
        view: str | None = None,
        ef: tuple[float, float] | None = None,
        prompt: tuple[str, ...] = (),
        weights: str | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        variant: str = TEXT,
        device: str = "auto",
        batch: int | None = None,
    ) -> None:
        self.name = f"{SYSTEM}:{variant}" if variant else SYSTEM
        self.model: Small | Stable = find_text(weights)
        super().__init__(self.model.files, device, batch)
        check_view(view)
        check_ef(ef)
        own = small if isinstance(self.model, Small) else stable
        self.size = check_size(size, self.model)
        self.steps = check_steps(own.STEPS if steps is None else steps)
        self.guidance = own.GUIDANCE if guidance is None else guidance
        self.view, self.ef = view, ef
        self.prompts = self._prompts(prompt)

    def _prompts(self, given: tuple[str, ...]) -> tuple[str, ...]:
        """The prompts that are taken in turn; none where each clip's is made."""
        if given and (self.view or self.ef):
            raise UsageError(
                f"--{'view' if self.view else 'ef'}: the prompts say what is drawn; leave it out"
            )
        if isinstance(self.model, Small):
            found = prompts_of(given)
            for one in found:
                said(one)  # refuses what it does not know
            return found
        if self.ef is not None:
            raise UsageError("--ef: these weights are told texts; say it with --prompt")
        return prompts_of(given) or seen_in(self.model.prompts, self.view)

    def parameters(self) -> dict[str, Any]:
        """Every setting that a clip depends on beside the weights, seed and index."""
        own = {name: getattr(self, name) for name in ("size", "view", "ef", "steps", "guidance")}
        return own | {"prompts": told(self.prompts)}

    def load(self, device: torch.device) -> Any:
        """The denoiser, or diffusers' pipeline."""
        return self.model.load(device)

    def prompt(self, seed: int, index: int) -> str:
        """What clip `index` is asked to show."""
        if self.prompts:
            return self.prompts[index % len(self.prompts)]
        drawn = drawn_said(numbers(seed, index), self.view, self.ef)
        ours = isinstance(self.model, Small)
        return sentence(drawn) if ours else of_phase(drawn.view or "", drawn.phase or "")

    def draw(self, networks: Any, seed: int, indices: Sequence[int]) -> list[Clip]:
        """Clips, all of them at once."""
        prompts = [self.prompt(seed, index) for index in indices]
        rngs, how = generators(seed, indices, NOISE), (self.steps, self.guidance)
        if isinstance(self.model, Small):
            heard = [said(prompt) for prompt in prompts]
            made = self.model.frames(networks, heard, rngs, *how)
        else:
            heard = [overheard(prompt) for prompt in prompts]
            made = self.model.frames(networks, prompts, rngs, *how, self.size)
        return [
            still(frames, clip_name(self.name, seed, index), one)
            for frames, index, one in zip(made, indices, heard, strict=True)
        ]


class UnconditionalGenerator(NetworkGenerator[Any]):
    """Clips of one frame of the four classes, two views at ED and ES; no mask and no EF.

    Args:
        size: in pixels; these weights have one, and None is it. view: "a4c" or "a2c"; None draws both.
        weights: a folder or a hub id, of networks of classes or of our one; None for the embedded one or that
            in the user's folder of models.
        steps: of the sampling; 1000 for networks of classes, as published.
        device, batch: see `NetworkGenerator`.

    Raises:
        UsageError: for a value out of range, or a view that these weights do not have.
        EchoError: when weights are missing, damaged, pickled, or cannot be fetched.
    """

    version = "1"

    def __init__(
        self,
        size: int | None = None,
        view: str | None = None,
        weights: str | None = None,
        steps: int | None = None,
        device: str = "auto",
        batch: int | None = None,
    ) -> None:
        self.name = f"{SYSTEM}:{UNCONDITIONAL}"
        self.model: Small | Classes = find_classes(weights)
        super().__init__(self.model.files, device, batch)
        check_fixed("size", size, self.model.size, "pixels a side")
        check_view(view)
        has = CLASSES if isinstance(self.model, Small) else tuple(self.model.folders)
        self.classes = [one for one in has if view in (None, one[0])]
        if not self.classes:
            raise UsageError(
                f"--view {view}: these weights draw {', '.join(sorted({v for v, _ in has}))} alone"
            )
        own = small if isinstance(self.model, Small) else classes
        self.steps, self.view = check_steps(own.STEPS if steps is None else steps), view

    def parameters(self) -> dict[str, Any]:
        """Every setting that a clip depends on beside the weights, seed and index."""
        return {"size": self.model.size, "view": self.view, "steps": self.steps, "classes": self.classes}

    def load(self, device: torch.device) -> Any:
        """The denoisers."""
        return self.model.load(device)

    def asked(self, seed: int, index: int) -> Said:
        """The class of clip `index`."""
        return Said(*self.classes[int(numbers(seed, index).integers(len(self.classes)))])

    def draw(self, networks: Any, seed: int, indices: Sequence[int]) -> list[Clip]:
        """Clips, those of a class at once."""
        asked, rngs = [self.asked(seed, index) for index in indices], generators(seed, indices, NOISE)
        if isinstance(self.model, Small):
            made = self.model.frames(networks, asked, rngs, self.steps, 1.0)
        else:
            made = self.model.frames(networks, asked, rngs, self.steps)
        return [
            still(frames, clip_name(self.name, seed, index), one)
            for frames, index, one in zip(made, indices, asked, strict=True)
        ]


def still(frames: Frames, name: str, asked: Said) -> Clip:
    """A clip of one frame that shows what was asked for."""
    return Clip(frames, name=name, view=asked.view, ef=asked.ef, **events(asked.phase))


def drawn_said(rng: np.random.Generator, view: str | None, ef: tuple[float, float] | None) -> Said:
    """A view, a phase and an EF in whole percent; what is given is kept."""
    drawn = clinic_ef(rng) if ef is None else float(rng.uniform(*ef))
    whole = round(drawn) if ef is None else min(max(float(round(drawn)), ef[0]), ef[1])
    other = [*VIEWS.values()][int(rng.integers(len(VIEWS)))]
    return Said(view or other, MOMENTS[int(rng.integers(len(PHASES)))], float(whole))


def seen_in(prompts: Sequence[str], view: str | None) -> tuple[str, ...]:
    """The prompts that a view, if one is wanted, does not contradict."""
    return tuple(one for one in prompts if view is None or overheard(one).view in (view, None))


def told(prompts: Sequence[str]) -> Any:
    """Prompts as a manifest tells them."""
    if len(prompts) <= TOLD_IN_FULL:
        return [*prompts]
    return {"count": len(prompts), "sha256": hashlib.sha256("\n".join(prompts).encode()).hexdigest()}


def find_text(weights: str | None) -> Small | Stable:
    """The weights that `--weights` means; see `TextGenerator`."""
    if weights is None:
        return find_small(TEXT, None)
    if Path(weights).is_dir() and not is_stable(Path(weights)):
        return find_small(TEXT, folder_of(weights, TRAINED))
    return find_stable(weights)


def find_classes(weights: str | None) -> Small | Classes:
    """The weights that `--weights` means; see `UnconditionalGenerator`."""
    if weights is None:
        return find_small(UNCONDITIONAL, None)
    folder = folder_of(weights, (*classes.PATTERNS, *TRAINED))
    found = class_folders(folder)
    return Classes.of(found) if found else find_small(UNCONDITIONAL, folder)


def check_view(view: str | None) -> None:
    """Raises UsageError for a view that no prompt tells of."""
    if view not in (None, *VIEWS.values()):
        raise unknown_name("view", str(view), [*VIEWS.values()])


def check_steps(steps: int) -> int:
    """The number of steps. Raises UsageError for one out of range."""
    if not 1 <= steps <= MOST_STEPS:
        raise UsageError(f"--steps must be from 1 to {MOST_STEPS}, got {steps}")
    return steps


def check_size(size: int | None, model: Small | Stable) -> int:
    """The side of the pictures. Raises UsageError for one that the weights cannot draw."""
    if isinstance(model, Small):
        check_fixed("size", size, model.size, "pixels a side")
        return model.size
    side = size or model.size
    if side % model.factor or (size is not None and not SIZES[0] <= side <= SIZES[1]):
        raise UsageError(
            f"--size must be a multiple of {model.factor} from {SIZES[0]} to {SIZES[1]}, got {side}"
        )
    return side
