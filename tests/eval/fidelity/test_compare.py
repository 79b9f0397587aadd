"""Sets of clips beside each other, described by features that can be followed by hand."""

import json
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from sim_clips import save

from echodfkd.clip import Clip, Frames
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError
from echodfkd.eval.fidelity.compare import CAVEAT, Comparison, compare, compared
from echodfkd.eval.fidelity.describe import Described, describe, spread
from echodfkd.eval.fidelity.features import ClipFeatures, FrameFeatures, Vectors
from echodfkd.eval.fidelity.look import Look
from echodfkd.eval.fidelity.outputs import entry, lines, section
from echodfkd.synth.sim.generator import SimGenerator

COUNT, LOOK = 16, Look(25.0, 64)


def greys(video: Frames) -> Vectors:
    """Mean, deviation, and how much finer detail there is."""
    fine = [cv2.Laplacian(frame, cv2.CV_32F).std() for frame in video]
    flat = video.reshape(len(video), -1) / 50.0
    return np.stack([flat.mean(1), flat.std(1), np.array(fine) / 50], 1).astype(np.float32)


FEATURES = FrameFeatures(greys, "greys", "ab" * 32, "made for a test")


@cache
def drawn(seed: int) -> list[Clip]:
    generator = SimGenerator(frames=16, size=64, fps=25)
    return [generator.clip(seed, index) for index in range(COUNT)]


@pytest.fixture(scope="module")
def reference() -> list[Clip]:
    return drawn(11)


@pytest.fixture(scope="module")
def described(reference: list[Clip]) -> Described:
    return describe("reference", reference, FEATURES, LOOK, range(COUNT))


def beside(described: Described, clips: list[Clip]) -> Comparison:
    return compared(describe("synthetic", clips, FEATURES, LOOK), described, FEATURES)


def changed(clips: list[Clip], change: str) -> list[Clip]:
    noise = np.random.default_rng(0)
    how = {
        "blurred": lambda v: np.stack([cv2.GaussianBlur(frame, (0, 0), 2) for frame in v]),
        "frozen": lambda v: np.repeat(v[:1], len(v), axis=0),
        "noisy": lambda v: np.clip(v + noise.normal(0, 20, v.shape), 0, 255).astype(np.uint8),
    }[change]
    return [clip.with_(frames=how(clip.frames)) for clip in clips]


@pytest.fixture(scope="module")
def itself(described: Described) -> Comparison:
    return beside(described, drawn(12))


def test_another_seed_is_near(itself: Comparison) -> None:
    assert itself.clips == (COUNT, COUNT)
    kernel = next(figure for figure in itself.figures if figure.name == "kernel_clips")
    assert kernel.interval is not None
    assert kernel.interval[0] < 0 < kernel.interval[1]
    assert itself.value("speckle") < 1
    assert itself.value("precision_clips") > 0.5
    assert itself.value("copies") == 0
    assert itself.value("close") < 0.35
    assert itself.value("copies_found") == 1


@pytest.mark.parametrize("change", ["blurred", "frozen", "noisy"])
def test_damaged_clips_are_far(
    described: Described, reference: list[Clip], itself: Comparison, change: str
) -> None:
    found = beside(described, changed(drawn(12), change))
    assert found.value("kernel_clips") > 3 * abs(itself.value("kernel_clips"))
    assert found.value("frechet_clips") > 1.5 * itself.value("frechet_clips")  # of 16 clips
    assert found.value("speckle") > 2 * itself.value("speckle")
    if change == "frozen":  # frame for frame it is real: only figures of clips can tell
        assert found.value("recall_clips") < 0.3
        assert found.value("kernel_frames") < 0.3 * found.value("kernel_clips")


def test_copies_stand_out(described: Described, reference: list[Clip], itself: Comparison) -> None:
    found = beside(described, [Clip(clip.frames[3:], 25.0) for clip in reference])
    assert found.value("copies") == 1
    assert found.value("nearest_median") > 0.95
    assert itself.value("nearest_largest") < itself.value("nearest_threshold") < 0.8
    assert len(found.nearest) == COUNT
    likeness = [pair.similarity for pair in found.nearest]
    assert likeness == sorted(likeness, reverse=True)


def test_the_nearest_pairs_are_named(described: Described, reference: list[Clip]) -> None:
    clips = [clip.with_(name=f"copy of {clip.name}") for clip in reference]
    found = beside(described, [*clips[:4], *drawn(12)])
    named = {pair.clip: pair.reference for pair in found.nearest[:4]}
    assert named == {clip.name: clip.name.removeprefix("copy of ") for clip in clips[:4]}
    stored = entry(found)["nearest"][0]
    assert stored["similarity"] == 1.0


