"""The options of `echodfkd eval` that are about how near clips come to reference clips."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from echodfkd.errors import UsageError

if TYPE_CHECKING:
    from echodfkd.clipset import ClipSet
    from echodfkd.eval.fidelity.compare import Comparison
    from echodfkd.eval.fidelity.features import Features
    from echodfkd.progress import Track
    from echodfkd.segmenter import Segmenter

DEFAULT = "sim"  # features of the embedded teacher


@dataclass(frozen=True)
class Nearness:
    """What `--fidelity` asks for; without it, all of this does nothing.

    Attributes:
        reference: the clips to come near to. features: of what network. downstream: whether to train.
    """

    reference: "ClipSet | None" = None
    features: "Features | None" = None
    downstream: bool = False

    @classmethod
    def load(cls, data: Path | None, features: str | None, downstream: bool, device: str) -> "Nearness":
        """Open the reference and load the features, before anything long is begun.

        Raises:
            UsageError: for options that need `--fidelity` without it, or an unknown name.
            EchoError: if the set or the file cannot be used.
        """
        if data is None:
            given = {"--features": features is not None, "--downstream": downstream}
            if wrong := [option for option, value in given.items() if value]:
                raise UsageError(f"{wrong[0]} needs --fidelity REFERENCE_DATA")
            return cls()
        from echodfkd.clipset import ClipSet
        from echodfkd.eval.fidelity.features import load_features

        return cls(ClipSet.open(data), load_features(features or DEFAULT, device), downstream)

    def references(self, chosen: list[str], clips: "ClipSet", asked: str | None) -> list[str]:
        """What models are compared with: no labels that are not there, where fidelity alone will do."""
        from echodfkd.cli.auxiliary import has_labels

        if self.reference is None or chosen != ["labels"] or asked is not None or has_labels(clips):
            return chosen
        return []

    def tell(self, quiet: bool, unscored: bool) -> None:
        """What a user should hear before the work begins."""
        if quiet or self.features is None:
            return
        for remark in self.features.remarks:
            print(f"warning: {self.features.name}: {remark}", file=sys.stderr)
        if unscored:
            print("note: no labels and no judge, so the models are not scored", file=sys.stderr)
        if self.downstream:
            from echodfkd.eval.fidelity.downstream import Budget

            print(f"note: --downstream trains twice: {Budget()}", file=sys.stderr)

    def compare(
        self, clips: "ClipSet", teacher: "Segmenter | None", device: str, seed: int, track: "Track"
    ) -> "Comparison | None":
        """All figures, None without `--fidelity`."""
        if self.reference is None or self.features is None:
            return None
        from echodfkd.eval.fidelity.compare import compare

        found = compare(clips, self.reference, self.features, track=track)
        return self._trained(found, clips, teacher, device, seed, track) if self.downstream else found

    def _trained(
        self,
        found: "Comparison",
        clips: "ClipSet",
        teacher: "Segmenter | None",
        device: str,
        seed: int,
        track: "Track",
    ) -> "Comparison":
        """With the downstream Dice, and that of a student of half of the reference."""
        from echodfkd.cli.auxiliary import has_labels
        from echodfkd.eval.fidelity.downstream import Budget, downstream, split
        from echodfkd.teachers import load_teacher

        assert self.reference is not None
        guide = teacher or load_teacher("sim", device=device)
        to_learn, to_judge = split(self.reference)
        labelled = to_judge if has_labels(self.reference) else None
        budget = Budget(seed=seed)
        ours, theirs = (
            downstream(part, guide, labelled, budget, device=device, track=track)
            for part in (clips, to_learn)
        )
        note = f"Downstream Dice: {budget}; beside it that of a student of half of {found.reference}."
        return found.with_figures((ours,), (theirs,), note)
