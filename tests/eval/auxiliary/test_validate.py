from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from dark_cavity import DarkCavity

from echodfkd.clip import BoolMask, Clip
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError
from echodfkd.eval.auxiliary.base import Words
from echodfkd.eval.auxiliary.trust import table, trust
from echodfkd.eval.auxiliary.validate import Item, area_alone, mean_shape, thinned, validate
from echodfkd.eval.dice import dice_per_image
from echodfkd.segmenter import Prob
from echodfkd.synth.request import build_generator
from echodfkd.synth.write import write_clip_set


@dataclass
class Knowing:
    """A judge that knows the truth of every clip by its first frame; of other frames it knows nothing."""

    truth: dict[bytes, BoolMask]
    name: str = "knowing"
    digest: str = "ab" * 32
    claim: str = "sees the labels"
    note: str = "made for a test"
    words: Mapping[str, Words] = field(default_factory=lambda: {"truth": Words("Truth", "", 3, "Dice")})

    def scores(self, clip: Clip, prob: Prob) -> Iterator[tuple[str, float]]:
        true = self.truth.get(clip.frames.tobytes())
        yield "truth", 0.0 if true is None else float(dice_per_image(prob > 127, true).mean())


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipSet:
    folder: Path = tmp_path_factory.mktemp("sim") / "data"
    write_clip_set(build_generator("sim", frames=16, size=64, fps=16.0), folder, clips=3, seed=4)
    return ClipSet.open(folder)


@pytest.fixture(scope="module")
def items(clips: ClipSet) -> list[Item]:
    shown = [thinned(clips.load(record)) for record in clips.records]
    truth = {clip.frames.tobytes(): clip.lv for clip in shown if clip.lv is not None}
    return validate(Knowing(truth), clips, [DarkCavity()])


def test_a_judge_that_knows_is_trusted_and_one_that_sees_areas_less(items: list[Item]) -> None:
    judges = trust(items)["judges"]
    for part in ("all", "within clips", ".80 to .95"):
        assert judges["auxiliary"][part]["spearman"] == judges["auxiliary"][part]["kendall"] == 1
    assert judges["area alone"]["all"]["spearman"] < 0.9
    assert judges["mean shape"]["all"]["spearman"] < 1
    assert judges["null: one frame for all"]["all"]["spearman"] is None  # it says the same of all


def test_every_way_and_every_model_is_rated(items: list[Item]) -> None:
    assert len({item.clip for item in items}) == 3
    first = [item for item in items if item.clip == items[0].clip]
    assert [item.what for item in first if item.model] == ["dark-cavity"]
    assert first[0].what == "true"
    assert first[0].dice == 1
    assert "null: frames of another clip" in first[0].scores
    assert not any(name.startswith("null") for name in first[-1].scores)


def test_a_set_without_masks_is_refused(clips: ClipSet, tmp_path: Path) -> None:
    (tmp_path / "a.avi").write_bytes(clips.records[0].path.read_bytes())
    with pytest.raises(EchoError, match="needs two clips or more with exact masks"):
        validate(DarkCavity(), ClipSet.open(tmp_path), [])


def test_clips_are_thinned_to_ten_a_second() -> None:
    clip = Clip(np.zeros((128, 8, 8), np.uint8), 50.0, "c", ed_frames=(3,))
    assert len(thinned(clip)) == 16
    assert len(thinned(clip.with_(fps=25.0))) == 16
    assert len(thinned(clip.with_(frames=clip.frames[:40]))) == 8


def test_judges_that_see_no_frames() -> None:
    mask = np.zeros((2, 112, 112), bool)
    mask[:, 20:70, 40:70] = True
    others = [Clip(np.zeros((2, 112, 112), np.uint8), mask=mask.astype(np.uint8))] * 2
    frames = others[0].frames
    area, shape = area_alone(others), mean_shape(others)
    assert area(frames, mask) == 0
    assert area(frames, np.roll(mask, 30, 1)) == 0
    assert area(frames, mask & (np.arange(112) < 55)) == pytest.approx(np.log(0.5))
    assert shape(frames, mask) == 1
    assert shape(frames, np.roll(mask, 25, 1)) == pytest.approx(0.5, abs=0.03)


def made(clip: str, dice: float, score: float, model: bool = False) -> Item:
    return Item(clip, "x", model, dice, {"auxiliary": score})


def test_correlations_by_hand() -> None:
    """Within each clip the order is right; over both it is not."""
    low = [made("a", 0.8 + k / 50, k / 10) for k in range(6)]
    high = [made("b", 0.8 + k / 50, 5 + k / 10, model=True) for k in range(6)]
    found = trust([*low, *high])
    figures = found["judges"]["auxiliary"]
    assert figures["within clips"]["spearman"] == 1
    assert figures["all"]["spearman"] == pytest.approx(0.4965, abs=0.01)
    assert figures["all"]["n"] == 12
    assert figures["models, .80 to .95"]["n"] == 6
    assert figures["models, .80 to .95"]["interval_95"] is None  # one clip
    assert found["spread"]["auxiliary"]["all"] > 2
    lines = list(table(found, "knowing", "a note"))
    assert lines[1] == "auxiliary: knowing (a note)"
    assert lines[-1].startswith("| auxiliary | 0.")


def test_too_few_items_have_no_correlation() -> None:
    found = trust([made("a", 0.1 * k, k) for k in range(4)])
    assert found["judges"]["auxiliary"]["all"]["spearman"] is None
    assert list(table(found, "x", ""))[-1] == "| auxiliary | - | - | - | - |"
