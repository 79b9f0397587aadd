"""Networks that can learn the other chambers beside the LV.

What a simulator labels for nothing is worth learning: a network that knows the left atrium does not take it
for the ventricle when the valve between them is open. Only the LV is asked for afterwards.
"""

from typing import Protocol, runtime_checkable

from torch import Tensor

TISSUES = 6  # public classes, see `echodfkd.clip.Label`
STRIDE = 4  # pixels of a frame for each of the tissues' logits


@runtime_checkable
class KnowsTissues(Protocol):
    """A network that says of each place which tissue it is, as it learns."""

    def with_tissues(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """LV logits (B, T, 1, H, W) and those of all tissues (B, T, 6, ceil(H / 4), ceil(W / 4)).

        Args:
            x: grey frames (B, T, 1, H, W), float, 0..255.
        """
        ...


def fitted(tissues: Tensor, x: Tensor) -> Tensor:
    """Tissue logits (B * T, 6, h, w) of padded frames -> (B, T, 6, ceil(H / 4), ceil(W / 4)) of frames x."""
    rows, columns = -(-x.shape[-2] // STRIDE), -(-x.shape[-1] // STRIDE)
    return tissues.unflatten(0, x.shape[:2])[..., :rows, :columns]
