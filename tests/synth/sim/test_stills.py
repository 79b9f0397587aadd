import numpy as np
import pytest

from echodfkd.clip import Label
from echodfkd.errors import UsageError
from echodfkd.synth.sim.rhythm import sample_cycle
from echodfkd.synth.sim.stills import FPS, FRAMES, SimStills


@pytest.mark.parametrize("view", ["a4c", "a2c"])
def test_one_patient_at_both_moments(view: str) -> None:
    ed, es = (SimStills(32, view, phase).clip(3, 1) for phase in ("ed", "es"))
    assert ed.frames.shape == es.frames.shape == (1, 32, 32)
    assert (ed.ed_frames, ed.es_frames, es.ed_frames, es.es_frames) == ((0,), (), (), (0,))
    assert (ed.ef, ed.edv_ml, ed.view) == (es.ef, es.edv_ml, view)
    assert ed.mask is not None and es.mask is not None
    assert (es.mask == Label.LV).sum() < 0.9 * (ed.mask == Label.LV).sum()
    assert np.array_equal(ed.frames, SimStills(32, view, "ed").clip(3, 1).frames)


def test_two_seconds_always_show_both() -> None:
    for number in range(200):
        cycle = sample_cycle(np.random.default_rng(number), FRAMES / FPS)
        for times in (cycle.starts, cycle.ends):
            assert ((times >= 0) & (times <= FRAMES / FPS)).any()


def test_another_phase_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown phase 'ivr'; choose from: ed, es"):
        SimStills(phase="ivr")
