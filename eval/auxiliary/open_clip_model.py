"""Text-image models of open_clip: a folder of its layout here, or a repository of the hub.

The layout: open_clip_config.json (`model_cfg`, `preprocess_cfg`) and open_clip_pytorch_model.bin, or
open_clip_model.safetensors. Weights are read as weights only; a pickle that runs code is refused.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from echodfkd.clip import Frames
from echodfkd.errors import EchoError, UsageError
from echodfkd.eval.auxiliary.base import Embeddings
from echodfkd.eval.auxiliary.prompts import Prompts
from echodfkd.files import read_json
from echodfkd.students.checkpoint import sha256
from echodfkd.students.runtime import pick_device
from echodfkd.teachers.architectures import fill
from echodfkd.teachers.state_dict import Weights, read_state_dict

HUB = "hf-hub:"
CONFIG = "open_clip_config.json"
WEIGHTS = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
)
UNKNOWN = "its training data is unknown"
BATCH = 16  # pictures or sentences in one pass


class OpenClip:
    """An open_clip network in float32 as a `TextImage`.

    Args:
        network: module with `encode_image`, `encode_text`, `visual.preprocess_cfg` (size, mean, std).
        tokenize: sentences -> int64 (N, context). name, digest, claim, note: see `TextImage`.
        device: see `pick_device`. crop: share of the picture that is cut off each side, 0...0.4.
        prompts: what it is asked.
    """

    def __init__(
        self,
        network: Any,
        tokenize: Callable[[list[str]], Tensor],
        name: str,
        digest: str,
        *,
        device: str,
        claim: str = "unknown",
        note: str = UNKNOWN,
        crop: float = 0.0,
        prompts: Prompts | None = None,
    ) -> None:
        self.device = pick_device(device)
        self.network = network.float().eval().to(self.device)
        self.name, self.digest, self.claim, self.note = name, digest, claim, note
        self.prompts, self.crop = prompts or Prompts(), crop
        self._tokenize = tokenize
        form = self.network.visual.preprocess_cfg
        size = form["size"]
        self.size = int(size if isinstance(size, int) else size[0])
        self._mean, self._std = (torch.tensor(form[key]).view(1, 3, 1, 1) for key in ("mean", "std"))

    @torch.inference_mode()
    def embed_frames(self, frames: Frames) -> Embeddings:
        """Grey frames uint8 (T, H, W) of any size -> float32 (T, D), unit length."""
        parts = []
        for begin in range(0, len(frames), BATCH):
            pictures = self.pictures(frames[begin : begin + BATCH])
            parts.append(self._unit(self.network.encode_image(pictures.to(self.device))))
        return np.concatenate(parts)

    @torch.inference_mode()
    def embed_text(self, texts: Sequence[str]) -> Embeddings:
        """Sentences -> float32 (N, D), unit length."""
        parts = []
        for begin in range(0, len(texts), BATCH):
            tokens = self._tokenize(list(texts[begin : begin + BATCH])).to(self.device)
            parts.append(self._unit(self.network.encode_text(tokens)))
        return np.concatenate(parts)

    def pictures(self, frames: Frames) -> Tensor:
        """What the network sees: the middle square less `crop` of each side, scaled, (T, 3, size, size)."""
        squares = np.stack([_scaled(_cropped(frame, self.crop), self.size) for frame in frames])
        colour = torch.from_numpy(squares)[:, None].expand(-1, 3, -1, -1).float() / 255
        return (colour - self._mean) / self._std

    @staticmethod
    def _unit(vectors: Tensor) -> Embeddings:
        return F.normalize(vectors.float(), dim=-1).cpu().numpy()


def _cropped(frame: npt.NDArray[np.uint8], share: float) -> npt.NDArray[np.uint8]:
    height, width = frame.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    margin = int(side * share)
    return frame[top + margin : top + side - margin, left + margin : left + side - margin]


def _scaled(frame: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    if frame.shape == (size, size):
        return np.ascontiguousarray(frame)
    scaled = cv2.resize(frame, (size, size), interpolation=cv2.INTER_CUBIC)
    return scaled.astype(np.uint8)


def load_hub(name: str, device: str, **more: Any) -> OpenClip:
    """The open_clip model of a hub repository, "hf-hub:OWNER/NAME", fetched once into the hub's own cache.

    Raises:
        EchoError: if it cannot be fetched (the reason is told), or is no open_clip model.
    """
    from huggingface_hub import snapshot_download

    repository = name.removeprefix(HUB)
    patterns = ["*.json", "*.txt"]
    try:
        folder = Path(snapshot_download(repository, allow_patterns=[*patterns, *WEIGHTS[:2]]))
        if not any((folder / weights).is_file() for weights in WEIGHTS[:2]):
            folder = Path(snapshot_download(repository, allow_patterns=[*patterns, WEIGHTS[2]]))
    except Exception as error:  # of the hub, of HTTP, of the disk: kinds differ between its versions
        reason = " ".join(str(error).split()).split(". ")[0][:200]
        raise EchoError(f"the hub's {repository} could not be fetched: {reason}") from error
    return load_folder(folder, device, name=repository.replace("/", "-"), from_hub=True, **more)


def weights_in(folder: Path) -> Path | None:
    """The weights file of a folder of open_clip's layout; None without one."""
    return next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)


