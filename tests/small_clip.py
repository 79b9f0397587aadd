"""A small, untrained CLIP network in the layout of EchoCLIP's folder: ConvNeXt and a text transformer."""

import json
from pathlib import Path
from typing import Any

import torch

MEAN, STD = [0.3, 0.35, 0.4], [0.2, 0.25, 0.3]
DIM = 24
MODEL: dict[str, Any] = {
    "embed_dim": DIM,
    "vision_cfg": {
        "timm_model_name": "test_convnext",
        "timm_model_pretrained": False,
        "timm_pool": "",
        "timm_proj": "linear",
        "timm_drop": 0.0,
        "timm_drop_path": 0.1,
        "image_size": 224,
    },
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2},
}


def save_clip_model(folder: Path, weights: str = "open_clip_pytorch_model.bin", size: int = 224) -> Path:
    """Write the folder; returns it. `size`: of the pictures it takes."""
    import open_clip
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    described = {**MODEL, "vision_cfg": {**MODEL["vision_cfg"], "image_size": size}}
    config = {"model_cfg": described, "preprocess_cfg": {"mean": MEAN, "std": STD}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    torch.manual_seed(0)
    network = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    if weights.endswith(".safetensors"):
        save_file(state, folder / weights)
    else:
        torch.save(state, folder / weights)
    return folder
