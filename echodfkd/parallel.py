"""Who does which clips: items go to worker processes in any order, so no result may depend on its worker."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

import cv2

from echodfkd.errors import EchoError, UsageError

T = TypeVar("T")
R = TypeVar("R")
Run = Callable[[Iterable[T]], Iterator[R]]

MOST_WORKERS = 8  # default; beyond this the disk is the narrow place
ITEMS_PER_WORKER = 32  # fewer do not repay the seconds that starting a process takes
AHEAD = 4  # items that wait for each worker, so that none is ever idle


def worker_count(requested: int | None, items: int) -> int:
    """Number of processes for `items` pieces of work; `requested` wins, None chooses.

    Raises:
        UsageError: when fewer than one is requested.
    """
    if requested is not None and requested < 1:
        raise UsageError(f"--workers must be at least 1, got {requested}")
    if requested is not None:
        return max(1, min(requested, items))
    return max(1, min(_usable_cores(), MOST_WORKERS, items // ITEMS_PER_WORKER))


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def worker_pool(function: Callable[[T], R], workers: int) -> Iterator[Run[T, R]]:
    """Yield `run(items)`, which yields `function(item)` of every item as they finish, in any order.

    With one worker everything runs in this process, in order. With more, `function` is pickled once
    into each of `workers` spawned processes (safe beside torch; scripts need the usual
    `if __name__ == "__main__"` guard). They compute single-threaded, leave Ctrl-C to this process, and
    never outlive it. Leaving the block by an exception stops them at once.

    Raises:
        EchoError: when a worker dies, say for want of memory.
    """
    if workers <= 1:
        with _one_thread():
            yield lambda items: map(function, items)
        return
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _start_worker, (function,))
    try:
        yield lambda items: _as_they_finish(pool, items, AHEAD * workers)
    except BaseException:
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _as_they_finish(pool: ProcessPoolExecutor, items: Iterable[Any], ahead: int) -> Iterator[Any]:
    """Results in any order; the pool holds `ahead` items at most, so that a million take no memory."""
    left = iter(items)
    try:
        under_way = _submitted(pool, islice(left, ahead))
        while under_way:
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            under_way |= _submitted(pool, islice(left, len(done)))
            for future in done:
                yield future.result()
    except BrokenProcessPool as error:
        raise EchoError(
            "a worker process died (out of memory?): run again, with fewer --workers; finished work is kept"
        ) from error


def _submitted(pool: ProcessPoolExecutor, items: Iterable[Any]) -> "set[Future[Any]]":
    with _ctrl_c_held():
        return {pool.submit(_call, item) for item in items}


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """Delay Ctrl-C; processes started meanwhile inherit the block, so that they never print a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


_function: Callable[[Any], Any]  # what this worker process does; set once by `_start_worker`


def _start_worker(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _call(item: Any) -> Any:
    return _function(item)