def load_folder(
    folder: Path,
    device: str,
    *,
    name: str = "",
    weights: Path | None = None,
    from_hub: bool = False,
    **more: Any,
) -> OpenClip:
    """The open_clip model in a folder; `more` goes to `OpenClip`.

    Args:
        folder: with open_clip_config.json. name: what to call it, else the folder's. weights: the file, else
            the folder's. from_hub: whether parts that its configuration names may be fetched too.

    Raises:
        EchoError: if a file is missing or cannot be used, or the weights are of another architecture.
    """
    config, path = folder / CONFIG, weights or weights_in(folder)
    if not config.is_file():
        raise EchoError(f"{folder} has no {CONFIG}, which says what the network in {WEIGHTS[-1]} is")
    if path is None:
        raise EchoError(f"{folder} holds no weights: looked for {', '.join(WEIGHTS)}")
    stored = read_json(config)
    if not isinstance(stored, dict) or not isinstance(stored.get("model_cfg"), dict):
        raise EchoError(f"{config} does not describe an open_clip model: it needs `model_cfg`")
    if not from_hub:
        _refuse_remote_parts(stored["model_cfg"], config)
    found, _ = read_state_dict(path)
    network, tokenize = _built(folder)
    fill(network, _named_as(network, found), f"the weights of {path} and {config.name}")
    return OpenClip(network, tokenize, name or folder.resolve().name, sha256(path), device=device, **more)


def _built(folder: Path) -> tuple[nn.Module, Callable[[list[str]], Tensor]]:
    """An untrained network as the folder's configuration says, and its tokenizer."""
    import logging

    import open_clip

    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # it warns of weights that are not loaded yet, and tells all it does
    try:
        model = f"local-dir:{folder}"  # without weights: open_clip would take any file it finds there
        network = open_clip.create_model(model, load_weights=False, pretrained_text=False, precision="fp32")
        tokenize = open_clip.get_tokenizer(model)
    except MemoryError:
        raise
    except Exception as error:  # of open_clip, timm, transformers: anything
        reason = " ".join(str(error).split())[:200]
        raise EchoError(f"{folder / CONFIG} describes a model that cannot be built: {reason}") from error
    finally:
        logging.disable(before)
    return network, tokenize


def _refuse_remote_parts(described: dict[str, Any], config: Path) -> None:
    """A local folder must be whole: nothing is fetched unless a hub id is named."""
    text, vision = (described.get(key) or {} for key in ("text_cfg", "vision_cfg"))
    named = str(text.get("hf_model_name") or "")
    timm = str(vision.get("timm_model_name") or "")
    if (named and not Path(named).is_dir()) or timm.startswith(("hf-hub:", "hf_hub:")):
        part = named or timm
        raise UsageError(
            f"{config} takes {part} from the hub, and nothing is fetched for a local folder: "
            f"name the model by its hub id, {HUB}OWNER/NAME"
        )


def _named_as(network: nn.Module, weights: Weights) -> Weights:
    """Weights under the names of the network, where open_clip once used others."""
    import open_clip

    expected = network.state_dict()
    found = dict(weights)
    if "positional_embedding" in found and "positional_embedding" not in expected:
        found = open_clip.convert_to_custom_text_state_dict(found)
    for name in ("logit_scale", "logit_bias"):
        if name in found and name in expected:
            found[name] = found[name].reshape(expected[name].shape)
    unused = "text.transformer.embeddings.position_ids"  # stored by older versions of transformers
    return {key: value for key, value in found.items() if key != unused or key in expected}
