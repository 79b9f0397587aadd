"""Where frames, channels and pixels stand in the input of an exported network (ONNX, .pt2).

N clips or frames, C channels, T frames of a clip, H x W pixels. A dimension is (fewest, most); most is None
where it is free.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from echodfkd.errors import EchoError
from echodfkd.students.checkpoint import SIZES
from echodfkd.students.runtime import CHUNK
from echodfkd.teachers.frames import Limits, Network
from echodfkd.teachers.manifest import LAYOUTS, Facts

Dimension = tuple[int, int | None]
FREE: Dimension = (1, None)


def fixed(count: int) -> Dimension:
    """A dimension of exactly `count`."""
    return count, count


@dataclass(frozen=True)
class Layout:
    """An input as it must be.

    Attributes:
        order: one of `LAYOUTS`. channels: 1 or 3. size: pixels a side, None when free.
        clips: how many copies of a clip make the smallest batch. limits: frames at a time.
    """

    order: str
    channels: int
    size: int | None
    clips: int
    limits: Limits

    def network(self, run: Callable[[Tensor], Tensor]) -> Network:
        """What takes (T, C, S, S) and makes (T, K, s, s), of a function on inputs in this layout."""

        def through(frames: Tensor) -> Tensor:
            return self._frames(run(self.arranged(frames)), len(frames))

        return through

    def arranged(self, frames: Tensor) -> Tensor:
        """Frames (T, C, S, S) of one clip as an input in this layout."""
        if self.order == "NCHW":
            return frames
        clip = frames.transpose(0, 1) if self.order == "NCTHW" else frames
        return clip.expand(self.clips, *clip.shape).contiguous()

    def _frames(self, out: Tensor, count: int) -> Tensor:
        """(T, K, s, s) of an output in the input's order; its axis of outputs may be left out."""
        if self.order == "NCHW":
            return out[:, None] if out.ndim == 3 else out
        if out.ndim == 4:
            return out[0][:, None]
        return out[0].transpose(0, 1) if self.order == "NCTHW" else out[0]


def layout_of(dimensions: Sequence[Dimension], facts: Facts, path: Path) -> Layout:
    """The layout of an input from its dimensions; what they leave open is guessed or told by the manifest.

    Raises:
        EchoError: if these are no grey or colour frames, or not square ones of a size that is read.
    """
    order = _order(dimensions, facts, path)
    at = dict(zip(order, dimensions, strict=True))
    height, width = at["H"], at["W"]
    size = height[1] or width[1]
    if any(most not in (None, size) for _, most in (height, width)):
        raise EchoError(f"{path} takes frames of {height[1]}x{width[1]} pixels; only square ones are read")
    if size is not None and not SIZES[0] <= size <= SIZES[1]:
        raise EchoError(f"{path} takes frames of {size}x{size} pixels; read are {SIZES[0]}..{SIZES[1]}")
    if size is not None:
        facts.read("size", size, path)
    if at["C"][1] is None:
        channels = facts.guess("channels", 3, "the file takes any number")
    else:
        channels = facts.read("channels", at["C"][1], path)
    if "T" not in at:
        return Layout(order, channels, size, 1, at["N"])
    fewest, most = at["T"]
    return Layout(order, channels, size, at["N"][0], (fewest, most or max(fewest, CHUNK)))


def _order(dimensions: Sequence[Dimension], facts: Facts, path: Path) -> str:
    possible = [
        order
        for order in LAYOUTS
        if len(order) == len(dimensions) and dimensions[order.index("C")] in (fixed(1), fixed(3), FREE)
    ]
    if not possible:
        raise EchoError(
            f"{path} takes inputs of {shown(dimensions)}, no grey or colour frames in the order NCHW, "
            "NCTHW or NTCHW"
        )
    if "layout" in facts.given and facts.given["layout"] not in possible:
        wrong = facts.given["layout"]
        raise EchoError(f"{path} takes inputs of {shown(dimensions)}, {facts.manifest.name} says {wrong}")
    sure = [order for order in possible if dimensions[order.index("C")] != FREE] or possible
    if len(sure) == 1:
        return str(facts.settled.setdefault("layout", facts.given.get("layout", sure[0])))
    return str(facts.guess("layout", sure[0], f"the input is {shown(dimensions)}"))


def shown(dimensions: Sequence[Dimension]) -> str:
    """Dimensions for people.

    >>> shown([(1, None), (3, 3), (112, 112), (112, 112)])
    '(any, 3, 112, 112)'
    """
    return f"({', '.join('any' if most is None else str(most) for _, most in dimensions)})"
