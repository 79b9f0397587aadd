import shutil
from pathlib import Path

import numpy as np
import pytest
from moving_ellipse import MovingEllipse

from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.files import write_json, write_npz
from echodfkd.synth.write import write_clip_set
from echodfkd.video_writer import write_avi

ECHONET_HEADER = "FileName,EF,ESV,EDV,FrameHeight,FrameWidth,FPS,NumberOfFrames,Split\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made") / "set"
    write_clip_set(MovingEllipse(), root, clips=3, seed=5, lossless=True)
    return root


@pytest.fixture
def ours(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(made, tmp_path / "set"))


@pytest.fixture
def echonet(tmp_path: Path) -> Path:
    """Two clips in EchoNet-Dynamic's own layout; the larger polygon of the first is in frame 2."""
    for name, frames in (("0XA", 4), ("0XB", 6)):
        write_avi(tmp_path / "Videos" / f"{name}.avi", np.zeros((frames, 32, 32), np.uint8), 51.0)
    rows = "0XA,60.5,40.0,101.3,32,32,51,4,TRAIN\n0XB,55.0,30,66.7,32,32,51,6,Test\n"
    (tmp_path / "FileList.csv").write_text(ECHONET_HEADER + rows)
    tracings = ["FileName,X1,Y1,X2,Y2,Frame"]
    for frame, width in ((2, 10), (3, 4)):
        tracings.append(f"0XA.avi,16,5,16,25,{frame}")
        tracings += [f"0XA.avi,{16 - width / 2},{y},{16 + width / 2},{y},{frame}" for y in (10, 15, 20)]
    (tmp_path / "VolumeTracings.csv").write_text("\n".join(tracings) + "\n")
    return tmp_path


def test_clip_comes_back_whole(made: Path) -> None:
    data = ClipSet.open(made)
    clip, original = data.load(1), MovingEllipse().clip(5, 1)
    np.testing.assert_array_equal(clip.frames, original.frames)
    assert original.mask is not None
    assert clip.mask is not None
    np.testing.assert_array_equal(clip.mask, original.mask)
    assert clip.sector is not None
    assert clip.sector.all()
    assert clip.name == "ellipse-5-000001"
    assert (clip.ef, clip.edv_ml, clip.esv_ml) == (51.0, 100.0, 49.0)
    assert (clip.fps, clip.spacing_mm, clip.view) == (50.0, (0.5, 0.25), "a4c")
    assert (clip.ed_frames, clip.es_frames) == ((0,), (7,))


def test_records_name_and_split(made: Path) -> None:
    data = ClipSet.open(made)
    assert len(data) == 3
    assert [record.name for record in data.select("val")] == ["ellipse-5-000001"]
    assert data.manifest["generator"] == "ellipse"
    record = data.record("ellipse-5-000002")
    assert (record.height, record.width, record.frames, record.split) == (64, 64, 8, "TEST")
    assert data.load(record, masks=False).mask is None


def test_unknown_clip_or_split_is_named(made: Path) -> None:
    data = ClipSet.open(made)
    with pytest.raises(EchoError, match="has no clip 'nobody'"):
        data.load("nobody")
    with pytest.raises(UsageError, match="unknown split 'dev'; choose from: TEST, TRAIN, VAL"):
        data.select("dev")


def test_tracings_of_both_frames(made: Path) -> None:
    data = ClipSet.open(made)
    es, ed = data.tracings(data.records[0])
    assert (es.frame, ed.frame) == (7, 0)
    assert es.lines.shape == ed.lines.shape == (21, 4)
    original = MovingEllipse().clip(5, 0).lv
    assert original is not None
    np.testing.assert_allclose(ed.area, original[0].sum(), rtol=0.1)


