"""The published Dice of EchoDFKD's students, its teacher and two larger networks: data with a source."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from echodfkd.files import read_json

FILE = Path(__file__).with_name("published.json")
STUDENT = "EchoDFKD student"
TEACHER = "DeepLabV3 (EchoDFKD's teacher)"


@dataclass(frozen=True)
class PublishedModel:
    """A published figure.

    Attributes:
        name: "convlstm-BL" for a student of B blocks of L layers. family: `STUDENT`, or how it was trained.
        parameters: weights. dice: mean over images, 0..1, on EchoNet-Dynamic's test set.
    """

    name: str
    family: str
    parameters: int
    dice: float


@dataclass(frozen=True)
class Published:
    """The published table: `models`, the test set, where the figures are from, and how not to read them."""

    models: tuple[PublishedModel, ...]
    test_set: str
    source: str
    caution: str


def content() -> dict[str, Any]:
    """The file as it stands, for metrics.json."""
    found: dict[str, Any] = read_json(FILE)
    return found


@cache
def published() -> Published:
    """The published table of the package."""
    found = content()
    models = tuple(PublishedModel(**model) for model in found["models"])
    return Published(models, found["test_set"], found["source"], found["caution"])
