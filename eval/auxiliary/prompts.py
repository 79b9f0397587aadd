"""The sentences that a text-image model is asked, and files of other ones."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from echodfkd.errors import EchoError, UsageError
from echodfkd.files import read_json

NUMBER = "<#>"  # where an EF template takes the number


@dataclass(frozen=True)
class Prompts:
    """What is asked; as it stands, EchoCLIP's words (Christensen et al., 2024; mask words: EchoDFKD).

    Attributes:
        ef: templates with `<#>` where the EF in percent goes.
        closed, open: of the mitral valve. wall, nothing, left_ventricle: what a masked frame shows.
        missing: keys that a prompts file left to these words.
    """

    ef: tuple[str, ...] = (
        "THE LEFT VENTRICULAR EJECTION FRACTION IS ESTIMATED TO BE <#>% ",
        "LV EJECTION FRACTION IS <#>%. ",
    )
    closed: str = "THE MITRAL VALVE IS CLOSED"
    open: str = "THE MITRAL VALVE IS OPEN"
    wall: str = "WALL"
    nothing: str = "NOTHING"
    left_ventricle: str = "LEFT VENTRICLE"
    missing: tuple[str, ...] = ()

    def ef_prompts(self) -> tuple[list[str], list[float]]:
        """Every EF template with every whole percent 0..100, and the percents: 101 for each template."""
        values = [float(value) for _ in self.ef for value in range(101)]
        texts = [template.replace(NUMBER, str(value)) for template in self.ef for value in range(101)]
        return texts, values


KEYS = tuple(field.name for field in fields(Prompts) if field.name != "missing")


def read_prompts(path: Path, fallback: Prompts | None = None) -> Prompts:
    """Prompts from a JSON file: {"ef": ["... <#>% ..."], "closed": "...", ...}.

    Args:
        path: the file. fallback: words for keys that it lacks (they are named in `missing`); EchoCLIP's
            without it.

    Raises:
        UsageError: if there is no such file.
        EchoError: if it is no JSON of names with texts, has an unknown key, or an EF template without `<#>`.
    """
    if not path.is_file():
        raise UsageError(f"--prompts {path}: no such file")
    stored = read_json(path)
    if not isinstance(stored, dict):
        raise EchoError(f"{path} must hold names with texts; names: {', '.join(KEYS)}")
    if unknown := sorted(stored.keys() - set(KEYS)):
        raise EchoError(f"{path} has the unknown key {unknown[0]!r}; known: {', '.join(KEYS)}")
    given = {key: _checked(key, value, path) for key, value in stored.items()}
    missing = tuple(key for key in KEYS if key not in given)
    return replace(fallback or Prompts(), **given, missing=missing)


def _checked(key: str, value: Any, path: Path) -> Any:
    if key != "ef":
        if not isinstance(value, str) or not value.strip():
            raise EchoError(f"{path}: {key!r} must be a text")
        return value
    templates = [value] if isinstance(value, str) else value
    if not isinstance(templates, list) or not templates or not all(isinstance(t, str) for t in templates):
        raise EchoError(f"{path}: 'ef' must be a list of texts")
    if without := [template for template in templates if NUMBER not in template]:
        raise EchoError(f"{path}: the EF prompt {without[0]!r} lacks {NUMBER}, where the number goes")
    return tuple(templates)
