"""The content of metrics.json: every figure with its definition, n and interval."""

from collections.abc import Mapping, Sequence
from typing import Any

from echodfkd.clipset_writer import software_versions
from echodfkd.eval.auxiliary import outputs as auxiliary_outputs
from echodfkd.eval.auxiliary.judged import Judged
from echodfkd.eval.compare import Difference, differences
from echodfkd.eval.fidelity import outputs as fidelity_outputs
from echodfkd.eval.fidelity.compare import Comparison
from echodfkd.eval.metric import rounded
from echodfkd.eval.notes import notes
from echodfkd.eval.published import content as published_content
from echodfkd.eval.run import ModelScores, parameters


def metrics(
    results: Sequence[ModelScores],
    data: Mapping[str, Any],
    judged: Sequence[Judged] = (),
    fidelity: Comparison | None = None,
) -> dict[str, Any]:
    """Content of metrics.json: every figure with definition, n and interval, what was compared, what an
    auxiliary model said, how near the clips come to others, and what is wrong with each that was skipped.
    """
    return {
        "data": dict(data),
        "corrupt": dict(results[0].corrupt if results else judged[0].corrupt if judged else {}),
        "results": [_result(result) for result in results],
        "judged": [auxiliary_outputs.entry(one) for one in judged],
        **({} if fidelity is None else {"fidelity": fidelity_outputs.entry(fidelity)}),
        "comparisons": [_difference(one) for one in differences(results)],
        "published": published_content(),
        "software": software_versions(),
        "use": "research only, not for diagnosis",
    }


def _result(result: ModelScores) -> dict[str, Any]:
    model = result.model
    return {
        "model": {
            "name": result.title,
            "sha256": model.digest,
            "claim": model.claim,
            "convention": model.convention,
            "parameters": parameters(model),
        },
        "reference": result.reference,
        "word": word(result.reference),
        "events_from": result.events_from,
        "notes": list(notes(result)),
        "clips": len(result.scores),
        "frames_per_second": round(result.frames_per_second, 1),
        "figures": {figure.name: figure.entry() for figure in result.figures},
    }


def word(reference: str) -> str:
    """What closeness to this reference is called: only people and exact labels make it accuracy."""
    return "accuracy" if reference == "labels" else "agreement"


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "metric": one.metric,
        "first": one.first,
        "second": one.second,
        "reference": one.reference,
        "difference": round(one.value, 5),
        "interval_95": rounded(one.interval),
        "p_wilcoxon": one.p,
        "n": one.n,
        "of": "clips",
        "unit": one.unit,
        "definition": one.definition,
    }
