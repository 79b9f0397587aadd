"""Options that every command has, so that they read alike everywhere."""

from collections.abc import Sequence
from typing import Annotated

import typer

from echodfkd.errors import unknown_name

DEVICES = ["auto", "cpu", "cuda", "mps"]


def _known_device(name: str) -> str:
    if name not in DEVICES:
        raise unknown_name("device", name, DEVICES)
    return name


Seed = Annotated[
    int, typer.Option("--seed", min=0, max=2**32 - 1, metavar="N", help="Fixes everything random.")
]
Device = Annotated[
    str,
    typer.Option(
        "--device",
        callback=_known_device,
        metavar="|".join(DEVICES),
        help="Where networks run; auto takes the fastest that is there.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def wants_debug(arguments: Sequence[str]) -> bool:
    """Whether `--debug` stands anywhere on the line, before a `--` that ends the options.

    Asked before parsing, so that an error in parsing has its traceback too.
    """
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--debug" in options
