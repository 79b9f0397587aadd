"""A data set in exactly EchoNet-Dynamic's own layout: no masks, no manifest, two traced frames per clip."""

from functools import partial
from itertools import islice
from pathlib import Path

from echodfkd.clip import Clip
from echodfkd.filelist import ECHONET_COLUMNS, csv_text
from echodfkd.synth.base import Generator
from echodfkd.tracings import COLUMNS, Tracing, mask_to_tracing, tracing_rows
from echodfkd.video_writer import write_avi

SPLITS = ("TRAIN", "VAL", "TEST")


def write_echonet_layout(root: Path, generator: Generator, clips: int, *, traced: int | None = None) -> Path:
    """Clips of seed 0 with a beat, named as theirs; only the first `traced` have tracings (all by default).

    Of each clip, the first ED and the ES that follows are traced; in the first clip ED's rows come first.
    """
    with_beat = (clip for clip in map(partial(generator.clip, 0), range(100)) if _beat(clip))
    drawn = {f"0X{index:016X}": clip for index, clip in enumerate(islice(with_beat, clips))}
    for name, clip in drawn.items():
        assert clip.fps is not None
        write_avi(root / "Videos" / f"{name}.avi", clip.frames, clip.fps)
    rows = [_row(name, clip, SPLITS[i % 3]) for i, (name, clip) in enumerate(drawn.items())]
    (root / "FileList.csv").write_text(csv_text(ECHONET_COLUMNS, rows))
    lines = [line for name, clip in list(drawn.items())[:traced] for line in _traced(name, clip)]
    (root / "VolumeTracings.csv").write_text(csv_text(COLUMNS, lines))
    return root


def _row(name: str, clip: Clip, split: str) -> list[str]:
    numbers = (clip.ef, clip.esv_ml, clip.edv_ml, *clip.frames.shape[1:], clip.fps, len(clip))
    return [name, *map(str, numbers), split]


def _traced(name: str, clip: Clip) -> list[tuple[str, ...]]:
    assert clip.lv is not None
    order = _beat(clip) if name.endswith("0") else _beat(clip)[::-1]
    return [row for k in order for row in tracing_rows(Tracing(name, k, mask_to_tracing(clip.lv[k])))]


def _beat(clip: Clip) -> tuple[int, ...]:
    """An ED and the ES that follows it; empty without any."""
    pairs = ((ed, es) for ed in clip.ed_frames for es in clip.es_frames if es > ed)
    return next(pairs, ())
