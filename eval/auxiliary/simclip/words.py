"""The words that simclip knows, and free text mapped onto them."""

import re
from collections.abc import Sequence

import torch
from torch import Tensor

from echodfkd.errors import EchoError

LENGTH = 10  # words of a sentence; what comes later is not read
STEP = 5  # numbers are read to the nearest multiple of it, 0..100
# fmt: off
WORDS = (
    "apical", "four", "two", "chamber", "parasternal", "long", "short", "axis", "view", "no", "heart",
    "mitral", "valve", "open", "closed", "end", "diastole", "systole",
    "left", "ventricle", "atrium", "right", "ejection", "fraction", "small", "normal", "large",
    "mask", "overlap", "fits", "too", "wall", "nothing", "part", "visible",
)
# fmt: on
NUMBERS = [f"#{value}" for value in range(0, 101, STEP)]
NUMBER_OF = {word: 1 + i for i, word in enumerate([*WORDS, *NUMBERS])}  # 0 stands for no word
SAME = {  # words of reports -> ours
    "lv": ("left", "ventricle"),
    "ef": ("ejection", "fraction"),
    "lvef": ("left", "ventricle", "ejection", "fraction"),
    "a4c": ("apical", "four", "chamber", "view"),
    "a2c": ("apical", "two", "chamber", "view"),
    "ventricular": ("ventricle",),
    "myocardium": ("wall",),
    "dilated": ("large",),
    "enlarged": ("large",),
    "diastolic": ("diastole",),
    "systolic": ("systole",),
    "dice": ("overlap",),
}
# fmt: off
UNDER_20 = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred")
# fmt: on
SPELT = {word: value for value, word in enumerate(UNDER_20)} | {
    word: 20 + 10 * i for i, word in enumerate(TENS)
}


def words_of(text: str) -> list[str]:
    """The known words of a text, numbers as "#55"; case and unknown words do not matter.

    >>> words_of("THE LEFT VENTRICULAR EJECTION FRACTION IS ESTIMATED TO BE 53% ")
    ['left', 'ventricle', 'ejection', 'fraction', '#55']
    >>> words_of("overlap ninety five")
    ['overlap', '#95']

    Raises:
        EchoError: if it holds no word that is known.
    """
    found: list[str] = []
    number: float | None = None
    for token in re.findall(r"[a-z]+[0-9]?[a-z]*|\d+(?:\.\d+)?", text.lower()):
        value = float(token) if token[0].isdigit() else SPELT.get(token)
        if value is not None and not (token in WORDS and number is None):
            number = value if number is None else number + value
            continue
        found += _number(number)
        number = None
        found += SAME.get(token, (token,) if token in WORDS else ())
    found += _number(number)
    if not found:
        raise EchoError(f"simclip knows none of the words of {text!r}; it knows {', '.join(WORDS)}, numbers")
    return found


def _number(value: float | None) -> list[str]:
    return [] if value is None else [f"#{STEP * round(min(max(value, 0.0), 100.0) / STEP)}"]


def tokens(texts: Sequence[str]) -> Tensor:
    """Sentences as numbers of words, int64 (N, LENGTH), 0 behind the last word.

    Raises:
        EchoError: see `words_of`.
    """
    rows = [[NUMBER_OF[word] for word in words_of(text)][:LENGTH] for text in texts]
    return torch.tensor([row + [0] * (LENGTH - len(row)) for row in rows], dtype=torch.int64)
