import json

import numpy as np

from echodfkd.synth.in_turn import InTurn
from echodfkd.synth.sim.generator import SimGenerator


def test_views_come_in_turn_and_clips_keep_their_numbers() -> None:
    both = [SimGenerator(1, 32, view=view) for view in ("a4c", "a2c")]
    turns = InTurn(*both)
    assert [turns.clip(3, index).view for index in range(4)] == ["a4c", "a2c", "a4c", "a2c"]
    assert np.array_equal(turns.clip(3, 3).frames, both[1].clip(3, 3).frames)
    assert [one["view"] for one in json.loads(json.dumps(turns.parameters()))["in_turn"]] == ["a4c", "a2c"]
