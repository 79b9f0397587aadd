"""How a stage says how far it is: it is handed a `Track`, it never fetches one from a global."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Track(Protocol):
    """Wraps an iterable and shows its progress; the command line hands in one with a bar."""

    def __call__(self, items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
        """Yield every item; `total` is their number where the iterable does not know it."""
        ...


def silent(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """The default `Track`: shows nothing."""
    yield from items
