"""A generator whose clips passed the filter: what is rejected is drawn again.

Clip i is the first that passes of candidates i, i + 2^32, i + 2*2^32, ... of the generator below. So it
depends on (generator, parameters, training set, seed, i) alone, not on other clips, workers or interruptions,
and a clip that passes at once is the very clip that would have been made without a filter.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.files import write_json
from echodfkd.progress import Track, silent
from echodfkd.ranks import ALONE, Ranks
from echodfkd.synth.base import Generator, clip_name
from echodfkd.synth.privacy.filter import PrivacyFilter, Verdict, fit_filter

AGAIN = 2**32  # between the candidates of a clip; no set has so many clips
TRIES = 20
LOG = "Rejected"  # folder of a set with the candidates that were rejected


@dataclass(eq=False)
class FilteredGenerator:
    """Draws clips of `source` that `privacy` lets pass.

    Args:
        source: any generator. privacy: the fitted filter.
        log: folder that gets NAME.json with the rejected candidates of each clip that has any; None: nowhere.
    """

    source: Generator
    privacy: PrivacyFilter
    log: Path | None = None
    name: str = field(init=False)
    version: str = field(init=False)
    digest: str | None = field(init=False)

    def __post_init__(self) -> None:
        self.name, self.version = self.source.name, self.source.version
        self.digest = getattr(self.source, "digest", None)  # simulators have no weights

    def parameters(self) -> dict[str, Any]:
        """The source's, and what the filter was made from."""
        fingerprint = self.privacy.fingerprint
        made_from = {
            "data_sha256": self.privacy.data_sha256,
            "fingerprint": fingerprint.digest,
            "rule": fingerprint.rule,
        }
        return self.source.parameters() | {"filter_privacy": made_from}

    def clip(self, seed: int, index: int) -> Clip:
        """Clip `index` of the set of `seed`: the first of its candidates that passes.

        Raises:
            EchoError: when none of 20 does.
        """
        rejected: list[dict[str, Any]] = []
        for candidate in range(index, index + TRIES * AGAIN, AGAIN):
            clip = self.source.clip(seed, candidate)
            verdict = self.privacy.judge(clip.frames)
            if not verdict.rejected:
                self._note(clip_name(self.name, seed, index), rejected)
                return clip
            rejected.append({"candidate": candidate, **_without_outcome(verdict)})
        raise EchoError(
            f"clip {index}: {TRIES} candidates in a row are too much like training clips, the last one like "
            f"{verdict.nearest} ({verdict.similarity:.2f}): this generator repeats what it learned from"
        )

    def _note(self, name: str, rejected: list[dict[str, Any]]) -> None:
        if self.log is not None and rejected:
            write_json(self.log / f"{name}.json", rejected)


def filtered(
    source: Generator, data: Path, output: Path, *, ranks: Ranks = ALONE, track: Track = silent
) -> FilteredGenerator:
    """`source` behind a filter fitted to the clip set `data`; rejected candidates are noted in `output`.

    Args:
        source: brings a fingerprint of its own where it has the attribute `fingerprint`; else frames are
            compared by `SpectrumFingerprint`.
        data: the clips that `source` learned from. output: the set that is being made.
        ranks: the main one fits, the others are handed the filter. track: shows progress.

    Raises:
        UsageError: when `data` is no folder, holds fewer than two clips, or is `output` itself.
        EchoError: when a training clip is unreadable.
    """
    if data.resolve() == output.resolve():
        raise UsageError(
            f"--filter-privacy {data} is OUTPUT itself: name the set that the generator learned from"
        )
    fingerprint = getattr(source, "fingerprint", None)
    privacy = ranks.on_main(lambda: fit_filter(ClipSet.open(data), fingerprint, track=track))
    return FilteredGenerator(source, privacy, output / LOG)


def _without_outcome(verdict: Verdict) -> dict[str, Any]:
    return {key: value for key, value in asdict(verdict).items() if key != "rejected"}
