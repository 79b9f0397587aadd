import numpy as np
import numpy.typing as npt
import pytest
from dark_cavity import beating

from echodfkd.beats import Events
from echodfkd.clip import Clip, Label
from echodfkd.errors import EchoError
from echodfkd.eval.score import Predicted, Reference, labels_of, score_clip, teacher_of

Bools = npt.NDArray[np.bool_]
HEART_EF = 100 * (1 - 0.75**3)  # all three diameters of `beating` shrink to 0.75


def box(left: int, right: int, frames: int = 1) -> Bools:
    """Rows 4..11 and columns left..right-1 of 20x20 frames."""
    mask = np.zeros((frames, 20, 20), bool)
    mask[:, 4:12, left:right] = True
    return mask


def soft(mask: Bools) -> npt.NDArray[np.uint8]:
    return np.uint8(255) * mask.astype(np.uint8)


def against(mask: Bools) -> Reference:
    return Reference("labels", mask, Events(), None, "nowhere")


def heart(**known: object) -> Clip:
    """50 frames at 25 Hz, a beat of 20: ED at 20 and 40, ES at 10 and 30."""
    video, mask = beating()
    return Clip(video, 25.0, "heart").with_(
        **{"mask": mask.astype(np.uint8), "spacing_mm": (0.5, 0.5)} | known
    )


def test_overlap_and_area_by_hand() -> None:
    found, true = box(4, 8), box(6, 14)  # 32 and 64 pixels, 16 in common
    score = score_clip(Clip(soft(true), name="x"), Predicted(soft(found)), against(true))
    assert score.dice.tolist() == pytest.approx([2 * 16 / (32 + 64)])
    assert score.counts.tolist() == [[16, 96]]
    assert score.area_error.tolist() == [50.0]  # |32 - 64| / 64
    assert score.clip == "x"
    assert np.isnan([score.ef_found, score.ef_true]).all()


def test_an_empty_reference_counts_for_dice_but_has_no_area_error() -> None:
    true = np.concatenate([box(4, 8), box(4, 4)])
    score = score_clip(Clip(soft(true)), Predicted(soft(true)), against(true))
    assert score.dice.tolist() == [1.0, 1.0]  # both empty counts 1
    assert score.area_error.tolist() == [0.0]


def test_masks_are_cleaned_at_probability_a_half() -> None:
    true = box(4, 12)
    prob = np.where(true, 128, 127).astype(np.uint8)
    prob[:, 6:8, 6:8] = 0  # a hole is filled
    prob[:, 17:19, 17:19] = 255  # a smaller piece is dropped
    score = score_clip(Clip(soft(true)), Predicted(prob), against(true))
    assert score.dice.tolist() == [1.0]


def test_perfect_masks_of_a_beating_heart() -> None:
    clip = heart(ed_frames=(20, 40), es_frames=(10, 30), ef=HEART_EF)
    assert clip.lv is not None
    score = score_clip(clip, Predicted(soft(clip.lv)), labels_of(clip))
    assert score.dice.tolist() == [1.0] * 50
    assert score.ed.pairs == ((20, 20), (40, 40))
    assert score.es.pairs == ((10, 10), (30, 30))
    assert (score.ed.misses, score.ed.false, score.ed.fps) == ((), (), 25.0)
    assert score.ef_found == pytest.approx(HEART_EF, abs=1.0)
    assert score.ef_true == HEART_EF
    assert score.warnings == ()


def test_marked_events_win_over_those_of_the_area_curve() -> None:
    marked = heart(ed_frames=(18, 38), es_frames=(13,))
    reference = labels_of(marked)
    assert reference.name == "labels"
    assert (reference.events, reference.events_from) == (Events((18, 38), (13,)), "marked ED and ES frames")
    assert marked.lv is not None
    score = score_clip(marked, Predicted(soft(marked.lv)), reference)
    assert score.ed.pairs == ((20, 18), (40, 38))  # found, true
    assert (score.es.pairs, score.es.false) == (((10, 13),), (30,))


def test_events_that_nobody_marked_are_read_off_the_labels() -> None:
    reference = labels_of(heart())
    assert reference.events == Events((20, 40), (10, 30))
    assert reference.events_from == "ED and ES read off the labels' area curve"
    assert reference.ef is None


def test_only_the_cavity_of_the_labels_is_the_lv() -> None:
    mask = np.full((1, 20, 20), Label.MYOCARDIUM, np.uint8)
    mask[box(4, 8)] = Label.LV
    assert (labels_of(Clip(soft(box(4, 8)), mask=mask)).mask == box(4, 8)).all()


def test_a_clip_without_masks_says_what_to_do() -> None:
    clip = Clip(np.zeros((2, 8, 8), np.uint8), name="patient")
    with pytest.raises(EchoError, match=r"'patient' has no labels.*--teacher sim --reference.*--auxiliary"):
        labels_of(clip)


def test_a_teacher_is_a_reference_with_its_own_events_and_ef() -> None:
    clip = heart(ed_frames=(18,), ef=12.0)
    assert clip.lv is not None
    reference = teacher_of(clip, "sim", soft(clip.lv))
    assert reference.name == "teacher sim"
    assert reference.events == Events((20, 40), (10, 30))
    assert reference.ef == pytest.approx(HEART_EF, abs=1.0)
    assert reference.events_from == "ED and ES read off the teacher's area curve"


def test_masks_of_another_shape_are_refused() -> None:
    with pytest.raises(EchoError, match=r"got \(1, 20, 20\) and \(2, 20, 20\)"):
        score_clip(Clip(soft(box(4, 8))), Predicted(soft(box(4, 8))), against(box(4, 8, frames=2)))
