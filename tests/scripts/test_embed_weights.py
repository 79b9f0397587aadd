"""The card of a generator's part: what it says, and that it refuses what it cannot vouch for."""

import json
from pathlib import Path
from typing import Any

import pytest
from embed_weights import main
from small_echonet_synthetic import save_trained

from echodfkd import weights
from echodfkd.errors import EchoError
from echodfkd.files import read_json, write_json
from echodfkd.students.checkpoint import sha256

STEM = "generator-echonet-synthetic-vae"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished run of a VAE, and an empty folder in place of the package's weights."""
    package = tmp_path / "package"
    package.mkdir()
    monkeypatch.setattr(weights, "FOLDER", package)
    folder = save_trained(tmp_path / "runs", runs=True) / "vae"
    request = {
        "task": "vae",
        "clips": {"data": str(tmp_path / "clips")},
        "shape": {"frames": 32, "fps": 32.0, "size": 112},
        "recipe": {"steps": 4000, "batch": 12, "seed": 3},
        "codec_sha256": None,
    }
    manifest = {"request": request, "complete": True, "parameters": 10, "machine": "x86_64, cpu"}
    manifest |= {"weights_sha256": sha256(folder / "generator.safetensors"), "wall_time_s": 5400.0}
    write_json(folder / "manifest.json", manifest | {"software": {"torch": "2"}})
    rows = [{"step": 100, "pixels": 0.5, "steps_per_second": 1.0}, {"step": 4000, "pixels": 0.25}]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "clips").mkdir()
    write_json(tmp_path / "clips" / "manifest.json", {"generator": "sim", "clips": 2400})
    return folder


def embed(run: Path) -> dict[str, Any]:
    name = ["--kind", "generator", "--name", "echonet-synthetic:vae"]
    main([str(run), STEM, *name, "--command", "echodfkd train echonet-synthetic:vae --seed 3"])
    return dict(weights.card(STEM))


def test_the_card_says_how_they_were_made(run: Path) -> None:
    card = embed(run)
    assert (card["claim"], card["kind"], card["part"]) == ("real-free", "generator", "vae")
    assert card["summary"] == "demonstration weights: the published ones are for research"
    assert (card["clips"], card["steps"], card["seed"], card["hours"]) == (2400, 4000, 3, 1.5)
    assert card["losses"] == {"pixels": 0.25}
    assert card["sha256"] == sha256(weights.embedded_path(STEM))
    assert card["bytes"] == weights.embedded_path(STEM).stat().st_size
    assert str(run.parent) not in json.dumps(card), "no path of this machine"


def test_clips_of_anything_but_the_simulator_are_not_called_real_free(run: Path, tmp_path: Path) -> None:
    write_json(tmp_path / "clips" / "manifest.json", {"generator": "flow", "clips": 10})
    with pytest.raises(EchoError, match="clips of 'flow'"):
        embed(run)
    (tmp_path / "clips" / "manifest.json").unlink()
    with pytest.raises(OSError, match="manifest.json"):
        embed(run)
    assert not list(weights.FOLDER.iterdir())


def test_an_unfinished_run_is_refused(run: Path) -> None:
    write_json(run / "manifest.json", read_json(run / "manifest.json") | {"complete": False})
    with pytest.raises(EchoError, match="is not finished"):
        embed(run)
    assert not list(weights.FOLDER.iterdir())
