"""What `echodfkd eval` leaves: metrics.json, per_clip.csv, report.html; size.csv if frames were traced."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from echodfkd.clip import Clip
from echodfkd.eval.auxiliary import outputs as auxiliary_outputs
from echodfkd.eval.auxiliary.judged import Judged
from echodfkd.eval.metrics_file import metrics
from echodfkd.eval.per_clip import SIZE_COLUMNS, rows, size_rows
from echodfkd.eval.report.evaluation import Beside, evaluation_page
from echodfkd.eval.report.page import write_report
from echodfkd.eval.run import ModelScores
from echodfkd.filelist import csv_text
from echodfkd.files import write_json, write_text


def write_outputs(
    output: Path,
    results: Sequence[ModelScores],
    data: Mapping[str, Any],
    samples: Sequence[Clip],
    judged: Sequence[Judged] = (),
    beside: Beside | None = None,
) -> None:
    """Write the files to the folder `output`; `samples` are shown in the report if they have labels.

    One of `results`, `judged` (what an auxiliary model said) and `beside.fidelity` must be there.
    EchoNet-Dynamic's size.csv is written where people traced two frames of a clip: that of the first model;
    those of the others carry their names. `beside`: what else the report shows.
    """
    beside = beside or Beside()
    content = metrics(results, data, judged, beside.fidelity) | {"run": dict(beside.manifest)}
    write_json(output / "metrics.json", content)
    table = [*rows(results), *auxiliary_outputs.clip_rows(judged)]
    columns = list(dict.fromkeys(name for row in table for name in row))
    lines = ([str(row.get(name, "")) for name in columns] for row in table)
    write_text(output / "per_clip.csv", csv_text(columns, lines))
    for result in results:
        if any(score.sparse for score in result.scores):
            first = result.title == results[0].title
            sizes = (list(map(str, row)) for row in size_rows(result))
            write_text(output / size_name("" if first else result.title), csv_text(SIZE_COLUMNS, sizes))
    page = evaluation_page(results, content, samples, judged, beside)
    write_report(page, output / "report.html")


def size_name(model: str = "") -> str:
    """File name of a model's sizes: "size.csv", or "size-NAME.csv" with a plain name."""
    return f"size-{re.sub('[^A-Za-z0-9._+-]+', '_', model)}.csv" if model else "size.csv"
