"""Several processes, on one host or many, at one piece of work: who is who, and waiting for each other.

torchrun, `accelerate launch` and srun start the same command several times; each of these processes is a
rank. A process that was started in any other way is `ALONE`, and loads neither torch nor accelerate for it.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar, overload

from echodfkd.errors import EchoError, UsageError

T = TypeVar("T")
MEET = timedelta(minutes=10)  # for all ranks to be there, and for one step of an exchange of gradients
FOREVER = timedelta(days=30)  # a slow rank may take its time; one that died is noticed at once all the same
POLL_S = 0.05  # how often a waiting rank looks up, and notices Ctrl-C
SRUN = {  # the names that torchrun gives to what srun says
    "RANK": "SLURM_PROCID",
    "WORLD_SIZE": "SLURM_STEP_NUM_TASKS",  # of the srun, not of the job: a batch script itself is alone
    "LOCAL_RANK": "SLURM_LOCALID",
}
LOST = "another rank ended before its work was done (its own line says why): run the same command again"
TROUBLE = ("gloo", "NCCL", "closed by peer", "store", "Timed out")  # what torch's errors about ranks speak of


class Ranks:
    """One process among `world`; this one, which is the only one, unless `joined` says otherwise.

    Attributes:
        rank: its number, 0..world-1. world: how many there are, on all hosts.
    """

    def __init__(self, rank: int = 0, world: int = 1) -> None:
        self.rank, self.world = rank, world

    @property
    def main(self) -> bool:
        """Whether this is the rank that prints, and writes what there is one of."""
        return self.rank == 0

    def mine(self, items: Sequence[T]) -> Sequence[T]:
        """Those of `items`, the same on every rank, that are this rank's: item i belongs to rank i % world.

        >>> Ranks(1, 3).mine("abcdefg")
        'be'
        """
        return items[self.rank :: self.world]

    def says(self, what: str) -> str:
        """How to call this rank's share of the work where its progress is shown.

        >>> Ranks(0, 4).says("clips"), ALONE.says("clips")
        ('clips of rank 0 of 4', 'clips')
        """
        return what if self.world == 1 else f"{what} of rank {self.rank} of {self.world}"

    def wait(self) -> None:
        """Return when every rank has come here, however long that takes.

        Raises:
            EchoError: when one of them died.
        """
        self.gather(None)

    def gather(self, value: T) -> list[T]:
        """The values of all ranks, by rank, on every rank; waits for all. Raises EchoError when one died."""
        return [value]

    def on_main(self, function: Callable[[], T]) -> T:
        """What `function()` returns on the main rank, which alone calls it; the others wait for that.

        Raises:
            EchoError: when it failed, on every rank: the main rank's own error there, word of it elsewhere.
        """
        return function()

    def total(self, name: str, mine: int) -> int:
        """The sum over all ranks of what each last said under this name; does not wait for anyone.

        Args:
            name: what is counted. mine: how many this rank has by now.
        """
        return mine


ALONE = Ranks()


class _Group(Ranks):
    """Ranks that reach each other through torch.distributed.

    Values and waits go through gloo, on the CPU, whatever gradients go through.
    """

    def __init__(self, rank: int, world: int, group: Any, store: Any) -> None:
        super().__init__(rank, world)
        self._group, self._store = group, store
        self._said: Counter[str] = Counter()

    def gather(self, value: T) -> list[T]:
        import torch.distributed as dist

        values: list[Any] = [None] * self.world
        with _told_when_lost():
            self._meet()
            dist.all_gather_object(values, value, group=self._group)
        return values

    def on_main(self, function: Callable[[], T]) -> T:
        import torch.distributed as dist

        outcome: list[Any] = [None, None]  # what is wrong, what came out
        if self.main:
            try:
                outcome[1] = function()
            except EchoError as error:
                outcome[0] = str(error)
                self._send(dist, outcome)
                raise
        self._send(dist, outcome)
        if outcome[0] is not None:
            raise EchoError(f"rank 0 stopped: {outcome[0]}")
        return outcome[1]

    def _send(self, dist: Any, outcome: list[Any]) -> None:
        with _told_when_lost():
            self._meet()
            dist.broadcast_object_list(outcome, src=0, group=self._group)

    def total(self, name: str, mine: int) -> int:
        more, self._said[name] = mine - self._said[name], mine
        with _told_when_lost():
            return int(self._store.add(f"echodfkd/total/{name}", more))

    def _meet(self) -> None:
        import torch.distributed as dist

        arrived = dist.barrier(group=self._group, async_op=True)
        while not arrived.is_completed():  # waiting in Python, so that Ctrl-C and SIGTERM are heard
            time.sleep(POLL_S)
        arrived.wait()


def world_asked_for() -> int:
    """How many processes the launcher started, as it says in the environment; 1 without one."""
    if "SLURM_STEP_NUM_TASKS" in os.environ and "WORLD_SIZE" not in os.environ:
        return _number("SLURM_STEP_NUM_TASKS")
    return _number("WORLD_SIZE") if {"RANK", "WORLD_SIZE"} <= os.environ.keys() else 1


@contextmanager
def joined(device: str = "cpu", *, gradients: bool = False) -> Iterator[Ranks]:
    """Meet the other ranks for the length of the block; `ALONE` where no launcher started this process.

    Leaving the block waits for all ranks. After it, torch's current CUDA device is that of the local rank.

    Args:
        device: where networks run, as `--device` says it; "cpu" leaves GPUs alone.
        gradients: whether ranks exchange gradients: through NCCL where each has a GPU of its own.

    Raises:
        UsageError: when the launcher does not say where rank 0 is.
        EchoError: when ranks did not come in time, or one died.
    """
    if world_asked_for() == 1:
        yield ALONE
        return
    _listen_to_srun()
    with _told_when_lost():
        ranks = _join(device, gradients)
        yield ranks
    ranks.wait()
    import torch.distributed as dist

    dist.destroy_process_group()


def _join(device: str, gradients: bool) -> Ranks:
    import torch
    import torch.distributed as dist
    from accelerate import PartialState

    rank, threads = _number("RANK"), torch.get_num_threads()
    try:
        store, _, world = next(dist.rendezvous("env://", timeout=MEET))
        own = _one_gpu_each(store, rank, world, _take_gpu(device)) if gradients else False
        facts = {"store": store, "rank": rank, "world_size": world, "timeout": MEET}
        state = PartialState(cpu=not own, **facts)
        group = dist.new_group(backend="gloo", timeout=FOREVER)
    except (RuntimeError, OSError) as error:
        where = f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')}"
        reason = str(error).splitlines()[0]
        raise EchoError(f"rank {rank} did not meet the others at {where} ({reason})") from error
    _take_gpu(device)
    torch.set_num_threads(threads)  # accelerate forgets that a job may own a part of its host only
    return _Group(state.process_index, state.num_processes, group, store)


def _take_gpu(device: str) -> str:
    """Make the GPU of the local rank torch's current one; its identity, empty when there is none to take."""
    import torch

    gpus = torch.cuda.device_count() if device in ("auto", "cuda") else 0
    if not gpus:
        return ""
    torch.cuda.set_device(_number("LOCAL_RANK", 0) % gpus)
    return str(torch.cuda.get_device_properties(torch.cuda.current_device()).uuid)


