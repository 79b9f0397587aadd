"""Prompts: the paper's templates, our own sentence, and prompts that a user gives one by one or in a file."""

from collections.abc import Sequence
from pathlib import Path

from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.diffecho.captions import read_captions
from echodfkd.synth.diffecho.words import PHASES, VIEWS, Said

CHAMBERS = {view: f"{word}-chamber" for word, view in VIEWS.items()}
ENDS = {phase: f"end-{word}" for word, phase in PHASES.items()}
MOST = 1_000_000  # bytes of a file of prompts


def of_view(view: str) -> str:
    """The paper's prompt for text and mask.

    >>> of_view("a2c")
    'an ultrasound image of heart in two-chamber view'
    """
    return f"an ultrasound image of heart in {CHAMBERS[view]} view"


def of_phase(view: str, phase: str) -> str:
    """The paper's prompt for text alone.

    >>> of_phase("a4c", "ed")
    'An ultrasound image shows the heart in a four-chamber view during the ed phase.'
    """
    return f"An ultrasound image shows the heart in a {CHAMBERS[view]} view during the {phase} phase."


def paper(view: str | None, phase: str | None) -> str:
    """The prompt of the paper's that says the most of what is known; "" where that is nothing."""
    if view is None:
        return ""
    return of_view(view) if phase is None else of_phase(view, phase)


def sentence(said: Said) -> str:
    """All that is said, in words of the small vocabulary.

    >>> sentence(Said("a4c", "es", 35.0, "large"))
    'an ultrasound image of the heart in four-chamber view at end-systole, ejection fraction 35 percent, large left ventricle'
    """  # noqa: E501
    text = "an ultrasound image of the heart"
    text += f" in {CHAMBERS[said.view]} view" if said.view else ""
    text += f" at {ENDS[said.phase]}" if said.phase else ""
    text += f", ejection fraction {said.ef:g} percent" if said.ef is not None else ""
    return text + (f", {said.size} left ventricle" if said.size else "")


def prompts_of(given: Sequence[str]) -> tuple[str, ...]:
    """Prompts as `--prompt` gives them: a text, or a file with one in each line, or a caption file.

    Raises:
        UsageError: for an empty prompt.
        EchoError: when a file cannot be read, or holds no prompt.
    """
    found: list[str] = []
    for one in given:
        path = Path(one)
        found += _in_file(path) if len(one) < 1000 and path.is_file() else [one.strip()]
    if not all(found):
        raise UsageError("--prompt is empty")
    return tuple(found)


def _in_file(path: Path) -> list[str]:
    if path.suffix.lower() == ".csv":
        return [caption.text for caption in read_captions(path)]
    if path.stat().st_size > MOST:
        raise EchoError(f"{path} is too long for a file of prompts")
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except UnicodeDecodeError as error:
        raise EchoError(f"{path} is no text ({error})") from error
    if not any(lines):
        raise EchoError(f"{path} holds no prompt")
    return [line for line in lines if line]
