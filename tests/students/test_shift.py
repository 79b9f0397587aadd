import torch

from echodfkd.students.shift import Past, WholeClip


def features() -> torch.Tensor:
    """Two clips of three frames with eight channels of 1 x 1; value 10 * frame + channel, +100 in clip 1."""
    frames = (
        torch.arange(3.0).view(1, 3, 1) * 10 + torch.arange(8.0) + torch.tensor([0.0, 100.0]).view(2, 1, 1)
    )
    return frames.view(6, 8, 1, 1)


def test_a_whole_clip_is_shifted_both_ways_and_clips_do_not_mix() -> None:
    x = features()
    shifted = WholeClip(2, 3).shift(x).view(2, 3, 8)
    assert shifted[0, :, 0].tolist() == [0, 0, 10]  # from the frame before
    assert shifted[0, :, 1].tolist() == [11, 21, 21]  # from the next one
    assert shifted[1, :, 1].tolist() == [111, 121, 121]
    assert torch.equal(shifted[:, :, 2:], x.view(2, 3, 8)[:, :, 2:])


def test_a_single_frame_stays_as_it_is() -> None:
    x = features()
    assert torch.equal(WholeClip(6, 1).shift(x), x)


def test_the_gate_sees_the_frame_beside_its_clip() -> None:
    seen = WholeClip(2, 3).glance(features()).view(2, 3, 16)
    assert seen[0, 2, :2].tolist() == [20, 21]
    assert seen[0, 2, 8:10].tolist() == [10, 11]
    assert torch.equal(Past(2, 3, torch.tensor(True), ()).glance(features()), features())


def test_the_past_comes_from_the_memory_unless_there_is_none() -> None:
    x, memory = features(), torch.full((2, 1, 2, 1, 1), 7.0)
    begun, going = Past(2, 3, torch.tensor(True), [memory]), Past(2, 3, torch.tensor(False), [memory])
    assert begun.shift(x).view(2, 3, 8)[0, :, 1].tolist() == [1, 1, 11]
    assert going.shift(x).view(2, 3, 8)[0, :, 1].tolist() == [7, 1, 11]
    assert going.left[0].view(2, 2).tolist() == [[20, 21], [120, 121]]
