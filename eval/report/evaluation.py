"""The page of an evaluation: which sections it has, in the order of reading."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from echodfkd.clip import Clip
from echodfkd.eval.auxiliary import outputs as auxiliary_outputs
from echodfkd.eval.auxiliary.judged import Judged
from echodfkd.eval.examples import Example
from echodfkd.eval.fidelity import outputs as fidelity_outputs
from echodfkd.eval.fidelity.compare import Comparison
from echodfkd.eval.metrics_file import word
from echodfkd.eval.notes import notes
from echodfkd.eval.report import sections
from echodfkd.eval.report.clips_shown import clips_shown
from echodfkd.eval.report.content import Fact, Report, Section
from echodfkd.eval.report.how import how_computed, made_by
from echodfkd.eval.report.pareto import pareto_section, published_section
from echodfkd.eval.report.results import (
    SHARED_WORLD,
    compared,
    ef_and_timing,
    headline,
    main_scores,
    other_scores,
    points,
)
from echodfkd.eval.report.trust_panel import not_validated, trust_panel
from echodfkd.eval.run import ModelScores


@dataclass(frozen=True)
class Beside:
    """What the page shows beside the figures; all of it may be missing.

    Attributes:
        examples: clips as loops. validation: content of validation.json, None where nobody asked.
        speeds: frames per second of published models by name. how: they were measured.
        manifest: command, seed, device, and what else it takes to make the figures again.
        fidelity: how near the clips come to others.
    """

    examples: Sequence[Example] = ()
    validation: Mapping[str, Any] | None = None
    speeds: Mapping[str, float] = field(default_factory=dict)
    how: str = ""
    manifest: Mapping[str, Any] = field(default_factory=dict)
    fidelity: Comparison | None = None


def evaluation_page(
    results: Sequence[ModelScores],
    content: Mapping[str, Any],
    samples: Sequence[Clip],
    judged: Sequence[Judged],
    beside: Beside,
) -> Report:
    """The page. `content` is that of metrics.json; `results` and `judged` may be empty beside fidelity."""
    if beside.fidelity is not None and not results and not judged:
        return fidelity_outputs.page(beside.fidelity, _manifest(content, beside))
    parts = [
        *_scores(results, content["data"]),
        *([clips_shown(beside.examples)] if beside.examples else []),
        *compared(results),
        *_charts(results, beside),
        *([auxiliary_outputs.section(judged)] if judged else []),
        *_trust(results, judged, beside),
        *([fidelity_outputs.section(beside.fidelity)] if beside.fidelity else []),
        *([sections.synthetic_samples(samples, "Clips of this set with their labels.")] if samples else []),
        *other_scores(results),
        *([published_section(beside.speeds)] if results else []),
        how_computed(
            [*(f for one in results for f in one.figures), *(f for one in judged for f in one.figures)]
        ),
        made_by(_manifest(content, beside)),
    ]
    names = [result.title for result in results] or [one.model.name for one in judged]
    title = f"Evaluation of {', '.join(dict.fromkeys(names))}"
    return Report(title, _lead(results, judged), tuple(parts), _facts(results, judged))


def _scores(results: Sequence[ModelScores], data: Mapping[str, Any]) -> Iterator[Section]:
    if results:
        remarks = [SHARED_WORLD] if data.get("generator") == "sim" else []
        remarks += dict.fromkeys(note for result in results for note in notes(result))
        yield main_scores(results, " ".join(remarks))


def _charts(results: Sequence[ModelScores], beside: Beside) -> Iterator[Section]:
    if results:
        first = results[0]
        yield ef_and_timing(first)
        ours = points(first.reference, results)
        yield pareto_section(ours, first.reference, beside.speeds, beside.how)


def _trust(results: Sequence[ModelScores], judged: Sequence[Judged], beside: Beside) -> Iterator[Section]:
    """How far to trust the auxiliary, if there is one."""
    named = {one.auxiliary: one.note for one in judged}
    named |= {
        r.reference.removeprefix("auxiliary "): "" for r in results if r.reference.startswith("auxiliary ")
    }
    if beside.validation is not None:
        yield trust_panel(beside.validation)
    elif named:
        yield not_validated(*next(iter(named.items())))


def _lead(results: Sequence[ModelScores], judged: Sequence[Judged]) -> str:
    if not results:
        one = judged[0]
        return f"{len(one.rows)} clips, {one.by}, without labels: not proof of use.{_skipped(one)}"
    first = results[0]
    against = f"judged against {first.reference}: {word(first.reference)}"
    return f"{len(first.scores)} clips, {against}, not proof of use.{_skipped(first)}"


def _skipped(result: ModelScores | Judged) -> str:
    count = len(result.corrupt)
    return f" {count} more could not be read and {'were' if count > 1 else 'was'} skipped." if count else ""


def _facts(results: Sequence[ModelScores], judged: Sequence[Judged]) -> tuple[Fact, ...]:
    if results:
        return headline(results[0].figures, f"{results[0].title} against {results[0].reference}")
    return headline(judged[0].figures, f"{judged[0].model.name} {judged[0].by}")


def _manifest(content: Mapping[str, Any], beside: Beside) -> dict[str, Any]:
    """Command and data first, then every model with its hash, then versions."""
    models = {one["model"]["name"]: one["model"] for one in (*content["results"], *content["judged"])}
    auxiliary = {one["auxiliary"]["name"]: one["auxiliary"] for one in content["judged"]}
    return {
        **beside.manifest,
        **content["data"],
        **{f"model {name}": model for name, model in models.items()},
        **{f"auxiliary {name}": model for name, model in auxiliary.items()},
        "software": content["software"],
        **({"skipped as unreadable": content["corrupt"]} if content["corrupt"] else {}),
    }
