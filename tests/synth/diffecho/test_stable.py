"""Stable Diffusion folders of the published layout, small: what is drawn with them, and what is refused."""

import json
from pathlib import Path
from typing import Any

import cv2
import huggingface_hub.constants
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from small_diffecho import SIZE, save_controlnet, save_stable

from echodfkd.cli import main
from echodfkd.clip import Label
from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.diffecho.captions import greys, phase_of
from echodfkd.synth.diffecho.controlnet import ControlNetGenerator
from echodfkd.synth.diffecho.generator import TextGenerator
from echodfkd.synth.diffecho.stable import find_stable
from echodfkd.synth.masks.draw import drawn_map


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_stable(tmp_path_factory.mktemp("stable"), controlnet=True)


def text(folder: Path, **options: Any) -> TextGenerator:
    return TextGenerator(weights=str(folder), device="cpu", **{"steps": 2, **options})


def controlled(folder: Path | str, **options: Any) -> ControlNetGenerator:
    return ControlNetGenerator(weights=str(folder), device="cpu", **{"steps": 2, **options})


def apart(one: Any, other: Any) -> int:
    return int(np.abs(np.asarray(one, int) - np.asarray(other, int)).max())


def test_text_draws_a_still(folder: Path) -> None:
    generator = text(folder, prompt=("a cat in two-chamber view, end-diastole",))
    clip = generator.clip(0, 0)
    assert clip.frames.shape == (1, SIZE, SIZE) and clip.frames.std() > 2
    assert (clip.view, phase_of(clip), clip.ef) == ("a2c", "ed", None)
    other = text(folder, prompt=("something else",), guidance=20.0).clip(0, 0)
    assert apart(other.frames, clip.frames) > 1
    assert (other.view, phase_of(other)) == (None, None)


def test_the_papers_prompts_are_the_default(folder: Path) -> None:
    generator = text(folder, view="a4c")
    start = "An ultrasound image shows the heart in a four-chamber view during the e"
    assert all(generator.prompt(0, index).startswith(start) for index in range(4))
    assert generator.parameters()["guidance"] == 7.5


def test_batches_of_one_and_two_differ_by_a_grey_level_at_most(folder: Path) -> None:
    for generator in (text(folder), controlled(folder)):
        clips = generator.clips(3, [0, 1])
        for index, clip in enumerate(clips):
            assert apart(generator.clip(3, index).frames, clip.frames) <= 1
        assert apart(clips[0].frames, clips[1].frames) > 5


def test_a_controlnet_is_shown_the_greys_as_they_are(folder: Path) -> None:
    generator = controlled(folder)
    seen: list[torch.Tensor] = []
    network = generator.networks.controlnet
    network.register_forward_hook(
        lambda module, args, options, output: seen.append(options["controlnet_cond"]), with_kwargs=True
    )
    clip = generator.clip(0, 0)
    assert type(generator.networks.scheduler).__name__ == "UniPCMultistepScheduler"
    assert clip.mask is not None and set(np.unique(clip.mask)) == {0, Label.LV, Label.MYOCARDIUM, Label.LA}
    shown = (seen[0][0] * 255).round().int()
    assert seen[0].shape == (2, 3, SIZE, SIZE), "told and untold"
    assert set(shown.unique().tolist()) == {0, 85, 170, 255}
    table = np.array([0, 85, 170, 255])
    assert np.array_equal(shown[0].numpy(), table[clip.mask[0]])
    assert phase_of(clip) in ("ed", "es") and clip.view == "a4c"


def test_the_mask_moves_the_picture_and_the_prompt_the_mask(folder: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "one.png"), greys(drawn_map(5, 2).classes))
    drawn = controlled(folder).clip(0, 0)
    given = controlled(folder, mask=(tmp_path / "one.png",)).clip(0, 0)
    assert given.mask is not None and drawn.mask is not None
    assert not np.array_equal(given.mask, drawn.mask) and apart(given.frames, drawn.frames) > 1
    assert phase_of(given) is None
    ed, es = (
        controlled(folder, prompt=(f"heart at end-{phase}, two-chamber",)).clip(0, 0)
        for phase in ("diastole", "systole")
    )
    assert ed.mask is not None and es.mask is not None
    assert (es.mask == Label.LV).sum() < (ed.mask == Label.LV).sum()
    assert (ed.view, phase_of(ed), phase_of(es)) == ("a2c", "ed", "es")


def test_a_controlnet_of_its_own_stands_behind_a_comma(folder: Path, tmp_path: Path) -> None:
    base = save_stable(tmp_path / "base")
    with pytest.raises(UsageError, match=r"has no controlnet/: name a ControlNet too .*, or train one"):
        controlled(base)
    alone = save_controlnet(tmp_path / "alone")
    one, other = (controlled(weights).clip(0, 0) for weights in (f"{base},{alone}", folder))
    assert apart(one.frames, other.frames) <= 1
    with pytest.raises(UsageError, match="take diffecho:controlnet"):
        text(Path(f"{base},{alone}"))
    with pytest.raises(UsageError, match="--view a2c: a prompt says another view"):
        controlled(folder, view="a2c", prompt=("four-chamber",))


def test_another_size(folder: Path) -> None:
    assert text(folder, size=64).clip(0, 0).frames.shape == (1, 64, 64)
    with pytest.raises(UsageError, match="--size must be a multiple of 4 from 64 to 1024, got 66"):
        text(folder, size=66)


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_pickles_are_refused_with_the_reason(tmp_path: Path, part: str) -> None:
    folder = save_stable(tmp_path)
    weights = next((folder / part).glob("*.safetensors"))
    pickled = "pytorch_model.bin" if part == "text_encoder" else "diffusion_pytorch_model.bin"
    weights.rename(weights.with_name(pickled))
    with pytest.raises(EchoError, match=rf"{part} holds no .*tensors; {pickled} is a pickle, which can run"):
        find_stable(str(folder))


def test_what_is_not_whole_is_refused(tmp_path: Path) -> None:
    folder = save_stable(tmp_path)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    whole = weights.read_bytes()
    weights.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(EchoError, match="is no weights file but a pointer to one"):
        text(folder)
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EchoError, match="unet cannot be read: "):
        text(folder).clip(0, 0)
    weights.write_bytes(whole)
    network = load_file(weights)
    bias = network.pop("conv_out.bias")
    save_file(network, weights, metadata={"format": "pt"})
    with pytest.raises(EchoError, match=r"unet lacks weights: conv_out\.bias$"):
        text(folder).clip(0, 0)
    save_file(network | {"conv_out.bias": bias * torch.nan}, weights, metadata={"format": "pt"})
    with pytest.raises(EchoError, match=r"unet holds NaN or infinite weights, 'conv_out\.bias' among them"):
        text(folder).clip(0, 0)
    weights.write_bytes(whole)
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps({"_class_name": "os.system"}))
    with pytest.raises(EchoError, match=r"names the scheduler 'os\.system'; known are DDIMScheduler, "):
        text(folder).clip(0, 0)
    (folder / "scheduler" / "scheduler_config.json").unlink()
    with pytest.raises(
        EchoError, match="holds no scheduler/scheduler_config.json: it is no whole checkpoint"
    ):
        text(folder)


def test_offline_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("diffecho:text", "diffecho:unconditional", "diffecho:controlnet"):
        assert main(["synth", "clips", "--generator", name, "--weights", "someone/stable-echo"]) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "the hub's someone/stable-echo could not be fetched" in error
    assert not (tmp_path / "clips").exists()
