"""A model in the worlds that were held out on purpose, judged by their exact labels."""

from collections.abc import Iterator

from echodfkd.eval.score import ClipScore, labels_of, predict, score_clip
from echodfkd.progress import Track, silent
from echodfkd.segmenter import Segmenter
from echodfkd.synth.sim.generator import SimGenerator


def score_world(
    generator: SimGenerator, segmenter: Segmenter, seed: int, clips: int, track: Track = silent
) -> Iterator[ClipScore]:
    """Scores of a model on clips 0 .. `clips` - 1 of a world."""
    for index in track(range(clips), f"scoring {segmenter.name}", clips):
        clip = generator.clip(seed, index)
        yield score_clip(clip, predict(clip, segmenter), labels_of(clip))
