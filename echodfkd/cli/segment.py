"""`echodfkd segment`: masks, area curve, ED/ES and EF of clips."""

import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from echodfkd.cli.options import Debug, Device, Quiet, Seed
from echodfkd.cli.segment_stream import segment_stream
from echodfkd.errors import UsageError

if TYPE_CHECKING:
    from echodfkd.segment.batch import Outcome

DEFAULT_OUTPUT = Path("echodfkd-segment")
MODEL = "default"


def segment(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT...",
            help="Clips (avi, mp4, gif, DICOM, NIfTI, npz), or folders of them; with --stream also - for a "
            "pipe, or a capture device (0, /dev/video0).",
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            help="Model name, run folder or weights file; A+B or A*2+B: several as one.  "
            "[default: default; with --stream: tiny]"
        ),
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder for the results.")] = DEFAULT_OUTPUT,
    spacing: Annotated[
        str | None, typer.Option(metavar="R,C", help="Pixel spacing in mm, row then column.")
    ] = None,
    fps: Annotated[float | None, typer.Option(metavar="HZ", help="Frames per second.")] = None,
    crop: Annotated[
        str | None,
        typer.Option(metavar="X,Y,W,H", help="Part to look at, in pixels; found automatically otherwise."),
    ] = None,
    flip: Annotated[
        bool,
        typer.Option("--flip", help="Mirror left and right for the model."),
    ] = False,
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Number the results instead of naming them after the files.")
    ] = False,
    stream: Annotated[
        bool,
        typer.Option("--stream", help="Frame by frame as they arrive, a line of JSON for each; one input."),
    ] = False,
    raw: Annotated[
        str | None,
        typer.Option(
            metavar="W,H", help="Frames in the pipe are raw grey 8-bit ones of this size, not MJPG."
        ),
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Find the left ventricle in clips: masks, area curve, ED/ES and EF.

    Writes NAME.npz (masks), NAME.json (figures), NAME.mp4 and NAME.png (to look at) for each input, and
    summary.csv for several. What the user names (--fps, --spacing, --crop) goes before what a file says.
    Nothing here is random: --seed is taken as everywhere and changes nothing.
    With --stream each frame's mask is there before the next one comes, and ED and ES shortly after they were;
    NAME.npz and NAME.json are written at the end (Ctrl-C ends a capture device), no pictures.
    For research, not for diagnosis.
    """
    spacing_mm, rate, box = _spacing(spacing), _fps(fps), _box(crop)
    from echodfkd.segment.batch import Options

    options = Options(fps=rate, spacing_mm=spacing_mm, box=box, flip=flip)
    size = _size(raw)
    if stream:
        segment_stream(inputs, model, output, options, size, device, anonymous, quiet)
        return
    if size is not None:
        raise UsageError("--raw goes with --stream")
    from echodfkd.cli.progress import tracker
    from echodfkd.cli.remarks import tell_remarks
    from echodfkd.segment.batch import plan, run
    from echodfkd.segment.outputs import write_summary
    from echodfkd.teachers import load_teacher

    jobs = plan(inputs, output, anonymous=anonymous)
    segmenter = load_teacher(model or MODEL, device=device, kind="model")
    tell_remarks(segmenter, quiet)
    several = len(inputs) > 1 or inputs[0].is_dir()
    outcomes = []
    for outcome in run(jobs, segmenter, output, options, tracker(quiet)):
        if outcome.error is not None and not several:
            raise outcome.error
        _tell(outcome, output, quiet=quiet, debug=debug)
        outcomes.append(outcome)
    if several:
        write_summary(output / "summary.csv", [outcome.to_row() for outcome in outcomes])
    if any(outcome.error for outcome in outcomes):
        raise typer.Exit(1)


def _tell(outcome: "Outcome", output: Path, *, quiet: bool, debug: bool) -> None:
    """One line on stdout for a result, its warnings or its failure on stderr."""
    from echodfkd.segment.curve import headline

    if outcome.error is not None:
        if debug:
            traceback.print_exception(outcome.error)
        print(f"error: {failure(outcome.job.path, outcome.error)}", file=sys.stderr)
        return
    assert outcome.result is not None
    if quiet:
        return
    name = outcome.job.name
    print(f"{name}: {headline(outcome.result)}    {output / name}.png")
    for warning in outcome.result.warnings:
        print(f"warning: {name}: {warning}", file=sys.stderr)


def failure(path: Path, error: Exception) -> str:
    """Why an input could not be segmented, in one line that names it."""
    from echodfkd.cli.failures import explain

    message = " ".join(explain(error)[0].split())
    return message if path.name in message else f"{path}: {message}"


def _numbers(text: str, option: str, form: str, count: int) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or any(number != number or abs(number) == float("inf") for number in numbers):
        raise UsageError(f"{option} must be {form}, got {text!r}")
    return numbers


def _spacing(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    row, column = _numbers(text, "--spacing", "R,C: two numbers in mm between 0 and 100, say 0.4,0.4", 2)
    if not (0 < row < 100 and 0 < column < 100):
        raise UsageError(f"--spacing must be two numbers in mm between 0 and 100, got {text!r}")
    return row, column


def _fps(rate: float | None) -> float | None:
    if rate is not None and not 0 < rate < 10_000:
        raise UsageError(f"--fps must be between 0 and 10000 Hz, got {rate:g}")
    return rate


def _box(text: str | None) -> tuple[int, int, int, int] | None:
    if text is None:
        return None
    form = "X,Y,W,H: four whole numbers of pixels, W and H above 0, say 40,0,600,600"
    numbers = _numbers(text, "--crop", form, 4)
    if numbers[2] < 1 or numbers[3] < 1 or any(number != int(number) for number in numbers):
        raise UsageError(f"--crop must be {form}, got {text!r}")
    x, y, w, h = map(int, numbers)
    return x, y, w, h


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    form = "W,H: two whole numbers of pixels of 1 to 10000, say 640,480"
    numbers = _numbers(text, "--raw", form, 2)
    if any(number != int(number) or not 1 <= number <= 10_000 for number in numbers):
        raise UsageError(f"--raw must be {form}, got {text!r}")
    return int(numbers[0]), int(numbers[1])
