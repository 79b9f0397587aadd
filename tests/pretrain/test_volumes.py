from pathlib import Path

import numpy as np
import pytest
from diffusion_material import clip_set
from moving_ellipse import MovingEllipse

from echodfkd.clip import Label
from echodfkd.errors import UsageError
from echodfkd.pretrain.volumes import volumes
from echodfkd.synth.write import write_clip_set


def test_clips_become_volumes_with_their_labels(tmp_path: Path) -> None:
    clips = clip_set(tmp_path, size=32)
    found = volumes(clips, (32, 32, 32))
    assert found.frames.shape == (3, 1, 32, 32, 32) and found.labels is not None
    clip = clips.load(1)
    assert clip.mask is not None
    assert np.array_equal(found.labels[1, 0, -1].numpy(), clip.mask[-1] * (clip.mask[-1] <= Label.LA))
    assert np.allclose(found.frames[1, 0, 0].numpy(), clip.frames[0] / 255)
    assert len(found.first(2)) == len(volumes(clips, (32, 32, 32), 2)) == 2


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    clips = clip_set(tmp_path, size=32)
    with pytest.raises(UsageError, match="must be multiples of 32"):
        volumes(clips, (16, 32, 32))
    with pytest.raises(UsageError, match="holds 3 clips, fewer than the 5"):
        volumes(clips, (32, 32, 32), 5)


def test_one_clip_without_masks_makes_a_set_unlabelled(tmp_path: Path) -> None:
    write_clip_set(MovingEllipse(4, 32), tmp_path / "set", clips=2)
    from echodfkd.clipset import ClipSet

    assert volumes(ClipSet.open(tmp_path / "set"), (32, 32, 32)).labels is not None
    next((tmp_path / "set" / "Masks").iterdir()).unlink()
    assert volumes(ClipSet.open(tmp_path / "set"), (32, 32, 32)).labels is None
