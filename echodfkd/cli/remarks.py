"""What a user should hear of a model before it is used."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from echodfkd.segmenter import Segmenter


def tell_remarks(model: "Segmenter", quiet: bool) -> None:
    """What had to be guessed about a network from elsewhere, a line each on stderr."""
    for remark in () if quiet else getattr(model, "remarks", ()):
        print(f"warning: {model.name}: {remark}", file=sys.stderr)
