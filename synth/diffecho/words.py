"""What a prompt says of a heart: its words, its numbers, and which of them the small model does not know.

The vocabulary is small: two words for the view, two for the phase, three for the size of the LV, and the
ejection fraction as a number. Whatever else may stand in a prompt says nothing and is passed over.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from echodfkd.errors import UsageError
from echodfkd.synth.base import FRACTIONS

VIEWS = {"four": "a4c", "two": "a2c"}
PHASES = {"diastole": "ed", "systole": "es"}
CLASSES = tuple((view, phase) for view in ("a2c", "a4c") for phase in ("ed", "es"))  # in the paper's order
SIZES = ("small", "normal", "large")  # of the LV at ED
EDV_ML = (60.0, 150.0)  # a small LV is below, a large one above
NUMBER = "fraction"  # the word that a number belongs to
TELLING = (*VIEWS, *PHASES, *SIZES, NUMBER)
# fmt: off
SILENT = frozenset((
    "a", "an", "and", "apical", "at", "by", "chamber", "during", "echo", "echocardiogram", "ejection", "end",
    "fraction", "frame", "heart", "image", "in", "is", "left", "of", "percent", "phase", "showing", "shows",
    "still", "the", "ultrasound", "ventricle", "view", "with",
))
# fmt: on
SAME = {  # other ways to say it
    "2ch": ("two",),
    "4ch": ("four",),
    "a2c": ("two",),
    "a4c": ("four",),
    "diastolic": ("diastole",),
    "dilated": ("large",),
    "ed": ("diastole",),
    "ef": ("fraction",),
    "es": ("systole",),
    "lv": (),
    "lvef": ("fraction",),
    "systolic": ("systole",),
}


@dataclass(frozen=True)
class Said:
    """What is said of a still; None where nothing is.

    Attributes:
        view: "a4c" or "a2c". phase: "ed" or "es". ef: in percent. size: of the LV, one of `SIZES`.
    """

    view: str | None = None
    phase: str | None = None
    ef: float | None = None
    size: str | None = None

    def words(self) -> list[tuple[str, float]]:
        """The telling words with the number of each, 0 where it has none; the fraction as a share."""
        views, phases = ({said: word for word, said in known.items()} for known in (VIEWS, PHASES))
        found = [(views[self.view], 0.0)] if self.view else []
        found += [(phases[self.phase], 0.0)] if self.phase else []
        found += [(NUMBER, self.ef / 100)] if self.ef is not None else []
        return found + ([(self.size, 0.0)] if self.size else [])


def size_of(edv_ml: float | None) -> str | None:
    """The word for an LV of this volume at ED, in ml; None for an unknown one."""
    return None if edv_ml is None else SIZES[sum(edv_ml > bound for bound in EDV_ML)]


def said(prompt: str) -> Said:
    """What a prompt in the small vocabulary says.

    >>> said("an ultrasound image of the heart in four-chamber view at end-systole, EF 35 %")
    Said(view='a4c', phase='es', ef=35.0, size=None)

    Raises:
        UsageError: when words of it are not known, named one by one; when it contradicts itself; for a
            number that is no ejection fraction.
    """
    tokens = [*_tokens(prompt)]
    strange = [token for token in dict.fromkeys(tokens) if not _known(token)]
    if strange:
        raise UsageError(
            f"the prompt {prompt!r} has words that this model does not know: {', '.join(strange)}; those it "
            f"heeds are {', '.join(TELLING[:-1])} and 'ejection fraction N percent'"
        )
    found = _heard(tokens)
    for number in found["number"]:
        if not FRACTIONS[0] <= number <= FRACTIONS[1]:
            raise UsageError(
                f"the prompt {prompt!r} asks for {number:g}: an ejection fraction is "
                f"from {FRACTIONS[0]:g} to {FRACTIONS[1]:g} percent"
            )
    for kind, values in found.items():
        if len(values) > 1:
            raise UsageError(f"the prompt {prompt!r} says two things: {' and '.join(map(str, values))}")
        if kind == "loose" and values:
            raise UsageError(f"the prompt {prompt!r}: {values[0]} belongs to no ejection fraction")
    return _said(found)


def overheard(prompt: str) -> Said:
    """What can be made out of any prompt: strange words and contradictions say nothing."""
    found = _heard([token for token in _tokens(prompt) if _known(token)])
    found["number"] = [n for n in found["number"] if FRACTIONS[0] <= n <= FRACTIONS[1]]
    return _said({kind: values if len(values) == 1 else [] for kind, values in found.items()})


def _tokens(prompt: str) -> Iterator[str]:
    for token in re.findall(r"[^\W_]+(?:\.\d+)?", prompt.lower().replace("%", " percent ")):
        yield from SAME.get(token, (token,))


def _known(token: str) -> bool:
    return token in TELLING or token in SILENT or _number(token) is not None


def _number(token: str) -> float | None:
    return float(token) if re.fullmatch(r"\d+(\.\d+)?", token) else None


def _heard(tokens: Sequence[str]) -> dict[str, list]:
    """What is said of each kind, without repetitions; numbers that follow no "fraction" are "loose"."""
    found: dict[str, dict] = {kind: {} for kind in ("view", "phase", "size", "number", "loose")}
    waiting = False
    for token in tokens:
        number = _number(token)
        if number is not None:
            found["number" if waiting else "loose"][number] = None
        waiting = number is None and (token == NUMBER or (waiting and token in SILENT))
        for kind, known in (("view", VIEWS), ("phase", PHASES), ("size", {size: size for size in SIZES})):
            if token in known:
                found[kind][known[token]] = None
    return {kind: [*values] for kind, values in found.items()}


def _said(found: dict[str, list]) -> Said:
    kinds = ("view", "phase", "number", "size")
    return Said(*(found[kind][0] if found[kind] else None for kind in kinds))
