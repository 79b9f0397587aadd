"""Several teachers as one: the mean of their soft masks, and how far they disagree."""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from echodfkd.clip import Frames
from echodfkd.errors import UsageError
from echodfkd.segmenter import Prob, Segmenter, fit_square


class Ensemble:
    """Segmenters of any sizes as one `Segmenter` that works at the largest of their sizes.

    Args:
        members: two or more. weights: one positive number for each; equal ones when left out.

    Attributes:
        digest: sha256 over the members' digests and weights. name: their names with "+" between.
        claim: their different claims; what has seen real data goes first.
        convention: theirs where they agree, else "unknown".
        parameters: of all of them together; None where one does not tell.

    Raises:
        UsageError: for fewer than two members, or weights that do not fit them.
    """

    def __init__(self, members: Sequence[Segmenter], weights: Sequence[float] | None = None) -> None:
        if len(members) < 2:
            raise UsageError("an ensemble needs two teachers or more")
        given = np.asarray([1.0] * len(members) if weights is None else weights, np.float64)
        if given.shape != (len(members),) or not (np.isfinite(given).all() and (given > 0).all()):
            raise UsageError(f"an ensemble of {len(members)} needs as many positive weights, got {weights}")
        self.members, self.shares = tuple(members), given / given.sum()
        self.name = "+".join(member.name for member in members)
        parts = (f"{m.digest} {share:.6f}\n" for m, share in zip(members, self.shares, strict=True))
        self.digest = hashlib.sha256("".join(parts).encode()).hexdigest()
        claims = dict.fromkeys(member.claim for member in members)
        self.claim = "; ".join(sorted(claims, key=lambda claim: claim == "real-free"))
        conventions = {member.convention for member in members}
        self.convention = conventions.pop() if len(conventions) == 1 else "unknown"
        self.size = max(member.size for member in members)
        counts = [getattr(member, "parameters", None) or 0 for member in members]
        self.parameters = sum(counts) if all(counts) else None
        self.device = getattr(members[0], "device", None)
        self.remarks = tuple(
            f"{member.name}: {remark}" for member in members for remark in getattr(member, "remarks", ())
        )

    def predict(self, frames: Frames) -> Prob:
        """LV probability, 255 = certain: uint8 (T, size, size) grey -> uint8 (T, size, size)."""
        return self.predict_with_disagreement(frames)[0]

    def predict_with_disagreement(self, frames: Frames) -> tuple[Prob, npt.NDArray[np.uint8]]:
        """The mean soft mask and the spread of the members' around it, of grey uint8 (T, size, size).

        With member probabilities p_i (0..255) and weights w_i that add up to 1:
        mean = sum_i w_i p_i, spread = sqrt(sum_i w_i (p_i - mean)^2), the standard deviation over members.

        Returns:
            mean and spread, uint8 (T, size, size), in 1/255; a spread is at most 127.
        """
        mean = np.zeros(frames.shape, np.float32)
        moment = np.zeros(frames.shape, np.float32)  # sum of weighted squared distances so far
        total = 0.0
        for member, share in zip(self.members, self.shares, strict=True):  # West 1979: one member at a time
            prob = fit_square(member.predict(fit_square(frames, member.size)), self.size)
            total += share
            distance = prob.astype(np.float32) - mean
            mean += np.float32(share / total) * distance
            moment += np.float32(share) * distance * (prob - mean)
        spread = np.sqrt(np.maximum(moment, 0))
        return np.rint(mean).astype(np.uint8), np.minimum(np.rint(spread), 127).astype(np.uint8)
