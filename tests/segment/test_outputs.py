import csv
import json
from pathlib import Path

import av
import numpy as np
import pytest
from dark_cavity import FPS, DarkCavity, beating, save_clip
from PIL import Image

from echodfkd.errors import UsageError
from echodfkd.readers import open_source
from echodfkd.segment.outputs import output_names, refuse_overwriting, write_outputs, write_summary
from echodfkd.segment.pipeline import Segmentation, segment


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Segmentation:
    path = save_clip(tmp_path_factory.mktemp("in") / "x.npz", beating(30)[0], fps=FPS, spacing_mm=(0.9, 0.9))
    return segment(open_source(path), DarkCavity())


def test_the_four_files_of_a_clip(tmp_path: Path, found: Segmentation) -> None:
    paths = write_outputs(tmp_path, found)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.json", "x.mp4", "x.npz", "x.png"]
    assert sorted(paths) == sorted(tmp_path.iterdir())
    with np.load(tmp_path / "x.npz") as archive:
        assert archive["mask"].dtype == np.bool_
        assert archive["prob"].dtype == np.uint8
        assert archive["mask"].shape == archive["prob"].shape == (30, 112, 112)
        assert archive["area_px"] == pytest.approx(archive["mask"].sum(axis=(1, 2)))
    content = json.loads((tmp_path / "x.json").read_text())
    assert content["frames"] == 30
    assert content["beats"][0]["edv_ml"] > content["beats"][0]["esv_ml"] > 0


def test_the_video_plays_at_the_clips_own_speed(tmp_path: Path, found: Segmentation) -> None:
    write_outputs(tmp_path, found)
    with av.open(str(tmp_path / "x.mp4")) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == FPS
    assert len(frames) == 30
    height, width = frames[0].shape[:2]
    assert height >= 448  # a clip of 112 x 112 is enlarged
    assert width > height
    assert height % 2 == width % 2 == 0
    yellow = (frames[0][..., 0] > 180) & (frames[0][..., 2] < 120)
    assert yellow[:, :height].sum() > 500  # the outline


def test_the_picture_can_be_looked_at(tmp_path: Path, found: Segmentation) -> None:
    write_outputs(tmp_path, found)
    with Image.open(tmp_path / "x.png") as picture:
        assert min(picture.size) > 800


def test_a_failure_leaves_older_results_alone(tmp_path: Path, found: Segmentation) -> None:
    write_outputs(tmp_path, found)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def stop_in_the_middle(items: object, description: str, total: int | None = None) -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_outputs(tmp_path, found, stop_in_the_middle)  # type: ignore[arg-type]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a/x.avi", "a/y.avi"], ["x", "y"]),
        (["a/x.avi", "b/x.avi"], ["x", "b-x"]),
        (["a/x.avi", "a/x.mp4", "a/x.gif"], ["x", "a-x", "a-x-2"]),
        (["a/x.avi", "b/X.avi"], ["x", "b-X"]),
        (["a/b-x.avi", "a/x.avi", "b/x.avi"], ["b-x", "x", "b-x-2"]),
    ],
)
def test_names(paths: list[str], names: list[str]) -> None:
    assert output_names([Path(path) for path in paths]) == names


def test_anonymous_names_are_numbers() -> None:
    assert output_names([Path("a/smith.avi"), Path("b/jones.nii.gz")], anonymous=True) == [
        "clip-0001",
        "clip-0002",
    ]


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"x\.mp4 would overwrite its input; name another folder with --output"
    ):
        refuse_overwriting([tmp_path / "x.mp4"], ["x"], tmp_path)
    refuse_overwriting([tmp_path / "x.avi"], ["x"], tmp_path)


def test_summary_has_a_row_per_clip(tmp_path: Path, found: Segmentation) -> None:
    write_summary(tmp_path / "summary.csv", [found.result.to_row(), {"name": "broken", "status": "failed"}])
    with (tmp_path / "summary.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["name"], row["status"]) for row in rows] == [("x", "ok"), ("broken", "failed")]
    assert float(rows[0]["ef"]) == pytest.approx(57.8, abs=5)
    assert rows[1]["ef"] == ""
