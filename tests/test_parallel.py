import os
from pathlib import Path

import cv2
import pytest
from worker_jobs import square_and_process

from echodfkd.errors import EchoError, UsageError
from echodfkd.parallel import MOST_WORKERS, worker_count, worker_pool


def test_requested_workers_win_but_never_outnumber_the_items() -> None:
    assert worker_count(3, 100) == 3
    assert worker_count(3, 2) == 2
    assert worker_count(3, 0) == 1
    with pytest.raises(UsageError, match="--workers must be at least 1, got -1"):
        worker_count(-1, 5)


def test_few_items_stay_in_this_process() -> None:
    assert worker_count(None, 63) == 1
    assert 1 <= worker_count(None, 10_000) <= MOST_WORKERS


def test_one_worker_is_this_process_with_one_thread() -> None:
    before = cv2.getNumThreads()
    with worker_pool(lambda item: (item, os.getpid(), cv2.getNumThreads()), 1) as run:
        assert list(run([3, 1])) == [(3, os.getpid(), 1), (1, os.getpid(), 1)]
    assert cv2.getNumThreads() == before


def test_two_workers_do_every_item_once_elsewhere() -> None:
    with worker_pool(square_and_process, 2) as run:
        results = list(run(range(10)))
    assert sorted(square for square, _ in results) == [number**2 for number in range(10)]
    assert os.getpid() not in {process for _, process in results}


def test_dead_worker_is_a_clear_error() -> None:
    with (
        pytest.raises(EchoError, match=r"a worker process died \(out of memory\?\): run again"),
        worker_pool(os._exit, 2) as run,
    ):
        list(run([9, 9]))


def test_error_in_a_worker_keeps_its_type_and_line(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"absent"), worker_pool(os.stat, 2) as run:
        list(run([tmp_path / "absent"] * 2))
