"""A trained head: what it says of a clip, and how it is stored and found."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from echodfkd.errors import EchoError
from echodfkd.heads.channels import Channels, channels, on_frames
from echodfkd.heads.features import Rows
from echodfkd.heads.find import PATTERN
from echodfkd.heads.network import HeadNetwork, naive_input
from echodfkd.heads.reading import Reading
from echodfkd.home import model_folder
from echodfkd.segmenter import Segmenter
from echodfkd.students.checkpoint import read_config, save_network
from echodfkd.weights import FOLDER

ARCHITECTURE = "curves-tcn"
SETTLED = ("name", "student_sha256", "widen", "share", "lv_limit")  # beside the weights
STRETCH = {"stretch": 1.0, "centre": 50.0}  # and these; heads from before they were settled leave EF as it is


@dataclass(frozen=True, eq=False)
class Head:
    """A network with what was settled on held-out clips.

    Attributes:
        name: in `ef_method`. student_sha256: of the weights whose masks it learned to read.
        widen: points of EF by which the interval grows on both sides.
        share: of the network's EF in the head's; the rest is the masks' own.
        stretch, centre: EF and interval move away from `centre` (percent) by the factor `stretch`, 1..1.25.
        lv_limit: probability below which a clip is called no LV; None never calls one so.
    """

    network: HeadNetwork
    name: str
    student_sha256: str
    widen: float = 0.0
    share: float = 1.0
    lv_limit: float | None = None
    stretch: float = STRETCH["stretch"]
    centre: float = STRETCH["centre"]

    def config(self) -> dict[str, Any]:
        """Everything but the weights, JSON-ready."""
        return {"architecture": ARCHITECTURE, **{key: getattr(self, key) for key in (*SETTLED, *STRETCH)}}

    def read(self, rows: Rows, fps: float, ef: float | None = None, half: bool = True) -> Reading:
        """Read a clip's curves.

        Args:
            rows: (T, F) of `frame_features`. fps: Hz.
            ef: the masks' own EF in percent, None without a beat. half: whether it is of half a beat.
        """
        return self.read_channels(channels(rows, fps), len(rows), fps, ef, half)

    @torch.inference_mode()
    def read_channels(
        self, made: Channels, frames: int, fps: float, ef: float | None = None, half: bool = True
    ) -> Reading:
        """As `read`, from `channels` (24, N) made before: one clip may be read more than once."""
        curves = torch.from_numpy(made)[None]
        naive = torch.from_numpy(naive_input(ef, half))[None]
        out = self.network(curves, naive, torch.ones(1, curves.shape[-1]))
        heat = torch.sigmoid(out.heat[0]).numpy().astype(np.float64)
        ed, es = (on_frames(curve, frames, fps) for curve in heat)
        lv = None if self.lv_limit is None else float(torch.sigmoid(out.lv[0]))
        low, middle, high = (float(value) for value in out.ef[0])
        if ef is None:
            return Reading(ed, es, None, None, lv)
        return Reading(ed, es, *self._settled(low, middle, high, ef), lv)

    def _settled(
        self, low: float, middle: float, high: float, masks: float
    ) -> tuple[float, tuple[float, float]]:
        """EF and interval from the network's quantiles and the masks' EF, within 1..95%."""
        shift = (1 - self.share) * (masks - middle)
        raw = np.array([low, middle, high]) + shift
        raw += (self.stretch - 1) * (raw - self.centre)
        ef = float(np.clip(raw[1], 1, 95))
        bounds = np.clip((raw[0] - self.widen, raw[2] + self.widen), 1, 95)
        return ef, (min(float(bounds[0]), ef), max(float(bounds[1]), ef))


def save_head(head: Head, path: Path, more: Mapping[str, Any]) -> None:
    """Write a head as one safetensors file, weights as fp16; `more` joins its metadata."""
    save_network(head.network, {**more, **head.config()}, path)


def load_head(path: Path) -> Head:
    """The head in a file that `save_head` wrote.

    Raises:
        EchoError: if it holds no head, or weights that are not finite.
    """
    config = read_config(path)
    if config["architecture"] != ARCHITECTURE:
        raise EchoError(f"{path} holds {config['architecture']!r}, not a head; train one with `train heads`")
    if missing := [key for key in SETTLED if key not in config]:
        raise EchoError(f"{path} is a head of another version: it lacks {', '.join(missing)}; train it again")
    weights = {name: value.float() for name, value in load_file(path).items()}
    network = HeadNetwork().eval()
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise EchoError(f"{path} is a head of another version; train it again") from error
    if not all(bool(torch.isfinite(value).all()) for value in weights.values()):
        raise EchoError(f"{path} holds NaN or infinite weights; train it again")
    return Head(
        network, **{key: config[key] for key in SETTLED}, **{k: config.get(k, v) for k, v in STRETCH.items()}
    )


def find_head(segmenter: Segmenter) -> Head | None:
    """The head that learned to read this segmenter's masks, embedded or in the user's folder; None without.

    A head belongs to the very weights that it was trained with: others are passed over.

    Raises:
        EchoError: if a file with a head's name cannot be read.
    """
    for folder in (FOLDER, model_folder()):
        for path in sorted(folder.glob(PATTERN)):
            if read_config(path).get("student_sha256") == segmenter.digest:
                return _kept(path, path.stat().st_mtime_ns)
    return None


@lru_cache(maxsize=4)
def _kept(path: Path, changed_ns: int) -> Head:
    """One loading for many clips; a file that changed is loaded again."""
    return load_head(path)
