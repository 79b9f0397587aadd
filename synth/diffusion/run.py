"""Training one part of a generator on disk: its clips, its corpus, the loop, and the file that is left."""

import platform
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from echodfkd.clipset import ClipSet
from echodfkd.clipset_writer import software_versions
from echodfkd.distill.run import FORMAT, begin_run
from echodfkd.errors import UsageError
from echodfkd.files import write_json
from echodfkd.progress import Track, silent
from echodfkd.students.checkpoint import sha256
from echodfkd.students.runtime import pick_device
from echodfkd.synth import make_generator
from echodfkd.synth.base import Generator
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.codec import TrainedCodec, load_codec
from echodfkd.synth.diffusion.corpus import Corpus, Shape
from echodfkd.synth.diffusion.loop import LAST, fit, last_row
from echodfkd.synth.diffusion.networks import WEIGHTS
from echodfkd.synth.diffusion.training import Recipe, Row, Task, Training
from echodfkd.synth.in_turn import InTurn
from echodfkd.synth.write import write_clip_set


@dataclass(frozen=True)
class Material:
    """What a task is made of: `data` was cut to `corpus`. `codec` is None for parts that need none."""

    data: ClipSet
    corpus: Corpus
    codec: TrainedCodec | None
    key: str
    recipe: Recipe
    track: Track
    device: str = "auto"


def _opened(path: Path, _: Shape) -> ClipSet:
    return ClipSet.open(path)


@dataclass(frozen=True)
class Part:
    """A part of a generator that can be trained: `echodfkd train SYSTEM:PART`.

    Attributes:
        name: of the part. shape: how clips are cut for it. recipe: unless asked otherwise.
        task: what the loop trains. finish: what is left at the end: networks by name, and what is to be
            known of them.
        source: options of the generator that clips are drawn from when no clip set is given.
        views: that the generator shows in turn; none leaves the view to `source`.
        clips: how many then. codec: whether it works behind a trained codec. behind: the part that is it.
        drawer: the generator that clips are drawn from, by the name asked for; None has `source` and `views`.
        opened: what a clip set is read as, for such a shape. load: reads the codec.
        tunes: the part that goes on from given weights; None has none. base: sha256 of the weights that it
            goes on from. file: of the run, with what was trained. write: leaves there what `finish` gives.
    """

    name: str
    shape: Shape
    recipe: Recipe
    task: Callable[[Material], Task]
    finish: Callable[[Task, Material], tuple[dict[str, nn.Module], dict[str, Any]]]
    source: Mapping[str, Any] = field(default_factory=dict)
    clips: int = 2400
    codec: bool = True
    behind: str = "vae"
    views: tuple[str, ...] = ()
    drawer: Callable[[str], Generator] | None = None
    opened: Callable[[Path, Shape], ClipSet] = _opened
    load: Callable[[Path], TrainedCodec] = load_codec
    tunes: "Callable[[str], Part] | None" = None
    base: str = ""
    file: str = WEIGHTS
    write: Callable[[Mapping[str, nn.Module], Mapping[str, Any], Path], None] = networks.save


@dataclass(frozen=True)
class Asked:
    """What a user asks of a training.

    Attributes:
        output: folder of the run. data: a clip set; None draws `clips` from `generator`.
        codec: file or folder of a codec. keep: folder for the arrays cut from the clips, which other parts
            that are trained on the same may share; None keeps them in the run.
    """

    output: Path
    data: Path | None = None
    generator: str = "sim"
    clips: int | None = None
    codec: Path | None = None
    keep: Path | None = None
    workers: int = 1
    resume: bool = False
    device: str = "auto"


def train_part(part: Part, recipe: Recipe, asked: Asked, track: Track = silent) -> Iterator[Row]:
    """Train a part and leave it in `asked.output`; yields rows of losses.

    Leaves `part.file`, manifest.json, metrics.jsonl, tensorboard/ and checkpoints/.

    Raises:
        UsageError: when `output` holds something else, another run, or a run and `resume` is not set.
        EchoError: when a clip, the codec or a checkpoint is unreadable, or the training diverges.
    """
    begun = time.perf_counter()
    codec, digest = _codec(part, asked)
    source = _source(part, asked)
    request = _request(part, recipe, asked, digest)
    earlier = begin_run(asked.output, request, asked.resume)
    home = asked.keep or asked.output / "corpus"
    data = source if isinstance(source, ClipSet) else _drawn(source, part, recipe, asked, home, track)
    corpus = Corpus.of(data, part.shape, home, asked.workers, track=track)
    material = Material(data, corpus, codec, (digest or "")[:8], recipe, track, asked.device)
    training = Training(part.task(material), recipe, asked.device)
    if (asked.output / LAST).is_file():
        training.load(asked.output / LAST)

    def note(row: Row, **more: Any) -> None:
        spent = round(earlier + time.perf_counter() - begun, 1)
        write_json(asked.output / "manifest.json", _manifest(request, training, row, spent) | more)

    row = last_row(asked.output, training.step)
    for row in fit(training, asked.output, track):
        note(row, complete=False)
        yield row
    with training.averaged():
        left, known = part.finish(training.task, material)
        part.write(left, {"part": part.name, "codec_sha256": digest, **known}, asked.output / part.file)
    note(row, complete=True, weights_sha256=sha256(asked.output / part.file))


def _request(part: Part, recipe: Recipe, asked: Asked, codec: str | None) -> dict[str, Any]:
    drawn = {"generator": asked.generator, **part.source, "clips": asked.clips or part.clips}
    drawn |= {"views": [*part.views]} if part.views else {}
    clips = drawn if asked.data is None else {"data": str(asked.data.resolve())}
    return {
        "task": part.name,
        "clips": clips,
        "shape": asdict(part.shape),
        "recipe": asdict(recipe),
        "codec_sha256": codec,
        **({"base_sha256": part.base} if part.base else {}),
    }


def _source(part: Part, asked: Asked) -> ClipSet | Generator:
    """The clip set to learn from, or the generator that one is drawn from."""
    if asked.data is not None:
        return part.opened(asked.data, part.shape)
    if part.drawer is not None:
        return part.drawer(asked.generator)
    if not part.views:
        return make_generator(asked.generator, **part.source)
    return InTurn(*(make_generator(asked.generator, view=view, **part.source) for view in part.views))


def _drawn(source: Generator, part: Part, recipe: Recipe, asked: Asked, home: Path, track: Track) -> ClipSet:
    """Clips drawn from a generator, kept beside the arrays so that who shares these finds them too."""
    write_clip_set(
        source,
        home / "clips",
        clips=asked.clips or part.clips,
        seed=recipe.seed,
        lossless=True,
        workers=asked.workers,
        track=track,
    )
    return part.opened(home / "clips", part.shape)


def _codec(part: Part, asked: Asked) -> tuple[TrainedCodec | None, str | None]:
    """The codec that a part works behind, on the training's device, and the digest of its latents."""
    if not part.codec:
        return None, None
    if asked.codec is None:
        raise UsageError(f"{part.name} works behind a codec, and none is installed: name one with --codec")
    codec = part.load(asked.codec)
    codec.network.to(pick_device(asked.device))
    return codec, codec.digest()


def _manifest(request: Mapping[str, Any], training: Training, row: Row, seconds: float) -> dict[str, Any]:
    device = training.accelerator.device
    return {
        "format": FORMAT,
        "request": request,
        "parameters": sum(p.numel() for p in training.task.network.parameters()),
        "last_row": row,
        "wall_time_s": seconds,
        "machine": f"{platform.machine()}, {device}",
        "software": software_versions(),
    }
