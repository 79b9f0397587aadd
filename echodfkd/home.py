"""Where the user keeps models; those that ship with the package are in `echodfkd.weights`."""

import os
import sys
from pathlib import Path


def model_folder() -> Path:
    """The user's own folder of models: `$ECHODFKD_HOME`, else `echodfkd` in the user's cache folder.

    It need not exist; whoever writes there makes it.
    """
    named = os.environ.get("ECHODFKD_HOME")
    return Path(named).expanduser() if named else _cache_folder() / "echodfkd"


def _cache_folder() -> Path:
    """The cache folder of the platform (freedesktop.org base directories on Linux)."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
