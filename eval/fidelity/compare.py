"""A synthetic set beside a reference set: all figures, the same of two halves of the reference, and notes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError
from echodfkd.eval.fidelity.describe import Described, describe
from echodfkd.eval.fidelity.features import Features
from echodfkd.eval.fidelity.figures import distances_of, privacy_of
from echodfkd.eval.fidelity.look import alike, readable, survey
from echodfkd.eval.fidelity.privacy import Nearest, Searched, search
from echodfkd.eval.metric import Figure
from echodfkd.eval.notes import counted
from echodfkd.progress import Track, silent
from echodfkd.synth.privacy.copies import COPIES
from echodfkd.synth.privacy.gallery import evenly

FEWEST = 8  # clips of a set: neighbours and subsets need some
SHOWN = 20  # nearest pairs that are named
MANY = 200  # clips from which figures are steady

CAVEAT = (
    "How alike clips look says little of what a model learns from them: judge a generator by the downstream "
    "Dice as well. Features are as good as the network they come from."
)


class Pair(NamedTuple):
    """A synthetic clip, the reference clip nearest to it, and their likeness, -1..1."""

    clip: str
    reference: str
    similarity: float


@dataclass(frozen=True)
class Comparison:
    """How near synthetic clips come to reference clips.

    Attributes:
        synthetic, reference: names of the sets. clips: how many of each.
        features, digest: what was compared, and sha256 of its weights.
        figures: see `figures`. floor: the same between two halves of the reference, for those figures that
            have one: what no generator can be below by more than chance.
        notes: what a reader must know, a sentence each.
        nearest: the synthetic clips that are most like a clip of the reference.
    """

    synthetic: str
    reference: str
    clips: tuple[int, int]
    features: str
    digest: str
    figures: tuple[Figure, ...]
    floor: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()
    nearest: tuple[Pair, ...] = ()

    def value(self, name: str) -> float:
        """A figure by its name; NaN if it is not defined here."""
        return next((figure.value for figure in self.figures if figure.name == name), float("nan"))

    def floor_of(self, name: str) -> Figure | None:
        """The same figure between halves of the reference."""
        return next((figure for figure in self.floor if figure.name == name), None)

    def with_figures(self, figures: tuple[Figure, ...], floor: tuple[Figure, ...], note: str) -> "Comparison":
        """With more figures, put first, and what is to be said of them."""
        return replace(
            self,
            figures=(*figures, *self.figures),
            floor=(*floor, *self.floor),
            notes=(*self.notes, note),
        )


def compare(
    synthetic: ClipSet, reference: ClipSet, features: Features, *, track: Track = silent
) -> Comparison:
    """All figures of a synthetic set (or any other) beside a reference set, the clips it was trained on for
    those of privacy. Each set is gone through once; nothing of it but its description is kept.

    Args:
        features: see `features.load_features`. track: shows progress.

    Raises:
        EchoError: for fewer than `FEWEST` clips, or over 1% unreadable ones.
    """
    names = [clips.root.resolve().name for clips in (synthetic, reference)]
    if names[0] == names[1]:
        names = [f"{names[0]} (DATA)", f"{names[1]} (reference)"]
    shapes = [survey(clips) for clips in (synthetic, reference)]
    for name, found in zip(names, shapes, strict=True):
        _enough(name, len(found))
    look = alike(dict(zip(names, shapes, strict=True)))
    copied = (), evenly(len(shapes[1]), COPIES).tolist()
    described = [
        describe(name, track(readable(clips), f"describing {name}", len(clips)), features, look, those)
        for name, clips, those in zip(names, (synthetic, reference), copied, strict=True)
    ]
    return compared(described[0], described[1], features, look.notes)


def compared(
    synthetic: Described, reference: Described, features: Features, notes: tuple[str, ...] = ()
) -> Comparison:
    """The figures of two sets that were described with these features by the same look; some clips of the
    reference must have been copied.

    Raises:
        EchoError: for fewer than `FEWEST` clips.
    """
    for one in (synthetic, reference):
        _enough(one.name, len(one))
    searched = search([clip.name for clip in reference.clips], reference.prints, reference.copies)
    found = searched.nearest(synthetic.prints)
    figures = (*distances_of(synthetic, reference), *privacy_of(found, searched))
    half = len(reference) // 2 >= FEWEST
    floor = tuple(distances_of(*reference.halves())) if half else ()
    return Comparison(
        synthetic.name,
        reference.name,
        (len(synthetic), len(reference)),
        features.name,
        features.digest,
        figures,
        floor,
        (*notes, *_notes(synthetic, reference, features, figures, half), *_of_privacy(searched)),
        tuple(_pairs(synthetic, reference, found)),
    )


def _pairs(synthetic: Described, reference: Described, found: Nearest) -> Iterator[Pair]:
    """The `SHOWN` synthetic clips that are nearest to a clip of the reference, the nearest first."""
    for at in np.argsort(-found.similarity, kind="stable")[:SHOWN].tolist():
        names = synthetic.clips[at].name, reference.clips[int(found.match[at])].name
        yield Pair(*names, float(found.similarity[at]))


def _enough(name: str, clips: int) -> None:
    if clips < FEWEST:
        raise EchoError(f"{name} holds {counted(clips, 'clip')}; comparing sets needs {FEWEST} of each")


def _of_privacy(reference: Searched) -> Iterator[str]:
    for remark in reference.threshold.remarks():
        yield f"{remark[0].upper()}{remark[1:]}."


def _notes(
    synthetic: Described, reference: Described, features: Features, figures: tuple[Figure, ...], half: bool
) -> Iterator[str]:
    if features.note:
        yield f"Features of {features.name}: {features.note}."
    for one in (synthetic, reference):
        still = len(one) - len(one.moving)
        if still:
            yield f"{counted(still, 'clip')} of {one.name} of a single frame: left out of figures of clips."
    known = {figure.name for figure in figures}
    for key in ("frames", "clips"):
        if f"kernel_{key}" not in known:
            yield f"No figures of {key}: there are too few to compare, or the network has no such features."
        elif f"frechet_{key}" not in known:
            yield f"No Fréchet distance of {key}: it needs more of them than there are features."
    if "speckle" not in known:
        yield "No speckle distance: too little speckle is lit."
    if not half:
        yield f"Too few clips of {reference.name} to compare its halves."
    if min(len(synthetic), len(reference)) < MANY:
        yield f"Sets of fewer than {MANY} clips: read figures with their intervals."
