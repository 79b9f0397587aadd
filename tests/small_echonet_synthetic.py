"""Small EchoNet-Synthetics for tests, untrained: parts as training leaves them, and the published layout."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from echodfkd.students.checkpoint import sha256
from echodfkd.synth.diffusion import networks
from echodfkd.synth.echonet_synthetic import parts

SIDE, WINDOW = 6, 8  # latents of 6 x 6, which have to be padded; frames of a window
SIZE = SIDE * 8

VAE = {
    "_class_name": "AutoencoderKL",
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [128, 256, 256, 512],
    "layers_per_block": 2,
    "latent_channels": 4,
    "norm_num_groups": 32,
    "sample_size": 112,
    "scaling_factor": 0.18215,
}
LIDM = {
    "_class_name": "UNet2DModel",
    "sample_size": 14,
    "in_channels": 4,
    "out_channels": 4,
    "down_block_types": ["AttnDownBlock2D"] * 3 + ["DownBlock2D"],
    "up_block_types": ["UpBlock2D"] + ["AttnUpBlock2D"] * 3,
    "block_out_channels": [128, 256, 256, 512],
    "layers_per_block": 2,
    "downsample_type": "resnet",
    "upsample_type": "resnet",
    "attention_head_dim": 8,
    "norm_num_groups": 32,
}
LVDM = {
    "_class_name": "UNetSpatioTemporalConditionModel",
    "addition_time_embed_dim": 1,
    "block_out_channels": [128, 256, 256, 512],
    "cross_attention_dim": 1,
    "down_block_types": ["CrossAttnDownBlockSpatioTemporal"] * 3 + ["DownBlockSpatioTemporal"],
    "in_channels": 8,
    "layers_per_block": 2,
    "num_attention_heads": [8, 16, 16, 32],
    "num_frames": 64,
    "out_channels": 4,
    "projection_class_embeddings_input_dim": 1,
    "sample_size": 14,
    "transformer_layers_per_block": 1,
    "up_block_types": ["UpBlockSpatioTemporal"] + ["CrossAttnUpBlockSpatioTemporal"] * 3,
}
FULL: dict[str, dict[str, Any]] = {"vae": VAE, "lidm_dynamic": LIDM, "lvdm": LVDM}
SMALL: dict[str, dict[str, Any]] = {  # the same classes and keys, of fewer channels
    "vae": VAE | {"block_out_channels": [8] * 4, "layers_per_block": 1, "norm_num_groups": 4},
    "lidm_dynamic": LIDM
    | {"block_out_channels": [8] * 4, "layers_per_block": 1, "norm_num_groups": 4, "sample_size": SIDE},
    "lvdm": LVDM
    | {
        "block_out_channels": [64] * 4,  # with its 32 groups, norms of 32 channels would undo time and EF
        "layers_per_block": 1,
        "num_attention_heads": [4] * 4,
        "num_frames": WINDOW,
        "sample_size": SIDE,
    },
}


def built(config: dict[str, Any], seed: int = 0) -> nn.Module:
    """An untrained network in which what matters shows: clips have contrast, and the EF moves them."""
    torch.manual_seed(seed)
    network: Any = networks.build(config).eval()
    last = network.decoder.conv_out if hasattr(network, "decoder") else network.conv_out
    with torch.no_grad():
        last.weight.mul_(3.0)
        for name, weight in network.named_parameters():
            if "add_embedding" in name or "attn2.to_v" in name:  # the ways by which the EF comes in
                weight.mul_(8.0)
    return network


def save_published(folder: Path, configs: dict[str, dict[str, Any]] = SMALL, **vae: Any) -> Path:
    """A folder in the published layout, as diffusers itself writes it."""
    for number, (name, config) in enumerate(configs.items()):
        more = vae if name == "vae" else {}
        built(config | more, number).save_pretrained(folder / name)  # type: ignore[operator]
    return folder


def save_trained(folder: Path, *, runs: bool = False, window: int = WINDOW) -> Path:
    """The parts in a folder, under the embedded names; or as the folders of three runs."""
    vae = {"in_channels": 4, "out_channels": 4, "block_out_channels": [8, 8, 8], "norm_num_groups": 4}
    types = {"down_block_types": ["DownEncoderBlock2D"] * 3, "up_block_types": ["UpDecoderBlock2D"] * 3}
    scale = {"latents_mean": [0.1] * 4, "latents_std": [0.5] * 4}
    small = {"sample_size": SIDE}
    image = networks.config_of(parts.lidm((8, 8, 16)).network) | small
    video = networks.config_of(parts.lvdm((64, 64)).network) | small
    codec = built(VAE | vae | types | scale | {"layers_per_block": 1}, 1)
    paths = {part: _path(folder, part, runs) for part in ("vae", "lidm", "lvdm")}
    networks.save({"vae": codec}, {"part": "vae", "patch": 2, "codec_sha256": None}, paths["vae"])
    known = {"codec_sha256": sha256(paths["vae"]), "frames": window, "fps": 32.0}
    networks.save({"denoiser": built(image, 2)}, {"part": "lidm", **known}, paths["lidm"])
    networks.save({"denoiser": built(video, 3)}, {"part": "lvdm", **known}, paths["lvdm"])
    return folder


def _path(folder: Path, part: str, runs: bool) -> Path:
    return folder / (
        f"{part}/generator.safetensors" if runs else f"generator-echonet-synthetic-{part}.safetensors"
    )


def card(folder: Path, part: str, **more: Any) -> None:
    """A card beside the embedded names."""
    path = _path(folder, part, False)
    fact = {"kind": "generator", "name": f"echonet-synthetic:{part}", "bytes": path.stat().st_size}
    path.with_suffix(".json").write_text(json.dumps(fact | {"claim": "real-free", "parameters": 10} | more))
