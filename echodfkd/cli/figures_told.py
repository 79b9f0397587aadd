"""The figures of an evaluation on the screen: the main ones; the details are in metrics.json."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from echodfkd.eval.compare import Difference
    from echodfkd.eval.metric import Figure
    from echodfkd.eval.run import ModelScores


def tell_figures(results: "Sequence[ModelScores]") -> None:
    """Print each model's main figures with what must be known of them, then model against model."""
    from echodfkd.eval.compare import differences
    from echodfkd.eval.notes import notes
    from echodfkd.eval.outputs import word
    from echodfkd.eval.run import parameters

    for result in results:
        against = f"{result.title} against {result.reference} ({word(result.reference)})"
        print(f"{against}, {len(result.scores)} clips")
        for figure in result.figures:
            if not figure.detail:
                print(f"  {figure_line(figure)}")
        print(f"  Parameters: {parameters(result.model) or 'unknown'}")
        print(f"  Frames per second: {result.frames_per_second:.0f}")
        for note in notes(result):
            print(f"  note: {note}")
    for one in differences(results):
        print(difference_line(one))


def figure_line(figure: "Figure") -> str:
    """ "Dice per image: 0.9012  [0.89, 0.91]"."""
    bounds = "" if figure.interval is None else " [{:.4g}, {:.4g}]".format(*figure.interval)
    return f"{figure.title}: {figure.value:.{figure.digits}f} {figure.unit}{bounds}"


def difference_line(one: "Difference") -> str:
    """ "Dice per clip, a - b against labels: +0.012 [0.01, 0.02], p 0.003 (Wilcoxon, 9 clips): a better"."""
    bounds = "" if one.interval is None else " [{:+.4g}, {:+.4g}]".format(*one.interval)
    p = "no test of one clip" if one.p is None else f"p {one.p:.3g} (Wilcoxon, {one.n} clips)"
    value = f"{one.value:+.{one.digits}f} {one.unit}".strip()
    pair = f"{one.title}, {one.first} - {one.second} against {one.reference}"
    return f"{pair}: {value}{bounds}, {p}: {one.in_words()}"