def test_labels_come_back_and_must_fit(ours: Path) -> None:
    data = ClipSet.open(ours)
    record = data.records[0]
    folder = data.labels_folder("sim", "0123456789abcdef")
    assert folder == ours / "Labels" / "sim-01234567"
    with pytest.raises(EchoError, match=r"ellipse-5-000000 has no label in .*: run `echodfkd label` first"):
        data.load_labels(record, folder)
    prob = np.arange(8 * 64 * 64).reshape(8, 64, 64).astype(np.uint8)
    write_npz(folder / f"{record.name}.npz", prob=prob)
    np.testing.assert_array_equal(data.load_labels(record, folder), prob)
    write_npz(folder / f"{record.name}.npz", prob=prob[:5])
    with pytest.raises(EchoError, match=r"is \(5, 64, 64\), its clip is \(8, 64, 64\)"):
        data.load_labels(record, folder)
    write_npz(folder / f"{record.name}.npz", prob=prob[:, :, :40], other=prob)
    with pytest.raises(EchoError, match=r"is \(8, 64, 40\), its clip is \(8, 64, 64\)"):
        data.load_labels(record, folder)
    write_npz(folder / f"{record.name}.npz", prob=prob.astype(float))
    with pytest.raises(EchoError, match="holds no `prob` of uint8"):
        data.load_labels(record, folder)


def test_the_spread_of_several_teachers_comes_back_and_must_fit(ours: Path) -> None:
    data = ClipSet.open(ours)
    record, folder = data.records[0], data.labels_folder("a+b", "0123456789abcdef")
    prob, spread = np.zeros((8, 64, 64), np.uint8), np.full((8, 64, 64), 9, np.uint8)
    with pytest.raises(EchoError, match="has no label in"):
        data.load_spread(record, folder)
    write_npz(folder / f"{record.name}.npz", prob=prob)
    assert data.load_spread(record, folder) is None
    write_npz(folder / f"{record.name}.npz", prob=prob, spread=spread)
    np.testing.assert_array_equal(data.load_spread(record, folder), spread)
    np.testing.assert_array_equal(data.load_labels(record, folder), prob)
    write_npz(folder / f"{record.name}.npz", prob=prob, spread=spread[1:])
    with pytest.raises(EchoError, match=r"`spread` in .* is \(7, 64, 64\), its clip is \(8, 64, 64\)"):
        data.load_spread(record, folder)
    write_npz(folder / f"{record.name}.npz", prob=prob, spread=spread.astype(float))
    with pytest.raises(EchoError, match="holds no `spread` of uint8"):
        data.load_spread(record, folder)


def test_labels_of_a_folder_of_videos_must_fit_the_video(tmp_path: Path) -> None:
    """No list says how long they are: only the clip itself does."""
    write_avi(tmp_path / "a.avi", np.zeros((3, 32, 32), np.uint8), 25.0)
    data = ClipSet.open(tmp_path)
    folder = data.labels_folder("sim", "0123456789abcdef")
    write_npz(folder / "a.npz", prob=np.zeros((4, 32, 32), np.uint8))
    with pytest.raises(EchoError, match=r"is \(4, 32, 32\), its clip is \(3, 32, 32\)"):
        data.load_labels(data.records[0], folder, data.load(0).frames.shape)


def test_labels_of_other_weights_are_refused(ours: Path) -> None:
    data, digest = ClipSet.open(ours), "0123456789abcdef"
    assert data.left_labels("sim", digest) is None
    folder = data.labels_folder("sim", digest)
    write_json(folder / "manifest.json", {"teacher_sha256": digest})
    assert data.left_labels("sim", digest) == folder
    with pytest.raises(EchoError, match=r"sim-01234567 holds labels of other weights than sim's"):
        data.left_labels("sim", "01234567ffffffff")


def test_echonets_own_layout(echonet: Path) -> None:
    data = ClipSet.open(echonet)
    first, second = data.records
    assert (first.name, first.ef, first.edv, first.split, second.split) == (
        "0XA",
        60.5,
        101.3,
        "TRAIN",
        "TEST",
    )
    assert (first.ed_frames, first.es_frames) == ((2,), (3,)), "area decides, not the order"
    assert (second.ed_frames, second.es_frames) == ((), ())
    clip = data.load("0XA")
    assert (len(clip), clip.fps, clip.mask, clip.spacing_mm) == (4, 51.0, None, None)
    assert data.tracings(second) == ()
    assert data.manifest == {}


def test_names_may_carry_the_suffix(echonet: Path) -> None:
    (echonet / "FileList.csv").write_text("FileName,EF\n0XA.avi,nan\n")
    (record,) = ClipSet.open(echonet).records
    assert (record.name, record.ef, record.split) == ("0XA", None, None)


