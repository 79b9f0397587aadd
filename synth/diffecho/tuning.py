"""Stable Diffusion trained further on echo stills: its UNet by text, or a ControlNet on it by masks too.

A share of the captions is dropped for the empty prompt, which is what a pipeline's guidance compares with.
What is left is a whole checkpoint in diffusers' layout: `--weights RUN` and diffusers' pipelines take it.
"""

import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import torch
from torch import Tensor, nn

from echodfkd.errors import UsageError
from echodfkd.files import atomic_path, read_json, write_json, write_text
from echodfkd.students.runtime import pick_device
from echodfkd.synth.diffecho.captions import CaptionSet, greys, open_stills
from echodfkd.synth.diffecho.classes import SCHEDULE
from echodfkd.synth.diffecho.prompts import paper, sentence
from echodfkd.synth.diffecho.source import sim_stills
from echodfkd.synth.diffecho.stable import (
    CLASSES,
    CONTROL,
    LEARNED,
    PROMPTS,
    SCHEDULER,
    TEXT_ENCODER,
    TOKENIZER,
    UNET,
    VAE,
    Stable,
    control_value,
    find_stable,
)
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.codec import FrameKL
from echodfkd.synth.diffusion.conditions import Conditioner
from echodfkd.synth.diffusion.corpus import Array, Corpus
from echodfkd.synth.diffusion.cuts import Shape
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.generator import digest_of
from echodfkd.synth.diffusion.process import DDPM
from echodfkd.synth.diffusion.run import Material, Part
from echodfkd.synth.diffusion.sampler import Sampling
from echodfkd.synth.diffusion.tasks import Denoising, Teller
from echodfkd.synth.diffusion.training import Recipe, Task

FPS = 50.0  # nominal: one frame is a picture
DROP = 0.1  # share of the captions that are dropped
SHOWN_STEPS = 25
MOST_DRAWN = 256  # pixels: stills of `sim` are drawn no larger, and enlarged
UNLEARNED = (TOKENIZER, "scheduler")
SHRINKING = (16, 32, 96, 256)  # channels of what brings masks to the size of latents
KEPT = 500  # captions that are left as prompts
RECIPES = {UNET: Recipe(15_000, 4, 1e-5, decay=1e-2, average=0.9999, warmup=500)}
RECIPES[CONTROL] = RECIPES[UNET]


