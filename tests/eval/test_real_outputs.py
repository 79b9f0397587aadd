from typing import Any

import pytest
from sim_clips import Exact, save_folder, sim_clips

from echodfkd.eval.real import find_clips, score_folder
from echodfkd.eval.real_outputs import summary


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a model that knows the masks exactly gets."""
    folder = save_folder(tmp_path_factory.mktemp("real"))
    model = Exact(sim_clips(3))
    return summary(model, score_folder(folder, find_clips(folder), model))


def test_summary_of_exact_masks_is_perfect(exact: dict[str, Any]) -> None:
    assert exact["model"] == {"name": "exact", "sha256": "cd" * 32, "claim": "real-free"}
    names = [row["clip"] for row in exact["clips_with_masks"]]
    assert names == [f"masks/{clip.name}" for clip in sim_clips(2)]
    for row in exact["clips_with_masks"]:
        assert row["dice"] == row["dice_worst_frame"] == row["area_correlation"] == row["area_ratio"] == 1
        for kind in ("ed", "es"):
            assert row[f"{kind}_f1"] == 1
            assert row[f"{kind}_error_ms"] == row[f"{kind}_missed"] == row[f"{kind}_false"] == 0
    assert exact["over_masks"]["dice_clip"]["value"] == 1
    (row,) = exact["clips_with_ef"]
    assert row["error"] == pytest.approx(row["ef_found"] - 45, abs=0.01)
    assert exact["over_ef"]["ef_auroc"]["value"] is None  # one clip: one kind of EF only
    assert exact["over_ef"]["ef_missing"]["value"] == 0
    assert "not human events" in exact["events_from"]
