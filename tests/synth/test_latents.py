from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from echodfkd.clip import Frames
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.filelist import ECHONET_COLUMNS, csv_text
from echodfkd.files import TEMPORARY
from echodfkd.synth.latents import LatentSet, read_latents, write_latent_set
from echodfkd.video_writer import write_avi

SPLITS = ("TRAIN", "VAL", "TEST")


def encode(frames: Frames) -> Tensor:
    """A real map to (T, 4, 14, 14): means of four quarters of each 8x8 block, in -1..1."""
    small = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(frames.copy()).float()[:, None], 28)
    return torch.nn.functional.pixel_unshuffle(small / 127.5 - 1, 2)


def released_layout(root: Path, clips: int = 3, frames: int = 5) -> Path:
    """A set in the layout of EchoNet-Synthetic-v1: Videos/*.avi and a list with EchoNet-Dynamic's columns."""
    rng, rows = np.random.default_rng(0), []
    for index in range(clips):
        name, ef = f"0XS{index:08d}", 10 + index
        noise = rng.integers(0, 256, (frames + index, 14, 14), dtype=np.uint8)
        write_avi(root / "Videos" / f"{name}.avi", noise.repeat(8, 1).repeat(8, 2), 32.0)
        rows.append(
            [name, str(ef), "40.5", "81.25", "112", "112", "32", str(frames + index), SPLITS[index % 3]]
        )
    (root / "FileList.csv").write_text(csv_text(ECHONET_COLUMNS, rows))
    return root


@pytest.fixture
def source(tmp_path: Path) -> ClipSet:
    return ClipSet.open(released_layout(tmp_path / "videos"))


def test_released_layout_is_read_as_it_is(source: ClipSet) -> None:
    assert [(r.name, r.ef, r.frames, r.split) for r in source.records] == [
        ("0XS00000000", 10.0, 5, "TRAIN"),
        ("0XS00000001", 11.0, 6, "VAL"),
        ("0XS00000002", 12.0, 7, "TEST"),
    ]
    clip = source.load(2)
    assert (clip.frames.shape, clip.fps, clip.ef, clip.edv_ml) == ((7, 112, 112), 32.0, 12.0, 81.25)
    assert [record.name for record in source.select("VAL")] == ["0XS00000001"]


def test_layout_is_the_published_one(tmp_path: Path, source: ClipSet) -> None:
    written = write_latent_set(source, encode, tmp_path / "latents", codec="test-1")
    lines = (tmp_path / "latents" / "FileList.csv").read_text().splitlines()
    assert lines[0] == "FileName,EF,ESV,EDV,FrameHeight,FrameWidth,FPS,NumberOfFrames,Split"
    assert lines[2] == "0XS00000001,11,40.5,81.25,112,112,32,6,VAL"
    stored = torch.load(tmp_path / "latents" / "Latents" / "0XS00000001.pt", weights_only=True)
    assert (stored.shape, stored.dtype) == ((6, 4, 14, 14), torch.float32)
    expected = encode(source.load(1).frames)
    assert torch.equal(written.load(written.records[1]), expected)


def test_whole_ejection_fractions_come_back_whole(tmp_path: Path) -> None:
    """Published code turns 53 and 59 into 52 and 58 on the way through EF/100."""
    fractions = range(10, 91)
    for ef in fractions:
        write_avi(tmp_path / "Videos" / f"{ef}.avi", np.full((1, 16, 16), ef, np.uint8), 25.0)
    rows = [[str(ef), repr(ef / 100 * 100)] for ef in fractions]
    assert ["57", "56.99999999999999"] in rows
    (tmp_path / "FileList.csv").write_text(csv_text(("FileName", "EF"), rows))
    written = write_latent_set(ClipSet.open(tmp_path), encode, tmp_path / "latents", codec="test-1")
    assert [int(record.ef or 0) for record in written.records] == list(fractions)


def test_list_says_what_is_stored_not_what_the_source_said(tmp_path: Path) -> None:
    videos = tmp_path / "bare"
    noise = np.random.default_rng(0).integers(0, 255, (4, 56, 80), dtype=np.uint8)
    write_avi(videos / "a.avi", noise, 25.0)  # no list: no EF, no split; frames of another size
    written = write_latent_set(ClipSet.open(videos), encode, tmp_path / "latents", codec="test-1")
    record = written.records[0]
    assert (record.frames, record.height, record.width, record.fps) == (4, 112, 112, 25.0)
    assert (record.ef, record.split) == (None, "TRAIN")


