from dataclasses import replace

import numpy as np
from dark_cavity import DarkCavity

from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.events import Matches
from echodfkd.eval.figures import figures
from echodfkd.eval.notes import notes
from echodfkd.eval.run import ModelScores

NOTHING = Matches((), (), ())


def clip(name: str, images: int) -> ClipScore:
    return ClipScore(
        name, 50.0, np.ones(images), np.tile([1, 2], (images, 1)), np.zeros(0), NOTHING, NOTHING, 50.0,
        60.0, (), distances=np.ones((images, 2)), in_mm=True,
    )  # fmt: skip


def judged(*scores: ClipScore, reference: str = "labels") -> ModelScores:
    return ModelScores(DarkCavity(), reference, "", scores, tuple(figures(scores)), 1.0)


WHOLE = clip("a", 8), clip("b", 8)


def test_nothing_to_say() -> None:
    assert notes(judged(*WHOLE)) == ()


def test_one_clip() -> None:
    assert notes(judged(WHOLE[0])) == ("One clip only: no bootstrap interval can be given.",)


def test_a_teachers_events_are_not_human() -> None:
    (note,) = notes(judged(*WHOLE, reference="teacher sim"))
    assert note == "ED and ES of teacher sim are read off its own area curve: they are not human events."


def test_traced_frames_and_clips_without_any() -> None:
    traced = [replace(clip("a", 2), sparse=True), replace(clip("b", 0), sparse=True)]
    assert notes(judged(*traced)) == (
        "Labels of 2 clips are 2 traced frames: masks are judged in these alone.",
        "No traced frame in 1 clip: only EF or events count there.",
    )


def test_pixels_and_empty_masks() -> None:
    half_empty = np.array([[np.nan, np.nan], [1.0, 1.0]])
    unknown = replace(clip("a", 2), in_mm=False, distances=half_empty)
    assert notes(judged(unknown, WHOLE[1])) == (
        "Pixel spacing of 1 clip is unknown: distances there are in pixels.",
        "In 1 image just one of the masks is empty: Dice and IoU 0, and no distance.",
    )
