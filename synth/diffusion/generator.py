"""What all generators made of networks share: weights on disk, a device, batches, a seed for every clip."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch

from echodfkd.clip import Clip
from echodfkd.errors import EchoError, UsageError
from echodfkd.students.checkpoint import sha256
from echodfkd.students.runtime import pick_device
from echodfkd.synth.base import FRACTIONS
from echodfkd.synth.diffusion.networks import out_of_memory

N = TypeVar("N")
BATCH = {"cuda": 16, "mps": 4, "cpu": 4}  # clips at once, by kind of device


class NetworkGenerator(ABC, Generic[N]):
    """A generator of clips whose networks are loaded when the first clip is asked for, in each process anew.

    Args:
        files: everything on disk that shapes its clips, in a fixed order.
        device: see `pick_device`. batch: clips at once; None chooses by the device.

    Raises:
        UsageError: when the machine has no such device, or `batch` is below 1.
    """

    name: str
    version: str

    def __init__(self, files: Sequence[Path], device: str = "auto", batch: int | None = None) -> None:
        kind = pick_device(device).type
        if batch is not None and batch < 1:
            raise UsageError(f"--batch must be at least 1, got {batch}")
        self.device, self.batch, self._files = device, batch or BATCH[kind], tuple(files)

    @abstractmethod
    def parameters(self) -> dict[str, Any]:
        """As `Generator.parameters`."""

    @abstractmethod
    def load(self, device: torch.device) -> N:
        """Its networks, from the files."""

    @abstractmethod
    def draw(self, networks: N, seed: int, indices: Sequence[int]) -> list[Clip]:
        """The clips of these numbers, each from its own random numbers alone; see `generators`."""

    @cached_property
    def digest(self) -> str:
        """Sha256 of its weights: of their files' hashes where there are several."""
        return digest_of(self._files)

    @cached_property
    def networks(self) -> N:
        """Its networks, loaded once in each process."""
        return self.load(pick_device(self.device))

    def clip(self, seed: int, index: int) -> Clip:
        """Clip `index` of the set of `seed`."""
        return self.clips(seed, [index])[0]

    def clips(self, seed: int, indices: Sequence[int]) -> list[Clip]:
        """Clips of the set of `seed`, `batch` at once.

        Raises:
            EchoError: when the device has too little memory for them.
        """
        groups = [indices[i : i + self.batch] for i in range(0, len(indices), self.batch)]
        try:
            with torch.no_grad(), _exact():
                return [clip for group in groups for clip in self.draw(self.networks, seed, group)]
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            raise EchoError(f"the device is out of memory: lower --batch (it is {self.batch})") from error

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "networks"}


def _exact() -> AbstractContextManager[None]:
    """Convolutions in whole float32: in TF32 a clip would depend on how many are made with it."""
    return torch.backends.cudnn.flags(enabled=True, allow_tf32=False)


def digest_of(files: Iterable[Path]) -> str:
    """Sha256 of a file, or of the hashes of several, in their order."""
    each = [sha256(path) for path in files]
    return each[0] if len(each) == 1 else hashlib.sha256("".join(each).encode()).hexdigest()


def numbers(seed: int, index: int) -> np.random.Generator:
    """The random numbers of clip `index` that are drawn before any network runs."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, index))))


def generators(seed: int, indices: Iterable[int], stage: int) -> list[torch.Generator]:
    """A generator of noise for each clip, on the CPU, so that every device starts from the same noise.

    Args:
        seed: of the set. indices: of the clips. stage: which of a clip's networks draws it.
    """
    sequences = [np.random.SeedSequence((seed, index), spawn_key=(stage,)) for index in indices]
    states = [int(sequence.generate_state(1, np.uint64)[0] >> 1) for sequence in sequences]
    return [torch.Generator().manual_seed(state) for state in states]


def check_ef(ef: tuple[float, float] | None) -> None:
    """Raises UsageError unless a range of ejection fractions in percent can be asked for."""
    if ef is not None and not FRACTIONS[0] <= ef[0] <= ef[1] <= FRACTIONS[1]:
        raise UsageError(f"ef must be within {FRACTIONS[0]:g} to {FRACTIONS[1]:g} percent, got {ef}")


def check_fixed(option: str, asked: float | None, own: float, what: str) -> None:
    """Raises UsageError when something is asked for that these weights have only one of.

    Args:
        option: on the command line. asked: its value, if any. own: the weights'. what: says it in words.
    """
    if asked is not None and asked != own:
        raise UsageError(f"--{option} {asked:g}: these weights draw {own:g} {what}; leave --{option} out")
