import numpy as np
import pytest

from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.event_metrics import event_metrics
from echodfkd.eval.events import Matches
from echodfkd.eval.metric import Figure, defined

NAN = float("nan")


def clip(fps: float | None, guided: list[float], es: Matches, echonet: Matches | None = None) -> ClipScore:
    nothing = Matches((), (), (), fps)
    return ClipScore(
        "x", fps, np.zeros(0), np.zeros((0, 2), np.int64), np.zeros(0), nothing, es, NAN, NAN, (),
        afd_es=np.array(guided), es_echonet=echonet,
    )  # fmt: skip


FIRST = clip(50.0, [2.0, 5.0], Matches(((10, 12),), (40,), (70, 90), 50.0))
SECOND = clip(None, [NAN, 3.0], Matches(((5, 9),), (), (), None))


def by_name(*scores: ClipScore, kind: str = "es") -> dict[str, Figure]:
    return {figure.name: figure for figure in defined(tuple(event_metrics(kind)), scores)}


def test_blind_and_guided_stand_beside_each_other() -> None:
    found = by_name(FIRST, SECOND)
    assert found["es_error_frames"].value == (2 + 4) / 2
    assert (found["es_error_ms"].value, found["es_error_ms"].n) == (40.0, 1)  # the second has no frame rate
    assert found["es_f1"].value == pytest.approx(2 * 2 / (2 * 2 + 1 + 2))
    assert (found["es_missed"].value, found["es_missed"].n) == (1, 3)
    assert (found["es_false"].value, found["es_false"].n) == (2, 4)
    assert (found["afd_es"].value, found["afd_es"].n) == (10 / 3, 3)  # a constant curve has none
    assert (found["afd_es_ms"].value, found["afd_es_ms"].n) == (70.0, 2)
    assert found["afd_es"].title == "ES aFD, guided by the reference"


def test_echonets_detector_has_figures_of_its_own() -> None:
    assert not [name for name in by_name(FIRST, SECOND) if "echonet" in name]
    found = by_name(FIRST, clip(50.0, [], Matches((), (), ()), Matches(((20, 21),), (), (60,), 50.0)))
    assert found["es_echonet_error_frames"].value == 1
    assert found["es_echonet_f1"].value == pytest.approx(2 / 3)
    assert "EchoNet-Dynamic's published systole detector" in found["es_echonet_f1"].definition
    assert not [metric for metric in event_metrics("ed") if "echonet" in metric.name]


def test_without_events_no_figure() -> None:
    assert by_name(FIRST, SECOND, kind="ed") == {}
