import numpy as np
import pytest

from echodfkd.synth.sim.kinetics import Rocking
from echodfkd.synth.sim.pose import Pose
from echodfkd.synth.sim.rhythm import sample_cycle


@pytest.mark.parametrize("mirror", [False, True])
def test_to_picture_undoes_to_heart(mirror: bool) -> None:
    cycle = sample_cycle(np.random.default_rng(0), 2.0)
    pose = Pose(5.0, 20.0, 0.3, (1.0, 2.0), (1.5, -1.0), mirror, Rocking(0.1, 0.05, 80.0, cycle))
    x, y = np.float32([-30, 0, 42]), np.float32([10, 60, 120])
    back = pose.to_picture(*pose.to_heart(x, y, 0.7, 0.6), 0.7, 0.6)
    assert np.allclose(back, (x, y), atol=1e-3)


def test_apex_is_where_the_pose_says_and_the_axis_points_down() -> None:
    pose = Pose(5.0, 20.0, 0.0, (0.0, 0.0), (0.0, 0.0))
    x, z = pose.to_heart(np.float32([5, 5]), np.float32([20, 70]), 0.0, 0.0)
    assert x.tolist() == [0, 0]
    assert z.tolist() == [0, 50]
