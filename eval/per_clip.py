"""A row of `per_clip.csv` for each model, reference and clip; and EchoNet-Dynamic's size.csv."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from echodfkd.beats import echonet_systoles
from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.events import Matches
from echodfkd.eval.run import ModelScores

SIZE_COLUMNS = ("Filename", "Frame", "Size", "HumanLarge", "HumanSmall", "ComputerSmall")


def rows(results: Sequence[ModelScores]) -> Iterator[dict[str, object]]:
    """One row of `per_clip.csv` for each model, reference and clip; blank where a figure is not defined."""
    for result in results:
        for score in result.scores:
            yield {"model": result.title, "reference": result.reference, **_row(score)}


def _row(score: ClipScore) -> dict[str, object]:
    return {
        "clip": score.clip,
        "frames": len(score.dice),
        "dice": _mean(score.dice, 5),
        "dice_ed": _mean(score.dice[list(score.at_ed)], 5),
        "dice_es": _mean(score.dice[list(score.at_es)], 5),
        "iou": _mean(score.iou, 5),
        "hd95": _mean(score.distances[:, 0], 3),
        "assd": _mean(score.distances[:, 1], 3),
        "distance_unit": ("mm" if score.in_mm else "pixels") if len(score.distances) else "",
        "area_error_percent": _mean(score.area_error, 3),
        **events("ed", score.ed),
        "ed_afd": _mean(score.afd_ed, 3),
        **events("es", score.es),
        "es_afd": _mean(score.afd_es, 3),
        "ef": blank(score.ef_found, 3),
        "ef_reference": blank(score.ef_true, 3),
        "warnings": "; ".join(score.warnings),
    }


def events(kind: str, matches: Matches) -> dict[str, object]:
    """The columns of the matched events of a kind, "ed" or "es"."""
    return {
        f"{kind}_errors": ";".join(str(found - true) for found, true in matches.pairs),
        f"{kind}_missed": len(matches.misses),
        f"{kind}_false": len(matches.false),
    }


def _mean(values: npt.NDArray[np.float64], digits: int) -> object:
    known = values[np.isfinite(values)]
    return round(float(known.mean()), digits) if len(known) else ""


def blank(value: float, digits: int) -> object:
    """A rounded number, nothing for one that is not defined."""
    return round(value, digits) if np.isfinite(value) else ""


def size_rows(result: ModelScores) -> Iterator[tuple[object, ...]]:
    """Rows of size.csv in the order of `SIZE_COLUMNS`, one per frame, as EchoNet-Dynamic's code writes them.

    Size: pixels of the LV. HumanLarge, HumanSmall: 1 at the traced ED and ES frame. ComputerSmall: 1 at the
    systoles of its own detector.
    """
    for score in result.scores:
        systoles = set(echonet_systoles(score.size))
        for frame, size in enumerate(score.size.tolist()):
            marks = (frame in score.events.ed, frame in score.events.es, frame in systoles)
            yield f"{score.clip}.avi", frame, size, *map(int, marks)
