"""What a still costs: parameters, multiplications, seconds and memory, measured in a process of its own.

Used by scripts/compare_diffusion.py.
"""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from echodfkd.synth.semantic_diffusion.generator import SemanticDiffusionGenerator

STILLS = 3  # that are timed; the median counts
STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def costs(generator: SemanticDiffusionGenerator) -> dict[str, float | None]:
    """Of one still drawn alone, the networks loaded: `parameters`, `gmac`, `seconds`, `megabytes`."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(_measured, generator).result()


def _measured(generator: SemanticDiffusionGenerator) -> dict[str, float | None]:
    networks: Any = generator.networks
    modules = [networks.denoiser, getattr(networks.codec, "network", nn.Identity())]
    generator.map(0, 0)  # what draws masks is loaded now, and counts for no model
    megabytes = _peak(generator)
    with FlopCounterMode(display=False) as counter:
        generator.clip(0, 1)
    seconds = []
    for index in range(2, 2 + STILLS):
        begun = time.perf_counter()
        generator.clip(0, index)
        seconds.append(time.perf_counter() - begun)
    return {
        "parameters": sum(p.numel() for module in modules for p in module.parameters()),
        "gmac": counter.get_total_flops() / 2e9,
        "seconds": float(np.median(seconds)),
        "megabytes": megabytes,
    }


def _peak(generator: SemanticDiffusionGenerator) -> float | None:
    """MB that drawing the first still took at most beside the loaded networks; None where nobody tells."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        generator.clip(0, 0)
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    try:
        FORGET.write_text("5")  # the highest mark of this process is now what it holds (Linux)
        before = _status("VmRSS")
        generator.clip(0, 0)
        return (_status("VmHWM") - before) / 1e3
    except OSError:
        return None


def _status(name: str) -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(name))
    return float(line.split()[1])
