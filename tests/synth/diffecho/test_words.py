import pytest

from echodfkd.errors import UsageError
from echodfkd.synth.diffecho.words import Said, overheard, said, size_of


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        (
            "an ultrasound image of the heart in four-chamber view at end-systole, "
            "ejection fraction 35 percent",
            Said("a4c", "es", 35.0),
        ),
        (
            "An ultrasound image shows the heart in a two-chamber view during the ed phase.",
            Said("a2c", "ed"),
        ),
        ("an ultrasound image of heart in two-chamber view", Said("a2c")),
        ("A2C, ES, LVEF of 32.5%, dilated LV", Said("a2c", "es", 32.5, "large")),
        ("normal left ventricle", Said(size="normal")),
        ("an ultrasound image", Said()),
    ],
)
def test_a_prompt_says(prompt: str, expected: Said) -> None:
    assert said(prompt) == overheard(prompt) == expected


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("a red cat, four-chamber, in red", r"does not know: red, cat; those it heeds are four, two, dias"),
        ("no four-chamber view", "does not know: no;"),
        ("five-chamber view", "does not know: five;"),
        ("four-chamber and two-chamber view", "says two things: a4c and a2c"),
        ("end-diastole at end-systole", "says two things: ed and es"),
        ("ejection fraction 30, EF 40", "says two things: 30.0 and 40.0"),
        ("35 percent", "35.0 belongs to no ejection fraction"),
        ("four-chamber view with ejection fraction 0.35", "asks for 0.35: .* from 5 to 90 percent"),
        ("EF 91", "asks for 91"),
    ],
)
def test_what_is_not_understood_is_refused(prompt: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        said(prompt)


def test_any_prompt_is_listened_to() -> None:
    assert overheard("a watercolour, 2 cats, two-chamber view, EF 45%") == Said("a2c", None, 45.0)
    assert overheard("four-chamber or two-chamber, EF 99") == Said()


def test_volumes_have_words() -> None:
    assert [size_of(ml) for ml in (None, 30.0, 60.0, 100.0, 151.0)] == [
        None,
        "small",
        "small",
        "normal",
        "large",
    ]
