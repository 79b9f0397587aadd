"""The page that `echodfkd demo` ends with: the whole road, in words for a cardiologist."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from echodfkd.clip import Clip
from echodfkd.clipset_writer import software_versions
from echodfkd.eval.report import sections
from echodfkd.eval.report.content import Fact, Report
from echodfkd.eval.report.results import SHARED_WORLD, ef_and_timing, report_scores
from echodfkd.eval.run import ModelScores
from echodfkd.segment.result import SegmentResult

LEAD = (
    "A small program that outlines the left ventricle was taught here without a single patient clip: a "
    "simulator drew the hearts, a teacher network outlined them, and a small student learned from the "
    "teacher. Below: what it saw, how it learned, how well it knows its own synthetic world, and what the "
    "student that ships with echodfkd does on a real four-chamber cine."
)
REAL = (
    "A real apical four-chamber cine that comes with the open-source package pydicom, outlined by the "
    "embedded student. No patient image took part in its training. The contour and the EF were not checked "
    "by a physician."
    " While the mitral valve is open the outline may run on into the left atrium: a known weakness."
)


def demo_report(
    samples: Sequence[Clip],
    rows: Sequence[Mapping[str, float]],
    scores: Sequence[ModelScores],
    exported: Mapping[str, Any],
    real: SegmentResult,
    video: Path,
) -> Report:
    """The page.

    Args:
        samples: synthetic clips with labels. rows: of metrics.jsonl. scores: the demo's student first.
        exported: content of export.json. real, video: the real cine's result and its overlay.
    """
    parity = exported["parity"]
    export_note = f"Dice {parity['dice']:.4f} to its source on {parity['frames']} frames"
    # a run logs `dice`, for its targets may be exact masks; here they are the teacher's: agreement
    curve = [{**row, "agreement": row["dice"]} for row in rows]
    facts = (
        Fact(
            "Demo student",
            f"{scores[0].value('dice'):.3f}",
            "mean Dice to exact labels, unseen synthetic clips",
        ),
        Fact(
            "Embedded student",
            f"{scores[1].value('dice'):.3f}",
            "the same, for the student that ships with echodfkd",
        ),
        sections.ef_fact(real),
        Fact("ONNX file", f"{exported['bytes'] / 1e6:.1f} MB", export_note),
    )
    parts = (
        sections.real_clip(real, video, REAL),
        sections.synthetic_samples(samples, "Drawn by the simulator; every outline is known exactly."),
        sections.training(
            curve, "The student watches the teacher for about a minute; a real training takes longer."
        ),
        sections.scores(report_scores(scores), SHARED_WORLD),
        ef_and_timing(scores[0]),
        sections.manifest(
            {"model": real.model.name, "claim": real.model.claim, "software": software_versions()}
        ),
    )
    return Report("A left-ventricle model without patient data", LEAD, parts, facts)
