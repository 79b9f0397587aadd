"""Trainings of tiny networks: ours from `sim`, Stable Diffusion and a ControlNet from captions."""

from pathlib import Path
from typing import Any

import cv2
import diffusers
import numpy as np
import pytest
import torch
from small_diffecho import RECIPE, SIZE, TINY, save_stable

from echodfkd.cli import main
from echodfkd.errors import UsageError
from echodfkd.files import read_json
from echodfkd.synth import make_generator
from echodfkd.synth.diffecho import tuning
from echodfkd.synth.diffecho.captions import FILE, Caption, open_stills, write_captions
from echodfkd.synth.diffecho.parts import PARTS, partly
from echodfkd.synth.diffecho.prompts import of_phase
from echodfkd.synth.diffecho.stable import find_stable
from echodfkd.synth.diffecho.tuning import process_of, tuned
from echodfkd.synth.diffecho.words import CLASSES, Said
from echodfkd.synth.diffusion.conditions import dropped
from echodfkd.synth.diffusion.corpus import Corpus
from echodfkd.synth.diffusion.run import Asked, Material, train_part
from echodfkd.synth.systems import part_of


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_stable(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def captions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A caption file of four pictures with masks."""
    root = tmp_path_factory.mktemp("captions")
    rows = []
    for number, (view, phase) in enumerate(CLASSES):
        image, mask = root / f"{number}.png", root / f"{number}-mask.png"
        cv2.imwrite(str(image), np.full((SIZE, SIZE), 50 * number, np.uint8))
        cv2.imwrite(str(mask), np.kron([[85, 170], [255, 0]], np.ones((SIZE // 2,) * 2)).astype(np.uint8))
        rows.append(Caption(image, of_phase(view, phase), mask))
    write_captions(root / FILE, rows)
    return root


@pytest.mark.parametrize("kind", ["text", "unconditional"])
def test_ours_learn_from_sim(kind: str, tmp_path: Path) -> None:
    asked = Asked(tmp_path / kind, clips=4, device="cpu")
    rows = [*train_part(TINY[kind], RECIPE, asked)]
    assert [row["step"] for row in rows] == [1, 2, 3] and all(np.isfinite(row["loss"]) for row in rows)
    stills = open_stills(tmp_path / kind / "corpus" / "clips")
    assert [(r.view, "ed" if r.ed_frames else "es") for r in stills.records] == [*CLASSES]
    generator = make_generator(f"diffecho:{kind}", weights=str(tmp_path), steps=2, device="cpu")
    assert generator.clip(0, 0).frames.shape == (1, SIZE, SIZE)
    alone: Any = make_generator(f"diffecho:{kind}", weights=str(asked.output), device="cpu")
    assert alone.digest == generator.digest, "a run's own folder will do"


def test_facts_are_left_out_at_random() -> None:
    whole = Said("a4c", "es", 40.0, "small")
    rng = np.random.default_rng(0)
    kept = [partly(whole, rng) for _ in range(300)]
    for name, value in vars(whole).items():
        share = np.mean([getattr(one, name) == value for one in kept])
        assert 0.75 < share < 0.95


@pytest.mark.parametrize(("kind", "pipeline"), [("unet", "text"), ("controlnet", "controlnet")])
def test_a_checkpoint_goes_on_and_stays_one(
    kind: str, pipeline: str, base: Path, captions: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    rows = [*train_part(tuned(kind, str(base)), RECIPE, Asked(run, captions, device="cpu"))]
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert read_json(run / "manifest.json")["request"]["base_sha256"]
    whole = {path.relative_to(base) for path in base.rglob("*") if path.is_file()}
    assert whole <= {path.relative_to(run) for path in run.rglob("*") if path.is_file()}
    same = (run / "unet" / "diffusion_pytorch_model.safetensors").read_bytes() == (
        base / "unet" / "diffusion_pytorch_model.safetensors"
    ).read_bytes()
    assert same == (kind == "controlnet"), "only what was asked for has learned"
    theirs: Any = (
        diffusers.StableDiffusionPipeline if kind == "unet" else diffusers.StableDiffusionControlNetPipeline
    )
    assert theirs.from_pretrained(run).unet.config.sample_size == SIZE // 4
    generator: Any = make_generator(f"diffecho:{pipeline}", weights=str(run), steps=1, device="cpu")
    assert {*generator.prompts} == {of_phase(view, phase) for view, phase in CLASSES}
    assert generator.clip(0, 1).view == "a2c"


def test_captions_are_dropped_for_the_empty_prompt(base: Path, captions: Path, tmp_path: Path) -> None:
    part = tuned("unet", str(base))
    data = open_stills(captions)
    corpus = Corpus.of(data, part.shape, tmp_path / "corpus")
    task: Any = part.task(Material(data, corpus, None, "", RECIPE, lambda it, *_: it, "cpu"))
    (condition,) = task.denoiser.conditioners
    assert condition.drop == tuning.DROP > 0
    pipeline = find_stable(str(base)).load(torch.device("cpu"))
    told, untold = pipeline.encode_prompt(of_phase(*CLASSES[0]), torch.device("cpu"), 1, True)
    batch = task._examples(np.array([0, 1]), np.random.default_rng(0))
    torch.testing.assert_close(batch["text"][:1], told, msg="as the pipeline tells it")
    many = {"text": batch["text"][:1].expand(400, -1, -1)}
    out = dropped(task.denoiser.conditioners, many, torch.Generator().manual_seed(0))["text"]
    gone = (out - untold).abs().amax((1, 2)) < 1e-6
    assert 0.05 < gone.float().mean() < 0.15
    torch.testing.assert_close(out[~gone], told.expand(int((~gone).sum()), -1, -1))


def test_the_process_is_the_checkpoints(base: Path) -> None:
    process = process_of(find_stable(str(base)))
    assert (process.prediction, process.schedule, process.beta_end) == ("epsilon", "scaled_linear", 0.012)


def test_the_command_line_trains(base: Path, captions: Path, tmp_path: Path, capsys: Any) -> None:
    line = [
        "train",
        "diffecho:text",
        str(captions),
        "--weights",
        str(base),
        "--output",
        str(tmp_path / "run"),
    ]
    assert main([*line, "--steps", "1", "--batch", "2", "--device", "cpu"]) == 0
    assert "unet/diffusion_pytorch_model.safetensors: the trained diffecho:text" in capsys.readouterr().out
    more = ["--output", str(tmp_path / "no"), "--device", "cpu"]
    assert main(["train", "diffecho:controlnet", str(captions), *more]) == 2
    assert "goes on from Stable Diffusion: name its folder with --weights" in capsys.readouterr().err
    assert main(["train", "diffecho:unconditional", "--weights", str(base), *more]) == 2
    assert "diffecho:unconditional is trained from nothing: leave --weights out" in capsys.readouterr().err
    assert main(["train", "teacher", "--weights", str(base), *more]) == 2
    assert "--weights is for generators" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


def test_what_cannot_teach_is_refused(base: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((SIZE, SIZE), np.uint8))
    write_captions(tmp_path / FILE, [Caption(tmp_path / "a.png", "a cat")])
    asked = Asked(tmp_path / "run", tmp_path, keep=tmp_path / "kept", device="cpu")
    with pytest.raises(UsageError, match="a ControlNet learns from masks"):
        next(iter(train_part(tuned("controlnet", str(base)), RECIPE, asked)))
    for kind, message in (("unconditional", "learns four classes"), ("text", "nothing is known of these")):
        asked = Asked(tmp_path / kind, tmp_path, keep=tmp_path / "kept", device="cpu")
        with pytest.raises(UsageError, match=message):
            next(iter(train_part(TINY[kind], RECIPE, asked)))
    asked = Asked(tmp_path / "drawn", generator="flow", device="cpu")
    with pytest.raises(UsageError, match="unknown generator of stills at ED and ES 'flow'; choose from: sim"):
        next(iter(train_part(TINY["text"], RECIPE, asked)))


def test_every_part_has_a_name_of_its_own() -> None:
    assert {*PARTS} == {"text", "unconditional", "controlnet"}
    for name in PARTS:
        assert part_of(f"diffecho:{name}") is PARTS[name]
