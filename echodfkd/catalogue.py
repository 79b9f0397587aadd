"""What this version can make, teach, train and export, and what is ready to use: small facts, no models."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from echodfkd.home import model_folder
from echodfkd.weights import FOLDER, folder_with

KINDS = ("generator", "teacher", "student", "head", "auxiliary", "export")
OURS = "Apache-2.0"


@dataclass(frozen=True)
class Entry:
    """One line of the catalogue.

    Attributes:
        kind: one of `KINDS`.
        summary: what it is, in a few words.
        source: where it comes from.
        licence: SPDX name of its weights' or code's licence.
        needs: what a user has to do or have first; "nothing" when it runs as installed.
        weights: whether it is of no use without a weights file (described by a card).
        parts: stems of weights files that are all needed, for what is made of several.
        file: name of a file, published elsewhere, that the user puts into the model folder.
        modules: Python modules that must be installed.
        state: "ready", "trainable" (ready to be trained by the user), "named" (of models of the user's, named
            by path or hub id) or "missing".
        bytes, parameters, sha256, claim: from the weights' card; None when there are no weights.
    """

    kind: str
    name: str
    summary: str
    source: str = "echodfkd"
    licence: str = OURS
    needs: str = "nothing"
    weights: bool = False
    parts: tuple[str, ...] = ()
    file: str = ""
    modules: tuple[str, ...] = ()
    state: str = "ready"
    bytes: int | None = None
    parameters: int | None = None
    sha256: str | None = None
    claim: str | None = None
    path: Path | None = field(default=None, repr=False)

    @property
    def ready(self) -> bool:
        """Whether it runs now, without training or fetching anything."""
        return self.state == "ready"


SEMANTIC = {  # variant of `semantic-diffusion` -> what it is, the parts that it is made of
    "": ("EDM on Gamma-VAE latents of a quarter, as :gamma-64", ("vae-64", "gamma-64")),
    ":sdm": ("a DDPM that predicts noise, in pixels", ("sdm",)),
    ":ve": ("variance exploding, in pixels", ("ve",)),
    ":vp": ("variance preserving, in pixels", ("vp",)),
    ":edm": ("EDM in pixels", ("edm",)),
    ":gamma-64": ("EDM on Gamma-VAE latents of a quarter", ("vae-64", "gamma-64")),
    ":gamma-128": ("EDM on Gamma-VAE latents of a half", ("vae-128", "gamma-128")),
    ":ddgm": ("a DDPM under Gamma noise (arXiv 2106.07582), in pixels", ("ddgm",)),
}

DIFFECHO = {  # variant of `diffecho` -> what it is, the part that it is made of
    "": ("stills by text, as :text", "text"),
    ":text": ("stills by text, in a small vocabulary; --weights reads any Stable Diffusion", "text"),
    ":unconditional": (
        "stills of two views at ED and ES; --weights reads a network for each",
        "unconditional",
    ),
}

ENTRIES = (
    Entry(
        "generator",
        "sim",
        "procedural apical clips with exact masks",
        modules=("scipy",),
    ),
    Entry(
        "generator",
        "free-echo",
        "clips that follow a mask which beats, by video diffusion; :static repeats it, as the paper does",
        source="Free-Echo (MICCAI 2024, arXiv 2408.03035), trained anew on `sim` clips",
        parts=("generator-free-echo",),
        modules=("torch", "diffusers"),
    ),
    Entry(
        "generator",
        "flow",
        "clips around mask videos in few steps or one, by a latent flow with shortcuts",
        source="shortcut models (arXiv 2410.12557), trained on `sim` clips",
        parts=("generator-echonet-synthetic-vae", "generator-flow"),
        modules=("torch", "diffusers"),
    ),
    Entry(
        "generator",
        "echonet-synthetic",
        "clips of a wanted EF by latent diffusion; --weights reads the hub's HReynaud/EchoNet-Synthetic, "
        "with children's views as :ped-a4c and :ped-psax",
        source="EchoNet-Synthetic (MICCAI 2024, arXiv 2406.00808), trained anew on `sim` clips",
        parts=tuple(f"generator-echonet-synthetic-{part}" for part in ("vae", "lidm", "lvdm")),
        modules=("torch", "diffusers"),
    ),
    Entry(
        "generator",
        "medical-diffusion",
        "clips, or volumes as NIfTI files, drawn whole by a DDPM on latents of a 3D VQ-GAN; without labels",
        source="Medical Diffusion (Sci Rep 13:7303, arXiv 2211.03364), trained anew on `sim` clips",
        parts=("generator-medical-diffusion-vqgan", "generator-medical-diffusion-ddpm"),
        modules=("torch", "diffusers", "monai"),
    ),
    *(
        Entry(
            "generator",
            f"semantic-diffusion{variant}",
            f"stills that follow label maps, told by SPADE: {what}",
            source="EDMLX (arXiv 2409.19371), trained anew on `sim` clips",
            parts=tuple(f"generator-semantic-diffusion-{part}" for part in parts),
            modules=("torch", "diffusers", "monai"),
        )
        for variant, (what, parts) in SEMANTIC.items()
    ),
    *(
        Entry(
            "generator",
            f"diffecho{variant}",
            what,
            source="DiffEcho (arXiv 2403.19880), trained anew on `sim` stills",
            parts=(f"generator-diffecho-{part}",),
            modules=("torch", "diffusers", "transformers"),
        )
        for variant, (what, part) in DIFFECHO.items()
    ),
    Entry(
        "generator",
        "diffecho:controlnet",
        "stills by text and mask, by Stable Diffusion with a ControlNet of the user's",
        source="DiffEcho (arXiv 2403.19880)",
        licence="as the checkpoint's",
        needs="--weights FOLDER|HUB_ID[,CONTROLNET]; training: echodfkd train diffecho:controlnet DATA "
        "--weights STABLE_DIFFUSION",
        modules=("torch", "diffusers", "transformers"),
        state="named",
    ),
    Entry(
        "generator",
        "adversarial",
        "clips drawn against the student, from the weights of a torch teacher; for distill alone",
        source="DFAD (arXiv 1912.11006), DeepInversion (arXiv 1912.08795), CMI (arXiv 2105.08584)",
        modules=("torch",),
    ),
    Entry(
        "teacher", "sim", "LV segmentation network trained on `sim` clips", weights=True, modules=("torch",)
    ),
    Entry(
        "teacher",
        "echonet-deeplabv3",
        "EchoNet-Dynamic's published LV segmentation network, DeepLabV3 of ResNet-50",
        source="github.com/echonet/dynamic, release v1.0.0 of EchoNetDynamic",
        licence="LicenseRef-EchoNet-Dynamic",
        needs="deeplabv3_resnet50_random.pt (about 317 MB) of release v1.0.0 of EchoNetDynamic "
        "(github.com/echonet/dynamic)",
        file="deeplabv3_resnet50_random.pt",
        modules=("torch", "torchvision"),
        parameters=39_633_729,
        claim="data-free: teacher saw EchoNet-Dynamic",
    ),
    Entry("student", "default", "small LV segmentation network, embedded", weights=True, modules=("torch",)),
    Entry(
        "student",
        "tiny",
        "smallest LV segmentation network, embedded; never looks ahead, for frames as they arrive",
        weights=True,
        modules=("torch",),
    ),
    Entry(
        "student",
        "micro",
        "LV segmentation network of 21k parameters; never looks ahead, for frames as they arrive",
        needs="training: echodfkd distill --student micro",
        modules=("torch",),
        state="trainable",
    ),
    Entry(
        "student",
        "convlstm-BL",
        "published EchoDFKD student of B blocks with L layers, such as convlstm-33; never looks ahead",
        source="EchoDFKD (WACV 2025, arXiv 2409.07566)",
        needs="training: echodfkd distill --student convlstm-BL; or a published .ckpt file",
        modules=("torch",),
        state="trainable",
    ),
    Entry(
        "student",
        "smp:ARCH:ENCODER",
        "any segmentation_models_pytorch network, such as smp:unet:mobilenet_v2",
        source="segmentation_models_pytorch",
        licence="MIT",
        needs="training: echodfkd distill --student smp:ARCH:ENCODER",
        modules=("torch", "segmentation_models_pytorch"),
        state="trainable",
    ),
    Entry(
        "auxiliary",
        "simclip",
        "small image-text model that judges LV masks; not independent: it saw the same simulator",
        weights=True,
        modules=("torch", "timm"),
    ),
    Entry(
        "auxiliary",
        "rca",
        "reverse classification accuracy: judges masks by what a tiny segmenter learns from them",
        source="Valindria et al., IEEE TMI 2017, on features of simclip",
        modules=("torch", "timm"),
    ),
    Entry(
        "auxiliary",
        "echoclip",
        "EchoCLIP: image-text model of echocardiograms and their reports, judges masks, phase and EF",
        source="huggingface.co/mkaichristensen/echo-clip (Nature Medicine 2024)",
        licence="academic use",
        needs="open_clip_config.json and open_clip_pytorch_model.bin (about 600 MB; login needed) of the "
        "hub's mkaichristensen/echo-clip",
        file="echo-clip/open_clip_pytorch_model.bin",
        modules=("torch", "open_clip"),
    ),
    Entry(
        "auxiliary",
        "hf-hub:OWNER/NAME",
        "any open_clip model of the hub, or a folder of its layout; --prompts says what it is asked",
        source="open_clip",
        licence="as the model's",
        needs="the name or folder of a model; a hub id is fetched when it is named",
        modules=("torch", "open_clip"),
        state="named",
    ),
    Entry(
        "auxiliary",
        "EF network",
        "r2plus1d_18, r3d_18 or mc3_18 of TorchVision that reads the EF, as EchoNet-Dynamic's checkpoint",
        source="github.com/echonet/dynamic and others",
        licence="as the checkpoint's",
        needs="the path of a checkpoint: --auxiliary r2plus1d_18_32_2_pretrained.pt",
        modules=("torch", "torchvision"),
        state="named",
    ),
    Entry(
        "auxiliary",
        "TEACHER",
        "any teacher or student, by name or path: agreement with it",
        needs="the name or path of a model",
        modules=("torch",),
        state="named",
    ),
    Entry(
        "export",
        "onnx",
        "ONNX file for onnxruntime and others; for causal students one that takes frame by frame, too",
        modules=("torch", "onnx", "onnxscript"),
    ),
    Entry(
        "export",
        "onnx-int8",
        "ONNX file with convolutions in 8 bits, a quarter of the size; calibrated on `sim` clips",
        modules=("torch", "onnx", "onnxscript", "onnxruntime"),
    ),
    Entry("export", "pt2", "torch.export file, for torch without echodfkd", modules=("torch",)),
    Entry(
        "export",
        "openvino",
        "OpenVINO's xml and bin, for Intel's CPUs, GPUs and NPUs; extra: echodfkd[openvino]",
        modules=("torch", "onnx", "onnxscript", "openvino"),
    ),
    Entry(
        "export",
        "executorch",
        "ExecuTorch's pte for XNNPACK, for phones; extra: echodfkd[executorch]",
        modules=("torch", "executorch"),
    ),
    Entry(
        "export",
        "web",
        "static page that runs the model in the browser; nothing leaves the device",
        source="echodfkd, ONNX Runtime Web (MIT)",
        modules=("torch", "onnx", "onnxscript"),
    ),
)


def catalogue() -> list[Entry]:
    """Every entry with its state, ordered by kind; opens only the small cards beside the weights."""
    cards = list(_cards())
    listed = {(entry.kind, entry.name) for entry in ENTRIES}
    parts = {part for entry in ENTRIES for part in entry.parts}
    entries = [_installed(_described(entry, cards)) for entry in ENTRIES]
    entries += [_installed(c) for c in cards if (c.kind, c.name) not in listed and _stem(c) not in parts]
    return sorted(entries, key=lambda entry: KINDS.index(entry.kind))


def _described(entry: Entry, cards: list[Entry]) -> Entry:
    """The entry with what its weights' card says; "missing" when it needs weights that are not there."""
    if entry.file:
        return _published(entry, model_folder() / entry.file)
    if entry.parts:
        return _assembled(entry, cards)
    if not entry.weights:
        return entry
    for card in cards:
        if (card.kind, card.name) == (entry.kind, entry.name):
            return replace(card, summary=entry.summary, modules=entry.modules)
    where = f"its weights in {FOLDER} (install again) or {model_folder()}"
    return replace(entry, state="missing", needs=where)


