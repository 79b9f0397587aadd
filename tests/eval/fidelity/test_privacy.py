import numpy as np
import pytest
from hidden_copies import TRAINING_SEED, sim_clip

from echodfkd.clip import Frames
from echodfkd.eval.fidelity.figures import privacy_of
from echodfkd.eval.fidelity.privacy import Searched, fingerprint, fingerprint_of_copy, search
from echodfkd.synth.privacy.copies import altered_copy

COUNT = 10


@pytest.fixture(scope="module")
def videos() -> list[Frames]:
    return [sim_clip(TRAINING_SEED, index).frames for index in range(COUNT)]


def searched(videos: list[Frames]) -> Searched:
    copies = {number: fingerprint_of_copy(videos[number], number) for number in range(0, len(videos), 2)}
    return search([str(i) for i in range(len(videos))], [fingerprint(video) for video in videos], copies)


@pytest.fixture(scope="module")
def reference(videos: list[Frames]) -> Searched:
    return searched(videos)


def test_altered_copies_are_told_and_named_among_all(videos: list[Frames], reference: Searched) -> None:
    copies = [altered_copy(video, np.random.default_rng((9, number))) for number, video in enumerate(videos)]
    found = reference.nearest([fingerprint(copy) for copy in copies])
    assert found.match.tolist() == list(range(COUNT))
    assert reference.told(found).all()


def test_other_clips_are_not(reference: Searched) -> None:
    fresh = reference.nearest([fingerprint(sim_clip(2, index).frames) for index in range(COUNT)])
    assert not reference.told(fresh).any()
    figures = {figure.name: figure for figure in privacy_of(fresh, reference)}
    assert figures["copies"].value == 0
    # none of ten: drawn again it would be none for ever
    assert figures["copies"].interval == (0.0, pytest.approx(1 - 0.025 ** (1 / COUNT)))
    assert figures["copies_found"].value == 1
    assert figures["copies_found"].n == COUNT / 2
    assert figures["close"].value >= figures["copies"].value


def test_others_leave_the_clip_itself_out(videos: list[Frames], reference: Searched) -> None:
    assert all(match != index for index, match in enumerate(reference.others.match))
    assert reference.others.similarity.max() < 0.8


def test_a_reference_that_repeats_itself_says_so(videos: list[Frames]) -> None:
    doubled = searched([*videos, *videos])
    assert doubled.others.match.tolist() == [*range(COUNT, 2 * COUNT), *range(COUNT)]
    assert any("as alike as copies" in remark for remark in doubled.threshold.remarks())
