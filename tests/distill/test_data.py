import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from moving_ellipse import MovingEllipse

from echodfkd.cli.failures import explain
from echodfkd.clipset import ClipSet
from echodfkd.distill.data import ClipSetExamples, GeneratorExamples, Masks, loader, window
from echodfkd.errors import EchoError
from echodfkd.files import write_npz
from echodfkd.synth.write import write_clip_set


def examples(count: int = 6, **options: object) -> GeneratorExamples:
    return GeneratorExamples([MovingEllipse(), MovingEllipse(frames=8)], 0, count, 64, exact=True, **options)


def test_an_example_depends_on_its_index_alone() -> None:
    first, again = examples()[4], examples(9)[4]
    assert np.array_equal(first.frames, again.frames)
    assert first.masks.taught is None
    assert set(np.unique(first.masks.exact)) == {0, 255}


def test_without_exact_masks_the_target_is_left_to_a_teacher() -> None:
    frames, masks = GeneratorExamples([MovingEllipse()], 0, 2, 64, exact=False)[0]
    assert frames.shape == (8, 64, 64)
    assert masks == Masks()


def test_a_loader_that_starts_late_goes_on_with_the_same_batches() -> None:
    whole = [batch.frames for batch in loader(examples(), range(len(examples())), 2, 0)]
    rest = [batch.frames for batch in loader(examples(), range(2, len(examples())), 2, 0)]
    assert len(whole) == 3
    assert all(torch.equal(a, b) for a, b in zip(whole[1:], rest, strict=True))


def test_a_loader_drops_a_smaller_last_batch_only_where_batches_must_be_whole() -> None:
    assert [len(batch.frames) for batch in loader(examples(5), range(5), 2, 0)] == [2, 2]
    last = list(loader(examples(5), range(5), 2, 0, whole=False))[-1]
    assert last.frames.shape == last.masks.exact.shape == (1, 8, 64, 64)
    assert last.masks.tissues is None


@pytest.mark.parametrize(("available", "wanted"), [(10, 4), (3, 8), (1, 4)])
def test_windows_are_neighbouring_frames_played_to_and_fro(available: int, wanted: int) -> None:
    frames = window(available, wanted, np.random.default_rng(0))
    assert len(frames) == wanted
    assert frames.min() >= 0
    assert frames.max() < available
    assert set(np.abs(np.diff(frames))) <= ({1} if available > 1 else {0})


def test_tissues_are_the_generators_own_classes() -> None:
    source = MovingEllipse()
    frames, masks = GeneratorExamples([source], 0, 2, 64, exact=True, tissues=True)[1]
    assert frames.shape == masks.tissues.shape
    assert np.array_equal(masks.tissues == 1, masks.exact > 127)


def test_tissues_of_larger_frames_keep_their_classes() -> None:
    _, masks = GeneratorExamples([MovingEllipse()], 0, 2, 32, exact=True, tissues=True)[0]
    assert masks.tissues.shape == masks.exact.shape == (8, 32, 32)
    assert set(np.unique(masks.tissues)) == {0, 1}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data") / "set"
    write_clip_set(MovingEllipse(), root, clips=4, lossless=True)
    return root


@pytest.fixture
def data(made: Path, tmp_path: Path) -> ClipSet:
    return ClipSet.open(shutil.copytree(made, tmp_path / "set"))


def windows(data: ClipSet, labels: Path | None = None, count: int = 12) -> ClipSetExamples:
    return ClipSetExamples(data, data.records, 3, 7, count, 64, labels)


def test_a_window_of_a_set_has_the_labels_of_its_frames(data: ClipSet, tmp_path: Path) -> None:
    for record in data.records:
        frames = data.load(record).frames
        write_npz(tmp_path / "two" / f"{record.name}.npz", prob=255 - frames, spread=frames // 2)
        write_npz(tmp_path / "one" / f"{record.name}.npz", prob=255 - frames)
    frames, masks = windows(data, tmp_path / "two")[5]
    assert frames.shape == (3, 64, 64)
    assert np.array_equal(masks.taught, 255 - frames)
    assert np.array_equal(masks.spread, frames // 2)
    assert windows(data, tmp_path / "one")[5].masks.spread is None
    assert windows(data)[5].masks == Masks()
    (batch,) = loader(windows(data, tmp_path / "two", 2), range(2), 2, 0)
    assert batch.masks.spread.shape == (2, 3, 64, 64)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_corrupt_clip_is_skipped_and_counted(data: ClipSet, workers: int) -> None:
    whole = [windows(data)[k].frames for k in range(12)]
    data.records[2].path.write_bytes(b"no video")
    examples = windows(data)
    frames = torch.cat([batch.frames for batch in loader(examples, range(12), 2, workers)]).numpy()
    assert examples.corrupt == (data.records[2].name,), "whichever process met it"
    same = [np.array_equal(*pair) for pair in zip(frames, whole, strict=True)]
    assert 0 < same.count(False) < 12, "the others stay as they were"
    rest = torch.cat([batch.frames for batch in loader(windows(data), range(6, 12), 2, workers)]).numpy()
    assert np.array_equal(rest, frames[6:]), "a resumed run goes on with the same substitutes"


@pytest.mark.parametrize("workers", [0, 1])
def test_many_corrupt_clips_stop_the_training_in_one_line(data: ClipSet, workers: int) -> None:
    for record in data.records[1:3]:
        record.path.write_bytes(b"no video")
    with pytest.raises(EchoError) as caught:
        list(loader(windows(data), range(12), 2, workers))
    message, code = explain(caught.value)
    root, first = data.root, data.records[1].name
    assert message == f"over 1% of the 4 clips of {root} are unreadable, the first: {first}"
    assert code == 1


def test_a_label_of_another_length_is_no_corrupt_clip(data: ClipSet, tmp_path: Path) -> None:
    for record in data.records:
        write_npz(tmp_path / "short" / f"{record.name}.npz", prob=np.zeros((7, 64, 64), np.uint8))
    with pytest.raises(EchoError, match=r"is \(7, 64, 64\), its clip is \(8, 64, 64\)"):
        windows(data, tmp_path / "short")[0]
