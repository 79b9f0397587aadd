"""The figures of an evaluation on the screen: the main ones; the details are in metrics.json."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from echodfkd.eval.compare import Difference
    from echodfkd.eval.run import ModelScores


def tell_figures(results: "Sequence[ModelScores]") -> None:
    """Print each model's main figures with what must be known of them, then model against model."""
    from echodfkd.eval.compare import differences
    from echodfkd.eval.metrics_file import word
    from echodfkd.eval.notes import notes
    from echodfkd.eval.run import parameters

    for result in results:
        against = f"{result.title} against {result.reference} ({word(result.reference)})"
        print(f"{against}, {len(result.scores)} clips")
        for figure in result.figures:
            if not figure.detail:
                print(f"  {figure.line()}")
        print(f"  Parameters: {parameters(result.model) or 'unknown'}")
        print(f"  Frames per second: {result.frames_per_second:.0f}")
        for note in notes(result):
            print(f"  note: {note}")
    for one in differences(results):
        print(difference_line(one))


def difference_line(one: "Difference") -> str:
    """ "Dice per clip, a - b against labels: +0.012 [0.01, 0.02], p 0.003 (Wilcoxon, 9 clips): a better"."""
    bounds = "" if one.interval is None else " [{:+.4g}, {:+.4g}]".format(*one.interval)
    p = "no test of one clip" if one.p is None else f"p {one.p:.3g} (Wilcoxon, {one.n} clips)"
    value = f"{one.value:+.{one.digits}f} {one.unit}".strip()
    pair = f"{one.title}, {one.first} - {one.second} against {one.reference}"
    return f"{pair}: {value}{bounds}, {p}: {one.in_words()}"
