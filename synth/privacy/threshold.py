"""From how alike clips are that are no copies, and clips that are, to the similarity that rejects a clip."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Similarities = npt.NDArray[np.float32]  # (n,), the largest one of each clip to any training clip
FRESH_REJECTED, COPIES_MISSED = 0.05, 0.05  # shares that are put up with
CONFIDENCE = 0.95
FEW = 59  # training clips from which on none above a threshold bounds the rejected by 5% (.95^59 < .05)


def published(fresh: Similarities, copies: Similarities) -> float:
    """The 95th percentile of clips that are no copies (arXiv 2406.00808): 5% of fresh clips are rejected."""
    return float(np.quantile(fresh, 1 - FRESH_REJECTED))


def gap(fresh: Similarities, copies: Similarities) -> float:
    """Midway between the 95th percentile of clips that are no copies and the 5th of altered copies.

    The published threshold alone rejects 5% of fresh clips on average, so more than 5% every second time.
    Where copies are far above it, there is room to reject next to none. Where they are not, the training
    set itself holds clips that are as alike as copies: then 95% of the copies are found, whatever it costs.
    """
    far, near = published(fresh, copies), float(np.quantile(copies, COPIES_MISSED))
    return (far + near) / 2 if near > far else near


RULES: dict[str, Callable[[Similarities, Similarities], float]] = {"published": published, "gap": gap}


@dataclass(frozen=True)
class Threshold:
    """The similarity from which a clip is rejected, and what it was found from.

    Args:
        rule: a name in `RULES`. fresh: each training clip's largest similarity to another training clip.
        copies: each altered copy's largest similarity to a training clip.
    """

    rule: str
    fresh: Similarities
    copies: Similarities

    @property
    def value(self) -> float:
        """Clips at or above it are rejected."""
        return round(RULES[self.rule](self.fresh, self.copies), 4)

    @property
    def published(self) -> float:
        """Where the published rule would put it."""
        return published(self.fresh, self.copies)

    @property
    def fresh_rejected(self) -> tuple[float, float]:
        """Share of fresh clips that will be rejected: as seen, and its upper 95% bound (Clopper-Pearson)."""
        return upper_bound(int((self.fresh >= self.value).sum()), len(self.fresh))

    @property
    def copies_missed(self) -> tuple[float, float]:
        """Share of altered copies that will be missed: as seen, and its upper 95% bound (Clopper-Pearson)."""
        return upper_bound(int((self.copies < self.value).sum()), len(self.copies))

    def remarks(self) -> list[str]:
        """What a reader must know of it."""
        remarks = []
        if len(self.fresh) < FEW:
            remarks.append(
                f"{len(self.fresh)} training clips are few: of the share of fresh clips that is rejected no "
                f"more is known than that it is below {percent(self.fresh_rejected[1])}"
            )
        if np.quantile(self.copies, COPIES_MISSED) <= self.published:
            remarks.append(
                "the training set holds clips that are as alike as copies (does it show a patient twice?): "
                f"{percent(self.fresh_rejected[0])} of its own clips would be rejected, "
                f"{percent(self.copies_missed[0])} of altered copies missed"
            )
        return remarks


def percent(share: float) -> str:
    """A share in whole percent.

    >>> percent(0.117)
    '12%'
    """
    return f"{100 * share:.0f}%"


def upper_bound(hits: int, among: int) -> tuple[float, float]:
    """The share hits/among and the largest share that leaves so few hits a chance of 5%.

    >>> [round(share, 3) for share in upper_bound(0, 24)]
    [0.0, 0.117]
    """
    from scipy.stats import beta

    bound = 1.0 if hits == among else float(beta.ppf(CONFIDENCE, hits + 1, among - hits))
    return hits / among, bound
