"""Networks that never look ahead, so that a clip can come to them in parts."""

from typing import Any, Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class Stream(Protocol):
    """A network that takes frames as they come; its state is a matter of its own."""

    def initial_state(self, clips: int, height: int, width: int) -> Any:
        """The state before the first frame of height x width."""
        ...

    def advance(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        """LV logits of the next T frames, both (B, T, 1, H, W), and the state after them."""
        ...
