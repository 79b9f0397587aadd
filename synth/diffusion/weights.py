"""Finding a generator's weights: embedded, in the user's folder, where a path points, or on the hub."""

from collections.abc import Sequence
from pathlib import Path

from echodfkd.errors import EchoError, UsageError
from echodfkd.home import model_folder
from echodfkd.hub import fetched, is_repository
from echodfkd.synth.diffusion.networks import WEIGHTS
from echodfkd.weights import FOLDER, folder_with

TRAINED = ("generator-*.safetensors", f"*/{WEIGHTS}")  # what `trained_parts` looks for in a folder


def folder_of(weights: str, patterns: Sequence[str]) -> Path:
    """The folder that `--weights DIR|HUB_ID` means.

    Args:
        weights: as it was given. patterns: of the files that are needed of a repository.

    Raises:
        UsageError: when it is neither a folder nor the name of a repository.
        EchoError: when the hub cannot be reached.
    """
    if Path(weights).is_dir():
        return Path(weights)
    if not is_repository(weights):
        raise UsageError(f"--weights {weights} is no folder and no repository of the hub (OWNER/NAME)")
    return fetched(weights, patterns)


def stem_of(system: str, part: str) -> str:
    """Stem of the embedded weights of a part; "" is the only one of a system.

    >>> stem_of("echonet-synthetic", "vae")
    'generator-echonet-synthetic-vae'
    """
    return "-".join(filter(None, ("generator", system, part)))


def trained_parts(system: str, parts: Sequence[str], folder: Path | None = None) -> dict[str, Path]:
    """Files of a generator's parts as `echodfkd train` leaves them.

    Args:
        system: name of the generator. parts: names of its parts.
        folder: with the embedded files' names in it, or with a run's folder for each part; None looks among
            the embedded weights and in the user's folder of models.

    Raises:
        EchoError: when a part is missing.
    """
    stems = {part: stem_of(system, part) for part in parts}
    if folder is None:
        found = folder_with(stems.values())
        if found is None:
            of = f"{system}:{parts[0]}" if parts[0] else system
            files = ", ".join(f"{stem}.safetensors" for stem in stems.values())
            raise EchoError(
                f"generator {system!r} lacks weights: {files} are not all in {FOLDER} or {model_folder()}; "
                f"train them (echodfkd train {of}, ...) or name a folder with --weights"
            )
        return {part: found / f"{stem}.safetensors" for part, stem in stems.items()}
    return {part: _part_in(folder, part, stem) for part, stem in stems.items()}


def _part_in(folder: Path, part: str, stem: str) -> Path:
    places = (folder / f"{stem}.safetensors", folder / part / WEIGHTS)
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        wanted = part or "trained weights"
        raise EchoError(f"{folder} holds no {wanted}: looked for {' and '.join(map(str, places))}")
    return found
