"""Sets of latents in EchoNet-Synthetic's layout: FileList.csv and Latents/NAME.pt (arXiv 2406.00808).

Each file holds one tensor (T, 4, 14, 14), already times the codec's scaling factor. Sizes in the list are
those of the decoded frames, and the number of frames is that of the tensor.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from echodfkd.clip import Frames
from echodfkd.clipset import ClipSet
from echodfkd.clipset_writer import split_of
from echodfkd.errors import EchoError, UsageError
from echodfkd.filelist import ECHONET_COLUMNS, Record, csv_text, read_file_list
from echodfkd.files import read_json, remove_leftovers, write_bytes, write_json, write_text
from echodfkd.progress import Track, silent
from echodfkd.synth.torch_file import read_torch_file

if TYPE_CHECKING:
    from torch import Tensor

FILE_LIST, LATENTS, MANIFEST = "FileList.csv", "Latents", "manifest.json"
FORMAT = "echodfkd latents"  # value of "format" in the manifest of a set that was written here
SHAPE = (4, 14, 14)  # of one frame's latent
DOWN = 8  # pixels of a decoded frame per cell of its latent, along each axis

Encode = Callable[[Frames], "Tensor"]  # uint8 (T, H, W) -> (T, 4, 14, 14), times the scaling factor


@dataclass(frozen=True)
class LatentSet:
    """Latents with what is known of their clips; tensors are read only by `load`.

    Args:
        root: the folder. records: one per clip, in the list's order; `path` is the .pt file.
    """

    root: Path
    records: list[Record]

    @classmethod
    def open(cls, root: Path) -> "LatentSet":
        """Read a set's list, not its tensors.

        Raises:
            UsageError: when there is no such folder.
            EchoError: when it has no list, or the list is unreadable or names a file that is missing.
        """
        root = Path(root)
        if not root.is_dir():
            raise UsageError(f"no such folder: {root}")
        if not (root / FILE_LIST).is_file():
            raise EchoError(f"{root} holds no {FILE_LIST}: it is no set of latents, or an unfinished one")
        return cls(root, read_file_list(root / FILE_LIST, lambda name: _existing(_file(root, name))))

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.records)

    def load(self, record: Record) -> "Tensor":
        """Latents of a clip, float32 (T, 4, 14, 14), times the scaling factor.

        Raises:
            EchoError: when the file is unreadable, would run code, holds NaN, infinity or another shape, or
                the list says another number of frames.
        """
        latents = read_latents(record.path)
        if record.frames not in (None, len(latents)):
            raise EchoError(f"{record.path} holds {len(latents)} frames, {FILE_LIST} says {record.frames}")
        return latents


def read_latents(path: Path) -> "Tensor":
    """The tensor in a .pt file, float32 (T, 4, 14, 14). Raises EchoError as `LatentSet.load`."""
    return _checked(read_torch_file(path), str(path))


def write_latent_set(
    clips: ClipSet, encode: Encode, output: Path, *, codec: str, track: Track = silent
) -> LatentSet:
    """Encode every clip of a set. Run it again to take up where a killed run stopped.

    Args:
        clips: where the frames, EF, volumes, rates and splits come from; without a split, `split_of`'s.
        encode: the codec's. output: new or empty folder, or an earlier run of the same.
        codec: name and hash of the codec, so that a run is not completed with another one.
        track: shows progress.

    Returns:
        The set, complete.

    Raises:
        UsageError: when `output` holds anything else.
        EchoError: when a clip is unreadable, the codec makes another shape or NaN, or the disk is full.
    """
    _begin(output, {"format": FORMAT, "codec": codec, "clips": [record.name for record in clips.records]})
    rows = []
    for index, record in enumerate(track(clips.records, "latents")):
        rows.append(_row(record, index, _stored(clips, record, encode, _file(output, record.name))))
    write_text(output / FILE_LIST, csv_text(ECHONET_COLUMNS, rows))
    return LatentSet.open(output)


def _begin(output: Path, request: dict[str, Any]) -> None:
    """Claim the folder, or take up an earlier run of the same request."""
    manifest = output / MANIFEST
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file; choose another folder")
    if manifest.is_file():
        before = read_json(manifest)
        if before != request:
            raise UsageError(f"{output} holds latents of another codec or other clips; choose another folder")
    elif output.is_dir() and any(output.iterdir()):
        raise UsageError(f"{output} is not empty and holds no latents; choose another folder")
    else:
        write_json(manifest, request)
    remove_leftovers(output)
    remove_leftovers(output / LATENTS)


def _stored(clips: ClipSet, record: Record, encode: Encode, path: Path) -> tuple["Tensor", float | None]:
    """Latents of a clip and its frame rate in Hz; encoded and written unless an earlier run did."""
    if path.is_file():
        known = record.fps if record.fps is not None else clips.load(record, masks=False).fps
        return read_latents(path), known
    clip = clips.load(record, masks=False)
    latents = _checked(encode(clip.frames), f"the latents of {record.name}")
    if len(latents) != len(clip):
        raise EchoError(f"the codec made {len(latents)} latents of the {len(clip)} frames of {record.name}")
    write_bytes(path, _as_bytes(latents))
    return latents, clip.fps


def _as_bytes(latents: "Tensor") -> bytes:
    """What `torch.save` writes; in memory, since a file's own name would go into its bytes."""
    import torch

    buffer = io.BytesIO()
    torch.save(latents.detach().cpu().contiguous().clone(), buffer)
    return buffer.getvalue()


def _row(record: Record, index: int, stored: tuple["Tensor", float | None]) -> list[str]:
    latents, fps = stored
    height, width = (DOWN * cells for cells in latents.shape[2:])
    numbers = (record.ef, record.esv, record.edv, height, width, fps, len(latents))
    return [record.name, *map(_number, numbers), record.split or split_of(index)]


def _number(value: float | None) -> str:
    """Rounded, never truncated: an EF that was kept as .53 and comes back as 52.999999 is 53."""
    return "" if value is None else f"{value:.6g}"


def _checked(latents: Any, where: str) -> "Tensor":
    import torch

    if not isinstance(latents, torch.Tensor) or latents.ndim != 4 or tuple(latents.shape[1:]) != SHAPE:
        held = tuple(latents.shape) if isinstance(latents, torch.Tensor) else f"a {type(latents).__name__}"
        raise EchoError(f"{where}: expected a tensor of (T, 4, 14, 14), got {held}")
    if not len(latents) or not latents.is_floating_point():
        raise EchoError(f"{where}: expected at least one frame of floating point, got {latents.dtype}")
    if not bool(torch.isfinite(latents).all()):
        raise EchoError(f"{where}: it holds NaN or infinity")
    return latents.float()


def _file(root: Path, name: str) -> Path:
    return root / LATENTS / f"{name}.pt"


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise EchoError(f"{path} is missing, though {FILE_LIST} names it")
    return path
