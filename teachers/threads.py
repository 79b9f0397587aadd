"""Clips in threads, a core for each: while one is decoded or written, the network looks at another.

Threads that share the layers of one clip wait for each other at every layer; those with a clip each never do.
"""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import cv2

T = TypeVar("T")
R = TypeVar("R")

MOST = 8  # clips at a time; each holds its frames and a network's activations in memory
ON_A_GPU = 3  # one computes while another is decoded and a third is written


def clips_at_a_time(clips: int, device: Any = None) -> int:
    """How many of `clips` to work on at once: one for each core that torch may use, at most `MOST`.

    Args:
        clips: how many there are, at least 0.
        device: where the network computes: a torch device or its name; None is the processor.
    """
    on_processor = device is None or str(device).startswith("cpu")
    return max(1, min(clips, _threads(), MOST) if on_processor else min(clips, ON_A_GPU))


@contextmanager
def clip_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of `count` threads that share the cores evenly; torch and OpenCV use no more.

    Leaving the block by an exception drops what waits; what is under way is finished first.
    """
    torch, of_torch, of_cv2 = sys.modules.get("torch"), _threads(), cv2.getNumThreads()

    def keep_to_its_share() -> None:
        if torch:
            torch.set_num_threads(max(1, of_torch // count))  # of this thread, and of later ones

    cv2.setNumThreads(1)
    pool = ThreadPoolExecutor(count, initializer=keep_to_its_share)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        cv2.setNumThreads(of_cv2)
        if torch:
            torch.set_num_threads(of_torch)


def in_order(
    pool: ThreadPoolExecutor, function: Callable[[T], R], items: Iterable[T], ahead: int
) -> Iterator[tuple[T, "Future[R]"]]:
    """Yield (item, future of function(item)) in order; the pool is given up to `ahead` items more.

    >>> with clip_threads(2) as pool:
    ...     [future.result() for _, future in in_order(pool, abs, [-1, -2, 3], ahead=2)]
    [1, 2, 3]
    """
    waiting: deque[tuple[T, Future[R]]] = deque()
    for item in items:
        waiting.append((item, pool.submit(function, item)))
        if len(waiting) > ahead:
            yield waiting.popleft()
    yield from waiting


def _threads() -> int:
    torch = sys.modules.get("torch")
    return torch.get_num_threads() if torch else os.cpu_count() or 1
