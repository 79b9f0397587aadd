import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from dark_cavity import DarkCavity
from moving_ellipse import MovingEllipse
from text_image import Tissues

from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError
from echodfkd.eval.auxiliary.base import Judge, Words, kind_of
from echodfkd.eval.auxiliary.outputs import clip_rows, entry, lines, section
from echodfkd.eval.auxiliary.run import Judgement, evaluate_and_judge, judge, judge_masks
from echodfkd.eval.metrics_file import metrics
from echodfkd.eval.report.evaluation import Beside, evaluation_page
from echodfkd.eval.run import Scoring, evaluate
from echodfkd.segmenter import Prob
from echodfkd.synth.write import write_clip_set

FRAMES = 12


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipSet:
    """Three clips without any label."""
    root = tmp_path_factory.mktemp("judge") / "clips"
    write_clip_set(MovingEllipse(FRAMES), root, clips=3, lossless=True)
    shutil.rmtree(root / "Masks")
    return ClipSet.open(root)


@dataclass
class Shifted(DarkCavity):
    """The same segmenter, too far to the right."""

    name: str = "shifted"
    size: int = 64

    def predict(self, frames: Prob) -> Prob:
        return np.roll(super().predict(frames), 12, axis=2)


@dataclass
class Area:
    """Judges by area and says so."""

    name: str = "area"
    digest: str = "ef" * 32
    claim: str = "saw nothing"
    note: str = "not independent"
    words: Mapping[str, Words] = field(default_factory=lambda: {"area": Words("Area", "px", 0, "mean area")})

    def scores(self, clip: Clip, prob: Prob) -> Iterator[tuple[str, float]]:
        yield "area", float((prob > 127).sum() / len(prob))


@dataclass
class Fixed:
    """Reads an EF off the clip's number."""

    name: str = "fixed"
    digest: str = "01" * 32
    claim: str = "unknown"
    note: str = ""

    def ef(self, clip: Clip) -> float:
        return 60.0 + int(clip.name[-1])


def test_a_text_image_model_judges_without_labels(clips: ClipSet) -> None:
    good, bad = judge([DarkCavity(size=64), Shifted()], clips, Tissues())
    assert (good.model.name, bad.model.name, good.kind, good.form) == (
        "dark-cavity", "shifted", "text-image", "corrected",
    )  # fmt: skip
    assert good.value("mask_score") > bad.value("mask_score") + 0.02
    assert good.value("mask_score_null") == 0.0
    assert good.by == "judged by tissues (made for a test)"
    assert good.events_from == "ED and ES from auxiliary tissues"
    found = {figure.name: figure for figure in good.figures}
    assert found["ef_mae"].n == found["auxiliary_ef_spread"].n == found["mask_score"].n == 3
    assert good.value("auxiliary_ef_spread") == 0.0  # it says the same of every clip
    assert good.value("ef_mae") == pytest.approx(abs(good.value("ef_bias")))
    assert found["mask_score"].interval is not None
    assert {"ed_error_frames", "ed_f1", "es_f1", "afd_ed", "afd_es", "phase_correlation"} <= set(found)
    assert "es_error_frames" not in found  # half a beat: its ES is nearer to the other's ED than to its ES
    assert "from auxiliary tissues" in found["ed_error_frames"].definition
    assert found["phase_correlation"].value > 0


def test_events_can_be_left_out_and_formulas_published(clips: ClipSet) -> None:
    (published,) = judge([DarkCavity(size=64)], clips, Tissues(), published=True, events=False)
    assert (published.form, published.events_from) == ("published", "")
    names = [figure.name for figure in published.figures]
    assert not any(name.startswith(("ed_", "es_", "afd", "phase")) for name in names)
    assert published.value("mask_score_null") != 0.0


