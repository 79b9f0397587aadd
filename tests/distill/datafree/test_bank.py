import torch

from echodfkd.distill.datafree.bank import Bank


def clips(value: float, count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.full((count, 3, 4, 4), value), torch.full((count, 3, 4, 4), value / 255)


def test_what_is_kept_comes_back_frames_with_their_masks() -> None:
    bank = Bank(4)
    bank.add(*clips(51))
    bank.add(*clips(102))
    frames, masks = bank.batch(32)
    assert frames.shape == (32, 3, 4, 4)
    assert torch.equal(frames, masks)
    assert [round(value, 2) for value in frames.unique().tolist()] == [0.2, 0.4]


def test_a_full_bank_stays_as_large_and_takes_new_clips() -> None:
    bank = Bank(5)
    for value in range(0, 250, 10):
        bank.add(*clips(value))
    assert len(bank.frames) == len(bank.masks) == 5
    assert torch.equal(bank.frames, bank.masks)
    assert (bank.frames == 240).flatten(1).all(1).sum() == 2  # those that came last are in
    small = Bank(1)
    small.add(*clips(10))
    small.add(*clips(20))
    assert small.frames.unique().tolist() == [20]
