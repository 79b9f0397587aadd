"""What a network from elsewhere does not say of itself: a JSON manifest beside it, else guesses, said aloud.

The manifest of FILE.pt is FILE.json; every entry may be left out:
{"architecture": "smp:Unet:resnet18", "size": 112, "channels": 3, "scaling": "0..1",
"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "output": "softmax", "lv_class": 1,
"claim": "data-free: teacher saw CAMUS", "convention": "ase"}
"""

import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from echodfkd.errors import EchoError
from echodfkd.files import read_json
from echodfkd.students.checkpoint import SIZES, sha256

SCALINGS = ("0..255", "0..1")  # what grey 0..255 becomes before `mean` and `std`, which are in its units
OUTPUTS = ("logit", "probability", "softmax")  # softmax: class logits, of which `lv_class` is the LV
LAYOUTS = ("NCHW", "NCTHW", "NTCHW")  # of ONNX and .pt2 inputs
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
KNOWN = {  # entry -> what it must be, in words
    "architecture": "a name such as smp:Unet:resnet18",
    "size": f"a whole number of {SIZES[0]}..{SIZES[1]} pixels",
    "channels": "1 or 3",
    "scaling": f"one of {', '.join(SCALINGS)}",
    "mean": "one number, or one for each channel",
    "std": "one positive number, or one for each channel",
    "output": f"one of {', '.join(OUTPUTS)}",
    "lv_class": "a whole number from 0",
    "layout": f"one of {', '.join(LAYOUTS)}",
    "claim": "text",
    "convention": "text",
}
CARD = ("kind", "name", "summary", "source", "licence", "bytes", "parameters", "sha256", "file", "use")
SHAPING = [key for key in KNOWN if key not in ("claim", "convention")]  # what decides the masks


@dataclass
class Facts:
    """What is known of a network file.

    Attributes:
        manifest: where the user's word is, or would be.
        given: its entries. settled: every fact so far: given, read from the file, or guessed.
        guesses: the guessed ones. notes: further remarks for the user.
    """

    manifest: Path
    given: dict[str, Any]
    settled: dict[str, Any] = field(default_factory=dict)
    guesses: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def read(self, key: str, value: Any, path: Path) -> Any:
        """A fact that the file itself tells. Raises EchoError when the manifest says otherwise."""
        if self.given.get(key, value) != value:
            raise EchoError(
                f"{path} has {key} {value!r}, {self.manifest.name} says {self.given[key]!r}: correct that"
            )
        self.settled[key] = value
        return value

    def guess(self, key: str, value: Any, why: str) -> Any:
        """The manifest's word, else a guess that is remembered."""
        if key not in self.given:
            self.guesses[key] = value
            known = "unknown" if value == "unknown" else f"guessed: {value}"
            self.notes.append(f"{key} is {known} ({why})")
        self.settled[key] = self.given.get(key, value)
        return self.settled[key]

    @property
    def remarks(self) -> tuple[str, ...]:
        """Every guess, and how to settle them."""
        if not self.guesses:
            return tuple(self.notes)
        how = f"write what is right to {self.manifest}, say {json.dumps(self.guesses)}"
        return (*self.notes, how)

    def digest(self, path: Path) -> str:
        """sha256 of the file's own sha256 and of how it is read: other facts give other masks."""
        how = {key: self.settled[key] for key in SHAPING if key in self.settled}
        return hashlib.sha256(f"{sha256(path)} {json.dumps(how, sort_keys=True)}".encode()).hexdigest()


def facts_beside(path: Path) -> Facts:
    """Facts of a network file from the manifest beside it; empty without one.

    Raises:
        EchoError: if the manifest is no JSON object, or an entry cannot be what it says.
    """
    manifest = path.with_suffix(".json")
    given = read_json(manifest) if manifest.is_file() else {}
    if not isinstance(given, dict):
        raise EchoError(f"{manifest} must be a JSON object with entries such as {', '.join(KNOWN)}")
    for key, wanted in KNOWN.items():
        if key in given and not _valid(key, given[key]):
            raise EchoError(f"{manifest}: `{key}` must be {wanted}, got {given[key]!r}")
    facts = Facts(manifest, {key: value for key, value in given.items() if key in KNOWN})
    strange = sorted(set(given) - set(KNOWN) - set(CARD))
    if strange:
        facts.notes.append(
            f"{manifest.name}: passed over {', '.join(strange)}; entries are {', '.join(KNOWN)}"
        )
    return facts


def _valid(key: str, value: Any) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    match key:
        case "size":
            return whole and SIZES[0] <= value <= SIZES[1]
        case "channels":
            return whole and value in (1, 3)
        case "lv_class":
            return whole and value >= 0
        case "mean" | "std":
            return _numbers(value) and (key == "mean" or min(value) > 0)
    choices = {"scaling": SCALINGS, "output": OUTPUTS, "layout": LAYOUTS}.get(key)
    return isinstance(value, str) and (choices is None or value in choices)


def _numbers(value: Any) -> bool:
    numeric = isinstance(value, list) and len(value) in (1, 3)
    return numeric and all(type(x) in (int, float) and math.isfinite(x) for x in value)