def _stem(card: Entry) -> str:
    return card.path.stem if card.path else ""


def _assembled(entry: Entry, cards: list[Entry]) -> Entry:
    """An entry of several weights files: ready when all lie in one folder and none is cut short."""
    folder = folder_with(entry.parts)
    if folder is None:
        files = ", ".join(f"{part}.safetensors" for part in entry.parts)
        needs = f"{files} in {FOLDER} or {model_folder()}, or a folder of them named by --weights"
        return replace(entry, state="missing", needs=needs)
    paths = [folder / f"{part}.safetensors" for part in entry.parts]
    described = [card for card in cards if card.path in paths]
    cut = [card.needs for card in described if not card.ready]
    claims = {card.claim for card in described} if len(described) == len(paths) else set()
    counts = [card.parameters for card in described if card.parameters is not None]
    return replace(
        entry,
        state="missing" if cut else "ready",
        needs="; ".join(cut) or "nothing",
        bytes=sum(path.stat().st_size for path in paths),
        parameters=sum(counts) if len(counts) == len(paths) else None,
        claim=claims.pop() if len(claims) == 1 else None,
        path=folder,
    )


def _published(entry: Entry, path: Path) -> Entry:
    """An entry whose file the user fetches: ready when it is in the model folder."""
    if not path.is_file():
        return replace(entry, state="missing", needs=f"{entry.needs} in {path.parent}", path=path)
    return replace(entry, needs="nothing", bytes=path.stat().st_size, path=path)


