"""The options of `echodfkd eval` that are about an auxiliary model."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from echodfkd.errors import EchoError, UsageError

if TYPE_CHECKING:
    from echodfkd.clipset import ClipSet
    from echodfkd.eval.auxiliary.base import Auxiliary
    from echodfkd.eval.auxiliary.run import Judgement, MaskJudgement
    from echodfkd.segmenter import Segmenter

REFERENCES = ("labels", "teacher", "auxiliary")


@dataclass(frozen=True)
class Judging:
    """An auxiliary model and how it shall judge; without one, all of this does nothing.

    Attributes:
        auxiliary: the model. published: by the published formulas. events: whether to compare ED and ES.
    """

    auxiliary: "Auxiliary | None"
    published: bool
    events: bool

    @classmethod
    def load(
        cls, name: str | None, device: str, published: bool, prompts: Path | None, reference: str | None
    ) -> "Judging":
        """The auxiliary of `--auxiliary`.

        Raises:
            UsageError: for options that need `--auxiliary` without it.
            EchoError: if it cannot be used.
        """
        if name is None:
            given = {"--published": published, "--prompts": prompts is not None}
            given |= {"--reference auxiliary": reference == "auxiliary"}
            if wrong := [option for option, value in given.items() if value]:
                raise UsageError(f"{wrong[0]} needs --auxiliary NAME")
            return cls(None, False, False)
        from echodfkd.eval.auxiliary.base import TextImage, load_auxiliary

        auxiliary = load_auxiliary(name, device, prompts)
        if published and not isinstance(auxiliary, TextImage):
            raise UsageError(f"--published is for image-text models; {name} is none")
        return cls(auxiliary, published, reference in (None, "auxiliary"))

    def other_references(self, clips: "ClipSet", reference: str | None, teacher: bool) -> list[str]:
        """What else to compare with: what `--reference` says, else labels and teacher if there are any."""
        if reference is not None and reference not in REFERENCES:
            raise UsageError(f"unknown reference {reference!r}; choose from: {', '.join(REFERENCES)}")
        if reference is not None:
            return [] if reference == "auxiliary" else [reference]
        labels = self.auxiliary is None or has_labels(clips)
        return [*(["labels"] if labels else []), *(["teacher"] if teacher else [])]

    def tell(self, quiet: bool) -> None:
        """What a user should hear of the auxiliary before it is used, a line each on stderr."""
        from echodfkd.eval.auxiliary.base import TextImage

        if self.auxiliary is None or quiet:
            return
        name, remarks = self.auxiliary.name, list(getattr(self.auxiliary, "remarks", ()))
        if isinstance(self.auxiliary, TextImage) and self.auxiliary.prompts.missing:
            missing = ", ".join(self.auxiliary.prompts.missing)
            remarks.append(f"the prompts file does not say {missing}: the usual words are asked")
        for remark in remarks:
            print(f"warning: {name}: {remark}", file=sys.stderr)

    def judgement(self, models: "Sequence[Segmenter]") -> "Judgement | MaskJudgement | None":
        """What looks at clips on a walk: agreement with an auxiliary that finds the LV, else what it says."""
        if self.auxiliary is None:
            return None
        from echodfkd.eval.auxiliary.base import kind_of
        from echodfkd.eval.auxiliary.run import Judgement, MaskJudgement
        from echodfkd.segmenter import Segmenter

        if kind_of(self.auxiliary) == "mask" and isinstance(self.auxiliary, Segmenter):
            return MaskJudgement(models, self.auxiliary)
        return Judgement(models, self.auxiliary, self.published, self.events)


def has_labels(clips: "ClipSet") -> bool:
    """Whether the first readable clip of a set has labels to compare with."""
    from echodfkd.eval.reference import labels_of

    for record in clips.records:
        try:
            clip = clips.load(record)
        except EchoError:
            continue
        try:
            labels_of(clip, clips.tracings(record))
        except EchoError:
            return False
        return True
    return False
