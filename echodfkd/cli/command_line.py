"""The line that was typed, for manifests."""

import shlex
from collections.abc import Sequence
from pathlib import Path


def command_line(words: Sequence[str]) -> str:
    """The line as it could be typed again; of absolute paths the last part only (the rest tells names).

    >>> command_line(["eval", "tiny", "/home/me/my clips", "--seed=3"])
    "echodfkd eval tiny 'my clips' --seed=3"
    """
    return shlex.join(["echodfkd", *map(_shown, words)])


def _shown(word: str) -> str:
    head, sign, value = word.rpartition("=") if word.startswith("--") else ("", "", word)
    return f"{head}{sign}{Path(value).name}" if Path(value).is_absolute() else word
