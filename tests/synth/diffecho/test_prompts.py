from pathlib import Path

import pytest

from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.diffecho.prompts import of_phase, of_view, paper, prompts_of, sentence
from echodfkd.synth.diffecho.words import CLASSES, SIZES, Said, said


def test_templates_say_what_they_are_made_of() -> None:
    for view, phase in CLASSES:
        assert said(of_phase(view, phase)) == Said(view, phase)
        assert said(of_view(view)) == Said(view)
        for size in (None, *SIZES):
            for ef in (None, 12.0, 62.5):
                asked = Said(view, phase, ef, size)
                assert said(sentence(asked)) == asked
    assert sentence(Said()) == "an ultrasound image of the heart"
    assert paper("a4c", None) == of_view("a4c") and paper(None, "ed") == ""


def test_prompts_come_one_by_one_or_in_files(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("first\n\n  second \n", encoding="utf-8")
    (tmp_path / "metadata.csv").write_text("image,text\na.png,third\n", encoding="utf-8")
    given = [str(tmp_path / "list.txt"), "alone", str(tmp_path / "metadata.csv")]
    assert prompts_of(given) == ("first", "second", "alone", "third")
    with pytest.raises(UsageError, match="--prompt is empty"):
        prompts_of([" "])
    (tmp_path / "bytes.txt").write_bytes(bytes([255, 254, 128]))
    with pytest.raises(EchoError, match="bytes.txt is no text"):
        prompts_of([str(tmp_path / "bytes.txt")])
