"""Put a clip set that exists through the re-identification filter: which of its clips copy training clips?

Command:  uv run python scripts/filter_privacy.py TRAINING CLIPS [REPORT.json]
Both are clip sets or folders of videos. Prints the clips that are rejected and a summary; nothing is deleted.
Works offline, on one core.
"""

import sys
from pathlib import Path

from echodfkd.cli.progress import tracker
from echodfkd.clipset import ClipSet
from echodfkd.files import write_json
from echodfkd.synth.privacy.filter import fit_filter
from echodfkd.synth.privacy.report import line, report_on_set


def main(training: str, clips: str, output: str = "") -> None:
    track = tracker(quiet=False)
    report = report_on_set(ClipSet.open(clips), fit_filter(ClipSet.open(training), track=track), track=track)
    for row in report["clips"]:
        if row["rejected"]:
            print(f"{row['name']} resembles {row['nearest']} ({row['similarity']:.2f})")
    print(line(report))
    for remark in report["remarks"]:
        print(f"note: {remark}")
    if output:
        write_json(Path(output), report)


if __name__ == "__main__":
    main(*sys.argv[1:])
