"""Names of several teachers that teach together: "A+B", and "A*2+B" where A counts twice."""

import math
from collections.abc import Callable

from echodfkd.errors import UsageError


def members(name: str, there: Callable[[str], bool]) -> list[tuple[str, float]]:
    """The names in a name and their weights, 1 where none is written.

    Args:
        name: such as "sim*2+net.onnx".
        there: whether something goes by a name as it stands, a file say: it is then not taken apart.

    Raises:
        UsageError: for an empty name, or a weight that is not positive and finite.

    >>> members("sim*2+a+b.pt", lambda name: name == "a+b.pt")
    [('sim', 2.0), ('a+b.pt', 1.0)]
    """
    parts = name.split("+")
    for count in range(len(parts), 0, -1):  # the longest name that is there wins
        first, weight = _weighted("+".join(parts[:count]), there)
        if count == 1 or there(first):
            break
    rest = parts[count:]
    return [(first, weight), *(members("+".join(rest), there) if rest else [])]


def _weighted(text: str, there: Callable[[str], bool]) -> tuple[str, float]:
    """A name and its weight; what stands behind a "*" and is no number belongs to the name."""
    if not text:
        raise UsageError("a name is empty: several together are written A+B, or A*2+B")
    name, _, number = text.rpartition("*")
    try:
        weight = float(number)
    except ValueError:
        return text, 1.0
    if not name or there(text):
        return text, 1.0
    if not (math.isfinite(weight) and weight > 0):
        raise UsageError(f"{text!r}: a weight is a positive number, as in A*2+B")
    return name, weight
