import json
from pathlib import Path
from typing import Any

import pytest

from echodfkd.errors import EchoError
from echodfkd.teachers.manifest import Facts, facts_beside


def beside(folder: Path, content: Any) -> Path:
    (folder / "net.json").write_text(json.dumps(content))
    path = folder / "net.pt"
    path.write_bytes(b"weights")
    return path


def test_without_a_manifest_all_is_guessed_aloud(tmp_path: Path) -> None:
    facts = facts_beside(tmp_path / "net.pt")
    assert facts.guess("size", 112, "usual") == 112
    assert facts.guess("output", "logit", "below 0") == "logit"
    first, second, last = facts.remarks
    assert first == "size is guessed: 112 (usual)"
    assert second == "output is guessed: logit (below 0)"
    assert str(tmp_path / "net.json") in last
    assert json.loads(last[last.index("{") :]) == {"size": 112, "output": "logit"}


def test_the_manifests_word_is_no_guess(tmp_path: Path) -> None:
    facts = facts_beside(beside(tmp_path, {"size": 256}))
    assert facts.guess("size", 112, "usual") == 256
    assert facts.remarks == ()


def test_what_the_file_contradicts_is_an_error(tmp_path: Path) -> None:
    path = beside(tmp_path, {"channels": 1})
    with pytest.raises(EchoError, match=r"net\.pt has channels 3, net\.json says 1"):
        facts_beside(path).read("channels", 3, path)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"size": "112"}, "`size` must be a whole number of 16..2048"),
        ({"size": True}, "`size`"),
        ({"size": 4}, "`size`"),
        ({"channels": 2}, "`channels` must be 1 or 3"),
        ({"scaling": "0-1"}, r"`scaling` must be one of 0\.\.255, 0\.\.1"),
        ({"mean": 0.5}, "`mean`"),
        ({"mean": [0.5, 0.5]}, "`mean`"),
        ({"std": [0.0]}, "`std` must be one positive number"),
        ({"output": "sigmoid"}, "`output` must be one of logit, probability, softmax"),
        ({"lv_class": -1}, "`lv_class`"),
        ({"layout": "NHWC"}, "`layout`"),
        ({"claim": 3}, "`claim` must be text"),
        ([1], "must be a JSON object"),
    ],
)
def test_entries_that_cannot_be_are_named(tmp_path: Path, entry: Any, message: str) -> None:
    with pytest.raises(EchoError, match=message):
        facts_beside(beside(tmp_path, entry))


def test_unknown_entries_are_remarked_on_and_a_cards_are_not(tmp_path: Path) -> None:
    facts = facts_beside(beside(tmp_path, {"kind": "teacher", "name": "mine", "chanels": 1}))
    (remark,) = facts.remarks
    assert "passed over chanels; entries are architecture, size" in remark


def test_the_digest_tells_how_a_file_is_read(tmp_path: Path) -> None:
    path = beside(tmp_path, {})
    one, two, three = (
        Facts(path, {}, settled).digest(path)
        for settled in ({"size": 112}, {"size": 128}, {"size": 112, "claim": "x"})
    )
    assert one == three != two
    assert len(one) == 64
