"""What an auxiliary model says of a model's results: a row for each clip, figures over all of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from echodfkd.eval import ef as ef_figures
from echodfkd.eval import events
from echodfkd.eval.auxiliary.base import Words
from echodfkd.eval.bootstrap import interval
from echodfkd.eval.events import MATCHING, Matches
from echodfkd.eval.figures import Figure
from echodfkd.segmenter import Segmenter

NOTHING = Matches((), (), ())
GUIDED = (
    "mean distance to the auxiliary's strongest {} frame of the LV's {} nearest to it (aFD of EchoDFKD): "
    "guided by that frame, so smaller than the error"
)


@dataclass(frozen=True)
class JudgedClip:
    """One clip.

    Attributes:
        clip: its name. values: the auxiliary's scores of the masks, and aFD, by name.
        ef_found, ef_auxiliary: percent, NaN for none. ed, es: found events against the auxiliary's.
    """

    clip: str
    values: Mapping[str, float]
    ef_found: float
    ef_auxiliary: float
    ed: Matches = NOTHING
    es: Matches = NOTHING


@dataclass(frozen=True)
class Judged:
    """One model, judged by one auxiliary.

    Attributes:
        model: what was judged. auxiliary: its name, and digest, claim, note, kind: see `base`.
        form: "corrected" or "published". rows: one for each clip. figures: over all of them.
        events_from: where the events come from, "" without events.
        corrupt: what is wrong with each clip that was skipped as unreadable, by name.
    """

    model: Segmenter
    auxiliary: str
    digest: str
    claim: str
    note: str
    kind: str
    form: str
    rows: tuple[JudgedClip, ...]
    figures: tuple[Figure, ...]
    events_from: str = ""
    corrupt: Mapping[str, str] = field(default_factory=dict)

    @property
    def by(self) -> str:
        """ "judged by NAME (note)"."""
        return f"judged by {self.auxiliary}" + (f" ({self.note})" if self.note else "")

    def value(self, name: str) -> float:
        """A figure by its name; NaN if it is not defined here."""
        return next((figure.value for figure in self.figures if figure.name == name), float("nan"))


Rows = Sequence[JudgedClip]
Statistic = Callable[[Rows], float]


def figures_of(rows: Rows, words: Mapping[str, Words], name: str) -> Iterator[Figure]:
    """Every figure that these rows define.

    Args:
        words: of the auxiliary's scores of masks. name: of the auxiliary, for definitions.
    """
    for key, word in words.items():
        yield from _figure(key, word, rows, _mean_of(key), _known(key), "clips")
    if any(np.isfinite(row.ef_found) and np.isfinite(row.ef_auxiliary) for row in rows):
        for key, word in _ef_words(name).items():
            yield from _figure(key, word, rows, _ef(key), _with_ef, "clips")
    if any(np.isfinite(row.ef_auxiliary) for row in rows):
        word = Words(
            "EF spread of the auxiliary", "points", 1,
            f"standard deviation over clips of the EF that {name} reads; near 0 it says the same of all",
        )  # fmt: skip
        count = _count(lambda row: bool(np.isfinite(row.ef_auxiliary)))
        yield from _figure("auxiliary_ef_spread", word, rows, _spread, count, "clips")
    if any(row.ed != NOTHING or row.es != NOTHING for row in rows):
        for kind in ("ed", "es"):
            yield from _event_figures(rows, kind, name)


def _figure(
    name: str, word: Words, rows: Rows, statistic: Statistic, count: Callable[[Rows], int], of: str
) -> Iterator[Figure]:
    value = statistic(rows)
    if np.isfinite(value):
        bounds = interval(list(rows), statistic, n=500) if len(rows) > 1 else None
        yield Figure(
            name, word.title, value, bounds, count(rows), of, word.unit, word.digits, word.definition
        )


def _event_figures(rows: Rows, kind: str, name: str) -> Iterator[Figure]:
    title, from_ = kind.upper(), f"against {kind.upper()} frames from auxiliary {name}"

    def over(statistic: Callable[[list[Matches]], float]) -> Statistic:
        return lambda chosen: statistic([getattr(row, kind) for row in chosen])

    def pairs(chosen: Rows) -> int:
        return sum(len(getattr(row, kind).pairs) for row in chosen)

    def timed(chosen: Rows) -> int:
        return pairs([row for row in chosen if getattr(row, kind).fps])

    def all_events(chosen: Rows) -> int:
        found = [getattr(row, kind) for row in chosen]
        return sum(len(one.pairs) + len(one.misses) + len(one.false) for one in found)

    error = Words(
        f"{title} error", "frames", 2, f"mean distance of matched {title} frames; {MATCHING}; {from_}"
    )
    time = Words(f"{title} error in time", "ms", 0, f"the same in milliseconds; {from_}")
    score = Words(f"{title} F1", "", 3, f"2 matched / (2 matched + missed + false) {title} frames; {from_}")
    shape = "largest" if kind == "ed" else "smallest"
    guided = Words(f"{title} aFD", "frames", 2, GUIDED.format(title, f"{shape} frame"))
    yield from _figure(f"{kind}_error_frames", error, rows, over(events.mean_error_frames), pairs, "events")
    yield from _figure(f"{kind}_error_ms", time, rows, over(events.mean_error_ms), timed, "events")
    yield from _figure(f"{kind}_f1", score, rows, over(events.f1), all_events, "events")
    yield from _figure(f"afd_{kind}", guided, rows, _mean_of(f"afd_{kind}"), _known(f"afd_{kind}"), "clips")


def _ef_words(name: str) -> dict[str, Words]:
    return {
        "ef_mae": Words("EF error", "points", 2, f"mean |EF that `segment` reports - EF by {name}|"),
        "ef_bias": Words("EF bias", "points", 2, f"mean of found EF - EF by {name}"),
        "ef_pearson": Words("EF correlation", "", 3, f"Pearson r of found EF and EF by {name}"),
    }


def _ef(key: str) -> Statistic:
    def statistic(rows: Rows) -> float:
        if not _with_ef(rows):
            return float("nan")
        found, other = [row.ef_found for row in rows], [row.ef_auxiliary for row in rows]
        return dict(ef_figures.evaluate(found, other))[key.removeprefix("ef_")]

    return statistic


def _with_ef(rows: Rows) -> int:
    return sum(bool(np.isfinite(row.ef_found) and np.isfinite(row.ef_auxiliary)) for row in rows)


def _spread(rows: Rows) -> float:
    found = [row.ef_auxiliary for row in rows if np.isfinite(row.ef_auxiliary)]
    return float(np.std(found)) if len(found) > 1 else float("nan")


def _mean_of(key: str) -> Statistic:
    def statistic(rows: Rows) -> float:
        values = [row.values[key] for row in rows if np.isfinite(row.values.get(key, np.nan))]
        return float(np.mean(values)) if values else float("nan")

    return statistic


def _known(key: str) -> Callable[[Rows], int]:
    return _count(lambda row: bool(np.isfinite(row.values.get(key, np.nan))))


def _count(test: Callable[[JudgedClip], bool]) -> Callable[[Rows], int]:
    return lambda rows: sum(map(test, rows))