def test_folder_of_videos(tmp_path: Path) -> None:
    for path in ("b.avi", "deep/a.avi", "one/c.avi", "two/c.avi"):
        write_avi(tmp_path / path, np.full((3, 32, 48), 7, np.uint8), 25.0, lossless=True)
    write_npz(tmp_path / "Labels" / "sim-01234567" / "b.npz", prob=np.zeros((3, 32, 48), np.uint8))
    data = ClipSet.open(tmp_path)
    assert [record.name for record in data.records] == ["b", "a", "one-c", "two-c"]
    clip = data.load("a")
    assert (clip.frames.shape, clip.fps, clip.name) == ((3, 32, 48), 25.0, "a")


def test_missing_folder_empty_folder_unfinished_set(ours: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such folder: .*absent"):
        ClipSet.open(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(EchoError):
        ClipSet.open(tmp_path / "empty")
    (ours / "FileList.csv").unlink()
    with pytest.raises(EchoError, match="is unfinished: run the same `echodfkd synth` command again"):
        ClipSet.open(ours)


def test_missing_video_is_named(ours: Path) -> None:
    (ours / "Videos" / "ellipse-5-000001.avi").unlink()
    with pytest.raises(EchoError, match=r"ellipse-5-000001\.avi is missing, though FileList\.csv names it"):
        ClipSet.open(ours)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Name,EF\n0XA,50\n", r"FileList\.csv lacks the column FileName"),
        ("FileName,EF\n0XA,fifty\n", r"FileList\.csv, row 2: EF is 'fifty', which is not readable"),
        ("FileName,NumberOfFrames\n0XA,3.5\n", r"row 2: NumberOfFrames is '3.5'"),
        ("FileName,Split\n0XB,TRAIN\n0XA,DEV\n", r"row 3: Split is 'DEV'"),
        ("FileName,EF\n0XA\n", r"row 2: fewer fields than the header has"),
        ("FileName,EF\n0XA,50\n0XA.avi,50\n", r"names the clip '0XA' twice"),
        ("", r"FileList\.csv lacks the column FileName"),
    ],
)
def test_unreadable_list_says_where(echonet: Path, text: str, message: str) -> None:
    (echonet / "FileList.csv").write_text(text)
    with pytest.raises(EchoError, match=message):
        ClipSet.open(echonet)


def test_video_of_another_length_is_noticed(ours: Path) -> None:
    write_avi(ours / "Videos" / "ellipse-5-000000.avi", np.zeros((5, 64, 64), np.uint8), 50.0)
    with pytest.raises(EchoError, match=r"holds 5 frames, FileList\.csv says 8"):
        ClipSet.open(ours).load(0)


def test_damaged_masks_are_named(ours: Path) -> None:
    path = ours / "Masks" / "ellipse-5-000000.npz"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(EchoError, match=r"ellipse-5-000000\.npz is damaged"):
        ClipSet.open(ours).load(0)


def test_a_list_that_is_no_text_is_named(echonet: Path) -> None:
    (echonet / "FileList.csv").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(EchoError, match=r"FileList\.csv is not readable as CSV text"):
        ClipSet.open(echonet)


def test_results_beside_the_videos_do_not_take_their_place(ours: Path) -> None:
    for suffix in (".json", ".mp4", ".png"):
        (ours / "Videos" / f"ellipse-5-000000{suffix}").write_text("a result")
    assert [record.path.suffix for record in ClipSet.open(ours).records] == [".avi"] * len(ClipSet.open(ours))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mask": np.zeros((8, 64, 64))}, r"mask must be uint8 \(8, 64, 64\) .* got float64"),
        ({"sector": np.ones((64, 64), np.uint8)}, r"sector must be bool \(64, 64\) .* got uint8"),
    ],
)
def test_masks_of_another_type_are_refused(ours: Path, changed: dict[str, np.ndarray], message: str) -> None:
    write_npz(ours / "Masks" / "ellipse-5-000000.npz", **changed)
    with pytest.raises(EchoError, match=message):
        ClipSet.open(ours).load(0)
