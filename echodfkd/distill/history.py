"""The rows of `metrics.jsonl`: what a run has reached so far, and whether it still gets better."""

import json
from pathlib import Path

from echodfkd.files import write_text

Row = dict[str, float]


class History:
    """Evaluations of a run up to a step.

    Args:
        path: metrics.jsonl; rows after `step`, which a resumed run will make again, and a last line that a
            cut left half-written are dropped.
        step: where the run stands.
        writes: whether this process writes the file.
    """

    def __init__(self, path: Path, step: int, writes: bool = True) -> None:
        self.path, self.writes, self.rows = path, writes, _read(path, step)
        if writes:
            write_text(path, "".join(json.dumps(row) + "\n" for row in self.rows))

    def add(self, row: Row) -> None:
        """Note an evaluation."""
        self.rows.append(row)
        if self.writes:
            with self.path.open("a") as stream:
                stream.write(json.dumps(row) + "\n")

    @property
    def best(self) -> Row | None:
        """The evaluation with the highest Dice, the first of equal ones; None before any."""
        return max(self.rows, key=lambda row: row["dice"], default=None)

    def just_best(self) -> bool:
        """Whether the last evaluation is better than all before it."""
        return bool(self.rows) and self.best is self.rows[-1]

    def exhausted(self, patience: int) -> bool:
        """Whether the last `patience` evaluations brought nothing better; never with a patience of 0."""
        best = self.best
        return bool(patience and best is not None and len(self.rows) - 1 - self.rows.index(best) >= patience)


def _read(path: Path, step: int) -> list[Row]:
    rows = []
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return [row for row in rows if row["step"] <= step]
