"""Figures of how near one described set comes to another. Every one of them is defined here."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from echodfkd.eval.bootstrap import interval
from echodfkd.eval.fidelity.describe import Described, frames_of_each
from echodfkd.eval.fidelity.frechet import Floats, frechet
from echodfkd.eval.fidelity.kernel import Ints, kernel
from echodfkd.eval.fidelity.manifold import inside
from echodfkd.eval.fidelity.privacy import Nearest, Searched
from echodfkd.eval.fidelity.speckle import STATISTICS, distances, speckle_distance
from echodfkd.eval.metric import DRAWS, Figure
from echodfkd.synth.privacy.threshold import percent

NEIGHBOURS = 3  # precision and recall, as Kynkaanniemi et al. 2019
NEIGHBOURS_OF_DENSITY = 5  # as Naeem et al. 2020


class Rows(NamedTuple):
    """Features of a set: (n, D), and the clip of each row, ascending."""

    values: npt.NDArray
    clips: Ints


def distances_of(a: Described, b: Described) -> Iterator[Figure]:
    """How near `a` comes to the reference `b`: in features of frames and of clips, in speckle."""
    most = frames_of_each([a, b])
    frames = a.frames(most), b.frames(most)
    if frames[0] is not None and frames[1] is not None:
        said = f"features of up to {most} frames of each clip"
        yield from _of_features("frames", said, "frames", Rows(*frames[0]), Rows(*frames[1]))
    moving = [Rows(rows, np.arange(len(rows))) for rows in evenly(a.moving, b.moving, b.parts)]
    if min(len(rows.values) for rows in moving) > NEIGHBOURS_OF_DENSITY:
        said = "features of whole clips"
        if b.parts:
            said += " (mean, deviation and change over time, each in units of its spread in the reference)"
        yield from _of_features("clips", said, "clips", *moving)
    yield from _of_speckle(a.speckle, b.speckle)


def evenly(a: npt.NDArray, b: npt.NDArray, parts: int) -> tuple[npt.NDArray, npt.NDArray]:
    """Features of clips (n, D') from the mean of the reference `b`, each part in units of its own spread.

    A change over time is small beside the features themselves, and would hardly count as it is.
    """
    if not parts or min(len(a), len(b)) < 2:
        return a, b
    variance = b.var(0).reshape(parts, -1).mean(1)
    unit = np.repeat(np.sqrt(np.where(variance > 0, variance, 1)), b.shape[1] // parts)
    return (a - b.mean(0)) / unit, (b - b.mean(0)) / unit


def _of_features(key: str, said: str, of: str, a: Rows, b: Rows) -> Iterator[Figure]:
    n = len(a.values)
    if min(n, len(b.values)) > a.values.shape[1]:
        words = f"|m_a - m_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^1/2) of {said} (Heusel et al. 2017)"
        more = "too large for few clips, so compare sets of one size"
        value = frechet(a.values, b.values)
        yield Figure(f"frechet_{key}", f"Fréchet distance, {key}", value, None, n, of, "", 3,
                     f"{words}; {more}")  # fmt: skip
    found = kernel(a.values, b.values, a.clips, b.clips)
    bounds = (found.value - 1.96 * found.error, found.value + 1.96 * found.error)
    words = f"1000 times the squared MMD of {said} under (x.y/D + 1)^3, unbiased (Binkowski et al. 2018)"
    yield Figure(
        f"kernel_{key}", f"Kernel distance, {key}", 1000 * found.value,
        (1000 * bounds[0], 1000 * bounds[1]), n, of, "", 3,
        f"{words}, pairs within a clip left out; mean over 100 subsets of clips, interval from their spread",
    )  # fmt: skip
    yield Figure(
        f"kernel_{key}_spread", f"Kernel distance, {key}: spread", 1000 * found.spread, None, n, of, "", 3,
        "standard deviation of the kernel distance over the subsets", detail=True,
    )  # fmt: skip
    yield from _of_manifold(key, said, of, a, b)


def _of_manifold(key: str, said: str, of: str, a: Rows, b: Rows) -> Iterator[Figure]:
    three = inside(a.values, b.values, NEIGHBOURS, a.clips, b.clips)
    five = inside(a.values, b.values, NEIGHBOURS_OF_DENSITY, a.clips, b.clips)
    ball = "within reach of the {}. neighbour of a {} one, neighbours of the same clip left out; {}"
    how = f"Kynkaanniemi et al. 2019, {said}"
    other = f"Naeem et al. 2020, {said}"
    for name, title, values, clips, words in (
        ("precision", "Precision", three.precise, a.clips,
         "share of synthetic " + ball.format(NEIGHBOURS, "reference", how)),
        ("recall", "Recall", three.recalled, b.clips,
         "share of reference " + ball.format(NEIGHBOURS, "synthetic", how)),
        ("density", "Density", five.dense, a.clips,
         f"in how many reaches of {NEIGHBOURS_OF_DENSITY} reference neighbours a synthetic one lies, over "
         f"{NEIGHBOURS_OF_DENSITY}; {other}"),
        ("coverage", "Coverage", five.covered, b.clips,
         f"share of reference whose reach of {NEIGHBOURS_OF_DENSITY} neighbours holds synthetic; {other}"),
    ):  # fmt: skip
        per_clip = np.bincount(clips, values) / np.bincount(clips)
        bounds = interval(per_clip, n=DRAWS)
        detail = name in ("density", "coverage")
        yield Figure(f"{name}_{key}", f"{title}, {key}", float(per_clip.mean()), bounds, len(values), of, "",
                     3, words, detail)  # fmt: skip


def _of_speckle(a: Floats, b: Floats) -> Iterator[Figure]:
    value = speckle_distance(a, b)
    if not np.isfinite(value):
        return
    words = "1-D Wasserstein distance, in standard deviations of the reference"
    bounds = interval(a, lambda drawn: speckle_distance(drawn, b), n=100)
    known = distances(a, b)
    yield Figure(
        "speckle", "Speckle distance", value, bounds, len(a), "clips", "", 3,
        f"mean over {int(np.isfinite(known).sum())} statistics of greys, grains and decorrelation: {words}",
    )  # fmt: skip
    for (name, one), distance in zip(STATISTICS.items(), known, strict=True):
        if np.isfinite(distance):
            yield Figure(f"speckle_{name}", f"Speckle: {one.title}", float(distance), None, len(a), "clips",
                         "", 3, f"{one.definition}: {words}", detail=True)  # fmt: skip


def privacy_of(found: Nearest, reference: Searched) -> Iterator[Figure]:
    """How near synthetic clips come to single reference clips, beside reference clips among each other.

    Args:
        found: the nearest reference clip of each synthetic one.
    """
    limit, others = reference.threshold, reference.others
    n, m = len(found.match), len(others.match)
    words = "largest correlation of any frame with any frame of the nearest reference clip, by their spectra"
    yield _share(
        "copies", "Clips that copy a reference clip", reference.told(found),
        f"share at or above {limit.value:.3f}: {words}. Of reference clips beside the others "
        f"{percent(limit.fresh_rejected[0])} reach it (at most {percent(limit.fresh_rejected[1])} of fresh "
        f"clips), of altered copies {percent(limit.copies_missed[0])} do not",
    )  # fmt: skip
    yield _share(
        "close", "Clips nearer than 19 in 20 reference clips are to each other",
        found.similarity >= limit.published,
        f"share at or above {limit.published:.3f}: {words}; 0.05 is what chance gives", detail=True,
    )  # fmt: skip
    for name, title, value, count, detail in (
        ("nearest_median", "Similarity to the nearest reference clip, median", np.median(found.similarity), n,
         False),
        ("nearest_largest", "Similarity to the nearest reference clip, largest", found.similarity.max(), n,
         False),
        ("nearest_reference_median", "The same of reference clips, median", np.median(others.similarity), m,
         True),
        ("nearest_reference_largest", "The same of reference clips, largest", others.similarity.max(), m,
         True),
        ("nearest_threshold", "Similarity from which a clip is a copy", limit.value, m, True),
    ):  # fmt: skip
        yield Figure(name, title, float(value), None, count, "clips", "", 3, words, detail)
    yield _share(
        "copies_found", "Altered copies that are found",
        (reference.copies.match == reference.copied) & reference.told(reference.copies),
        "share of reference clips that are recognised and told as copies: restarted, 3 pixels aside, another "
        "gamma and H.264 at once; the threshold is set by these, too: near 1 or the share above says little",
    )  # fmt: skip


def _share(name: str, title: str, hits: npt.NDArray[np.bool_], words: str, detail: bool = False) -> Figure:
    n = len(hits)
    exact = binomtest(int(hits.sum()), n).proportion_ci()  # drawn again, 0 of n would always be 0
    bounds = (float(exact.low), float(exact.high))
    return Figure(name, title, float(hits.mean()), bounds, n, "clips", "", 3, words, detail)