def test_every_figure_says_how_it_was_made(itself: Comparison) -> None:
    names = [figure.name for figure in itself.figures]
    assert len(set(names)) == len(names)
    kinds = ("frechet", "kernel", "precision", "recall", "density", "coverage")
    assert {f"{kind}_{key}" for kind in kinds for key in ("frames", "clips")} <= set(names)
    assert all(figure.definition and figure.n > 0 and np.isfinite(figure.value) for figure in itself.figures)
    assert {figure.name for figure in itself.floor} <= set(names)
    assert itself.floor_of("speckle") is not None
    assert itself.floor_of("copies") is None
    assert "Features of greys: made for a test." in itself.notes
    assert "Sets of fewer than 200 clips: read figures with their intervals." in itself.notes


def test_outputs(itself: Comparison) -> None:
    stored = json.loads(json.dumps(entry(itself), allow_nan=False))
    assert stored["features"] == {"name": "greys", "sha256": "ab" * 32}
    assert stored["notes"][0] == CAVEAT
    assert stored["figures"]["speckle"]["definition"]
    assert "speckle" in stored["between_halves_of_the_reference"]
    (table,) = section(itself).blocks
    assert table.columns == ("", "synthetic", "two halves of reference")  # type: ignore[union-attr]
    shown = "\n".join(lines(itself))
    assert "synthetic beside reference, 16 and 16 clips, features of greys" in shown
    assert "(two halves of the reference: " in shown
    assert "note: How alike clips look says little" in shown


def test_single_frames_have_no_figures_of_clips(described: Described) -> None:
    found = beside(described, [Clip(clip.frames[:1], 25.0) for clip in drawn(12)])
    assert np.isfinite(found.value("kernel_frames"))
    assert np.isnan(found.value("kernel_clips"))
    assert "16 clips of synthetic of a single frame: left out of figures of clips." in found.notes
    assert any(note.startswith("No figures of clips") for note in found.notes)


def test_a_network_of_clips_has_no_figures_of_frames(reference: list[Clip]) -> None:
    features = ClipFeatures(lambda video: greys(video).mean(0), "i3d", "ab" * 32)
    sets = [describe(name, reference[:8], features, LOOK, range(2)) for name in ("a", "b")]
    found = compared(sets[0], sets[1], features)
    assert np.isnan(found.value("kernel_frames"))
    assert np.isfinite(found.value("frechet_clips"))


def test_more_features_than_clips_leave_the_frechet_distance_out(reference: list[Clip]) -> None:
    many = FrameFeatures(lambda v: np.repeat(greys(v), 10, 1), "many", "ab" * 32)
    one = describe("a", reference, many, LOOK, range(2))
    found = compared(one, one, many)
    assert np.isfinite(found.value("frechet_frames"))
    assert np.isnan(found.value("frechet_clips"))
    assert "No Fréchet distance of clips: it needs more of them than there are features." in found.notes


def test_sets_on_disk_of_other_rates_and_sizes(reference: list[Clip], tmp_path: Path) -> None:
    slow = SimGenerator(frames=8, size=48, fps=12.5)
    for index in range(8):
        save(tmp_path / "a", reference[index])
        np.savez(tmp_path / f"b{index}.npz", video=slow.clip(5, index).frames, fps=12.5)
    (tmp_path / "b").mkdir()
    for path in tmp_path.glob("b*.npz"):
        path.rename(tmp_path / "b" / path.name)
    found = compare(ClipSet.open(tmp_path / "a"), ClipSet.open(tmp_path / "b"), FEATURES)
    assert (found.synthetic, found.reference, found.clips) == ("a", "b", (8, 8))
    assert "8 clips of a resampled to 12.5 Hz, the lower rate of both sets." in found.notes
    assert "8 clips of a resized to 48x48." in found.notes
    assert "Too few clips of b to compare its halves." in found.notes
    assert found.floor == ()


def test_too_few_clips(described: Described, reference: list[Clip]) -> None:
    with pytest.raises(EchoError, match="synthetic holds 7 clips; comparing sets needs 8 of each"):
        beside(described, reference[:7])


def test_frames_are_spread() -> None:
    assert spread(64, 16).tolist() == [0, 4, 8, 13, 17, 21, 25, 29, 34, 38, 42, 46, 50, 55, 59, 63]