def _one_gpu_each(store: Any, rank: int, world: int, gpu: str) -> bool:
    """Whether no two ranks share a GPU, which NCCL would not bear, and none has none; all find the same."""
    store.set(f"echodfkd/gpu/{rank}", gpu)
    gpus = [store.get(f"echodfkd/gpu/{other}") for other in range(world)]
    return b"" not in gpus and len(set(gpus)) == world


@contextmanager
def _told_when_lost() -> Iterator[None]:
    """Say in one line what torch says in its own words when a rank is gone."""
    try:
        yield
    except RuntimeError as error:
        if any(word in str(error) for word in TROUBLE):
            raise EchoError(LOST) from error
        raise


def _listen_to_srun() -> None:
    """Say in torchrun's words what srun said in its own."""
    if "WORLD_SIZE" in os.environ:
        return
    if "MASTER_ADDR" not in os.environ and _number("SLURM_STEP_NUM_NODES", 1) > 1:
        raise UsageError(
            "on several hosts, ranks have to know the first: export MASTER_ADDR=$(scontrol show hostnames "
            '"$SLURM_JOB_NODELIST" | head -n 1) before srun'
        )
    os.environ |= {name: os.environ[slurm] for name, slurm in SRUN.items()}
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    # Two jobs on one host must not meet each other.
    os.environ.setdefault("MASTER_PORT", str(20000 + _number("SLURM_JOB_ID", 0) % 10000))


@overload
def _number(name: str) -> int: ...
@overload
def _number(name: str, default: int) -> int: ...
def _number(name: str, default: int | None = None) -> int:
    """A whole number in the environment. Raises UsageError when it is none."""
    value = os.environ.get(name, default)
    try:
        return int(value)  # type: ignore[arg-type]  # None is refused like other nonsense
    except (TypeError, ValueError):
        raise UsageError(f"the launcher's {name} is {value!r}, which is no number") from None
