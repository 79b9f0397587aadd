"""What a head says of a clip, and how it is asked; nothing here imports torch."""

from dataclasses import dataclass
from typing import Protocol

from echodfkd.heads.channels import Channels
from echodfkd.turns import Curve


@dataclass(frozen=True, eq=False)
class Reading:
    """What a head makes of a clip.

    Attributes:
        ed, es: (T,), how near ED and ES are, 0..1.
        ef: percent. interval: its 90% interval. Both None when no EF of the masks was handed in.
        lv: probability that the clip shows an apical LV; None when the head never saw anything else.
    """

    ed: Curve
    es: Curve
    ef: float | None
    interval: tuple[float, float] | None
    lv: float | None


class Reader(Protocol):
    """A head, in torch or exported.

    Attributes:
        name: in `ef_method`. lv_limit: probability below which a clip is called no LV; None never does.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - above

    @property
    def lv_limit(self) -> float | None: ...  # noqa: D102 - above

    def read_channels(
        self, made: Channels, frames: int, fps: float, ef: float | None = None, half: bool = True
    ) -> Reading:
        """Read a clip.

        Args:
            made: `channels` (24, N) of its curves. frames: T. fps: Hz.
            ef: the masks' own EF in percent, None without a beat. half: whether it is of half a beat.
        """
        ...
