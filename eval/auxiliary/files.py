"""Which auxiliary model a path holds."""

from pathlib import Path
from typing import TYPE_CHECKING

from echodfkd.errors import EchoError

if TYPE_CHECKING:
    from echodfkd.eval.auxiliary.base import Auxiliary

CHECKPOINTS = (".pt", ".pth", ".ckpt", ".bin", ".safetensors")


def load_path(path: Path, device: str) -> "Auxiliary":
    """The auxiliary in a folder or file: an open_clip model, simclip, a video network for EF, or a segmenter.

    Raises:
        EchoError: if it is none of these, or cannot be used.
    """
    from echodfkd.eval.auxiliary.echoclip import HOW, is_echoclip
    from echodfkd.eval.auxiliary.open_clip_model import CONFIG, load_folder
    from echodfkd.eval.auxiliary.simclip.model import load_simclip

    folder = path if path.is_dir() else path.parent
    if path.name.startswith("open_clip") or (path.is_dir() and (path / CONFIG).is_file()):
        weights = path if path.is_file() and path.name != CONFIG else None
        more = HOW if is_echoclip(f"{folder.resolve().name}/{path.name}") else {}
        return load_folder(folder, device, weights=weights, **more)
    if simclip := simclip_in(path):
        return load_simclip(simclip, device)
    return _checkpoint(path, device)


def simclip_in(path: Path) -> Path | None:
    """The weights of simclip in a run folder or file; None for anything else."""
    from echodfkd.eval.auxiliary.simclip.run import WEIGHTS
    from echodfkd.students.checkpoint import read_config

    file = path / WEIGHTS if path.is_dir() else path
    if not file.is_file() or file.suffix != ".safetensors":
        return None
    try:
        return file if read_config(file)["architecture"] == "simclip" else None
    except EchoError:  # another kind of file, whose own reader says what it is
        return None


def _checkpoint(path: Path, device: str) -> "Auxiliary":
    from echodfkd.eval.auxiliary.ef_network import NETWORKS, is_video_network, load_ef_network
    from echodfkd.teachers import load_file
    from echodfkd.teachers.state_dict import read_state_dict

    if path.is_file() and path.suffix in CHECKPOINTS:
        weights, _ = read_state_dict(path)
        if is_video_network(weights):
            return load_ef_network(path, weights, device)
        if path.suffix == ".bin":
            raise EchoError(f"{path}: a .bin file needs open_clip_config.json beside it")
    try:
        return load_file(path, device)
    except EchoError as error:
        if "not recognised" not in str(error):
            raise
        raise EchoError(
            f"{path} is no auxiliary model: neither an open_clip folder, nor a video network for EF "
            f"({', '.join(NETWORKS)}), nor a known segmenter"
        ) from error
