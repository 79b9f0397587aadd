"""What every test may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import browser

__all__ = ["browser"]

if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as cores: more threads would only fight
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def no_models_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests see the embedded models only, whatever the user keeps in the cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECHODFKD_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def real_clips() -> Path:
    """The folder of real clips that `ECHODFKD_REAL_CLIPS` names; without it the test is skipped."""
    folder = os.environ.get("ECHODFKD_REAL_CLIPS")
    if not folder:
        pytest.skip("set ECHODFKD_REAL_CLIPS to a folder of real clips")
    if not Path(folder).is_dir():
        pytest.skip(f"ECHODFKD_REAL_CLIPS names no folder: {folder}")
    return Path(folder)
