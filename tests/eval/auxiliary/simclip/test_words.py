import pytest

from echodfkd.errors import EchoError
from echodfkd.eval.auxiliary.prompts import Prompts
from echodfkd.eval.auxiliary.simclip.captions import GROUPS
from echodfkd.eval.auxiliary.simclip.words import LENGTH, NUMBER_OF, tokens, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("LV EJECTION FRACTION IS 57.6%. ", ["left", "ventricle", "ejection", "fraction", "#60"]),
        ("Mask overlap ninety-five percent", ["mask", "overlap", "#95"]),
        ("apical four chamber view", ["apical", "four", "chamber", "view"]),
        ("A4C, dilated", ["apical", "four", "chamber", "view", "large"]),
        ("250", ["#100"]),
    ],
)
def test_texts_become_known_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_text_without_a_known_word_is_refused() -> None:
    with pytest.raises(EchoError, match="knows none of the words of 'aortic stenosis'"):
        tokens(["left ventricle", "aortic stenosis"])


def test_sentences_are_numbers_with_zeros_behind() -> None:
    rows = tokens(["left ventricle", "wall"])
    assert rows.shape == (2, LENGTH)
    assert rows[0].tolist() == [NUMBER_OF["left"], NUMBER_OF["ventricle"]] + [0] * (LENGTH - 2)
    assert rows[1, 0] == NUMBER_OF["wall"]
    assert 0 not in NUMBER_OF.values()


def test_no_caption_and_no_usual_prompt_loses_its_meaning() -> None:
    for group in GROUPS.values():
        for template in range(len(group.templates)):
            rows = [words_of(text) for text in group.texts(template)]
            assert len({tuple(row) for row in rows}) == len(rows)
            assert max(map(len, rows)) <= LENGTH
    asked = Prompts()
    texts = [asked.closed, asked.open, asked.wall, asked.nothing, asked.left_ventricle]
    assert len({tuple(words_of(text)) for text in texts}) == 5
    assert [words_of(template.replace("<#>", "55"))[-1] for template in asked.ef] == ["#55", "#55"]
