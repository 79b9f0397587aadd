import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "picture_sim.py"))
NAMES = ("anatomy", "motion", "physics", "scanner", "views")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures")
    SCRIPT["main"](path)
    return path


def test_every_picture_is_there_and_small(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [f"sim_{name}.png" for name in NAMES]
    for path in folder.iterdir():
        assert path.stat().st_size < 250_000
        assert Image.open(path).width == 960


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_it(name: str) -> None:
    page = Path(__file__).parents[2] / "docs" / "simulator.md"
    assert f"(images/sim_{name}.png)" in page.read_text(encoding="utf-8")
    assert (page.parent / "images" / f"sim_{name}.png").is_file()


def test_pictures_do_not_change_from_run_to_run(folder: Path, tmp_path: Path) -> None:
    SCRIPT["save"](SCRIPT["motion"](), tmp_path / "again.png")
    again, first = (
        np.asarray(Image.open(p).convert("RGB")) for p in (tmp_path / "again.png", folder / "sim_motion.png")
    )
    assert np.array_equal(again, first)
    assert first.std() > 20
