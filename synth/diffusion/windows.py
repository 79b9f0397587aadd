"""Long clips by overlapping windows: what a network says of each window, blended into one clip."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from echodfkd.errors import UsageError
from echodfkd.synth.diffusion.conditions import Conditioner, Values, cut, rows, windowed

Model = Callable[[Tensor, Tensor, Values], Tensor]  # noisy (B, C, T, h, w), time (B,), values -> like noisy


def spans_of(frames: int, window: int, hop: int) -> list[slice]:
    """Windows of equal length that cover frames 0..frames-1; the last one ends with the clip.

    >>> spans_of(10, 4, 3)
    [slice(0, 4, None), slice(3, 7, None), slice(6, 10, None)]

    Raises:
        UsageError: unless 1 <= hop <= window, or when the clip is shorter than a window.
    """
    if not 1 <= hop <= window:
        raise UsageError(f"windows of {window} frames cannot be {hop} frames apart")
    if frames < window:
        raise UsageError(f"a clip of {frames} frames is shorter than the window of {window}")
    starts = [*range(0, frames - window, hop), frames - window]
    return [slice(start, start + window) for start in starts]


def fade(window: int) -> Tensor:
    """Weights (window,) of a window's frames: most in its middle, none zero."""
    ramp = torch.arange(1, window + 1, dtype=torch.float32)
    return torch.minimum(ramp, ramp.flip(0))


def blend(windows: Tensor, spans: Sequence[slice], frames: int) -> Tensor:
    """Clips (B, C, frames, h, w) of windows (B * W, C, t, h, w), weighted where they overlap."""
    each = windows.unflatten(0, (-1, len(spans)))
    weight = fade(windows.shape[2]).to(windows).view(-1, 1, 1)
    total = windows.new_zeros(len(each), windows.shape[1], frames, *windows.shape[3:])
    weights = windows.new_zeros(frames, 1, 1)
    for number, span in enumerate(spans):
        total[:, :, span] += each[:, number] * weight
        weights[span] += weight
    return total / weights


class Windowed:
    """A model for clips of any length, of one that knows windows; every window is told its own clip's values.

    Args:
        model: of windows. conditioners: of its values. window, hop: in frames.
        batch: windows that go through the model at once.
    """

    def __init__(
        self, model: Model, conditioners: Sequence[Conditioner], window: int, hop: int, batch: int
    ) -> None:
        self.model, self.conditioners = model, tuple(conditioners)
        self.window, self.hop, self.batch = window, hop, batch

    def __call__(self, noisy: Tensor, time: Tensor, values: Values) -> Tensor:
        """The blended output for clips (B, C, T, h, w), T at least the window."""
        spans = spans_of(noisy.shape[2], self.window, self.hop)
        parts, told = cut(noisy, spans), windowed(self.conditioners, values, spans)
        times = time.repeat_interleave(len(spans))
        outputs = [
            self.model(parts[chunk], times[chunk], rows(told, chunk))
            for chunk in (slice(i, i + self.batch) for i in range(0, len(parts), self.batch))
        ]
        return blend(torch.cat(outputs), spans, noisy.shape[2])
