"""What the filter did to a set: threshold, rejected clips, nearest neighbours, distribution and coverage.

Coverage is Naeem et al. (ICML 2020, arXiv 2002.09797): the share of training clips whose ball, reaching to
the k-th nearest other training clip, holds a synthetic clip; here in the space of the fingerprint.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from echodfkd.clipset import ClipSet
from echodfkd.files import read_json, remove_leftovers, write_json
from echodfkd.progress import Track, silent
from echodfkd.synth.privacy.filter import NEIGHBOURS, PrivacyFilter
from echodfkd.synth.privacy.generator import LOG
from echodfkd.synth.privacy.threshold import CONFIDENCE, Threshold, percent

FILE = "privacy.json"
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def report_on_set(clips: ClipSet, privacy: PrivacyFilter, *, track: Track = silent) -> dict[str, Any]:
    """Put every clip of a set on disk through the filter.

    Returns:
        JSON-ready: `threshold`, `clips` (name, nearest, similarity, rejected), `redrawn` (what was rejected
        while the set was made), `similarity` quantiles, `coverage`, `remarks`.

    Raises:
        EchoError: when a clip is unreadable.
    """
    rows, best = [], np.full(len(privacy.gallery), -1.0, np.float32)
    for record in track(clips.records, "clips through the filter"):
        similarities = privacy.similarities(clips.load(record, masks=False).frames)
        np.maximum(best, similarities, out=best)
        verdict = privacy.verdict(similarities)
        rows.append({"name": record.name, **vars(verdict)})
    return {
        "training": _training(privacy),
        "threshold": _threshold(privacy.threshold),
        "rejected": sum(row["rejected"] for row in rows),
        "close": sum(_is_close(row, privacy.threshold) for row in rows),
        "similarity": _quantiles(np.array([row["similarity"] for row in rows])),
        "coverage": _coverage({row["nearest"] for row in rows}, best, privacy),
        "remarks": privacy.threshold.remarks(),
        "redrawn": _redrawn(clips.root / LOG),
        "clips": rows,
    }


def conclude(root: Path, privacy: PrivacyFilter, *, track: Track = silent) -> list[str]:
    """Write the report on the finished set `root` to its privacy.json; returns what to tell the user."""
    remove_leftovers(root / LOG)
    report = report_on_set(ClipSet.open(root), privacy, track=track)
    write_json(root / FILE, report)
    return [line(report), *(f"note: {remark}" for remark in report["remarks"])]


def line(report: dict[str, Any]) -> str:
    """The report in a line for the user."""
    threshold, coverage = report["threshold"], report["coverage"]
    redrawn = sum(map(len, report["redrawn"].values()))
    return (
        f"privacy: {redrawn} candidates rejected and drawn again; "
        f"{report['rejected']} of {len(report['clips'])} clips are {threshold['value']:.2f} or more like a "
        f"training clip, where {percent(threshold['copies_missed'])} of altered copies are missed and "
        f"{percent(threshold['fresh_rejected'])} of fresh clips rejected "
        f"(at most {percent(threshold['fresh_rejected_bound'])}); "
        f"{percent(coverage['nearest'])} of the training clips are nearest to one"
    )


def _training(privacy: PrivacyFilter) -> dict[str, Any]:
    return {
        "data": privacy.data,
        "clips": len(privacy.gallery),
        "sha256": privacy.data_sha256,
        "fingerprint": privacy.fingerprint.name,
        "fingerprint_digest": privacy.fingerprint.digest,
        "every_nth_frame": privacy.gallery.stride,  # of a training clip; of a judged clip all are looked at
    }


def _threshold(threshold: Threshold) -> dict[str, Any]:
    rejected, missed = threshold.fresh_rejected, threshold.copies_missed
    return {
        "value": threshold.value,
        "rule": threshold.rule,
        "published_rule": round(threshold.published, 4),
        "fresh": _quantiles(threshold.fresh),
        "fresh_rejected": rejected[0],
        "fresh_rejected_bound": rejected[1],
        "copies": _quantiles(threshold.copies),
        "copies_missed": missed[0],
        "copies_missed_bound": missed[1],
        "confidence": CONFIDENCE,
    }


def _quantiles(values: npt.NDArray[Any]) -> dict[str, float]:
    found = np.quantile(values, QUANTILES)
    shares = {
        f"q{100 * share:02.0f}": round(float(value), 4) for share, value in zip(QUANTILES, found, strict=True)
    }
    return {"n": len(values), **shares}


def _is_close(row: dict[str, Any], threshold: Threshold) -> bool:
    """Whether a clip was kept that the published threshold would have rejected."""
    return not row["rejected"] and row["similarity"] >= threshold.published


def _coverage(nearest: set[str], best: npt.NDArray[np.float32], privacy: PrivacyFilter) -> dict[str, Any]:
    covered = best[privacy.probes] >= privacy.radii
    return {
        "nearest": len(nearest) / len(privacy.gallery),
        "naeem": float(covered.mean()),
        "k": min(NEIGHBOURS, len(privacy.probes) - 1),
        "of": len(privacy.probes),
    }


def _redrawn(log: Path) -> dict[str, Any]:
    """Rejected candidates by the name of the clip that took their place."""
    paths = sorted(log.glob("[!.]*.json")) if log.is_dir() else []
    return {path.stem: read_json(path) for path in paths}
