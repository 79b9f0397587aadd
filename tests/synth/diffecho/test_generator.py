"""Stills of small untrained models: ours, and networks of classes as they were published."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from small_diffecho import CLASS_FOLDERS, SIZE, save_classes, save_small

from echodfkd.cli import main
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.synth import GENERATORS, make_generator
from echodfkd.synth.diffecho.captions import phase_of
from echodfkd.synth.diffecho.classes import class_of
from echodfkd.synth.diffecho.generator import TextGenerator, UnconditionalGenerator
from echodfkd.synth.diffecho.network import word_value
from echodfkd.synth.diffecho.small import UNCONDITIONAL
from echodfkd.synth.diffecho.words import CLASSES, TELLING, Said

PROMPT = "an ultrasound image of the heart in four-chamber view at end-systole, ejection fraction 35 percent"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("diffecho"))


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_classes(tmp_path_factory.mktemp("classes"))


def text(folder: Path, **options: object) -> TextGenerator:
    return TextGenerator(weights=str(folder), device="cpu", **{"steps": 2, **options})  # type: ignore[arg-type]


def unconditional(folder: Path, **options: object) -> UnconditionalGenerator:
    return UnconditionalGenerator(weights=str(folder), device="cpu", **{"steps": 2, **options})  # type: ignore[arg-type]


def apart(one: Sequence, other: Sequence) -> int:
    return int(np.abs(np.asarray(one, int) - np.asarray(other, int)).max())


def test_words_are_told_with_their_numbers() -> None:
    value = word_value([Said("a4c", "es", 35.0, "large"), Said()])
    assert value[0, :, 0].tolist() == [1 + TELLING.index(w) for w in ("four", "systole", "fraction", "large")]
    torch.testing.assert_close(value[0, :, 1], torch.tensor([0, 0, 0.35, 0]))
    assert not value[1].any()


def test_a_still_is_what_its_prompt_asks_for(folder: Path) -> None:
    clip = text(folder, prompt=(PROMPT,)).clip(0, 3)
    assert clip.frames.shape == (1, SIZE, SIZE) and clip.frames.std() > 5
    assert (clip.view, phase_of(clip), clip.ef, clip.mask) == ("a4c", "es", 35.0, None)
    other = text(folder, prompt=(PROMPT.replace("35", "60"),), guidance=5.0).clip(0, 3)
    assert apart(other.frames, clip.frames) > 1


def test_prompts_are_taken_in_turn(folder: Path) -> None:
    generator = text(folder, prompt=(PROMPT, "two-chamber view"))
    assert [generator.prompt(0, index) for index in range(3)] == [PROMPT, "two-chamber view", PROMPT]
    assert generator.parameters()["prompts"] == [PROMPT, "two-chamber view"]
    many = text(folder, prompt=(PROMPT, "two-chamber view") * 30).parameters()["prompts"]
    assert many["count"] == 60 and len(many["sha256"]) == 64


def test_without_prompts_facts_are_drawn(folder: Path) -> None:
    clips = text(folder, view="a2c", ef=(30, 40)).clips(1, [*range(8)])
    assert {clip.view for clip in clips} == {"a2c"}
    assert {phase_of(clip) for clip in clips} == {"ed", "es"}
    assert all(clip.ef is not None and 30 <= clip.ef <= 40 for clip in clips)
    assert {clip.view for clip in text(folder).clips(1, [*range(8)])} == {"a2c", "a4c"}


@pytest.mark.parametrize("kind", ["text", "ours", "classes"])
def test_batches_of_one_and_three_differ_by_a_grey_level_at_most(
    kind: str, folder: Path, classes: Path, tmp_path: Path
) -> None:
    if kind == "text":
        generator: TextGenerator | UnconditionalGenerator = text(folder)
    else:
        weights = classes if kind == "classes" else save_small(tmp_path, UNCONDITIONAL)
        generator = unconditional(weights)
    clips = generator.clips(5, [0, 1, 2])
    for index, clip in enumerate(clips):
        assert apart(generator.clip(5, index).frames, clip.frames) <= 1
    assert apart(clips[0].frames, clips[1].frames) > 10


def test_classes_load_as_they_were_published(classes: Path, tmp_path: Path) -> None:
    generator = unconditional(classes)
    assert generator.classes == [*CLASSES]
    seen = {(clip.view, phase_of(clip)) for clip in generator.clips(0, [*range(16)])}
    assert seen == {*CLASSES}
    assert {view for view, _ in unconditional(classes, view="a4c").classes} == {"a4c"}
    alone = unconditional(classes / "class_ch2_es")
    assert alone.classes == [("a2c", "es")]
    with pytest.raises(UsageError, match="--view a4c: these weights draw a2c alone"):
        unconditional(classes / "class_ch2_es", view="a4c")
    for name in CLASS_FOLDERS[:1]:
        (tmp_path / name).mkdir()
        (classes / name / "unet" / "config.json").rename(tmp_path / name / "config.json")
        (tmp_path / name / "diffusion_pytorch_model.bin").touch()
        with pytest.raises(EchoError, match=r"no diffusion_pytorch_model\.safetensors; .*\.bin is a pickle"):
            unconditional(tmp_path)
        (tmp_path / name / "config.json").rename(classes / name / "unet" / "config.json")


def test_names_of_folders() -> None:
    names = {"class_ch2_ed": ("a2c", "ed"), "4ch_es": ("a4c", "es"), "2CH-ED": ("a2c", "ed")}
    assert {name: class_of(name) for name in names} == names
    assert [class_of(name) for name in ("unet", "4ch", "ed", "42ch_ed", "ch4_seed")] == [None] * 5


def test_a_set_on_disk_reads_back(folder: Path, tmp_path: Path) -> None:
    line = ["synth", str(tmp_path / "set"), "--generator", "diffecho:text", "--weights", str(folder)]
    line += ["--clips", "2", "--steps", "2", "--device", "cpu", "--quiet", "--lossless", "--prompt", PROMPT]
    assert main(line) == 0
    data = ClipSet.open(tmp_path / "set")
    clip = data.load("diffecho-text-0-000001")
    assert (len(clip), clip.view, clip.ef, clip.es_frames, clip.ed_frames) == (1, "a4c", 35.0, (0,), ())
    assert data.manifest["ef_source"] == "requested"
    assert data.manifest["parameters"]["prompts"] == [PROMPT]


def test_unknown_words_are_one_line_and_nothing_is_made(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["synth", str(tmp_path / "set"), "--generator", "diffecho:text", "--weights", str(folder)]
    assert main([*line, "--prompt", "a purple elephant in four-chamber view"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "does not know: purple, elephant;" in error
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 64}, "these weights draw 32 pixels"),
        ({"view": "sax"}, "unknown view 'sax'; choose from: a2c, a4c"),
        ({"prompt": (PROMPT,), "view": "a4c"}, "--view: the prompts say what is drawn"),
        ({"prompt": (PROMPT,), "ef": (30, 40)}, "--ef: the prompts say what is drawn"),
        ({"ef": (40, 30)}, "ef must be within"),
        ({"steps": 1001}, "--steps must be from 1 to 1000"),
    ],
)
def test_what_does_not_fit_is_refused(folder: Path, options: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        text(folder, **options)


def test_weights_of_another_kind_are_refused(folder: Path, tmp_path: Path) -> None:
    stem = "generator-diffecho-{}.safetensors"
    (tmp_path / stem.format("unconditional")).write_bytes((folder / stem.format("text")).read_bytes())
    with pytest.raises(EchoError, match="holds no weights of diffecho:unconditional"):
        unconditional(tmp_path)


def test_missing_weights_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHODFKD_HOME", str(tmp_path))
    monkeypatch.setattr("echodfkd.weights.FOLDER", tmp_path / "package")
    with pytest.raises(EchoError, match=r"echodfkd train diffecho:text"):
        make_generator("diffecho")
    with pytest.raises(UsageError, match=r"needs --weights FOLDER\|HUB_ID\[,CONTROLNET\]; to train one"):
        make_generator("diffecho:controlnet")


def test_every_variant_is_a_generator_and_in_the_catalogue() -> None:
    from echodfkd.catalogue import ENTRIES

    names = {"diffecho", "diffecho:text", "diffecho:unconditional", "diffecho:controlnet"}
    assert names == {name for name in GENERATORS if name.startswith("diffecho")}
    assert names == {entry.name for entry in ENTRIES if entry.name.startswith("diffecho")}