def content(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_killed_run_is_completed_to_the_same_bytes(tmp_path: Path, source: ClipSet) -> None:
    done: list[int] = []

    def failing(frames: Frames) -> Tensor:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(len(frames))
        return encode(frames)

    with pytest.raises(KeyboardInterrupt):
        write_latent_set(source, failing, tmp_path / "cut", codec="test-1")
    assert not (tmp_path / "cut" / "FileList.csv").exists()
    (tmp_path / "cut" / "Latents" / f"{TEMPORARY}1-00.pt").write_bytes(b"half")
    made: list[int] = []
    write_latent_set(source, lambda f: (made.append(len(f)), encode(f))[1], tmp_path / "cut", codec="test-1")
    assert made == [7], "the first two clips are not encoded again"
    write_latent_set(source, encode, tmp_path / "whole", codec="test-1")
    assert content(tmp_path / "cut") == content(tmp_path / "whole")


def test_folder_of_something_else_is_refused(tmp_path: Path, source: ClipSet) -> None:
    write_latent_set(source, encode, tmp_path / "latents", codec="test-1")
    with pytest.raises(UsageError, match="another codec or other clips"):
        write_latent_set(source, encode, tmp_path / "latents", codec="test-2")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="is not empty and holds no latents"):
        write_latent_set(source, encode, tmp_path / "thesis", codec="test-1")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda f: encode(f)[:, :3], r"the latents of 0XS00000000: expected .*, got \(5, 3, 14, 14\)"),
        (lambda f: encode(f) * float("nan"), "the latents of 0XS00000000: it holds NaN or infinity"),
        (lambda f: encode(f)[1:], "the codec made 4 latents of the 5 frames of 0XS00000000"),
    ],
)
def test_codec_that_makes_something_else_is_refused(
    tmp_path: Path, source: ClipSet, wrong: object, message: str
) -> None:
    with pytest.raises(EchoError, match=message):
        write_latent_set(source, wrong, tmp_path / "latents", codec="test-1")  # type: ignore[arg-type]
    assert not list((tmp_path / "latents").rglob("*.pt"))


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (torch.full((5, 4, 14, 14), float("nan")), "it holds NaN or infinity"),
        (torch.zeros(5, 4, 16, 16), r"expected a tensor of \(T, 4, 14, 14\), got \(5, 4, 16, 16\)"),
        (torch.zeros(0, 4, 14, 14), "expected at least one frame"),
        (torch.zeros(5, 4, 14, 14, dtype=torch.int64), "floating point, got torch.int64"),
        ({"latents": torch.zeros(1)}, "got a dict"),
        (Path("x"), "is refused: to load it would call"),
        (torch.zeros(6, 4, 14, 14), "holds 6 frames, FileList.csv says 5"),
    ],
)
def test_files_that_do_not_fit_are_refused_in_one_line(tmp_path: Path, stored: object, message: str) -> None:
    """In another's set: it has no manifest."""
    (tmp_path / "Latents").mkdir()
    torch.save(stored, tmp_path / "Latents" / "a.pt")
    (tmp_path / "FileList.csv").write_text("FileName,EF,NumberOfFrames\na,53,5\n")
    latents = LatentSet.open(tmp_path)
    with pytest.raises(EchoError, match=message) as caught:
        latents.load(latents.records[0])
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "Latents" / "a.pt") in str(caught.value)


def test_published_half_precision_is_read_as_float32(tmp_path: Path) -> None:
    torch.save(torch.ones(2, 4, 14, 14, dtype=torch.float16), tmp_path / "a.pt")
    assert read_latents(tmp_path / "a.pt").dtype == torch.float32


def test_what_is_no_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        LatentSet.open(tmp_path / "nowhere")
    with pytest.raises(EchoError, match=r"holds no FileList.csv"):
        LatentSet.open(tmp_path)
    (tmp_path / "FileList.csv").write_text("FileName\na\n")
    with pytest.raises(EchoError, match=r"a.pt is missing, though FileList.csv names it"):
        LatentSet.open(tmp_path)
    (tmp_path / "Latents").mkdir()
    (tmp_path / "Latents" / "a.pt").write_text("hello")
    with pytest.raises(EchoError, match="is not a readable torch file"):
        LatentSet.open(tmp_path).load(LatentSet.open(tmp_path).records[0])
