"""Labels as they come: masks of all frames, two traced frames, an EF alone."""

import numpy as np
import pytest
from dark_cavity import beating

from echodfkd.beats import Events
from echodfkd.clip import Clip
from echodfkd.errors import EchoError
from echodfkd.eval.dice import dice_per_image
from echodfkd.eval.reference import LabelError, Reference, labels_of
from echodfkd.eval.score import Predicted, score_clip
from echodfkd.tracings import Tracing, mask_to_tracing

VIDEO, MASK = beating()  # a beat of 20 at 25 Hz: ED at 20 and 40, ES at 10 and 30


def traced(*frames: int) -> list[Tracing]:
    return [Tracing("heart", frame, mask_to_tracing(MASK[frame])) for frame in frames]


def heart(**known: object) -> Clip:
    return Clip(VIDEO, 25.0, "heart").with_(**known)


def test_traced_frames_stand_for_the_masks() -> None:
    reference = labels_of(heart(ed_frames=(20,), es_frames=(30,), ef=58.0), traced(30, 20))
    assert (reference.name, reference.frames, reference.mask.shape) == ("labels", (20, 30), (2, 112, 112))
    assert dice_per_image(reference.mask, MASK[[20, 30]]).min() > 0.97
    assert (reference.events, reference.ef) == (Events((20,), (30,)), 58.0)
    assert reference.events_from == "the traced ED and ES frames of one beat"
    assert reference.one_beat_marked
    assert reference.rows((30, 31)) == (1,)
    assert reference.at(31) is None


def test_a_clip_is_judged_at_its_traced_frames_and_beat() -> None:
    reference = labels_of(heart(ed_frames=(20,), es_frames=(30,), ef=58.0), traced(30, 20))
    score = score_clip(heart(), Predicted(np.uint8(255) * MASK.astype(np.uint8)), reference)
    assert score.sparse
    assert len(score.dice) == len(score.distances) == 2
    assert (score.at_ed, score.at_es) == ((0,), (1,))
    assert score.dice.min() > 0.97
    assert not score.in_mm
    assert (score.ed.pairs, score.es.pairs) == (((20, 20),), ((30, 30),))
    assert score.ed.false == score.es.false == ()  # beats that nobody marked
    assert (score.afd_ed.tolist(), score.afd_es.tolist()) == ([0.0], [0.0])
    ((found, true),) = score.beat_ef
    assert found == pytest.approx(100 * (1 - 0.75**3), abs=1.0)
    assert true == pytest.approx(found, abs=2.0)
    assert len(score.size) == 50


def test_beats_of_masks_of_all_frames() -> None:
    clip = heart(mask=MASK.astype(np.uint8), ed_frames=(20, 40), es_frames=(10, 30), spacing_mm=(0.5, 0.5))
    score = score_clip(clip, Predicted(np.uint8(255) * MASK.astype(np.uint8)), labels_of(clip))
    assert score.beat_ef.shape == (1, 2)  # 20 to 30; the ED of 10 and the ES of 40 are not in the clip
    assert score.beat_ef[0, 0] == score.beat_ef[0, 1]
    assert score.in_mm
    assert (score.distances == 0).all()
    assert score.at_ed == (20, 40)


def test_an_ef_alone_is_a_label() -> None:
    reference = labels_of(heart(ef=58.0))
    assert (reference.mask.shape, reference.frames) == ((0, 112, 112), ())
    score = score_clip(heart(), Predicted(np.uint8(255) * MASK.astype(np.uint8)), reference)
    assert len(score.dice) == len(score.ed.false) == 0
    assert score.ef_true == 58.0


def test_no_label_at_all_says_what_remains() -> None:
    with pytest.raises(LabelError, match=r"'heart' has no labels.*--teacher sim.*--auxiliary NAME"):
        labels_of(heart())


@pytest.mark.parametrize("ef", [-1.0, 100.5, 5800.0, float("nan")])
def test_an_ef_must_be_a_percentage(ef: float) -> None:
    with pytest.raises(LabelError, match="'heart': its EF must be a percentage of 0 to 100, got"):
        labels_of(heart(ef=ef))


def test_a_traced_frame_outside_the_clip() -> None:
    late = Tracing("heart", 50, mask_to_tracing(MASK[0]))
    with pytest.raises(EchoError, match=r"'heart': a traced frame of \(20, 50\) is outside its 50 frames"):
        labels_of(heart(ef=58.0), [*traced(20), late])


def test_masks_of_another_size_are_refused() -> None:
    small = Reference("labels", np.zeros((50, 56, 56), bool), Events(), None, "")
    with pytest.raises(EchoError, match=r"got \(50, 112, 112\) and \(50, 56, 56\)"):
        score_clip(heart(), Predicted(np.uint8(255) * MASK.astype(np.uint8)), small)
