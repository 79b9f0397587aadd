"""Models of the Hugging Face hub: which names mean one, and fetching it once into the hub's own cache."""

import re
from collections.abc import Sequence
from pathlib import Path

from echodfkd.errors import EchoError

PREFIX = "hf:"


def is_repository(name: str) -> bool:
    """Whether a name can be a repository: "hf:OWNER/NAME", or OWNER/NAME that is no path here.

    >>> is_repository("hf:someone/lv-unet"), is_repository("someone/lv-unet"), is_repository("sim")
    (True, True, False)
    """
    return bool(re.fullmatch(r"(hf:)?\w[\w.-]*/\w[\w.-]*", name)) and not Path(name).exists()


def fetched(name: str, patterns: Sequence[str]) -> Path:
    """Folder of a repository's files that match shell patterns; fetched where they are not yet here.

    Raises:
        EchoError: if the hub cannot be reached or has no such repository.
    """
    from huggingface_hub import snapshot_download

    repository = name.removeprefix(PREFIX)
    try:
        return Path(snapshot_download(repository, allow_patterns=[*patterns]))
    except Exception as error:  # of the hub, of HTTP, of the disk: kinds differ between its versions
        reason = " ".join(str(error).split()).split(". ")[0][:200]
        here = "" if name.startswith(PREFIX) else f"{name} is no file or folder here, and "
        raise EchoError(f"{here}the hub's {repository} could not be fetched: {reason}") from error
