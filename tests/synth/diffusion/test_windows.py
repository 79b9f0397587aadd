from itertools import pairwise

import pytest
import torch
from torch import Tensor

from echodfkd.errors import UsageError
from echodfkd.synth.diffusion.conditions import Conditioner, Values, cut
from echodfkd.synth.diffusion.windows import Windowed, blend, fade, spans_of

EF, PICTURE = Conditioner("ef", "embedding", 1), Conditioner("picture", "concat", 1)


@pytest.mark.parametrize(("frames", "window", "hop"), [(64, 64, 32), (192, 64, 32), (65, 64, 32), (9, 4, 1)])
def test_windows_of_one_length_cover_every_frame(frames: int, window: int, hop: int) -> None:
    spans = spans_of(frames, window, hop)
    assert {span.stop - span.start for span in spans} == {window}
    assert {frame for span in spans for frame in range(span.start, span.stop)} == set(range(frames))
    starts = [span.start for span in spans]
    assert starts == sorted(set(starts))
    assert max((b - a for a, b in pairwise(starts)), default=0) <= hop


@pytest.mark.parametrize(("frames", "window", "hop"), [(8, 9, 4), (8, 4, 0), (8, 4, 5)])
def test_windows_that_cannot_be_are_refused(frames: int, window: int, hop: int) -> None:
    with pytest.raises(UsageError):
        spans_of(frames, window, hop)


def test_cut_windows_blend_back_to_the_clip() -> None:
    clips = torch.randn(3, 2, 11, 4, 4)
    spans = spans_of(11, 4, 3)
    assert torch.allclose(blend(cut(clips, spans), spans, 11), clips, atol=1e-6)


def test_the_middle_of_a_window_counts_most() -> None:
    assert fade(5).tolist() == [1, 2, 3, 2, 1]
    assert fade(1).tolist() == [1]
    spans = spans_of(6, 4, 2)
    said = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1, 1).expand(2, 1, 4, 1, 1)
    assert blend(said, spans, 6).flatten().tolist() == pytest.approx([0, 0, 1 / 3, 2 / 3, 1, 1])


@pytest.mark.parametrize("batch", [1, 3, 7, 100])
def test_eight_clips_of_five_windows_each_hear_of_themselves_alone(batch: int) -> None:
    sizes: list[int] = []

    def model(noisy: Tensor, time: Tensor, values: Values) -> Tensor:
        sizes.append(len(noisy))
        return noisy + values["picture"] + values["ef"].view(-1, 1, 1, 1, 1) + time.view(-1, 1, 1, 1, 1)

    noisy, picture = torch.randn(8, 1, 24, 2, 2), torch.randn(8, 1, 24, 2, 2)
    values = {"ef": 10.0 * torch.arange(8).view(-1, 1), "picture": picture}
    time = torch.arange(8) / 100
    said = Windowed(model, (EF, PICTURE), 8, 4, batch)(noisy, time, values)
    own = (values["ef"][:, 0] + time).view(-1, 1, 1, 1, 1)
    assert torch.allclose(said, noisy + picture + own, atol=1e-4)
    assert sum(sizes) == 40
    assert max(sizes) == min(batch, 40)
