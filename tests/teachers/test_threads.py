import time
from collections.abc import Iterator
from concurrent.futures import Future
from threading import Barrier, Event

import cv2
import pytest
import torch

from echodfkd.teachers.threads import MOST, ON_A_GPU, clip_threads, clips_at_a_time, in_order

SECONDS = 20.0  # a deadlock becomes a failure


@pytest.fixture
def four_cores() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def test_results_keep_their_order_and_the_pool_is_not_flooded() -> None:
    started: list[int] = []

    def note(item: int) -> int:
        started.append(item)
        return item * 10

    results = []
    with clip_threads(2) as pool:
        for item, future in in_order(pool, note, range(20), ahead=2):
            results.append(future.result())
            assert len(started) <= item + 3
    assert results == [item * 10 for item in range(20)]


def test_clips_are_worked_on_at_the_same_time() -> None:
    meeting = Barrier(3)  # passed only when three are there at once
    with clip_threads(3) as pool:
        futures = [future for _, future in in_order(pool, lambda _: meeting.wait(SECONDS), range(3), 3)]
    assert sorted(future.result() for future in futures) == [0, 1, 2]


def test_error_of_one_item_leaves_the_others() -> None:
    with clip_threads(2) as pool:
        futures = [future for _, future in in_order(pool, lambda item: 1 / item, [1, 0, 2], ahead=2)]
    with pytest.raises(ZeroDivisionError):
        futures[1].result()
    assert [futures[0].result(), futures[2].result()] == [1.0, 0.5]


def test_error_drops_what_waits_and_lets_finish_what_is_under_way() -> None:
    begun, futures, done = Event(), list[Future[None]](), list[int]()

    def work(item: int) -> None:
        begun.set()
        until = time.monotonic() + SECONDS
        while not (futures and futures[-1].cancelled()) and time.monotonic() < until:
            time.sleep(0.01)
        done.append(item)

    with pytest.raises(KeyboardInterrupt), clip_threads(1) as pool:
        futures += [pool.submit(work, item) for item in range(5)]
        assert begun.wait(SECONDS)
        raise KeyboardInterrupt
    assert done == [0]
    assert all(future.cancelled() for future in futures[1:])


@pytest.mark.usefixtures("four_cores")
@pytest.mark.parametrize(("count", "share"), [(1, 4), (2, 2), (3, 1), (4, 1), (8, 1)])
def test_threads_share_the_cores(count: int, share: int) -> None:
    of_cv2 = cv2.getNumThreads()
    meeting = Barrier(count)

    def threads(_: int) -> tuple[int, int]:
        meeting.wait(SECONDS)  # so that every thread answers once
        return torch.get_num_threads(), cv2.getNumThreads()

    with clip_threads(count) as pool:
        assert list(pool.map(threads, range(count))) == [(share, 1)] * count
    assert (torch.get_num_threads(), cv2.getNumThreads()) == (4, of_cv2)


@pytest.mark.usefixtures("four_cores")
def test_each_core_has_a_clip() -> None:
    assert [clips_at_a_time(clips) for clips in (0, 1, 3, 4, 100)] == [1, 1, 3, 4, 4]
    assert clips_at_a_time(100, torch.device("cpu")) == 4
    assert clips_at_a_time(100, torch.device("cuda", 0)) == ON_A_GPU
    assert clips_at_a_time(1, "mps") == 1
    torch.set_num_threads(64)
    assert clips_at_a_time(1000) == MOST