def test_a_judge_of_its_own_and_an_ef_model(clips: ClipSet) -> None:
    assert isinstance(Area(), Judge)
    assert (kind_of(Area()), kind_of(Fixed())) == ("judge", "EF")
    (by_area,) = judge([DarkCavity(size=64)], clips, Area())
    assert [(figure.name, figure.unit) for figure in by_area.figures] == [("area", "px")]
    assert by_area.value("area") == np.mean([row.values["area"] for row in by_area.rows]) > 100
    (by_ef,) = judge([DarkCavity(size=64)], clips, Fixed())
    assert [row.ef_auxiliary for row in by_ef.rows] == [60.0, 61.0, 62.0]
    assert by_ef.value("auxiliary_ef_spread") == pytest.approx(np.std([60, 61, 62]))
    expected = np.mean([abs(row.ef_found - row.ef_auxiliary) for row in by_ef.rows])
    assert by_ef.value("ef_mae") == pytest.approx(expected)


def test_labels_and_auxiliary_ask_a_model_once(tmp_path: Path) -> None:
    """Together they say what they say apart, and every clip is looked at once."""
    write_clip_set(MovingEllipse(FRAMES), tmp_path / "set", clips=2, lossless=True)
    labelled, model = ClipSet.open(tmp_path / "set"), DarkCavity(size=64)
    results, judged = evaluate_and_judge([model], labelled, Scoring([model]), Judgement([model], Tissues()))
    assert model.calls == [FRAMES, FRAMES]
    assert [one.figures for one in results] == [one.figures for one in evaluate([model], labelled)]
    assert [one.figures for one in judged] == [one.figures for one in judge([model], labelled, Tissues())]


def test_an_auxiliary_that_finds_the_lv_gives_agreement(clips: ClipSet) -> None:
    same, other = judge_masks([DarkCavity(size=64), Shifted()], clips, DarkCavity(name="guide", size=64))
    assert same.reference == other.reference == "auxiliary guide"
    assert same.value("dice") == 1.0
    assert other.value("dice") < 0.8


def test_one_clip_has_no_interval_and_says_so(clips: ClipSet) -> None:
    (one,) = judge([DarkCavity(size=64)], ClipSet(clips.root, clips.records[:1]), Tissues())
    assert all(figure.interval is None for figure in one.figures)
    assert "  One clip: no intervals." in list(lines(one))


def test_unreadable_clips_are_told_and_none_is_an_error(clips: ClipSet, tmp_path: Path) -> None:
    shutil.copytree(clips.root, tmp_path / "set")
    damaged = ClipSet.open(tmp_path / "set")
    damaged.records[0].path.write_bytes(b"no video")
    (found,) = judge([DarkCavity(size=64)], damaged, Area())
    assert (len(found.rows), list(found.corrupt)) == (2, [damaged.records[0].name])
    content = metrics([], {}, [found])
    assert "skipped as unreadable" in str(evaluation_page([], content, [], [found], Beside()).sections[-1])
    with pytest.raises(EchoError, match="holds no clips to evaluate on"):
        judge([DarkCavity(size=64)], ClipSet(clips.root, []), Area())


def test_what_is_written(clips: ClipSet) -> None:
    (found,) = judge([DarkCavity(size=64)], clips, Tissues())
    row = next(clip_rows([found]))
    assert (row["model"], row["reference"]) == ("dark-cavity", "auxiliary tissues")
    assert row["mask_score"] == round(found.rows[0].values["mask_score"], 5)
    assert row["ef_reference"] == round(found.rows[0].ef_auxiliary, 3)
    written = entry(found)
    assert written["auxiliary"] == {
        "name": "tissues", "kind": "text-image", "sha256": "cd" * 32,
        "claim": "sees grey values", "note": "made for a test",
    }  # fmt: skip
    assert written["figures"]["mask_score"]["definition"].startswith(
        "mean over frames, then clips; corrected"
    )
    shown = section([found])
    assert shown.title == "Judged by tissues (made for a test)"
    assert "neither accuracy nor agreement" in shown.text
    printed = list(lines(found))
    assert printed[0] == "dark-cavity judged by tissues (made for a test), 3 clips"
    assert any(line.startswith("  Mask score: ") for line in printed)
