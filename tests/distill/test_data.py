import numpy as np
import pytest
import torch
from moving_ellipse import MovingEllipse

from echodfkd.distill.data import GeneratorExamples, Masks, loader, window


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
    frames, (_, exact, tissues, _) = GeneratorExamples([source], 0, 2, 64, exact=True, tissues=True)[1]
    assert frames.shape == tissues.shape
    assert np.array_equal(tissues == 1, exact > 127)


def test_tissues_of_larger_frames_keep_their_classes() -> None:
    _, (_, exact, tissues, _) = GeneratorExamples([MovingEllipse()], 0, 2, 32, exact=True, tissues=True)[0]
    assert tissues.shape == exact.shape == (8, 32, 32)
    assert set(np.unique(tissues)) == {0, 1}
