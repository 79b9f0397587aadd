"""Small DiffEcho weights for tests, untrained: ours, classes, Stable Diffusion and ControlNets."""

import json
import string
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusion_material import woken
from transformers import CLIPTextConfig, CLIPTextModel

from echodfkd.synth.diffecho.parts import parts
from echodfkd.synth.diffecho.small import TEXT, Scale, class_network, word_network
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.training import Recipe

SIZE = 32  # of ours, and of what Stable Diffusion draws
SCALE = Scale(SIZE, (8, 16), 2)
RECIPE = Recipe(steps=3, batch=2, warmup=1, note_every=1, save_every=1, show_every=3)
TINY = parts(SCALE, RECIPE)
WIDTH = 16  # of the states of the text
CLASS_FOLDERS = ("class_ch2_ed", "class_ch2_es", "class_ch4_ed", "class_ch4_es")


def save_small(folder: Path, kind: str = TEXT) -> Path:
    """A folder with the file of one of our models, under the embedded name."""
    torch.manual_seed(0)
    network: Any = woken(word_network(SCALE) if kind == TEXT else class_network(SCALE))
    known = {"size": SIZE, "variant": kind, "frames": 1, "fps": 50.0, "codec_sha256": None}
    networks.save({"denoiser": network}, known, folder / f"generator-diffecho-{kind}.safetensors")
    return folder


def save_classes(folder: Path, names: tuple[str, ...] = CLASS_FOLDERS) -> Path:
    """DDPM pipelines, one for each class, as diffusers writes them."""
    for seed, name in enumerate(names):
        torch.manual_seed(seed)
        unet = diffusers.UNet2DModel(
            sample_size=SIZE,
            in_channels=1,
            out_channels=1,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
            block_out_channels=(8, 16),
            layers_per_block=1,
            norm_num_groups=4,
        )
        diffusers.DDPMPipeline(unet, diffusers.DDPMScheduler()).save_pretrained(folder / name)
    return folder


def unet() -> Any:
    return diffusers.UNet2DConditionModel(
        sample_size=SIZE // 4,
        in_channels=4,
        out_channels=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(16, 32),
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=WIDTH,
        attention_head_dim=2,
    )


def save_stable(folder: Path, controlnet: bool = False) -> Path:
    """A Stable Diffusion checkpoint in its published layout; with `controlnet/` if asked."""
    torch.manual_seed(0)
    network = unet()
    with torch.no_grad():  # so that the text moves the picture
        for name, weight in network.named_parameters():
            weight.mul_(6.0 if "attn2" in name else 1.0)
    network.save_pretrained(folder / "unet")
    diffusers.AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(8, 8, 8),
        norm_num_groups=4,
        latent_channels=4,
        sample_size=SIZE,
    ).save_pretrained(folder / "vae")
    _save_text(folder)
    diffusers.PNDMScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, skip_prk_steps=True, steps_offset=1
    ).save_pretrained(folder / "scheduler")
    if controlnet:
        save_controlnet(folder / "controlnet")
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionPipeline"}))
    return folder


def save_controlnet(folder: Path) -> Path:
    """A ControlNet as its training script leaves it; its zero convolutions are woken."""
    torch.manual_seed(1)
    channels = (8, 8, 16)  # for latents of a quarter of the picture; the published ones have an eighth
    made: Any = diffusers.ControlNetModel.from_unet(unet(), conditioning_embedding_out_channels=channels)
    with torch.no_grad():
        for weight in made.parameters():
            if not bool(weight.any()):
                torch.nn.init.normal_(weight, std=2.0)
    made.save_pretrained(folder)
    return folder


def _save_text(folder: Path) -> None:
    letters = [*string.ascii_lowercase, *string.digits, *"-,.%"]
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    end = len(vocabulary) - 1
    config = CLIPTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=WIDTH,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=77,
        bos_token_id=end - 1,
        eos_token_id=end,
        pad_token_id=end,
    )
    CLIPTextModel(config).save_pretrained(folder / "text_encoder")
    tokens = folder / "tokenizer"
    tokens.mkdir(parents=True)
    (tokens / "vocab.json").write_text(json.dumps({word: n for n, word in enumerate(vocabulary)}))
    (tokens / "merges.txt").write_text("#version: 0.2\n")
    known = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    known |= {"pad_token": "<|endoftext|>"}
    (tokens / "special_tokens_map.json").write_text(json.dumps(known))
    more = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True}
    (tokens / "tokenizer_config.json").write_text(json.dumps(known | more))