class Controlled(nn.Module):
    """A UNet with a ControlNet beside it (Zhang et al. 2023), as one network."""

    def __init__(self, unet: Any, controlnet: Any) -> None:
        super().__init__()
        self.unet, self.controlnet, self.config = unet, controlnet, unet.config

    def forward(self, x: Tensor, time: Tensor, tokens: Tensor, maps: Tensor) -> Tensor:
        """The raw output, of the shape of x (N, C, h, w), for maps (N, 3, H, W) in 0..1."""
        down, middle = self.controlnet(x, time, tokens, controlnet_cond=maps, return_dict=False)
        more = {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
        output: Tensor = self.unet(x, time, tokens, **more, return_dict=False)[0]
        return output


class Texts:
    """Captions as their text encoder tells them, each kept once it was told."""

    def __init__(self, tokenizer: Any, encoder: Any) -> None:
        self.tokenizer, self.encoder, self._known = tokenizer, encoder, dict[str, Tensor]()

    @torch.no_grad()
    def of(self, texts: Sequence[str]) -> Tensor:
        """States (B, n, width), on the CPU."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            limit = self.tokenizer.model_max_length
            how = {"padding": "max_length", "max_length": limit, "truncation": True, "return_tensors": "pt"}
            ids = self.tokenizer(new, **how).input_ids.to(self.encoder.device)
            states = self.encoder(ids)[0].float().cpu()
            self._known |= dict(zip(new, states, strict=True))
        return torch.stack([self._known[text] for text in texts])


def tuned(kind: str, weights: str) -> Part:
    """The part that goes on from a checkpoint.

    Args:
        kind: UNET or CONTROL: what learns. weights: as of `find_stable`; a ControlNet that is there goes on.

    Raises:
        UsageError, EchoError: as `find_stable`.
    """
    stable = find_stable(weights)
    if kind == CONTROL and (stable.folder / CONTROL).is_dir():
        stable = find_stable(weights, controlled=True)
    name = "diffecho:text" if kind == UNET else "diffecho:controlnet"
    size = stable.size
    return Part(
        f"{name}, from a checkpoint",
        Shape(1, FPS, size),
        RECIPES[kind],
        partial(_task, kind, stable),
        _left,
        source={"stills": "ed, es", "views": "a2c, a4c"},
        codec=False,
        drawer=partial(sim_stills, size=min(size, MOST_DRAWN)),
        opened=open_stills,
        base=digest_of(stable.files),
        file=f"{kind}/{networks.PUBLISHED}",
        write=partial(_write, kind, stable),
    )


def captions_of(stills: Any, names: Sequence[str]) -> list[str]:
    """The captions of stills: their own, or the paper's of what is known of them."""
    if isinstance(stills, CaptionSet):
        return [stills.captions[name].text for name in names]
    said = [stills.said(name) for name in names]
    return [paper(one.view, one.phase) or sentence(one) for one in said]


def _task(kind: str, stable: Stable, material: Material) -> Task:
    torch.manual_seed(material.recipe.seed)
    corpus, device = material.corpus, pick_device(material.device)
    if kind == CONTROL and not corpus.labelled:
        raise UsageError("a ControlNet learns from masks: some of these stills have none")
    found = stable.components()
    codec = FrameKL(found[VAE].to(device))
    latents = corpus.latents(codec, codec.digest()[:8], material.track)
    texts = Texts(found[TOKENIZER], found[TEXT_ENCODER].to(device))
    captions = captions_of(material.data, corpus.names)
    network, trained = _networks(kind, found)
    trained.requires_grad_(True)
    untold = texts.of([""])[0]
    conditions = [Conditioner("text", "tokens", untold.shape[-1], drop=DROP, null=untold)]
    tellers: dict[str, Teller] = {
        "text": lambda corpus, which, places: texts.of([captions[int(one)] for one in which])
    }
    if kind == CONTROL:
        conditions.append(Conditioner("control", "spade", 3))
        tellers["control"] = _maps
    levels = len(found[UNET].config.block_out_channels)
    denoiser = Denoiser(network, conditions, multiple=2 ** (levels - 1)).to(device)
    sampling, seed = Sampling(SHOWN_STEPS, "ddim"), material.recipe.seed
    task = Denoising(denoiser, process_of(stable), corpus, latents, tellers, sampling, codec, seed=seed)
    task.network = trained
    return task


def _networks(kind: str, found: Mapping[str, Any]) -> tuple[Any, Any]:
    """The whole network, of which nothing learns yet, and what shall."""
    unet = found[UNET]
    if kind == UNET:
        return unet, unet
    halvings = len(found[VAE].config.block_out_channels) - 1
    channels = (*SHRINKING[:halvings], SHRINKING[-1])  # a level for each halving, and one before
    controlnet = found.get(CONTROL) or diffusers.ControlNetModel.from_unet(
        unet, conditioning_embedding_out_channels=channels
    )
    return Controlled(unet, controlnet), controlnet


def _maps(corpus: Corpus, which: Array, places: Array) -> Tensor:
    pictures = greys(corpus.labels[which[:, None], places])
    return torch.stack([control_value(one) for one in pictures]).transpose(1, 2)


def process_of(stable: Stable) -> DDPM:
    """The noise process that a checkpoint's scheduler says."""
    config = read_json(stable.folder / SCHEDULER)
    said = {ours: config[theirs] for theirs, ours in SCHEDULE.items() if theirs in config}
    return DDPM(**{"prediction": "epsilon", **said})


def _left(task: Task, material: Material) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    prompts = [*dict.fromkeys(captions_of(material.data, material.corpus.names))][:KEPT]
    return {"trained": task.network}, {"prompts": prompts}


def _write(
    kind: str, stable: Stable, left: Mapping[str, nn.Module], known: Mapping[str, Any], path: Path
) -> None:
    """A whole checkpoint in the run: what was trained, and copies of what was not."""
    run = path.parent.parent
    kept = [part for part in LEARNED if part != kind]
    files = [f"{part}/{file}" for part in kept for file in ("config.json", LEARNED[part])]
    files += [str(p.relative_to(stable.folder)) for p in stable.files if p.parent.name in UNLEARNED]
    for name in files:
        with atomic_path(run / name) as temporary:
            shutil.copyfile(stable.folder / name, temporary)
    networks.save_folder(left["trained"], path.parent)
    write_text(run / PROMPTS, "\n".join(known["prompts"]) + "\n")
    write_json(run / "model_index.json", _index(kind, stable))


def _index(kind: str, stable: Stable) -> dict[str, Any]:
    parts = [UNET, VAE] + ([CONTROL] if kind == CONTROL else [])
    none = [None, None]
    return {
        "_class_name": f"StableDiffusion{'ControlNet' if kind == CONTROL else ''}Pipeline",
        "_diffusers_version": diffusers.__version__,
        **{part: ["diffusers", CLASSES[part]] for part in parts},
        "scheduler": ["diffusers", read_json(stable.folder / SCHEDULER)["_class_name"]],
        TEXT_ENCODER: ["transformers", "CLIPTextModel"],
        TOKENIZER: ["transformers", "CLIPTokenizer"],
        "safety_checker": none,
        "feature_extractor": none,
        "requires_safety_checker": False,
    }