def _installed(entry: Entry) -> Entry:
    """The entry, or "missing" when a Python module it needs is not installed (looked up, not imported)."""
    absent = [module for module in entry.modules if find_spec(module) is None]
    if not absent:
        return entry
    return replace(entry, state="missing", needs=f"Python modules: {', '.join(absent)}")


def _cards() -> Iterator[Entry]:
    """Cards of the embedded weights, then those of the user's folder; what is no card is passed over."""
    for folder in (FOLDER, model_folder()):
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            try:
                card = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            if isinstance(card, dict) and card.get("kind") in KINDS and isinstance(card.get("name"), str):
                yield _from_card(card, path)


def _from_card(card: dict[str, Any], path: Path) -> Entry:
    """An entry from a card; "missing" when its weights are absent or not as long as the card says."""
    weights = path.with_name(card.get("file", f"{path.stem}.safetensors"))
    size = weights.stat().st_size if weights.is_file() else None
    whole = size is not None and size == card.get("bytes", size)
    found = f"{weights.name} of {card.get('bytes', '?')} bytes in {path.parent} (found: {size or 'none'})"
    return Entry(
        kind=card["kind"],
        name=card["name"],
        summary=str(card.get("summary", "weights in the user's folder")),
        source=str(card.get("source", "echodfkd")),
        licence=str(card.get("licence", OURS)),
        needs="nothing" if whole else found,
        weights=True,
        state="ready" if whole else "missing",
        bytes=card.get("bytes", size),
        parameters=card.get("parameters"),
        sha256=card.get("sha256"),
        claim=card.get("claim"),
        path=weights,
    )
