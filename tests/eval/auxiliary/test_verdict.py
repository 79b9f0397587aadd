"""The sentence on a judge, and the panel that shows why."""

from typing import Any

import pytest

from echodfkd.eval.auxiliary.trust import RANGES
from echodfkd.eval.auxiliary.verdict import verdict
from echodfkd.eval.report.content import Chart, Table
from echodfkd.eval.report.trust_panel import not_validated, trust_panel


def figure(value: float | None, reach: float = 0.05) -> dict[str, Any]:
    bounds = None if value is None else [value - reach, value + reach]
    return {
        "n": 90,
        "spearman": value,
        "interval_95": bounds,
        "kendall": None if value is None else 0.8 * value,
    }


def judged(values: tuple[float | None, ...], clips: int = 32) -> dict[str, Any]:
    """What `trust` finds: the auxiliary's figures as given, in the order of RANGES."""
    own = {part: figure(value) for part, value in zip(RANGES, values, strict=True)}
    blind = {part: figure(0.4) for part in RANGES}
    wrong = {part: figure(None) for part in RANGES}
    judges = {"auxiliary": own, "area alone": blind, "null: frames of another clip": wrong}
    masks = [
        {"clip": "a", "what": what, "model": what == "tiny", "dice": dice, "score": score}
        for what, dice, score in (
            ("true", 1.0, 0.9), ("erode 2", 0.9, 0.8), ("dilate 2", 0.88, 0.8), ("shift 4", 0.8, None),
            ("empty", 0.0, 0.1), ("tiny", 0.93, 0.85),
        )
    ]  # fmt: skip
    return {"clips": clips, "items": len(masks), "judges": judges, "masks": masks}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            (0.6, 0.6, 0.5, 0.5),
            "seer does not deserve trust here: it does not tell good masks from bad ones.",
        ),
        ((None, None, None, None), "seer does not deserve trust here"),
        ((0.9, 0.9, 0.04, 0.5), "(Spearman 0.90), but among masks of Dice .80 to .95 it shows no order"),
        (
            (0.9, 0.9, 0.5, -0.1),
            "follows faults between .80 and .95 (0.50), but do not rank good models by it",
        ),
        ((0.9, 0.9, 0.5, 0.4), "among masks of models, too (0.40): it deserves trust on clips like these."),
    ],
)
def test_the_sentence(values: tuple[float | None, ...], sentence: str) -> None:
    assert sentence in verdict(judged(values), "seer")


def test_a_judge_no_better_than_a_blind_one_is_not_trusted() -> None:
    found = judged((0.9, 0.9, 0.5, 0.4))
    found["judges"]["mean shape"] = {part: figure(0.88) for part in RANGES}
    assert "does not deserve trust" in verdict(found, "seer")


def test_few_clips_are_said() -> None:
    assert verdict(judged((0.9, 0.9, 0.5, 0.4), clips=3), "seer").endswith("It rests on 3 clips only.")
    assert "only" not in verdict(judged((0.9, 0.9, 0.5, 0.4)), "seer")


def test_the_panel_has_sentence_note_charts_and_every_judge() -> None:
    found = judged((0.9, 0.9, 0.5, -0.1))
    about = {"name": "seer", "sha256": "ab", "claim": "", "note": "not independent: same simulator"}
    words = verdict(found, "seer")
    panel = trust_panel({**found, "auxiliary": about, "models": ["tiny", "sim"], "verdict": words})
    assert panel.text.startswith(words)
    assert "seer (not independent: same simulator); 6 masks of 32 clips" in panel.text
    scatter, strip, table = panel.blocks
    assert isinstance(scatter, Chart)
    assert isinstance(strip, Chart)
    assert "eroded or dilated" in scatter.svg
    for text in ("erode 2 (0.90)", "empty (0.00)", "tiny (0.93)"):
        assert text in strip.svg
    assert isinstance(table, Table)
    assert [row[0].text for row in table.rows] == [
        "seer", "Area alone (sees no picture)", "The judge, frames of another clip",
    ]  # fmt: skip
    assert (table.rows[0][1].text, table.rows[0][1].small) == ("0.90", "0.85 to 0.95, Kendall 0.72, n = 90")
    assert table.rows[2][1].text == "–"


def test_without_validation_it_says_how_to_get_one() -> None:
    text = not_validated("simclip", "not independent").text
    assert "simclip (not independent) was not validated in this run" in text
    assert "--validate-auxiliary" in text
    assert "echodfkd synth DATA --clips 32" in text
