"""simclip as an auxiliary model: embeds frames and sentences, and says how well a mask fits.

T frames, N texts, D numbers of an embedding.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from echodfkd.clip import BoolMask, Frames
from echodfkd.errors import EchoError
from echodfkd.eval.auxiliary.prompts import Prompts
from echodfkd.eval.auxiliary.simclip.captions import GROUPS, PERCENT
from echodfkd.eval.auxiliary.simclip.network import SIZE, SimClipNetwork
from echodfkd.eval.auxiliary.simclip.paint import in_negative
from echodfkd.eval.auxiliary.simclip.words import tokens
from echodfkd.segmenter import fit_square
from echodfkd.students.checkpoint import read_weights, sha256
from echodfkd.students.runtime import pick_device

NOTE = "not independent: trained on the same simulator as the students"
WEAK = "its EF and ED/ES, from single small frames, are hardly better than chance; look at the expected Dice"
BATCH = 32  # frames in one pass
Floats = npt.NDArray[np.float64]


class SimClip:
    """The embedded image-text model.

    Args:
        network: trained. digest: sha256 of its weights. claim: what data it has seen. device: see
            `pick_device`.
    """

    name = "simclip"
    note = NOTE
    remarks = (WEAK,)

    def __init__(self, network: SimClipNetwork, digest: str, claim: str, device: str = "cpu") -> None:
        self.device = pick_device(device)
        self.network = network.float().eval().to(self.device)
        self.digest, self.claim, self.prompts = digest, claim, Prompts()

    @torch.inference_mode()
    def embed_frames(self, frames: Frames) -> npt.NDArray[np.float32]:
        """Grey frames uint8 (T, H, W) of any size -> float32 (T, D), unit length."""
        squares = torch.from_numpy(fit_square(middle_square(frames), SIZE))[:, None]
        parts = [self.network.image(part.to(self.device).float()).embedding for part in squares.split(BATCH)]
        return torch.cat(parts).cpu().numpy()

    @torch.inference_mode()
    def embed_text(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Sentences -> float32 (N, D), unit length; words that it does not know are passed over.

        Raises:
            EchoError: for a text of which it knows no word.
        """
        return self.network.text(tokens(texts).to(self.device)).cpu().numpy()

    @torch.inference_mode()
    def cell_features(self, squares: Frames) -> npt.NDArray[np.float32]:
        """What the image tower sees in each cell of 4x4 pixels: uint8 (T, 112, 112) -> (T, 28, 28, C)."""
        parts = torch.from_numpy(squares)[:, None].split(BATCH)
        seen = [self.network.image.features(part.to(self.device).float()) for part in parts]
        return torch.cat(seen).permute(0, 2, 3, 1).cpu().numpy()

    def lv_shares(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """How much of each cell it names LV, 0..1: `cell_features` (T, 28, 28, C) -> (T, 28, 28)."""
        named = self.network.image.cells
        weight = named.weight.detach()[0, :, 0, 0].cpu().numpy()  # its features at 1/8 are the last of C
        bias = 0.0 if named.bias is None else float(named.bias.detach()[0])
        logits = features[..., -len(weight) :] @ weight + bias
        return np.asarray(1 / (1 + np.exp(-logits.clip(-30, 30))), np.float32)

    @property
    def temperature(self) -> float:
        """What similarities are multiplied by before a softmax over the texts of a group."""
        return float(self.network.scale.detach().clamp(max=4.6).exp())

    def overlap(self, frames: Frames, masks: BoolMask) -> Floats:
        """Zero-shot Dice of LV masks, 0..1: uint8 (T, H, W) and bool (T, H, W) -> float (T,).

        The masked part is shown in negative, and the percents of "mask overlap <#>" are averaged by how
        likely each text is.
        """
        texts = [text for n in range(2) for text in GROUPS["overlap"].texts(n)]
        chance = self.chances(in_negative(frames, masks), texts)
        return np.asarray(chance @ (np.array([float(value) for value in PERCENT] * 2) / 100))

    def chances(self, frames: Frames, texts: Sequence[str]) -> Floats:
        """How likely each of some texts is for each frame, (T, N); rows sum to 1."""
        return likely(self.temperature * self.embed_frames(frames) @ self.embed_text(texts).T)


def likely(logits: npt.NDArray[np.floating]) -> Floats:
    """Softmax over the last axis, in float64."""
    powers = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def middle_square(frames: Frames) -> Frames:
    """The largest square in the middle of frames (T, H, W)."""
    height, width = frames.shape[1:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return frames[:, top : top + side, left : left + side]


def load_simclip(path: Path, device: str = "auto") -> SimClip:
    """The model in a safetensors file of `train_auxiliary`.

    Raises:
        EchoError: if the file is damaged, or holds another network.
    """
    weights, config = read_weights(path)
    if config["architecture"] != "simclip":
        raise EchoError(f"{path} holds {config['architecture']!r}, not simclip")
    try:
        network = SimClipNetwork(**config.get("options", {}))
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
    except (TypeError, RuntimeError) as error:  # unknown options, other names or shapes
        raise EchoError(f"{path} does not fit simclip: {str(error).splitlines()[-1].strip()}") from error
    return SimClip(network, sha256(path), str(config.get("claim", "unknown")), device)
