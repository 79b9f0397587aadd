from pathlib import Path

import cv2
import numpy as np
import pytest
from moving_ellipse import MovingEllipse

from echodfkd.clip import Label
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.diffecho.captions import (
    COLUMNS,
    FILE,
    Caption,
    CaptionSet,
    EventStills,
    greys,
    open_stills,
    phase_of,
    read_captions,
    write_captions,
    write_stills,
)
from echodfkd.synth.diffecho.words import Said
from echodfkd.synth.diffusion.corpus import Corpus
from echodfkd.synth.diffusion.cuts import Shape
from echodfkd.synth.write import write_clip_set

TEXT = "An ultrasound image shows the heart in a two-chamber view during the es phase."


def picture(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), values.astype(np.uint8))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A caption file of two pictures, the first with a mask that lacks the left atrium."""
    mask = np.zeros((40, 40))
    mask[5:20, 10:25], mask[22:30, 10:25] = 85, 170
    rows = [
        Caption(
            picture(tmp_path / "images" / "a.png", np.full((40, 40), 90)),
            TEXT,
            picture(tmp_path / "masks" / "a.png", mask),
        ),
        Caption(picture(tmp_path / "images" / "b.png", np.full((40, 40), 30)), "a cat, four-chamber"),
    ]
    write_captions(tmp_path / FILE, rows)
    return tmp_path


def test_a_caption_file_reads_back(folder: Path) -> None:
    lines = (folder / FILE).read_text().splitlines()
    assert lines[0] == ",".join(COLUMNS) == "image,conditioning_image,text"
    assert lines[1] == f"images/a.png,masks/a.png,{TEXT}"
    rows = read_captions(folder / FILE)
    assert rows[0].mask == folder / "masks" / "a.png" and rows[1].mask is None
    assert [row.text for row in rows] == [TEXT, "a cat, four-chamber"]


def test_greys_of_masks_are_never_stretched(folder: Path) -> None:
    stills = open_stills(folder)
    assert isinstance(stills, CaptionSet)
    clip = stills.load(0)
    assert clip.frames.shape == (1, 40, 40) and (clip.frames == 90).all()
    assert clip.mask is not None and set(np.unique(clip.mask)) == {0, Label.LV, Label.MYOCARDIUM}
    assert (clip.view, phase_of(clip), stills.load(1).view) == ("a2c", "es", "a4c")
    assert stills.load(1).mask is None
    assert set(np.unique(greys(clip.mask))) == {0, 85, 170}
    assert greys(np.array([[0, 1, 2, 3, 4, 5]], np.uint8)).tolist() == [[0, 85, 170, 255, 0, 0]]


def test_stretched_masks_are_refused(folder: Path) -> None:
    mask = cv2.imread(str(folder / "masks" / "a.png"), cv2.IMREAD_GRAYSCALE)
    assert mask is not None
    picture(folder / "masks" / "a.png", mask * 1.5)  # 127 and 255 in the place of 85 and 170
    with pytest.raises(EchoError, match=r"a\.png: unknown labels 0, 127, 255"):
        open_stills(folder).load(0)


def test_a_clip_set_gives_its_events(tmp_path: Path) -> None:
    write_clip_set(MovingEllipse(8, 32), tmp_path / "set", clips=2, lossless=True)
    source = ClipSet.open(tmp_path / "set")
    stills = open_stills(tmp_path / "set")
    assert isinstance(stills, EventStills)
    first = source.records[0]
    assert first.ed_frames and first.es_frames
    assert [phase_of(record) for record in stills.records] == ["ed", "es", "ed", "es"]
    clip, whole = stills.load(stills.records[1].name), source.load(first)
    assert np.array_equal(clip.frames[0], whole.frames[first.es_frames[0]])
    assert phase_of(clip) == "es" and len(clip) == 1
    assert stills.said(clip.name) == Said(first.view, "es", first.ef, None if first.edv is None else "normal")
    corpus = Corpus.of(stills, Shape(1, 50.0, 16), tmp_path / "corpus")
    assert corpus.names == [record.name for record in stills.records]


def test_stills_are_written_for_other_peoples_scripts(tmp_path: Path) -> None:
    write_clip_set(MovingEllipse(8, 32), tmp_path / "set", clips=2, lossless=True)
    stills = open_stills(tmp_path / "set")
    assert isinstance(stills, EventStills)
    write_stills(stills, tmp_path / "out", {record.name: f"of {record.name}" for record in stills.records})
    again = open_stills(tmp_path / "out")
    assert isinstance(again, CaptionSet) and len(again) == len(stills)
    for ours, theirs in zip(stills.records, again.records, strict=True):
        one, other = stills.load(ours), again.load(theirs)
        assert np.array_equal(one.frames, other.frames)
        assert again.captions[theirs.name].text == f"of {ours.name}"
        assert (one.mask is None) == (other.mask is None)
    with pytest.raises(UsageError, match="out is not empty"):
        write_stills(stills, tmp_path / "out", {})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("image,text\n", "holds no caption"),
        ("picture,text\na.png,b\n", "lacks the column image"),
        ("image,text\na.png, \n", "has a row without text"),
        ("image,text\ngone.png,b\n", r"gone\.png is missing, though .*metadata\.csv names it"),
    ],
)
def test_what_is_no_caption_file_is_refused(tmp_path: Path, rows: str, message: str) -> None:
    (tmp_path / FILE).write_text(rows)
    with pytest.raises(EchoError, match=message):
        open_stills(tmp_path)


def test_a_file_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such file: .*none\.csv"):
        open_stills(tmp_path / "none.csv")
