import shutil
from pathlib import Path

import numpy as np
import pytest
from dark_cavity import DarkCavity
from moving_ellipse import MovingEllipse
from text_image import Tissues

from echodfkd.clipset import ClipSet
from echodfkd.eval.auxiliary.run import judge
from echodfkd.eval.examples import judged_examples, ranked, scored_examples
from echodfkd.eval.report.clips_shown import FRAMES, clips_shown, outlined, shown_frames
from echodfkd.eval.report.content import Loop
from echodfkd.eval.run import evaluate
from echodfkd.synth.write import write_clip_set


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipSet:
    root = tmp_path_factory.mktemp("examples") / "clips"
    write_clip_set(MovingEllipse(40), root, clips=4, lossless=True)
    return ClipSet.open(root)


def test_best_median_and_worst() -> None:
    assert ranked({"a": 0.7, "b": 0.9, "c": np.nan, "d": 0.8, "e": 0.6}) == {
        "Best clip": "b", "Median clip": "a", "Worst clip": "e",
    }  # fmt: skip
    assert ranked({"a": 0.7, "b": 0.9}) == {"Best clip": "b", "Worst clip": "a"}
    assert ranked({"a": 0.7}) == {"The only clip": "a"}
    assert ranked({}) == {}


def test_clips_are_chosen_by_dice_and_shown_with_their_labels(clips: ClipSet) -> None:
    model = DarkCavity(size=64)
    (result,) = evaluate([model], clips)
    best, median, worst = scored_examples(result, clips)
    means = {score.clip: score.dice.mean() for score in result.scores}
    assert means[best.clip.name] == max(means.values())
    assert means[worst.clip.name] == min(means.values())
    assert sorted(means.values(), reverse=True)[2] == means[median.clip.name]
    assert best.score == f"Dice {max(means.values()):.3f}"
    assert best.reference is not None
    assert np.array_equal(best.reference.mask, best.clip.lv)
    section = clips_shown([best, median, worst])
    assert "Yellow: the outline that the model found; cyan below it: labels. Up to" in section.text
    assert [block.title.split(":")[0] for block in section.blocks if isinstance(block, Loop)] == [
        "Best clip", "Median clip", "Worst clip",
    ]  # fmt: skip
    shown = section.blocks[0]
    assert isinstance(shown, Loop)
    assert best.clip.name in shown.picture.caption
    assert "(labels: 51 %)" in shown.picture.caption
    assert len(shown.picture.source) > 4 * len(shown.picture.still)


def test_the_reference_may_be_a_teacher(clips: ClipSet) -> None:
    model = DarkCavity(size=64)
    (result,) = evaluate([model], clips, teacher=model, references=["teacher"])
    best = next(scored_examples(result, clips, model))
    assert best.reference is not None
    assert np.array_equal(best.reference.mask, best.found)


def test_without_labels_the_auxiliary_chooses(clips: ClipSet, tmp_path: Path) -> None:
    bare = ClipSet.open(shutil.copytree(clips.root / "Videos", tmp_path / "bare"))
    (judged,) = judge([DarkCavity(size=64)], bare, Tissues())
    best, _, worst = judged_examples(judged, bare)
    scores = {row.clip: row.values["mask_score"] for row in judged.rows}
    assert scores[best.clip.name] == max(scores.values())
    assert scores[worst.clip.name] == min(scores.values())
    assert best.reference is None
    assert "judged by tissues (made for a test)" in clips_shown([best, worst]).text


def test_traced_frames_are_among_those_shown(clips: ClipSet, tmp_path: Path) -> None:
    """MovingEllipse is traced on its first and last frame."""
    shutil.copytree(clips.root, tmp_path / "set", ignore=shutil.ignore_patterns("Masks"))
    traced = ClipSet.open(tmp_path / "set")
    (result,) = evaluate([DarkCavity(size=64)], traced)
    example = next(scored_examples(result, traced))
    chosen = shown_frames(example)
    assert (chosen[0], chosen[-1], len(chosen)) == (0, 39, FRAMES)
    assert chosen == sorted(chosen)
    first, second = (page.astype(int) for page in list(outlined(example, chosen[:2])))
    cyan = [((page[..., 2] - page[..., 0]) > 60).sum() for page in (first, second)]
    assert cyan[0] > 50  # the traced frame has the reference's outline
    assert cyan[1] == 0
