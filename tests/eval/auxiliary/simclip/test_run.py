import json
from pathlib import Path

import pytest
from simclip_material import Ellipses

from echodfkd.errors import UsageError
from echodfkd.eval.auxiliary.simclip.clips import JUDGES, SEEDS
from echodfkd.eval.auxiliary.simclip.model import load_simclip
from echodfkd.eval.auxiliary.simclip.run import Clips, train_auxiliary
from echodfkd.eval.auxiliary.simclip.train import Recipe
from echodfkd.students.checkpoint import sha256

CLIPS = Clips([Ellipses()], 7, 4, judges=4)
RECIPE = Recipe(steps=2, batch=4)


def test_a_run_leaves_a_model_its_figures_and_a_manifest(tmp_path: Path) -> None:
    run = tmp_path / "run"
    rows = list(train_auxiliary(CLIPS, RECIPE, run, batches=1))
    assert rows[0]["step"] == 2
    assert "overlap_spearman" in rows[-1]
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["complete"]
    assert manifest["request"]["clips"]["seed"] == 7 + SEEDS
    assert manifest["request"]["clips"]["judged_by"] == 7 + JUDGES
    assert json.loads((run / "metrics.json").read_text()) == rows[-1]
    digest = sha256(run / "auxiliary.safetensors")
    assert load_simclip(run / "auxiliary.safetensors", "cpu").digest == digest == manifest["weights_sha256"]
    with pytest.raises(UsageError, match="add --resume"):
        next(iter(train_auxiliary(CLIPS, RECIPE, run)))
    list(train_auxiliary(CLIPS, RECIPE, run, resume=True, batches=1))
    assert sha256(run / "auxiliary.safetensors") == digest
    with pytest.raises(UsageError, match="another recipe"):
        next(iter(train_auxiliary(CLIPS, Recipe(steps=3, batch=4), run, resume=True)))
