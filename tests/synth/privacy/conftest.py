"""One small training set and one filter fitted to it, for all tests of the filter."""

import pytest
from hidden_copies import training_set

from echodfkd.clipset import ClipSet
from echodfkd.synth.privacy.filter import PrivacyFilter, fit_filter


@pytest.fixture(scope="session")
def training(tmp_path_factory: pytest.TempPathFactory) -> ClipSet:
    return training_set(tmp_path_factory.mktemp("privacy") / "training")


@pytest.fixture(scope="session")
def privacy(training: ClipSet) -> PrivacyFilter:
    return fit_filter(training)
