"""Every figure that is made of the scores of clips, in the order in which people read them."""

from collections.abc import Iterator

from echodfkd.eval.ef_metrics import ef_metrics
from echodfkd.eval.event_metrics import event_metrics
from echodfkd.eval.label_metrics import label_metrics
from echodfkd.eval.metric import Figure, Metric, Scores, defined, mean_of, number_of, ratio

__all__ = ["METRICS", "Figure", "Metric", "Scores", "figures"]

METRICS: tuple[Metric, ...] = (
    *label_metrics(),
    Metric(
        "area_error", "Area error", ratio, number_of(lambda score: score.area_error), "images", "%", 1,
        "mean over images of |found - reference| / reference LV area",
        mean_of(lambda score: score.area_error),
    ),
    *event_metrics("ed"),
    *event_metrics("es"),
    *ef_metrics(),
)  # fmt: skip


def figures(scores: Scores) -> Iterator[Figure]:
    """Every figure that these scores define, in the order of `METRICS`."""
    return defined(METRICS, scores)
