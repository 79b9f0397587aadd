"""Progress on stderr: a bar with the time left on a terminal, plain lines elsewhere, nothing when quiet."""

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from operator import length_hint
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from echodfkd.progress import Track, silent

T = TypeVar("T")

PATIENCE_S = 2.0  # what is over sooner needs no progress
LINE_EVERY_S = 10.0


def tracker(quiet: bool) -> Track:
    """The `Track` that fits the terminal and the user's `--quiet`."""
    if quiet:
        return silent
    return Bars() if sys.stderr.isatty() else lines


class Bars:
    """A `Track` of rich bars, one per loop that is under way; shown once the outermost takes two seconds."""

    def __init__(self, console: Console | None = None) -> None:
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
            transient=True,
            redirect_stdout=sys.stdout.isatty(),  # results that go to a file must not end up on stderr
        )
        self._lock = threading.Lock()
        self._running = 0
        self._timer = threading.Timer(0, self._show)

    def __call__(self, items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
        """Yield every item; `total` is their number where the iterable does not know it."""
        task = self.progress.add_task(description, total=total or length_hint(items) or None)
        self._enter()
        try:
            for item in items:
                yield item
                self.progress.advance(task)
        finally:
            self._leave()
            self.progress.remove_task(task)

    def _enter(self) -> None:
        with self._lock:
            self._running += 1
            if self._running == 1:
                self._timer = threading.Timer(PATIENCE_S, self._show)
                self._timer.daemon = True
                self._timer.start()

    def _show(self) -> None:
        with self._lock:
            if self._running:
                self.progress.start()

    def _leave(self) -> None:
        with self._lock:
            self._running -= 1
            if not self._running:
                self._timer.cancel()
                self.progress.stop()


def lines(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """A `Track` for logs: a line after two seconds, then one every ten, and one at the end."""
    total = total or length_hint(items) or None
    begun = time.monotonic()
    due = begun + PATIENCE_S
    done = 0
    for done, item in enumerate(items, 1):
        yield item
        if (now := time.monotonic()) >= due and done != total:
            print(line(description, done, total, now - begun), file=sys.stderr, flush=True)
            due = now + LINE_EVERY_S
    if (took := time.monotonic() - begun) >= PATIENCE_S:
        print(f"{description} {done}/{total or done}, took {took:.0f} s", file=sys.stderr, flush=True)


def line(description: str, done: int, total: int | None, elapsed_s: float) -> str:
    """One plain line of progress.

    >>> line("labelling", 40, 200, 3.0)
    'labelling 40/200, 12 s left'
    >>> line("reading", 40, None, 3.0)
    'reading 40, 3 s so far'
    """
    if total is None:
        return f"{description} {done}, {elapsed_s:.0f} s so far"
    return f"{description} {done}/{total}, {elapsed_s / done * (total - done):.0f} s left"
