"""What an auxiliary model is. Kinds: text-image, EF, mask, and a judge that makes its scores by itself.

T frames of a clip, N texts, D numbers of an embedding. An auxiliary that has seen the simulator that the
student learned from is not independent of it: `note` says so, and stands beside every score.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from echodfkd.clip import BoolMask, Clip, Frames
from echodfkd.errors import UsageError, unknown_name
from echodfkd.eval.auxiliary.prompts import Prompts, read_prompts
from echodfkd.segmenter import Prob, Segmenter
from echodfkd.weights import embedded_path

Embeddings = npt.NDArray[np.float32]  # (N, D), unit length


@dataclass(frozen=True)
class Words:
    """How a figure over clips is shown: title, unit, digits after the point, and how it was computed."""

    title: str
    unit: str
    digits: int
    definition: str


@runtime_checkable
class TextImage(Protocol):
    """A CLIP-like model: it puts pictures and sentences into one space.

    Attributes:
        name: what the user called it. digest: sha256 of its weights, 64 hex digits.
        claim: what data it has seen. note: what must stand beside its scores, "" for nothing.
        prompts: what it is asked.
    """

    name: str
    digest: str
    claim: str
    note: str
    prompts: Prompts

    def embed_frames(self, frames: Frames) -> Embeddings:
        """Grey frames uint8 (T, H, W) of any size -> float32 (T, D), unit length."""
        ...

    def embed_text(self, texts: Sequence[str]) -> Embeddings:
        """Sentences -> float32 (N, D), unit length."""
        ...


@runtime_checkable
class OverlapReader(Protocol):
    """A text-image model that was taught sentences of how well a mask fits."""

    def overlap(self, frames: Frames, masks: BoolMask) -> npt.NDArray[np.float64]:
        """Dice that it expects of masks bool (T, H, W), 0..1, for each frame uint8 (T, H, W) -> (T,)."""
        ...


@runtime_checkable
class EFModel(Protocol):
    """A model that reads the EF off a clip. Attributes as of `TextImage`."""

    name: str
    digest: str
    claim: str
    note: str

    def ef(self, clip: Clip) -> float:
        """Ejection fraction in percent; NaN where it finds none."""
        ...


@runtime_checkable
class Judge(Protocol):
    """An auxiliary that makes its scores by itself, of a clip and what a model found in it.

    Attributes:
        name, digest, claim, note: as of `TextImage`. words: of each score by its name.
    """

    name: str
    digest: str
    claim: str
    note: str

    @property
    def words(self) -> Mapping[str, Words]:
        """Title, unit and definition of each score by its name."""
        ...

    def scores(self, clip: Clip, prob: Prob) -> Iterable[tuple[str, float]]:
        """(name, value) of soft LV masks uint8 (T, H, W), 255 = certain; NaN where a score is not defined."""
        ...


Auxiliary: TypeAlias = TextImage | EFModel | Segmenter | Judge


def _echoclip(weights: Path | None, device: str) -> TextImage:
    from echodfkd.eval.auxiliary.echoclip import load_echoclip

    return load_echoclip(weights, device)


def _simclip(weights: Path | None, device: str) -> TextImage:
    from echodfkd.eval.auxiliary.simclip.model import load_simclip

    return load_simclip(weights or embedded_path("auxiliary-simclip"), device)


def _rca(weights: Path | None, device: str) -> Judge:
    from echodfkd.eval.auxiliary.rca import RCA
    from echodfkd.eval.auxiliary.simclip.model import load_simclip

    return RCA(load_simclip(weights or embedded_path("auxiliary-simclip"), device))


AUXILIARIES: dict[str, Callable[[Path | None, str], Auxiliary]] = {  # name -> loads it
    "echoclip": _echoclip,
    "simclip": _simclip,
    "rca": _rca,
}


def kind_of(auxiliary: Auxiliary) -> str:
    """ "text-image", "judge", "EF" or "mask"."""
    kinds = {"text-image": TextImage, "judge": Judge, "EF": EFModel, "mask": Segmenter}
    return next(kind for kind, protocol in kinds.items() if isinstance(auxiliary, protocol))


def load_auxiliary(name: str, device: str = "auto", prompts: Path | None = None) -> Auxiliary:
    """The auxiliary model of a name or path.

    Args:
        name: a name of `AUXILIARIES`; an open_clip model ("hf-hub:OWNER/NAME", or a folder or weights file
            with open_clip_config.json); a checkpoint of an EF network; or any teacher or student.
        device: "auto", "cpu", "cuda" or "mps". prompts: a prompts file for a text-image model.

    Raises:
        UsageError: for an unknown name, or prompts for a model that reads none.
        EchoError: if the file cannot be used.
    """
    auxiliary = _load(name, device)
    if prompts is None:
        return auxiliary
    if not isinstance(auxiliary, TextImage):
        raise UsageError(f"--prompts is for image-text models; {name} is of the kind {kind_of(auxiliary)!r}")
    auxiliary.prompts = read_prompts(prompts)
    return auxiliary


def _load(name: str, device: str) -> Auxiliary:
    from echodfkd.eval.auxiliary.echoclip import load_named
    from echodfkd.eval.auxiliary.files import load_path
    from echodfkd.eval.auxiliary.open_clip_model import HUB
    from echodfkd.teachers import load_teacher

    if name in AUXILIARIES:
        return AUXILIARIES[name](None, device)
    if name.startswith(HUB):
        return load_named(name, device)
    if Path(name).exists():
        return load_path(Path(name), device)
    try:
        return load_teacher(name, device=device, kind="auxiliary model")
    except UsageError as error:
        if not str(error).startswith("unknown auxiliary model"):
            raise
        more = ["an open_clip model (hf-hub:OWNER/NAME or its folder)", "a file", "any teacher or student"]
        raise unknown_name("auxiliary model", name, [*AUXILIARIES, *more]) from error
