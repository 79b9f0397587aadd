import json
from pathlib import Path

from echodfkd.distill.history import History


def history(path: Path, *scores: float) -> History:
    found = History(path / "metrics.jsonl", 0)
    for step, score in enumerate(scores, 1):
        found.add({"step": step, "dice": score})
    return found


def test_patience_counts_from_the_first_of_the_best(tmp_path: Path) -> None:
    assert not history(tmp_path).exhausted(1)
    assert not history(tmp_path, 0.1, 0.3, 0.2).exhausted(2)
    assert history(tmp_path, 0.1, 0.3, 0.2, 0.3).exhausted(2)
    assert not history(tmp_path, 0.3, 0.2, 0.1, 0.1).exhausted(0)


def test_only_a_better_one_is_just_the_best(tmp_path: Path) -> None:
    assert not history(tmp_path).just_best()
    assert history(tmp_path, 0.1, 0.2).just_best()
    assert not history(tmp_path, 0.2, 0.2).just_best()


def test_what_a_resumed_run_makes_again_is_dropped(tmp_path: Path) -> None:
    history(tmp_path, 0.1, 0.2, 0.3)
    path = tmp_path / "metrics.jsonl"
    with path.open("a") as stream:
        stream.write('{"step": 4, "di')  # cut while it was written
    assert [row["step"] for row in History(path, 9, writes=False).rows] == [1, 2, 3]
    assert path.read_text().endswith('"di')  # another process looks and leaves it
    assert [row["step"] for row in History(path, 2).rows] == [1, 2]
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 2]
