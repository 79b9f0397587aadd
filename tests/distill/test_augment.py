import torch

from echodfkd.distill.augment import ClipAugment


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    frame = torch.zeros(1, 1, 64, 64)
    frame[..., 20:44, 24:40] = 0.8
    return frame.repeat(6, 5, 1, 1), (frame > 0).float().repeat(6, 5, 1, 1)


def test_what_a_clip_gets_all_its_frames_get() -> None:
    torch.manual_seed(0)
    frames, target = ClipAugment(noise=0.0)(*batch())
    assert torch.equal(frames, frames[:, :1].expand_as(frames))
    assert torch.equal(target, target[:, :1].expand_as(target))
    assert not torch.equal(frames[0], frames[1])  # but clips differ


def test_noise_is_fresh_in_every_frame() -> None:
    torch.manual_seed(1)
    frames, _ = ClipAugment(noise=0.2)(*batch())
    noisy = [clip for clip in frames if not torch.equal(clip[0], clip[1])]
    assert noisy
    assert all(bool((clip[0] - clip[1]).abs().max() > 0.02) for clip in noisy)


def test_frames_and_target_move_together() -> None:
    torch.manual_seed(2)
    frames, target = ClipAugment(noise=0.0)(*batch())
    for picture, mask in zip(frames[:, 0], target[:, 0], strict=True):
        bright = picture > 0.5 * picture.max()
        inter = (bright & (mask > 0.5)).sum()
        assert 2 * inter / (bright.sum() + (mask > 0.5).sum()) > 0.9
    assert 0 <= float(frames.min()) <= float(frames.max()) <= 1
