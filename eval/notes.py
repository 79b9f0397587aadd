"""What a reader must know of an evaluation before believing its figures."""

from collections.abc import Iterator

from echodfkd.eval.run import ModelScores


def notes(result: ModelScores) -> tuple[str, ...]:
    """Sentences on one model against one reference."""
    return (*_of_reference(result), *_of_clips(result))


def _of_reference(result: ModelScores) -> Iterator[str]:
    if result.reference.startswith(("teacher ", "auxiliary ")):
        yield f"ED and ES of {result.reference} are read off its own area curve: they are not human events."
    sparse = [score for score in result.scores if score.sparse]
    if sparse:
        masks = sum(len(score.dice) for score in sparse)
        clips = counted(len(sparse), "clip")
        yield f"Labels of {clips} are {counted(masks, 'traced frame')}: masks are judged in these alone."
        bare = sum(not len(score.dice) for score in sparse)
        if bare:
            yield f"No traced frame in {counted(bare, 'clip')}: only EF or events count there."


def _of_clips(result: ModelScores) -> Iterator[str]:
    if len(result.scores) == 1:
        yield "One clip only: no bootstrap interval can be given."
    blind = sum(bool(len(score.distances)) and not score.in_mm for score in result.scores)
    if blind:
        yield f"Pixel spacing of {counted(blind, 'clip')} is unknown: distances there are in pixels."
    lost = next((int(figure.value) for figure in result.figures if figure.name == "one_empty"), 0)
    if lost:
        yield f"In {counted(lost, 'image')} just one of the masks is empty: Dice and IoU 0, and no distance."


def counted(number: int, thing: str) -> str:
    """ "1 clip", "2 clips"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
