"""What of a clip is compared: features of a network, of each frame and of the whole clip.

T frames of a clip, S pixels a side, D features of a frame, D' of a clip.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from echodfkd.clip import Frames
from echodfkd.errors import EchoError, UsageError, unknown_name

Vectors = npt.NDArray[np.float32]  # (T, D)
Vector = npt.NDArray[np.float32]  # (D',)
FILES = (".onnx", ".pt2")  # of feature networks
BATCH = 16  # pictures in one pass


class Seen(NamedTuple):
    """Features of a clip: of its frames, None where the network sees clips alone, and of the whole."""

    frames: Vectors | None
    clip: Vector


class Features(Protocol):
    """A network as a way to describe clips.

    Attributes:
        name: what the user called it. digest: sha256 of its weights. note: what must stand beside figures.
        remarks: what had to be guessed about it.
        parts: of how many equal parts of different kinds the features of a clip are put together; 0 where the
            network gives them.
    """

    name: str
    digest: str
    note: str
    remarks: tuple[str, ...]
    parts: int

    def frames(self, video: Frames) -> Vectors | None:
        """Features of each frame of a clip, uint8 (T, S, S) -> float32 (T, D)."""
        ...

    def clip(self, video: Frames) -> Vector:
        """Features of a clip, uint8 (T, S, S) -> float32 (D',)."""
        ...

    def both(self, video: Frames) -> Seen:
        """The two at once, for the price of one."""
        ...


class FrameFeatures:
    """Features of a network of frames; those of a clip are put together `over_time`.

    Args:
        embed: uint8 (T, S, S) -> float32 (T, D). The others: see `Features`.
    """

    parts = 3

    def __init__(
        self,
        embed: Callable[[Frames], Vectors],
        name: str,
        digest: str,
        note: str = "",
        remarks: tuple[str, ...] = (),
    ) -> None:
        self.name, self.digest, self.note, self.remarks = name, digest, note, remarks
        self._embed = embed

    def frames(self, video: Frames) -> Vectors:
        """See `Features`."""
        return self._embed(video)

    def clip(self, video: Frames) -> Vector:
        """See `Features`."""
        return over_time(self._embed(video))

    def both(self, video: Frames) -> Seen:
        """See `Features`."""
        found = self._embed(video)
        return Seen(found, over_time(found))


class ClipFeatures:
    """Features of a network that sees whole clips.

    Args:
        embed: uint8 (T, S, S) -> float32 (D',). The others: see `Features`.
    """

    parts = 0

    def __init__(
        self,
        embed: Callable[[Frames], Vector],
        name: str,
        digest: str,
        note: str = "",
        remarks: tuple[str, ...] = (),
    ) -> None:
        self.name, self.digest, self.note, self.remarks = name, digest, note, remarks
        self._embed = embed

    def frames(self, video: Frames) -> None:
        """None: it has no features of a single frame."""

    def clip(self, video: Frames) -> Vector:
        """See `Features`."""
        return self._embed(video)

    def both(self, video: Frames) -> Seen:
        """See `Features`."""
        return Seen(None, self._embed(video))


def over_time(frames: Vectors) -> Vector:
    """Mean, standard deviation and mean absolute change from frame to frame of features (T, D) -> (3 D,).

    The last two are 0 in a clip that stands still, and tell frames in a wrong order from a beating heart.

    >>> over_time(np.array([[1.0], [3.0]], np.float32)).tolist()
    [2.0, 1.0, 2.0]
    """
    change = np.abs(np.diff(frames, axis=0)).mean(0) if len(frames) > 1 else np.zeros_like(frames[0])
    return np.concatenate([frames.mean(0), frames.std(0), change])


def _teacher(device: str) -> Features:
    from echodfkd.eval.fidelity.network_features import segmenter_features
    from echodfkd.teachers import load_teacher

    return segmenter_features(load_teacher("sim", device=device))


def _auxiliary(name: str) -> Callable[[str], Features]:
    def load(device: str) -> Features:
        from echodfkd.eval.auxiliary.base import load_auxiliary
        from echodfkd.eval.fidelity.network_features import auxiliary_features

        return auxiliary_features(load_auxiliary(name, device))

    return load


FEATURES: dict[str, Callable[[str], Features]] = {  # name -> loads it, given a device
    "sim": _teacher,
    "simclip": _auxiliary("simclip"),
    "echoclip": _auxiliary("echoclip"),
}


def load_features(name: str, device: str = "auto") -> Features:
    """The features of a name or path.

    Args:
        name: a name of `FEATURES`; a file of a feature network (`FILES`: Inception, I3D, ...); or any
            teacher, student or auxiliary image-text model, by name, path or hub id.
        device: "auto", "cpu", "cuda" or "mps".

    Raises:
        UsageError: for an unknown name, or a model that shows no features.
        EchoError: if the file cannot be used.
    """
    from echodfkd.eval.auxiliary.base import load_auxiliary
    from echodfkd.eval.fidelity.file_features import file_features
    from echodfkd.eval.fidelity.network_features import auxiliary_features

    if name in FEATURES:
        return FEATURES[name](device)
    path = Path(name)
    if path.is_file() and path.suffix in FILES:
        return file_features(path, device)
    if path.is_file() and path.suffix in (".torchscript", ".ts", ".jit", ".pkl", ".pickle"):
        raise EchoError(
            f"{path} may run code when it is read: export the network to {' or '.join(FILES)} instead"
        )
    try:
        return auxiliary_features(load_auxiliary(name, device))
    except UsageError as error:
        if not str(error).startswith("unknown "):
            raise
        files = f"a file of a feature network ({', '.join(FILES)})"
        raise unknown_name("features", name, [*FEATURES, files, "any teacher, student or run"]) from error
